"""One architecture a file: a frozen config and `build(config) -> keras.Model`."""
