"""The pages of the panel, one module each: what keys and dials do there, and what is seen."""
