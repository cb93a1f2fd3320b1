"""What a page asks of the instrument: values, which the engine carries out."""

from dataclasses import dataclass
from enum import StrEnum

from firmware.panel.states import Trigger
from firmware.parameters import Value


class Source(StrEnum):
    """Where a melody comes from."""

    BUNDLED = "bundled"
    PLAYED = "played"  # recorded or captured since the instrument was switched on
    IMPORTED = "imported"
    STICK = "stick"  # on a stick that is plugged in


class Shelf(StrEnum):
    """What takes a disk or the system to look up."""

    COMPOSITIONS = "compositions"
    MELODIES = "melodies"
    MODELS = "models"
    PRESETS = "presets"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Press:
    """A button of the transport."""

    trigger: Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Begin a generation, or a duet where that is set.

    Attributes:
        on_heard: Whether the composition that is heard is to be worked on, if the technique is
            another one than the one that made it; else it is the take's melody.
    """

    on_heard: bool


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Set the technique or one of its parameters, by `ParameterSpec.key`."""

    key: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTime:
    """Set tempo and bar of the next recording.

    Attributes:
        tempo_bpm: Quarter notes a minute, 40..220.
        beats_per_bar: Quarter notes a bar, 1..32.
    """

    tempo_bpm: float
    beats_per_bar: int


@dataclass(frozen=True, slots=True)
class StepTakes:
    """Go to a later take, or with a negative number to an earlier one."""

    count: int


@dataclass(frozen=True, slots=True)
class NameMelody:
    """Give the present take's melody a name: what is made of it will have it, too."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteTake:
    """Forget the present take; a composition of it stays in the library."""


@dataclass(frozen=True, slots=True)
class RestoreTake:
    """Bring back the take that was deleted last."""


@dataclass(frozen=True, slots=True)
class KeepAsHeard:
    """Keep the composition once more, with the instruments that were chosen for its tracks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTrack:
    """Change how a track of what is heard sounds.

    Attributes:
        index: Which track.
        is_muted: Whether it is silent, or None to leave that.
        is_soloed: Whether only it and its like are heard, or None to leave that.
        program: General MIDI program, or None to leave that.
    """

    index: int
    is_muted: bool | None = None
    is_soloed: bool | None = None
    program: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMelody:
    """Take a melody to work on.

    Attributes:
        source: Where it comes from.
        key: Which one there.
    """

    source: Source
    key: str


@dataclass(frozen=True, slots=True)
class ImportMelody:
    """Keep a melody of a stick's, by its key, among those that are imported."""

    key: str


@dataclass(frozen=True, slots=True)
class PlayComposition:
    """Take a composition out of the library and play it."""

    name: str


@dataclass(frozen=True, slots=True)
class RenameComposition:
    """Give a composition in the library another title.

    Attributes:
        name: Of the composition, in the library.
        to: What the player shall see.
    """

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class DeleteComposition:
    """Take a composition off the list; the disk keeps it until `SettleDeletion`."""

    name: str


@dataclass(frozen=True, slots=True)
class RestoreComposition:
    """Bring back the composition that was deleted last."""


@dataclass(frozen=True, slots=True)
class SettleDeletion:
    """Delete for good what was deleted last."""


@dataclass(frozen=True, slots=True)
class KeepPreset:
    """Keep the values of the technique's parameters under the next free name."""


@dataclass(frozen=True, slots=True)
class UsePreset:
    """Set a technique's parameters to what was kept under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class RenamePreset:
    """Give what was kept under a name another one."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class DeletePreset:
    """Delete what was kept under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Look up once more what is on a shelf."""

    shelf: Shelf


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Set how loud everything is, 0..100 %."""

    percent: int


@dataclass(frozen=True, slots=True)
class SetInstrument:
    """Set what the keyboard sounds like: a General MIDI program."""

    program: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMetronome:
    """Have the metronome click in recordings, or not."""

    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetThru:
    """Have the keyboard heard, or not."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class SetChannel:
    """Set on which channel the keyboard is heard, 1..16 as people count, but for the drums'."""

    channel: int


@dataclass(frozen=True, slots=True)
class BringBackPiece:
    """Make a piece from before the last start a take: which one of those that are offered."""

    index: int


@dataclass(frozen=True, slots=True)
class BringBackSettings:
    """Set what was set before the last start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClock:
    """Switch MIDI clock.

    Attributes:
        is_out: Whether others are kept in time with the music, or None to leave that.
        is_in: Whether their clock sets the tempo, or None to leave that.
    """

    is_out: bool | None = None
    is_in: bool | None = None


@dataclass(frozen=True, slots=True)
class Learn:
    """Take the next controller that moves for a key or a parameter; None for nothing more."""

    target: str | None


@dataclass(frozen=True, slots=True)
class ForgetLearned:
    """Let every controller mean again what it did before it was taught."""


@dataclass(frozen=True, slots=True)
class BeginSelfTest:
    """Ask the maker for the parts of the panel: those of these names, or all of them."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLight:
    """Say whether the light shines that is asked for."""

    is_seen: bool


@dataclass(frozen=True, slots=True)
class EndSelfTest:
    """Ask for nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSsh:
    """Let makers in over the network, or not."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """Finish saving, fall silent, and end."""


Command = (
    Press
    | Generate
    | SetParameter
    | SetTime
    | StepTakes
    | NameMelody
    | DeleteTake
    | RestoreTake
    | KeepAsHeard
    | SetTrack
    | UseMelody
    | ImportMelody
    | PlayComposition
    | RenameComposition
    | DeleteComposition
    | RestoreComposition
    | SettleDeletion
    | KeepPreset
    | UsePreset
    | RenamePreset
    | DeletePreset
    | Refresh
    | SetVolume
    | SetInstrument
    | SetMetronome
    | SetThru
    | SetChannel
    | SetClock
    | Learn
    | ForgetLearned
    | BringBackPiece
    | BringBackSettings
    | BeginSelfTest
    | AnswerLight
    | EndSelfTest
    | SwitchSsh
    | SwitchOff
)
Commands = tuple[Command, ...]
