"""Public-domain melodies to begin with, typed in as notes.

How a tune is written: a note is its letter, `#` or `b`, and the octave (`c4` is middle C),
then its length in beats after a colon where it is not one beat. `r` is a rest, `~` ties a
note to the next one, `|` stands where a bar ends (a test counts the beats between them).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from firmware.music.notes import Melody, Note
from firmware.music.timing import TICKS_PER_BEAT

DEFAULT_MELODY = "old-hundredth"
"""What the demo plays: plain four-line hymn, made to be sung in four voices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tune:
    """A melody as it is typed in.

    Attributes:
        title: What the player sees.
        origin: Who wrote it, and when.
        tempo_bpm: Quarter notes a minute.
        beats_per_bar: Quarter notes a bar.
        text: The notes, as the module says. A pickup begins with rests.
    """

    title: str
    origin: str
    tempo_bpm: float
    beats_per_bar: int
    text: str


TUNES: Mapping[str, Tune] = MappingProxyType(
    {
        "old-hundredth": Tune(
            title="Old Hundredth",
            origin="Louis Bourgeois, Geneva Psalter, 1551",
            tempo_bpm=84.0,
            beats_per_bar=4,
            text="""
            r:3 g4 | g4 f#4 e4 d4 | g4 a4 b4
            b4 | b4 b4 a4 g4 | c5 b4 a4
            g4 | a4 b4 a4 g4 | e4 f#4 g4
            d5 | b4 g4 a4 c5 | b4 a4 g4:2 |
            """,
        ),
        "nun-danket": Tune(
            title="Nun danket alle Gott",
            origin="Johann Crüger, 1647",
            tempo_bpm=92.0,
            beats_per_bar=4,
            text="""
            r:3 d5 | d5 d5 e5 e5 | d5:3 b4 | c5 b4 a4 b4:0.75 c5:0.25 | a4:2 g4
            a4 | a4 a4 b4 b4 | a4:3 a4 | b4:0.5 c#5:0.5 d5 d5 c#5 | d5:3
            d5 | e5 d5 c5 b4 | c5:3 b4 | a4 b4:0.75 c5:0.25 a4:1.5 g4:0.5 | g4:4 |
            """,
        ),
        "o-haupt": Tune(
            title="O Haupt voll Blut und Wunden",
            origin="Hans Leo Hassler, 1601",
            tempo_bpm=76.0,
            beats_per_bar=4,
            text="""
            r:3 a4 | d5 c5 bb4 a4 | g4:2 a4 e5 | f5 f5 e5:0.5 d5:0.5 e5 | d5:3
            f5 | e5:0.5 d5:0.5 c5 d5 e5 | f5:2 f5 c5 | d5 c5 bb4:0.5 a4:0.5 bb4 | a4:3
            f5 | e5:0.5 f5:0.5 g5 f5 e5 | d5:2 e5 a4 | bb4 a4 g4 c5 | a4:4 |
            """,
        ),
        "ode-to-joy": Tune(
            title="Ode to Joy",
            origin="Ludwig van Beethoven, Ninth Symphony, 1824",
            tempo_bpm=112.0,
            beats_per_bar=4,
            text="""
            f#4 f#4 g4 a4 | a4 g4 f#4 e4 | d4 d4 e4 f#4 | f#4:1.5 e4:0.5 e4:2 |
            f#4 f#4 g4 a4 | a4 g4 f#4 e4 | d4 d4 e4 f#4 | e4:1.5 d4:0.5 d4:2 |
            e4 e4 f#4 d4 | e4 f#4:0.5 g4:0.5 f#4 d4 | e4 f#4:0.5 g4:0.5 f#4 e4 |
            d4 e4 a3 f#4~ | f#4 f#4 g4 a4 | a4 g4 f#4 e4 | d4 d4 e4 f#4 |
            e4:1.5 d4:0.5 d4:2 |
            """,
        ),
        "frere-jacques": Tune(
            title="Frère Jacques",
            origin="French round, 18th century",
            tempo_bpm=108.0,
            beats_per_bar=4,
            text="""
            c5 d5 e5 c5 | c5 d5 e5 c5 | e5 f5 g5:2 | e5 f5 g5:2 |
            g5:0.5 a5:0.5 g5:0.5 f5:0.5 e5 c5 | g5:0.5 a5:0.5 g5:0.5 f5:0.5 e5 c5 |
            c5 g4 c5:2 | c5 g4 c5:2 |
            """,
        ),
        "greensleeves": Tune(
            title="Greensleeves",
            origin="English, 16th century",
            tempo_bpm=90.0,
            beats_per_bar=3,
            text="""
            r:2.5 a4:0.5 |
            c5 d5:0.5 e5:0.75 f#5:0.25 e5:0.5 | d5 b4:0.5 g4:0.75 a4:0.25 b4:0.5 |
            c5 a4:0.5 a4:0.75 g#4:0.25 a4:0.5 | b4 g#4:0.5 e4 a4:0.5 |
            c5 d5:0.5 e5:0.75 f#5:0.25 e5:0.5 | d5 b4:0.5 g4:0.75 a4:0.25 b4:0.5 |
            c5:0.75 b4:0.25 a4:0.5 g#4:0.75 f#4:0.25 g#4:0.5 | a4:1.5 a4:1.5 |
            g5:1.5 g5:0.75 f#5:0.25 e5:0.5 | d5 b4:0.5 g4:0.75 a4:0.25 b4:0.5 |
            c5 a4:0.5 a4:0.75 g#4:0.25 a4:0.5 | b4 g#4:0.5 e4:1.5 |
            g5:1.5 g5:0.75 f#5:0.25 e5:0.5 | d5 b4:0.5 g4:0.75 a4:0.25 b4:0.5 |
            c5:0.75 b4:0.25 a4:0.5 g#4:0.75 f#4:0.25 g#4:0.5 | a4:1.5 a4:1.5 |
            """,
        ),
        # In 3/8: a bar of ours is two of the score's.
        "fuer-elise": Tune(
            title="Für Elise",
            origin="Ludwig van Beethoven, 1810",
            tempo_bpm=70.0,
            beats_per_bar=3,
            text="""
            r:2.5 e5:0.25 d#5:0.25 |
            e5:0.25 d#5:0.25 e5:0.25 b4:0.25 d5:0.25 c5:0.25 a4:0.5 r:0.25 c4:0.25 e4:0.25 a4:0.25 |
            b4:0.5 r:0.25 e4:0.25 g#4:0.25 b4:0.25 c5:0.5 r:0.25 e4:0.25 e5:0.25 d#5:0.25 |
            e5:0.25 d#5:0.25 e5:0.25 b4:0.25 d5:0.25 c5:0.25 a4:0.5 r:0.25 c4:0.25 e4:0.25 a4:0.25 |
            b4:0.5 r:0.25 e4:0.25 c5:0.25 b4:0.25 a4 e5:0.25 d#5:0.25 |
            e5:0.25 d#5:0.25 e5:0.25 b4:0.25 d5:0.25 c5:0.25 a4:0.5 r:0.25 c4:0.25 e4:0.25 a4:0.25 |
            b4:0.5 r:0.25 e4:0.25 g#4:0.25 b4:0.25 c5:0.5 r:0.25 e4:0.25 e5:0.25 d#5:0.25 |
            e5:0.25 d#5:0.25 e5:0.25 b4:0.25 d5:0.25 c5:0.25 a4:0.5 r:0.25 c4:0.25 e4:0.25 a4:0.25 |
            b4:0.5 r:0.25 e4:0.25 c5:0.25 b4:0.25 a4:1.5 |
            """,
        ),
    }
)

