"""Labels as strokes, the way an engraver cuts them: no font file, the same on every machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmware.errors import ConfigError
from hardware.enclosure.geometry import Volume, block

Point = tuple[float, float]
Stroke = tuple[Point, ...]

_HIGH, _APART, _SPACE = 6, 1.9, 1.4
"""A letter's height on its grid, the room between two, and the width of a space."""

# Each letter: strokes, each a line through points on a grid of 4 by 6; corners are cut by one.
_LETTERS: Mapping[str, tuple[Stroke, ...]] = MappingProxyType(
    {
        "A": (((0, 0), (0, 4), (2, 6), (4, 4), (4, 0)), ((0, 2), (4, 2))),
        "B": (
            ((0, 0), (0, 6), (3, 6), (4, 5), (4, 4), (3, 3), (4, 2), (4, 1), (3, 0), (0, 0)),
            ((0, 3), (3, 3)),
        ),
        "C": (((4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0), (3, 0), (4, 1)),),
        "D": (((0, 0), (0, 6), (2.5, 6), (4, 4.5), (4, 1.5), (2.5, 0), (0, 0)),),
        "E": (((4, 6), (0, 6), (0, 0), (4, 0)), ((0, 3), (3, 3))),
        "F": (((4, 6), (0, 6), (0, 0)), ((0, 3), (3, 3))),
        "G": (((4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0), (3, 0), (4, 1), (4, 3), (2.5, 3)),),
        "H": (((0, 0), (0, 6)), ((4, 0), (4, 6)), ((0, 3), (4, 3))),
        "I": (((0, 0), (0, 6)),),
        "J": (((4, 6), (4, 1), (3, 0), (1, 0), (0, 1)),),
        "K": (((0, 0), (0, 6)), ((4, 6), (0, 2.5)), ((1.5, 3.8), (4, 0))),
        "L": (((0, 6), (0, 0), (4, 0)),),
        "M": (((0, 0), (0, 6), (2, 3), (4, 6), (4, 0)),),
        "N": (((0, 0), (0, 6), (4, 0), (4, 6)),),
        "O": (((1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)),),
        "P": (((0, 0), (0, 6), (3, 6), (4, 5), (4, 3.5), (3, 2.5), (0, 2.5)),),
        "Q": (
            ((1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)),
            ((2.5, 1.5), (4, 0)),
        ),
        "R": (((0, 0), (0, 6), (3, 6), (4, 5), (4, 4), (3, 3), (0, 3)), ((2, 3), (4, 0))),
        "S": (
            ((4, 5), (3, 6), (1, 6), (0, 5), (0, 4), (1, 3), (3, 3)),
            ((3, 3), (4, 2), (4, 1), (3, 0), (1, 0), (0, 1)),
        ),
        "T": (((0, 6), (4, 6)), ((2, 6), (2, 0))),
        "U": (((0, 6), (0, 1), (1, 0), (3, 0), (4, 1), (4, 6)),),
        "V": (((0, 6), (2, 0), (4, 6)),),
        "W": (((0, 6), (1, 0), (2, 4), (3, 0), (4, 6)),),
        "X": (((0, 0), (4, 6)), ((0, 6), (4, 0))),
        "Y": (((0, 6), (2, 3), (4, 6)), ((2, 3), (2, 0))),
        "Z": (((0, 6), (4, 6), (0, 0), (4, 0)),),
        " ": (),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word on the panel.

    Attributes:
        text: In capitals.
        middle: Of the word.
        height_mm: Of a capital.
        stroke_mm: Width of the cutter.
    """

    text: str
    middle: Point
    height_mm: float
    stroke_mm: float

    def __post_init__(self) -> None:
        """Refuse what cannot be engraved.

        Raises:
            ConfigError: If a character has no strokes here.
        """
        for character in self.text:
            if character not in _LETTERS:
                raise ConfigError(
                    f"the label {self.text!r} has a {character!r}, which cannot be engraved",
                    remedy="capital letters and spaces",
                )

    @property
    def room(self) -> Volume:
        """What it covers, cutter included."""
        width = self._places()[1]
        size = (width + self.stroke_mm, self.height_mm + self.stroke_mm)
        return block(f"the label {self.text}", self.middle, size)

    def strokes(self) -> tuple[Stroke, ...]:
        """The cutter's ways on the panel."""
        unit = self.height_mm / _HIGH
        room, half = self.room, self.stroke_mm / 2
        y = room.front + half
        return tuple(
            tuple((room.left + half + x + px * unit, y + py * unit) for px, py in stroke)
            for x, letter in zip(self._places()[0], self.text, strict=True)
            for stroke in _LETTERS[letter]
        )

    def _places(self) -> tuple[list[float], float]:
        """Where each letter begins, and how wide all are together."""
        unit = self.height_mm / _HIGH
        places, x = [], 0.0
        for letter in self.text:
            places.append(x * unit)
            x += _APART + max((px for way in _LETTERS[letter] for px, _ in way), default=_SPACE)
        return places, (x - _APART) * unit
