"""Trained model to bundle: export, quantize, golden arrays, parity."""
