"""A genre's real music: what a band is measured beside, and the melodies that it is given."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandRolls, Role
from firmware.music.notes import MAX_PITCH, Melody, Note
from firmware.music.timing import TICKS_PER_BEAT
from training.band.shards import BandPiece

STEP_TICKS: Final = TICKS_PER_BEAT // BAND_ENCODING.beat_resolution

_OTHER_KEYS: Final = (2, -3, 5, -1, 4, -5, 1, 3, -2, -4, 6)
PASSAGE_BARS: Final = 32
"""At most, of what is played of a piece at once."""

_FEWEST_REAL_BARS: Final = 64
_MOST_REAL_BARS: Final = 8000
_ROUNDS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A passage of a piece that was not trained on.

    Attributes:
        melody: What is accompanied.
        piece: The passage as it was written, in its own key.
        is_transposed: Whether the melody is in another key.
    """

    melody: Melody
    piece: BandPiece
    is_transposed: bool

    @property
    def bars(self) -> int:
        """Its length."""
        return self.piece.bars


class RealMusic:
    """Pieces as they were written.

    Args:
        pieces: Any.
    """

    def __init__(self, pieces: Iterable[BandPiece]) -> None:
        self._known = [
            (frozenset(note.role for note in piece.notes) - piece.made, piece.rolls())
            for piece in pieces
        ]

    def of(self, roles: Iterable[Role]) -> list[BandRolls]:
        """Those that have all of some roles, written by their authors."""
        wanted = frozenset(roles)
        return [rolls for known, rolls in self._known if wanted <= known]


class Genre:
    """A genre's music.

    Args:
        name: The genre.
        train: The training split, of any genres.
        test: The test split, of any genres.
        has_drums: Whether the band has drums.
        swings: Whether players play half beats late, at two thirds of a beat.

    Attributes:
        name: The genre.
        real: Its training pieces, or as many as are enough.
        roles: The roles that a band is judged by: of the others nearly nothing is real.

    Raises:
        ConfigError: If there is no music of the genre in one of the splits.
    """

    def __init__(
        self,
        name: str,
        train: Iterable[BandPiece],
        test: Iterable[BandPiece],
        *,
        has_drums: bool,
        swings: bool = False,
    ) -> None:
        self.name = name
        self._swings = swings
        learned = _enough([piece for piece in train if piece.genre == name])
        self._test = [p for p in test if p.genre == name and Role.MELODY not in p.made]
        for split, pieces in (("training", learned), ("test", self._test)):
            if not pieces:
                raise ConfigError(
                    f"there is no music of genre {name!r} in the {split} shard",
                    remedy="python -m training shards accompany",
                )
        self.real = RealMusic(learned)
        roles = (*PITCHED_ROLES, Role.DRUMS) if has_drums else PITCHED_ROLES
        self.roles = tuple(role for role in roles if self._is_known((role,)))

    @property
    def pitched(self) -> tuple[Role, ...]:
        """The roles but the drums."""
        return tuple(role for role in self.roles if role is not Role.DRUMS)

    @cached_property
    def together(self) -> tuple[Role, ...]:
        """The roles that a whole band is judged by: as many as are real in the same pieces."""
        roles = self.roles
        while len(roles) > 1 and not self._is_known(roles):
            roles = roles[:-1]
        return roles

    def held_out(self, bars: int, *, seed: int = 0) -> list[HeldOut]:
        """Passages of the test split that have so many bars between them.

        Each piece gives a passage of 32 bars at most; when all have given one, each gives
        another. Melodies without a band of their own come last, for the corpus has other ones.
        Where there are no more, all are there again in other keys, up to eleven times.
        """
        passages = list(_passages(self._test, np.random.default_rng(seed)))
        passages.sort(key=lambda piece: bool(piece.made))
        found: list[HeldOut] = []
        count = 0
        for semitones in (0, *_OTHER_KEYS):
            for piece in passages:
                if count >= bars:
                    return found
                melody = transposed(melody_of(piece, swings=self._swings), semitones)
                held_out = HeldOut(melody=melody, piece=piece, is_transposed=semitones != 0)
                found.append(held_out)
                count += held_out.bars
        return found

    def windows(self, count: int, *, seed: int) -> list[BandRolls]:
        """Windows in which a band plays, of different real pieces as far as there are as many.

        All are of one length, that which most pieces have.
        """
        rng = np.random.default_rng(seed)
        pieces = self.real.of(self.together)
        hops = [BAND_ENCODING.hop(rolls.beats_per_bar) for rolls in pieces]
        hop = max(hops, key=hops.count)
        found: list[BandRolls] = []
        for number in (n for _ in range(_ROUNDS) for n in rng.permutation(len(pieces))):
            if len(found) == count:
                break
            ours = [w for w in windows_of(pieces[number]) if w.steps == hop]
            playing = [w for w in ours if w.band.any() or w.drums.any()]
            if playing:
                found.append(playing[rng.integers(len(playing))])
        return found

    def _is_known(self, roles: Sequence[Role]) -> bool:
        """Whether all of these roles play together in enough real music."""
        return count_bars(self.real.of(roles)) >= _FEWEST_REAL_BARS


