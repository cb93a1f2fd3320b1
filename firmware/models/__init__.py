"""The bundles that ship, as package data."""
