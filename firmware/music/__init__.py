"""Pure music: notes, timing, piano rolls, encodings, metrics. Values in, values out."""