_TOKEN = re.compile(r"(?P<letter>[a-g])(?P<sign>[#b]?)(?P<octave>\d)")
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SIGNS = {"#": 1, "b": -1, "": 0}


def bundled_melodies() -> dict[str, Melody]:
    """The melodies that come with the firmware, by their key."""
    return {key: melody_of(tune) for key, tune in TUNES.items()}


def melody_of(tune: Tune) -> Melody:
    """Read a tune's text as notes.

    Raises:
        ValueError: If a token is no note, or a bar's end is not where the beats say.
    """
    notes: list[Note] = []
    at = 0
    tied_from: int | None = None
    for word in tune.text.split():
        if word == "|":
            if at % (tune.beats_per_bar * TICKS_PER_BEAT):
                raise ValueError(f"{tune.title}: a bar ends at beat {at / TICKS_PER_BEAT}")
            continue
        name, _, length = word.rstrip("~").partition(":")
        end = at + int(Fraction(length or 1) * TICKS_PER_BEAT)
        if name != "r" and not word.endswith("~"):
            start = at if tied_from is None else tied_from
            notes.append(Note(start_ticks=start, pitch=_pitch(name), duration_ticks=end - start))
            tied_from = None
        elif name != "r" and tied_from is None:
            tied_from = at
        at = end
    return Melody(
        notes=tuple(notes),
        tempo_bpm=tune.tempo_bpm,
        beats_per_bar=tune.beats_per_bar,
        name=tune.title,
    )


def _pitch(name: str) -> int:
    match = _TOKEN.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not a note")
    semitone = _SEMITONES[match["letter"]] + _SIGNS[match["sign"]]
    return 12 * (int(match["octave"]) + 1) + semitone
