"""Notes, melodies and compositions: the values that the whole instrument passes around."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from firmware.errors import MusicError
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, TICKS_PER_BEAT

MAX_PITCH = 127
MAX_VELOCITY = 127
MAX_PROGRAM = 127


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Note:
    """One note.

    Attributes:
        start_ticks: When it begins, in ticks from the start of the music, 0 or more.
        pitch: MIDI pitch, 0..127 (60 is middle C).
        duration_ticks: How long it sounds, 1 or more.
        velocity: How hard it is struck, 1..127.
    """

    start_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int = 80

    def __post_init__(self) -> None:
        _check("pitch", self.pitch, 0, MAX_PITCH)
        _check("velocity", self.velocity, 1, MAX_VELOCITY)
        if self.start_ticks < 0:
            raise MusicError(f"start_ticks must be 0 or more, got {self.start_ticks}")
        if self.duration_ticks < 1:
            raise MusicError(f"duration_ticks must be 1 or more, got {self.duration_ticks}")

    @property
    def end_ticks(self) -> int:
        """The first tick at which the note no longer sounds."""
        return self.start_ticks + self.duration_ticks

    @property
    def identity(self) -> tuple[int, int, int]:
        """What makes it the same note to a listener: start, pitch and duration, not velocity."""
        return (self.start_ticks, self.pitch, self.duration_ticks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Melody:
    """What was played or imported: the input of every technique. Any length, any polyphony.

    Attributes:
        notes: In order of start, then pitch.
        tempo_bpm: Quarter notes a minute.
        beats_per_bar: Quarter notes a bar, for bar lines and the metronome.
        name: What the player sees.
    """

    notes: tuple[Note, ...]
    tempo_bpm: float = 120.0
    beats_per_bar: int = 4
    name: str = ""

    def __post_init__(self) -> None:
        _check_tempo(self.tempo_bpm)
        _check("beats_per_bar", self.beats_per_bar, 1, 32)
        object.__setattr__(self, "notes", tuple(sorted(self.notes)))

    @property
    def end_ticks(self) -> int:
        """Where the last sounding note ends; 0 without notes."""
        return max((note.end_ticks for note in self.notes), default=0)

    @property
    def ticks_per_bar(self) -> int:
        """Length of a bar."""
        return self.beats_per_bar * TICKS_PER_BEAT

    def with_notes(self, notes: Iterable[Note]) -> "Melody":
        """The same melody with other notes."""
        return replace(self, notes=tuple(notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One instrument's part.

    Attributes:
        name: What the player sees: a voice or an instrument.
        notes: In order of start, then pitch.
        program: General MIDI program, 0..127 (0 is the grand piano).
        is_drum: Whether pitches are General MIDI percussion keys.
    """

    name: str
    notes: tuple[Note, ...]
    program: int = 0
    is_drum: bool = False

    def __post_init__(self) -> None:
        _check("program", self.program, 0, MAX_PROGRAM)
        object.__setattr__(self, "notes", tuple(sorted(self.notes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a technique returns: tracks that sound together.

    Attributes:
        tracks: In the order in which they are shown, highest voice first.
        tempo_bpm: Quarter notes a minute.
        beats_per_bar: Quarter notes a bar.
        name: What the player sees.
    """

    tracks: tuple[Track, ...]
    tempo_bpm: float = 120.0
    beats_per_bar: int = 4
    name: str = ""

    def __post_init__(self) -> None:
        _check_tempo(self.tempo_bpm)
        _check("beats_per_bar", self.beats_per_bar, 1, 32)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of all tracks, in order of start, then pitch."""
        return tuple(sorted(note for track in self.tracks for note in track.notes))

    @property
    def end_ticks(self) -> int:
        """Where the last sounding note ends; 0 without notes."""
        return max((note.end_ticks for note in self.notes), default=0)

    def as_melody(self) -> Melody:
        """All tracks but the drums as one melody, so that one technique can follow another."""
        notes = (note for track in self.tracks if not track.is_drum for note in track.notes)
        return Melody(
            notes=tuple(notes),
            tempo_bpm=self.tempo_bpm,
            beats_per_bar=self.beats_per_bar,
            name=self.name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a composition differs from the melody it was made from.

    Attributes:
        kept: Notes of the melody that the composition still has.
        added: Notes of the composition that the melody did not have.
        removed: Notes of the melody that the composition no longer has.
    """

    kept: tuple[Note, ...]
    added: tuple[Note, ...]
    removed: tuple[Note, ...]


def changes(melody: Melody, composition: Composition) -> Changes:
    """Compare a melody's notes with a composition's, by `Note.identity`."""
    missing = Counter(note.identity for note in melody.notes)
    kept: list[Note] = []
    added: list[Note] = []
    for note in composition.notes:
        if missing[note.identity]:
            missing[note.identity] -= 1
            kept.append(note)
        else:
            added.append(note)
    removed: list[Note] = []
    for note in melody.notes:
        if missing[note.identity]:
            missing[note.identity] -= 1
            removed.append(note)
    return Changes(kept=tuple(kept), added=tuple(added), removed=tuple(removed))


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise MusicError(f"{name} must be in {low}..{high}, got {value}")


def _check_tempo(tempo_bpm: float) -> None:
    if not MIN_TEMPO_BPM <= tempo_bpm <= MAX_TEMPO_BPM:
        low, high = MIN_TEMPO_BPM, MAX_TEMPO_BPM
        raise MusicError(f"tempo_bpm must be in {low:g}..{high:g}, got {tempo_bpm:g}")
