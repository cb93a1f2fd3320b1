"""The edges: every device is a protocol, a driver and a simulator, chosen in `board.py`."""
