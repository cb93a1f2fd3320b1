"""Knobs with end stops pick up: they change nothing until they pass the value that is set.

Otherwise the first touch of a knob that stands elsewhere would make the value jump.
"""

from firmware.panel.settings import Settings, set_value
from firmware.parameters import Value

NEAR = 0.02
"""A knob this close to the value has it: two steps of the 127 that MIDI has."""


class PickUp:
    """Remembers where each knob was, and whether it has its value."""

    def __init__(self) -> None:
        self._position: dict[str, float] = {}
        self._set_to: dict[str, Value] = {}  # what the knob itself set last

    def move(self, settings: Settings, key: str, position: float) -> Settings:
        """Turn a knob to a position.

        Args:
            settings: As they are.
            key: The parameter that the knob stands for; one that the technique has not is
                left alone.
            position: 0.0 at its left stop, 1.0 at its right stop.

        Returns:
            The settings, changed if the knob has its value or passes it.
        """
        before = self._position.get(key, position)
        self._position[key] = position
        spec = next((spec for spec in settings.specs if spec.key == key), None)
        if spec is None:
            # The value may be the same again when the technique is, but the knob has moved.
            self._set_to.pop(key, None)
            return settings
        value = settings.value(key)
        target = spec.position(value)
        near = abs(position - target) <= NEAR or spec.at(position) == value
        passes = min(before, position) <= target <= max(before, position)
        if not near and not passes and self._set_to.get(key) != value:
            self._set_to.pop(key, None)
            return settings
        self._set_to[key] = spec.at(position)
        return set_value(settings, key, spec.at(position))
