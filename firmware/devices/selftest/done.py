"""Whether a hand has done what was asked, and rests again. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from firmware.devices.potentiometers import END, FULL_SCALE
from firmware.devices.selftest.heard import FAR, Ear
from firmware.devices.selftest.parts import Gesture, Part

_MS_NS = 1_000_000
LET_GO_NS = 150 * _MS_NS
JAMMED_NS = 4000 * _MS_NS
TURNED_NS = 600 * _MS_NS
ONE_CONTACT_NS = 1000 * _MS_NS
AT_END_NS = 500 * _MS_NS
WRONG_END_NS = 1500 * _MS_NS
UNMOVED_NS = 3000 * _MS_NS
ANOTHER_NS = 400 * _MS_NS
CLICKS = 3
"""Of the four that are asked for."""


def is_done(gesture: Gesture, part: Part, ear: Ear, quiet_ns: int) -> bool:
    """Whether the question is answered.

    Args:
        gesture: What was asked.
        part: Of which part.
        ear: What was heard since.
        quiet_ns: How long nothing was.
    """
    found = _DONE.get(gesture)
    return found is not None and found(part, ear, quiet_ns)


def was_another(ear: Ear, quiet_ns: int) -> bool:
    """Whether another part answered in the place of the one that was asked for."""
    return not ear.is_answered and bool(ear.strangers) and quiet_ns >= ANOTHER_NS


def _pressed(part: Part, ear: Ear, quiet_ns: int) -> bool:
    is_open = ear.levels.get(part.wires[0]) == 1
    return ear.has_closed and quiet_ns >= (LET_GO_NS if is_open else JAMMED_NS)


def _turned(part: Part, ear: Ear, quiet_ns: int) -> bool:
    moves = ear.own_moves
    if all(moves):
        return abs(ear.quarters) >= CLICKS * part.quarters and quiet_ns >= TURNED_NS
    return max(moves) >= CLICKS and quiet_ns >= ONE_CONTACT_NS


def _at_left(part: Part, ear: Ear, quiet_ns: int) -> bool:
    return _at_end(part.wires[0], ear, quiet_ns, is_left=True)


def _at_right(part: Part, ear: Ear, quiet_ns: int) -> bool:
    return _at_end(part.wires[0], ear, quiet_ns, is_left=False)


def _at_end(wire: str, ear: Ear, quiet_ns: int, *, is_left: bool) -> bool:
    level = ear.levels.get(wire)
    if level is None:
        return False
    at_left, at_right = level <= END, level >= FULL_SCALE - END
    low, high = ear.spans[wire]
    if high - low < FAR:  # it may have been there; then the other end is where it must travel to
        return is_left and at_left and quiet_ns >= UNMOVED_NS
    if at_left if is_left else at_right:
        return quiet_ns >= AT_END_NS
    return (at_left or at_right) and quiet_ns >= WRONG_END_NS


_DONE: Final[Mapping[Gesture, Callable[[Part, Ear, int], bool]]] = MappingProxyType(
    {
        Gesture.PRESS: _pressed,
        Gesture.PUSH: _pressed,
        Gesture.CLOCKWISE: _turned,
        Gesture.BACK: _turned,
        Gesture.LEFT: _at_left,
        Gesture.RIGHT: _at_right,
    }
)
"""The others end by time or by an answer."""
