"""What the librarian brings: values for the engine's queue."""

from dataclasses import dataclass

from firmware.library.records import CompositionRecord
from firmware.music.notes import Melody
from firmware.panel.overview import (
    CompositionLine,
    MelodyLine,
    MissingModel,
    ModelLine,
    PresetLine,
    StickLine,
    SystemFacts,
)
from firmware.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Compositions:
    """What is in the library, newest first."""

    lines: tuple[CompositionLine, ...]


@dataclass(frozen=True, slots=True)
class NotDeleted:
    """A composition that is still there.

    Attributes:
        name: Its name in the library.
        message: Why it could not be deleted.
        remedy: What helps.
    """

    name: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A composition out of the library.

    Attributes:
        name: Its name there.
        record: The composition.
    """

    name: str
    record: CompositionRecord


@dataclass(frozen=True, slots=True)
class MelodyFiles:
    """MIDI files that can be imported."""

    lines: tuple[MelodyLine, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A melody out of a MIDI file.

    Attributes:
        melody: The melody.
        plays: Whether it is to be heard at once.
    """

    melody: Melody
    plays: bool = False


@dataclass(frozen=True, slots=True)
class MelodyKept:
    """A stick's melody is among the MIDI files that can be imported.

    Attributes:
        name: What it is called there.
        files: All of them.
    """

    name: str
    files: MelodyFiles


@dataclass(frozen=True, slots=True)
class SticksSeen:
    """What is plugged in, where that has changed."""

    lines: tuple[StickLine, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """A composition has another title.

    Attributes:
        name: Its name in the library.
        title: What the player sees.
        compositions: All that there are.
    """

    name: str
    title: str
    compositions: Compositions


@dataclass(frozen=True, slots=True)
class Models:
    """What is installed, and for which techniques nothing is."""

    lines: tuple[ModelLine, ...]
    missing: tuple[MissingModel, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether there is a model for what is set: what lacks, or None."""

    missing: MissingModel | None


@dataclass(frozen=True, slots=True)
class Looked:
    """How the computer is."""

    facts: SystemFacts


@dataclass(frozen=True, slots=True)
class PresetsKept:
    """Which presets there are."""

    lines: tuple[PresetLine, ...]


@dataclass(frozen=True, slots=True)
class PresetTaken:
    """What was kept under a name."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Nothing:
    """It could not be done.

    Attributes:
        message: What is wrong.
        remedy: What helps.
    """

    message: str
    remedy: str


Shelved = Compositions | MelodyFiles | Models | Checked | PresetsKept | Looked
"""What takes the place of what was known before."""

Changed = NotDeleted | MelodyKept | Renamed | SticksSeen | Nothing
"""What the player may have to be told of."""

Finding = Shelved | Changed | Loaded | Imported | PresetTaken
