"""Continuo as a Debian package."""
