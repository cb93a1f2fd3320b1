"""The wiring's own test: moves of wires in, questions and verdicts out. Pure."""
