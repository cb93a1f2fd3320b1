"""Compositions on disk: save, list, load, delete, import, export."""