def excerpt(piece: BandPiece, first_bar: int, end_bar: int) -> BandPiece:
    """Some bars of a piece; what is held over their ends is cut off there."""
    bar = piece.beats_per_bar * BAND_ENCODING.beat_resolution
    start, end = first_bar * bar, min(end_bar * bar, piece.steps)
    notes = (
        note._replace(start=max(note.start, start) - start, end=min(note.end, end) - start)
        for note in piece.notes
        if note.start < end and note.end > start
    )
    return replace(piece, notes=tuple(notes), steps=end - start)


def count_bars(pieces: Iterable[BandRolls]) -> int:
    """How many bars pieces have between them."""
    beat = BAND_ENCODING.beat_resolution
    return sum(rolls.steps // (rolls.beats_per_bar * beat) for rolls in pieces)


def windows_of(rolls: BandRolls) -> Iterator[BandRolls]:
    """A piece in the windows that a model plays it in; the last one is as long as it is."""
    hop = BAND_ENCODING.hop(rolls.beats_per_bar)
    for start in range(0, rolls.steps, hop):
        yield BandRolls(
            melody=rolls.melody[start : start + hop],
            band=rolls.band[start : start + hop],
            drums=rolls.drums[start : start + hop],
            beats_per_bar=rolls.beats_per_bar,
        )


def melody_of(piece: BandPiece, *, swings: bool = False) -> Melody:
    """What is played of a piece on the keyboard.

    Args:
        piece: Its swung half beats are written as half beats.
        swings: Whether they are played at two thirds of a beat.
    """
    played_at = (0, 4, 8, 10) if swings else (0, 3, 6, 9)

    def tick(step: int) -> int:
        beat, part = divmod(step, BAND_ENCODING.beat_resolution)
        return beat * TICKS_PER_BEAT + played_at[part] * TICKS_PER_BEAT // 12

    notes = (
        Note(
            start_ticks=tick(note.start),
            pitch=note.pitch,
            duration_ticks=tick(note.end) - tick(note.start),
        )
        for note in piece.notes
        if note.role is Role.MELODY
    )
    return Melody(notes=tuple(notes), beats_per_bar=piece.beats_per_bar, name=piece.name)


def transposed(melody: Melody, semitones: int) -> Melody:
    """A melody in another key; an octave away what would leave MIDI's pitches."""

    def pitch(note: Note) -> int:
        found = note.pitch + semitones
        return found - 12 if found > MAX_PITCH else found + 12 if found < 0 else found

    return melody.with_notes(replace(note, pitch=pitch(note)) for note in melody.notes)


def opening(melody: Melody, windows: int) -> Melody:
    """The first windows of a melody, from the bar of its first note on."""
    first = melody.notes[0].start_ticks // melody.ticks_per_bar * melody.ticks_per_bar
    length = windows * BAND_ENCODING.hop(melody.beats_per_bar) * STEP_TICKS
    return melody.with_notes(
        replace(
            note,
            start_ticks=note.start_ticks - first,
            duration_ticks=min(note.duration_ticks, first + length - note.start_ticks),
        )
        for note in melody.notes
        if note.start_ticks < first + length
    )


def _enough(pieces: Sequence[BandPiece]) -> list[BandPiece]:
    """So many pieces as are enough to know a genre by, chosen at random."""
    found: list[BandPiece] = []
    bars = 0
    order = np.random.default_rng(0).permutation(len(pieces)).tolist()
    # Those of which all is real come first.
    for number in sorted(order, key=lambda number: bool(pieces[number].made)):
        if bars >= _MOST_REAL_BARS:
            break
        found.append(pieces[number])
        bars += pieces[number].bars
    return found


def _passages(pieces: Sequence[BandPiece], rng: np.random.Generator) -> Iterator[BandPiece]:
    """All of all pieces in passages: first one of each, then another one of each, and so on."""
    starts = [rng.permutation(np.arange(0, piece.bars, PASSAGE_BARS)).tolist() for piece in pieces]
    order = rng.permutation(len(pieces)).tolist()
    for turn in range(max(map(len, starts))):
        for number in order:
            if turn < len(starts[number]):
                first = starts[number][turn]
                yield from _sung(excerpt(pieces[number], first, first + PASSAGE_BARS))


def _sung(piece: BandPiece) -> Iterator[BandPiece]:
    """A piece from the bar in which its melody begins to that in which it ends, if it has one."""
    bar = piece.beats_per_bar * BAND_ENCODING.beat_resolution
    melody = [note for note in piece.notes if note.role is Role.MELODY]
    if melody:
        first = min(note.start for note in melody) // bar
        yield excerpt(piece, first, -(-max(note.end for note in melody) // bar))
