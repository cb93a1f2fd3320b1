"""Everything about the instrument that pages show, at one moment: the engine's view model."""

from dataclasses import dataclass, field

from firmware.panel.commands import Source
from firmware.panel.settings import Settings
from firmware.panel.states import State
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    ListenView,
    RecordView,
    WiringView,
)
from firmware.parameters import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLine:
    """The present take.

    Attributes:
        name: Of its melody.
        what: How long it is, or what was made of it.
        number: Which of the takes it is, from 1.
        is_composition: Whether anything was made of the melody.
        has_new_instruments: Whether it is heard with other instruments than it was kept with.
        about: How it was made: each value with its name.
        kept_as: The composition's name in the library, or an empty string while it has none.
    """

    name: str
    what: str
    number: int
    is_composition: bool = False
    has_new_instruments: bool = False
    kept_as: str = ""
    about: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackLine:
    """A track of what is heard.

    Attributes:
        name: What the player sees.
        program: General MIDI program, 0..127.
        is_drum: Whether it is percussion, which has no program.
        is_muted: Whether it is silent.
        is_soloed: Whether only it and its like are heard.
    """

    name: str
    program: int
    is_drum: bool = False
    is_muted: bool = False
    is_soloed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MelodyLine:
    """A melody that can be taken.

    Attributes:
        source: Where it comes from.
        key: Which one there.
        name: What the player sees.
        what: How long it is, or an empty string.
        file: The name of its file on a stick; an empty string elsewhere.
    """

    source: Source
    key: str
    name: str
    what: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StickLine:
    """A USB stick that is plugged in.

    Attributes:
        key: What the system calls it.
        title: What the player sees.
        is_copying: Whether compositions are being copied to it; it must not be pulled out then.
        done: Compositions that are on it.
        total: Compositions that are to be; 0 before that is known.
        name: The composition at work, or an empty string.
        seconds_left: How long the copying will take, or None while that is not known.
        problem: What went wrong, or an empty string.
        remedy: What helps.
        melodies: What can be imported from it.
    """

    key: str
    title: str
    is_copying: bool = False
    done: int = 0
    total: int = 0
    name: str = ""
    seconds_left: int | None = None
    problem: str = ""
    remedy: str = ""
    melodies: tuple[MelodyLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionLine:
    """A composition in the library.

    Attributes:
        name: Of its folder.
        title: Of its melody.
        what: What was done to the melody.
        day: When, as `21 Nov`.
        about: How it was made: each value with its name.
        problem: Why it cannot be read, or an empty string.
    """

    name: str
    title: str
    what: str
    day: str
    about: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """An installed model bundle.

    Attributes:
        name: Of its folder.
        title: What the player sees.
        technique: What it serves.
        about: Genre, size and corpora, a fact each.
        problem: Why it cannot be used, or an empty string.
    """

    name: str
    title: str
    technique: Technique | None
    about: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingModel:
    """A technique that no installed model serves, as far as it is wanted.

    Attributes:
        technique: Which one.
        sentence: What is missing.
        remedy: How to install it.
    """

    technique: Technique
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetLine:
    """Parameters under a name.

    Attributes:
        name: What the player sees.
        technique: Whose they are, or None where they cannot be read.
        about: The parameters, each with its value, as they are read.
        problem: Why they cannot be read, or an empty string.
    """

    name: str
    technique: Technique | None
    about: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiFacts:
    """What is connected.

    Attributes:
        keyboards: Names of those that are there.
        synthesizer: Its name, or None while there is none.
        is_thru_on: Whether the keyboard is heard.
        keyboard_channel: On which channel it is heard, as people count.
        control_maps: Keyboards whose knobs and buttons are known.
        is_clock_out_on: Whether others are kept in time with the music.
        is_clock_in_on: Whether their clock sets the tempo.
        clock_bpm: The tempo of the clock that is heard, or None.
        learning: The key or parameter for which a controller is learned, or None.
        learned: (Key or parameter, controller) of what was learned.
    """

    keyboards: tuple[str, ...] = ()
    synthesizer: str | None = None
    is_thru_on: bool = True
    keyboard_channel: int = 16
    control_maps: tuple[str, ...] = ()
    is_clock_out_on: bool = False
    is_clock_in_on: bool = False
    clock_bpm: float | None = None
    learning: str | None = None
    learned: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFacts:
    """How it sounds.

    Attributes:
        volume: 0..100 %.
        program: Of the keyboard, General MIDI, 0..127.
        is_metronome_on: Whether it clicks in recordings.
    """

    volume: int = 79
    program: int = 0
    is_metronome_on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """Something that slows the computer down, or did.

    Attributes:
        label: What it is about.
        value: How it is, in two words.
        text: What it is and what helps; a paragraph a line.
    """

    label: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SshFacts:
    """The way in for makers.

    Attributes:
        is_on: Whether it is open.
        has_key: Whether a maker's key was found.
        user: Whom to log in as.
    """

    is_on: bool
    has_key: bool
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """How the computer is; None is what it does not say.

    Attributes:
        version: Of the firmware.
        cpu_percent: How busy the processor was since the last look.
        memory_used_mb: Memory in use.
        memory_mb: Memory in all.
        temperature_c: Of the processor.
        disk_free_mb: Room where compositions are kept.
        host: The computer's name.
        address: Its network address.
        strains: What slows it down, or has since it was switched on.
        ssh: The way in for makers, or None where there is no switch for it.
        loses_power: Whether the computer is switched off with the instrument, so that the plug may
            be pulled.
    """

    version: str
    cpu_percent: int | None = None
    memory_used_mb: int | None = None
    memory_mb: int | None = None
    temperature_c: int | None = None
    disk_free_mb: int | None = None
    host: str | None = None
    address: str | None = None
    strains: tuple[Strain, ...] | None = None
    ssh: SshFacts | None = None
    loses_power: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was not taken back at the start.

    Attributes:
        is_safe: Whether this is the safe mode.
        text: Why, and what to do; a paragraph a line.
        pieces: Names of the music that can be brought back.
        has_settings: Whether settings can be brought back.
    """

    is_safe: bool
    text: str
    pieces: tuple[str, ...] = ()
    has_settings: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringFacts:
    """The wiring's own test.

    Attributes:
        groups: What can be asked for: a label, and the names of its parts.
        question: What is asked, or None.
        verdicts: What came of it: the part, one word, and what was seen and helps.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    question: WiringView | None = None
    verdicts: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The instrument, as the panel knows it.

    Attributes:
        state: What it is doing.
        settings: What the player has set.
        level: How much sounds, 0..`LEVELS`.
        take: The present take, or None before the first.
        takes: How many there are.
        can_restore_take: Whether a take was deleted that can come back.
        tracks: Of what is heard.
        activity: The recording, the generation or the duet at work, or None.
        listening: What is heard or was heard last, or None before the first take.
        melodies: Those that can be taken, but for those on sticks.
        sticks: Those that are plugged in.
        compositions: Those in the library, newest first; None before they were looked up.
        deleted: The title of the composition that was deleted and can come back, or None.
        models: The installed bundles; None before they were looked up.
        missing: Techniques that no installed model serves.
        no_model: What lacks for what is set: a model of this technique or with these values; or
            None.
        presets: Those that were kept; None before they were looked up.
        midi: What is connected.
        sound: How it sounds.
        system: How the computer is, or None before it was looked at.
        recovery: What was not taken back at the start, or None.
        wiring: The test of what is wired, or None where nothing is.
    """

    state: State = State.IDLE
    settings: Settings = field(default_factory=Settings)
    level: int = 0
    take: TakeLine | None = None
    takes: int = 0
    can_restore_take: bool = False
    tracks: tuple[TrackLine, ...] = ()
    activity: CountInView | RecordView | GenerateView | DuetView | None = None
    listening: ListenView | None = None
    melodies: tuple[MelodyLine, ...] = ()
    sticks: tuple[StickLine, ...] = ()
    compositions: tuple[CompositionLine, ...] | None = None
    deleted: str | None = None
    models: tuple[ModelLine, ...] | None = None
    missing: tuple[MissingModel, ...] = ()
    no_model: MissingModel | None = None
    presets: tuple[PresetLine, ...] | None = None
    midi: MidiFacts = field(default_factory=MidiFacts)
    sound: SoundFacts = field(default_factory=SoundFacts)
    system: SystemFacts | None = None
    recovery: Recovery | None = None
    wiring: WiringFacts | None = None
