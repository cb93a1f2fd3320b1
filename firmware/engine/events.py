"""Everything that can reach the engine, as values on one queue.

Each event says how urgent it is, which is what the queue goes by when it is full.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware.devices.controls import Button, Knob
from firmware.engine.control.exchange import Exchange
from firmware.engine.findings import Finding
from firmware.engine.messages import WorkerMessage
from firmware.library.records import CompositionRecord
from firmware.midi.messages import ControlChange, MidiMessage, NoteOff, NoteOn


class Urgency(IntEnum):
    """What a full queue gives up first: the lowest."""

    HINT = 0  # another one follows, or the value can be read again
    ACT = 1  # a finger did something
    VITAL = 2  # without it a note hangs or an answer never comes: never dropped


@dataclass(frozen=True, slots=True)
class MidiReceived:
    """A message from the keyboard.

    Attributes:
        message: What it says.
        at_ns: When it arrived, on the engine's clock.
        keyboard: Which one, as an index of the board's.
    """

    message: MidiMessage
    at_ns: int
    keyboard: int = 0

    @property
    def urgency(self) -> Urgency:
        """Note-offs and a lifted pedal are vital, notes are acts, controllers hints."""
        match self.message:
            case NoteOff() | ControlChange(control=64):
                return Urgency.VITAL
            case NoteOn():
                return Urgency.ACT
            case _:
                return Urgency.HINT


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """A button went down."""

    button: Button
    at_ns: int
    urgency: ClassVar[Urgency] = Urgency.ACT


@dataclass(frozen=True, slots=True)
class ButtonHeld:
    """A button has been down for as long as a long press takes; its press came before."""

    button: Button
    at_ns: int
    # Held in a flood of notes, that may be what the finger is for.
    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """A keyboard or a synthesizer came or went: a poll tells which."""

    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True)
class KnobTurned:
    """A knob moved.

    Attributes:
        knob: Which one.
        clicks: Detents, clockwise positive.
        at_ns: When.
    """

    knob: Knob
    clicks: int
    at_ns: int
    urgency: ClassVar[Urgency] = Urgency.HINT


@dataclass(frozen=True, slots=True)
class WiresMoved:
    """Something of what wires do while they are tested waits to be taken; one says it for all."""

    urgency: ClassVar[Urgency] = Urgency.VITAL  # no other is posted before it is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSet:
    """Tempo and bar were set to exact values, as a program would, not a finger.

    Attributes:
        tempo_bpm: Quarter notes a minute, 40..220.
        beats_per_bar: Quarter notes a bar.
    """

    tempo_bpm: float
    beats_per_bar: int
    urgency: ClassVar[Urgency] = Urgency.ACT


@dataclass(frozen=True, slots=True)
class FromWorker:
    """The inference worker said something."""

    message: WorkerMessage

    @property
    def urgency(self) -> Urgency:
        """Progress is a hint, since more follows; every other answer is waited for."""
        return Urgency.HINT if self.message.is_hint else Urgency.VITAL


@dataclass(frozen=True, slots=True)
class Saved:
    """A composition is on the disk.

    Attributes:
        name: Its name in the library.
        record: The composition.
        is_late: Whether it could not be saved at first.
    """

    name: str
    record: CompositionRecord
    is_late: bool = False
    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True)
class SaveFailed:
    """A composition could not be saved yet; it stays in memory.

    Attributes:
        message: What is wrong.
        remedy: What helps.
    """

    message: str
    remedy: str
    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True)
class Brought:
    """The librarian has found something, or has done it."""

    what: Finding
    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True)
class Asked:
    """A program asks for something over the control socket."""

    exchange: Exchange
    urgency: ClassVar[Urgency] = Urgency.HINT  # it can ask again


@dataclass(frozen=True, slots=True)
class Answered:
    """The librarian has found what a program asked for.

    Attributes:
        asker: The number that it was sent with.
        what: What it found.
    """

    asker: int
    what: Finding
    urgency: ClassVar[Urgency] = Urgency.VITAL


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFailed:
    """The synthesizer does not take what is sent, or is not heard.

    Attributes:
        message: What is wrong.
        remedy: What helps.
    """

    message: str
    remedy: str
    urgency: ClassVar[Urgency] = Urgency.ACT


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The instrument is to be switched off."""

    urgency: ClassVar[Urgency] = Urgency.VITAL


Event = (
    MidiReceived
    | ButtonPressed
    | ButtonHeld
    | PortsChanged
    | KnobTurned
    | WiresMoved
    | TimeSet
    | FromWorker
    | Saved
    | SaveFailed
    | Brought
    | Asked
    | Answered
    | OutputFailed
    | StopRequested
)
