"""What an instrument remembers from one switching on to the next, and how it is written down.

Values and texts only; `keeper` decides when they are written and what is taken back.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from firmware.engine.mixer import Fader
from firmware.engine.schedule import KEYBOARD_CHANNEL
from firmware.engine.sound import DEFAULT_VOLUME
from firmware.errors import ContinuoError, LibraryError, MusicError, ParameterError
from firmware.library.fields import Fields
from firmware.midi.control_maps import Learned
from firmware.midi.messages import CHANNELS, DRUM_CHANNEL
from firmware.music.notes import MAX_PROGRAM, Melody, Note
from firmware.panel.bookmark import Bookmark
from firmware.panel.keys import Key
from firmware.panel.settings import Settings
from firmware.parameters import PARAMETERS_BY_KEY, Technique, Value, parameters_for

FORMAT_VERSION: Final = 1
MAX_ROW: Final = 1_000_000
MAX_NAME: Final = 1000
"""Characters of a melody's name that are remembered."""

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the player has set, and where they were.

    Attributes:
        settings: Techniques with their values, tempo and bar; what models bring is not in it.
        volume: 0..100 %.
        program: Of the keyboard, General MIDI, 0..127.
        is_metronome_on: Whether it clicks in recordings.
        is_thru_on: Whether the keyboard is heard.
        keyboard_channel: On which channel, 0..15; not the drums'.
        is_clock_out_on: Whether others are kept in time.
        is_clock_in_on: Whether the clock of others sets the tempo.
        learned: What controllers were taught.
        mix: The tracks of what was heard last, by name.
        bookmark: The page that was seen.
    """

    settings: Settings = field(default_factory=Settings)
    volume: int = DEFAULT_VOLUME
    program: int = 0
    is_metronome_on: bool = True
    is_thru_on: bool = True
    keyboard_channel: int = KEYBOARD_CHANNEL
    is_clock_out_on: bool = False
    is_clock_in_on: bool = False
    learned: tuple[Learned, ...] = ()
    mix: tuple[tuple[str, Fader], ...] = ()
    bookmark: Bookmark = field(default_factory=Bookmark)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", replace(self.settings, installed={}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Music that is not to be lost.

    Attributes:
        melody: What was played, with at least one note.
        composition: Name in the library of what was made of it, or None.
    """

    melody: Melody
    composition: str | None = None

    def __post_init__(self) -> None:
        # The name of a file may have what UTF-8 cannot say.
        name = self.melody.name[:MAX_NAME].encode(errors="replace").decode()
        object.__setattr__(self, "melody", replace(self.melody, name=name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The last music.

    Attributes:
        take: The take that is present, or None.
        playing: What was played last, kept or not; or None.
    """

    take: Piece | None = None
    playing: Piece | None = None


def memory_to_json(memory: Memory) -> str:
    """The text of a memory."""
    settings = memory.settings
    content = {
        "format": FORMAT_VERSION,
        "technique": settings.technique,
        "is_duet": settings.is_duet,
        "parameters": {technique: dict(values) for technique, values in settings.values.items()},
        "tempo_bpm": settings.tempo_bpm,
        "beats_per_bar": settings.beats_per_bar,
        "volume": memory.volume,
        "program": memory.program,
        "is_metronome_on": memory.is_metronome_on,
        "is_thru_on": memory.is_thru_on,
        "keyboard_channel": memory.keyboard_channel,
        "is_clock_out_on": memory.is_clock_out_on,
        "is_clock_in_on": memory.is_clock_in_on,
        "learned": [
            {
                "keyboard": _utf8(lesson.keyboard),
                "control": lesson.control,
                "target": lesson.target,
                "is_button": lesson.is_button,
            }
            for lesson in memory.learned
        ],
        "mix": [
            {
                "name": _utf8(name),
                "is_muted": fader.is_muted,
                "is_soloed": fader.is_soloed,
                "program": fader.program,
            }
            for name, fader in memory.mix
        ],
        "home": memory.bookmark.home,
        "pages": [{"name": name, "row": row} for name, row in memory.bookmark.pages],
    }
    return json.dumps(content, indent=2) + "\n"


def memory_from_json(text: str, *, file: str) -> Memory:
    """Read a memory.

    Args:
        text: What `memory_to_json` wrote.
        file: What the error calls it.

    Raises:
        LibraryError: If anything in it is missing, of a wrong kind or out of range.
    """
    return _checked(text, file, _memory)


def pieces_to_json(pieces: Pieces) -> str:
    """The text of the last music."""
    return f'{{"format": {FORMAT_VERSION}, {_slots(pieces)}}}\n'


def pieces_from_json(text: str, *, file: str) -> Pieces:
    """Read the last music.

    Raises:
        LibraryError: If anything in it is missing, of a wrong kind or out of range.
    """
    return _checked(
        text,
        file,
        lambda fields: Pieces(take=_piece(fields, "take"), playing=_piece(fields, "playing")),
    )


def earlier_to_json(earlier: tuple[Piece, ...]) -> str:
    """The text of music that was not switched off."""
    return f'{{"format": {FORMAT_VERSION}, "pieces": [{", ".join(map(_piece_text, earlier))}]}}\n'


def earlier_from_json(text: str, *, file: str) -> tuple[Piece, ...]:
    """Read music that was not switched off.

    Raises:
        LibraryError: If anything in it is missing, of a wrong kind or out of range.
    """
    return _checked(
        text, file, lambda fields: tuple(_read_piece(part) for part in fields.parts("pieces"))
    )


def runs_to_json(runs_s: tuple[float, ...]) -> str:
    """The text of how long the instrument ran before each of its last ends, in seconds."""
    return json.dumps({"format": FORMAT_VERSION, "ran_s": list(runs_s)}) + "\n"


def runs_from_json(text: str, *, file: str) -> tuple[float, ...]:
    """Read how long the instrument ran before each of its last ends, in seconds.

    Raises:
        LibraryError: If it is no list of such times.
    """

    def read(fields: Fields) -> tuple[float, ...]:
        runs_s = fields.take("ran_s", list)
        if not all(type(ran_s) in (int, float) and 0 <= ran_s < float("inf") for ran_s in runs_s):
            raise LibraryError(f"{file}: ran_s has something in it that is no time")
        return tuple(map(float, runs_s))

    return _checked(text, file, read)


def _checked(text: str, file: str, read: Callable[[Fields], _Read]) -> _Read:
    """Let a reader read; whatever it finds is said as one of our errors, with the file's name."""
    fields = Fields.of_text(text, file=file, version=FORMAT_VERSION)
    try:
        return read(fields)
    except LibraryError:
        raise
    except ContinuoError as error:  # a musical value or a parameter that cannot be
        raise LibraryError(f"{file}: {error.message}") from error
    except OverflowError as error:
        raise LibraryError(f"{file}: a number in it is far too large") from error


def _memory(fields: Fields) -> Memory:
    return Memory(
        settings=_settings(fields),
        volume=fields.whole("volume", 0, 100),
        program=fields.whole("program", 0, MAX_PROGRAM),
        is_metronome_on=fields.take("is_metronome_on", bool),
        is_thru_on=fields.take("is_thru_on", bool),
        keyboard_channel=_keyboard_channel(fields),
        is_clock_out_on=fields.take("is_clock_out_on", bool),
        is_clock_in_on=fields.take("is_clock_in_on", bool),
        learned=tuple(_lesson(part) for part in fields.parts("learned")),
        mix=tuple((part.take("name", str), _fader(part)) for part in fields.parts("mix")),
        bookmark=Bookmark(
            home=fields.whole("home", 0, MAX_ROW),
            pages=tuple(
                (part.take("name", str), part.whole("row", 0, MAX_ROW))
                for part in fields.parts("pages")
            ),
        ),
    )


def _keyboard_channel(fields: Fields) -> int:
    if "keyboard_channel" not in fields.raw:  # it could not be set once
        return KEYBOARD_CHANNEL
    channel = fields.whole("keyboard_channel", 0, CHANNELS - 1)
    if channel == DRUM_CHANNEL:
        raise ParameterError("the keyboard cannot have the drums' channel")
    return channel


def _settings(fields: Fields) -> Settings:
    technique, is_duet = _technique(fields.take("technique", str)), fields.take("is_duet", bool)
    if is_duet and technique is not Technique.EXTEND:
        raise ParameterError(f"a duet is no way to {technique}")
    parameters = fields.part("parameters")
    return Settings(
        technique=technique,
        is_duet=is_duet,
        values={_technique(key): _values(parameters, key) for key in parameters.raw},
        tempo_bpm=fields.take("tempo_bpm", float, int),
        beats_per_bar=fields.take("beats_per_bar", int),
    )


def _technique(text: str) -> Technique:
    try:
        return Technique(text)
    except ValueError as error:
        raise ParameterError(f"there is no technique {text!r:.40}") from error


def _values(parameters: Fields, key: str) -> dict[str, Value]:
    part = parameters.part(key)
    given = {name: part.take(name, int, float, str) for name in part.raw}
    checked = parameters_for(_technique(key), given)
    return {name: checked[name] for name in given}


def _lesson(part: Fields) -> Learned:
    target, is_button = part.take("target", str), part.take("is_button", bool)
    known = set(Key) if is_button else set(PARAMETERS_BY_KEY)
    if target not in known:
        raise ParameterError(f"there is nothing to be learned called {target!r:.40}")
    return Learned(
        keyboard=part.take("keyboard", str),
        control=part.take("control", int),
        target=target,
        is_button=is_button,
    )


def _fader(part: Fields) -> Fader:
    program = part.take("program", int, type(None))
    return Fader(
        is_muted=part.take("is_muted", bool),
        is_soloed=part.take("is_soloed", bool),
        program=None if program is None else part.whole("program", 0, MAX_PROGRAM),
    )


def _slots(pieces: Pieces) -> str:
    found = {"take": pieces.take, "playing": pieces.playing}
    texts = {key: "null" if piece is None else _piece_text(piece) for key, piece in found.items()}
    return ", ".join(f'"{key}": {text}' for key, text in texts.items())


def _piece_text(piece: Piece) -> str:
    """By hand, note by note: one call of `json.dumps` would keep other threads from thousands."""
    melody = piece.melody
    head = json.dumps(
        {
            "name": melody.name,
            "tempo_bpm": melody.tempo_bpm,
            "beats_per_bar": melody.beats_per_bar,
            "composition": piece.composition,
        }
    )
    notes = ", ".join(
        f"[{note.start_ticks}, {note.pitch}, {note.duration_ticks}, {note.velocity}]"
        for note in melody.notes
    )
    return f'{head[:-1]}, "notes": [{notes}]}}'


def _piece(fields: Fields, key: str) -> Piece | None:
    return None if fields.raw.get(key) is None else _read_piece(fields.part(key))


def _read_piece(part: Fields) -> Piece:
    melody = Melody(
        notes=tuple(_note(row) for row in part.take("notes", list)),
        tempo_bpm=part.take("tempo_bpm", float, int),
        beats_per_bar=part.take("beats_per_bar", int),
        name=part.take("name", str),
    )
    if not melody.notes:
        raise MusicError("a piece has no notes")
    return Piece(melody=melody, composition=part.take("composition", str, type(None)))


def _note(row: object) -> Note:
    if not isinstance(row, list) or [type(number) for number in row] != [int] * 4:
        raise MusicError(f"{row!r:.40} is no note")
    start_ticks, pitch, duration_ticks, velocity = row
    return Note(
        start_ticks=start_ticks, pitch=pitch, duration_ticks=duration_ticks, velocity=velocity
    )


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()
