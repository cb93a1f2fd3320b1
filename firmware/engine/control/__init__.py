"""The control socket: what programs ask of the instrument that runs, and how it answers."""
