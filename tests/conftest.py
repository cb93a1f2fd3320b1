"""Settings of the whole suite."""

from hypothesis import settings

# No timed assertion: a machine that is busy is not a bug.
settings.register_profile("continuo", deadline=None)
settings.load_profile("continuo")
