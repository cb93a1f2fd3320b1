"""What can be done to a melody. A technique is a function of values: no port, thread or clock.

Every technique is a generator that yields `Progress` and returns the finished composition, so
that whoever runs it can show how far it is, cancel it between two steps by closing it, and let
the player hear what there is so far.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from firmware.music.notes import Melody
from firmware.parameters import Parameters, Technique
from firmware.techniques.accompany import accompany
from firmware.techniques.enhance import enhance
from firmware.techniques.extend import extend
from firmware.techniques.progress import Generation

# The kind of model is the technique's own: the bundle's manifest names the technique.
TechniqueFunction = Callable[[Melody, Parameters, Any, np.random.Generator], Generation]

TECHNIQUES: Mapping[Technique, TechniqueFunction] = MappingProxyType(
    {
        Technique.ENHANCE: enhance,
        Technique.ACCOMPANY: accompany,
        Technique.EXTEND: extend,
    }
)


def generate(
    melody: Melody, parameters: Parameters, model: Any, rng: np.random.Generator
) -> Generation:
    """Start the technique that the parameters are for, with a model of its kind."""
    return TECHNIQUES[parameters.technique](melody, parameters, model, rng)
