"""What the keys of a computer's keyboard do: a row of piano keys, buttons, and dials.

A terminal tells when a key goes down and, with few exceptions, never when it comes up. So a note
ends by itself after a while, or when its key is struck again; a key that repeats because it is
held prolongs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from firmware.devices.buttons import SimulatedButtons
from firmware.devices.controls import Button, Knob
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.midi_ports import SimulatedKeyboard

NOTE_LENGTHS_MS: Final = (100, 200, 400, 800, 1600)
"""What a struck note can last."""

_FIRST_LENGTH = 2  # of the lengths
_MIDDLE_C = 60
_HIGHEST_OCTAVE = 108  # the octave above it is whole
_REPEAT_NS = 80_000_000  # what comes sooner after the last stroke is the key repeating


@dataclass(frozen=True, slots=True)
class Strike:
    """A piano key, so many semitones above the C on the left."""

    semitones: int


@dataclass(frozen=True, slots=True)
class Push:
    """A button of the panel."""

    button: Button


@dataclass(frozen=True, slots=True)
class Hold:
    """A button of the panel, for as long as a long press takes."""

    button: Button


@dataclass(frozen=True, slots=True)
class Turn:
    """A dial of the panel, by so many clicks."""

    knob: Knob
    clicks: int


@dataclass(frozen=True, slots=True)
class Shift:
    """The piano keys, by so many octaves."""

    octaves: int


@dataclass(frozen=True, slots=True)
class Lengthen:
    """What a note lasts, by so many steps of `NOTE_LENGTHS_MS`."""

    steps: int


@dataclass(frozen=True, slots=True)
class Quit:
    """The end."""


Action = Strike | Push | Hold | Turn | Shift | Lengthen | Quit

PIANO: Final = "awsedftgyhujk"
"""An octave of piano keys and the C above it, from the left: those of the upper row are black."""

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        **{key: Strike(semitones) for semitones, key in enumerate(PIANO)},
        "z": Shift(-1),
        "x": Shift(1),
        "n": Lengthen(-1),
        "m": Lengthen(1),
        # The four buttons of the full board; a capital is its long press.
        "r": Push(Button.RECORD),
        "c": Push(Button.GENERATE),
        "p": Push(Button.PLAY),
        "P": Push(Button.STOP),
        "b": Push(Button.BACK),
        "B": Push(Button.KEEP),
        "0": Hold(Button.STOP),  # everything falls silent
        " ": Push(Button.PLAY),
        # As prompt_toolkit calls them: c-h is what the backspace key sends, c-m the enter key.
        "c-h": Push(Button.BACK),
        "delete": Push(Button.BACK),
        "escape": Push(Button.BACK),
        "c-m": Push(Button.ENTER),
        "up": Turn(Knob.SELECT, -1),
        "down": Turn(Knob.SELECT, 1),
        "left": Turn(Knob.VALUE, -1),
        "right": Turn(Knob.VALUE, 1),
        "1": Turn(Knob.RISK, -1),
        "2": Turn(Knob.RISK, 1),
        "3": Turn(Knob.FIRST, -1),
        "4": Turn(Knob.FIRST, 1),
        "5": Turn(Knob.SECOND, -1),
        "6": Turn(Knob.SECOND, 1),
        "7": Turn(Knob.TEMPO, -1),
        "8": Turn(Knob.TEMPO, 1),
        "q": Quit(),
        "c-c": Quit(),
        "c-d": Quit(),
    }
)


class TerminalHands:
    """Moves the simulated devices as the keys say. All of it happens on one thread.

    Args:
        keyboard: What is struck.
        buttons: What is pressed.
        knobs: What is turned.
        now_ns: The clock of the notes' ends.
        stop: Switches the instrument off.

    Attributes:
        octave_pitch: The C on the left, 0..108.
    """

    def __init__(
        self,
        *,
        keyboard: SimulatedKeyboard,
        buttons: SimulatedButtons,
        knobs: SimulatedKnobs,
        now_ns: Callable[[], int],
        stop: Callable[[], None],
    ) -> None:
        self._keyboard = keyboard
        self._buttons = buttons
        self._knobs = knobs
        self._now_ns = now_ns
        self._stop = stop
        self._ends_ns: dict[int, int] = {}  # by pitch
        self._struck_ns: dict[int, int] = {}  # by pitch, the last stroke
        self._length = _FIRST_LENGTH
        self.octave_pitch = _MIDDLE_C

    @property
    def note_ms(self) -> int:
        """What a note lasts that is struck now."""
        return NOTE_LENGTHS_MS[self._length]

    def press(self, key: str) -> None:
        """Take a key by its character, or by its name; unknown ones do nothing."""
        match ACTIONS.get(key):
            case Strike(semitones=semitones):
                self._strike(self.octave_pitch + semitones)
            case Push(button=button):
                self._buttons.press(button)
            case Hold(button=button):
                self._buttons.hold(button)
            case Turn(knob=knob, clicks=clicks):
                self._knobs.turn(knob, clicks)
            case Shift(octaves=octaves):
                wanted = self.octave_pitch + 12 * octaves
                self.octave_pitch = min(max(wanted, 0), _HIGHEST_OCTAVE)
            case Lengthen(steps=steps):
                self._length = min(max(self._length + steps, 0), len(NOTE_LENGTHS_MS) - 1)
            case Quit():
                self._stop()
            case None:
                pass

    def left_s(self) -> float | None:
        """Seconds until the next note ends, or None while all is silent."""
        end_ns = min(self._ends_ns.values(), default=None)
        return None if end_ns is None else max(end_ns - self._now_ns(), 0) / 1e9

    def run_due(self) -> None:
        """End the notes whose time is over."""
        now_ns = self._now_ns()
        for pitch in [pitch for pitch, end_ns in self._ends_ns.items() if end_ns <= now_ns]:
            self._release(pitch)

    def release_all(self) -> None:
        """Take every finger off."""
        for pitch in list(self._ends_ns):
            self._release(pitch)

    def _strike(self, pitch: int) -> None:
        now_ns = self._now_ns()
        is_repeat = now_ns - self._struck_ns.get(pitch, now_ns - _REPEAT_NS) < _REPEAT_NS
        self._struck_ns[pitch] = now_ns
        if pitch in self._ends_ns and not is_repeat:
            self._release(pitch)
        if pitch not in self._ends_ns:
            self._keyboard.strike(pitch)
        self._ends_ns[pitch] = now_ns + self.note_ms * 1_000_000

    def _release(self, pitch: int) -> None:
        del self._ends_ns[pitch]
        self._keyboard.release(pitch)
