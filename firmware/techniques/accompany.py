"""Accompany: a band around a melody, which itself stays as it was played.

The melody is moved to its home key (`firmware.music.home_key`), and the band back from there: in
whatever key a melody is played, its band is the same. A model of the genre says window by window
what bass, harmony, a countermelody and drums would play to it, having heard what they played
before. Written rules make that playable (`band_decision`), and bring it to an end with the
melody's. The band keeps the player's time, and is as loud as the player.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.inference.band import BandModel
from firmware.music.band import (
    BAND_ENCODING,
    BandNote,
    BandRolls,
    BandSpec,
    Role,
    band_notes,
    moved,
)
from firmware.music.home_key import home_shift, way_back
from firmware.music.notes import MAX_VELOCITY, Composition, Melody, Note, Track
from firmware.parameters import Parameters
from firmware.techniques.band_grid import BandGrid
from firmware.techniques.band_player import BandPlayer
from firmware.techniques.bands import DRUM_LEVELS, MELODY_PROGRAM, Accents, Band, band_of
from firmware.techniques.progress import Generation, Progress

MELODY_TRACK: Final = "melody"
DRUM_TRACK: Final = "drums"

_SHOWN: Final = (Role.COUNTER, Role.HARMONY, Role.BASS)
"""Tracks below the melody's, the highest first."""

_SOFTEST: Final = 20
"""No softer than this, lest a player who only touches the keys hears no band."""


def accompany(
    melody: Melody, parameters: Parameters, model: BandModel, rng: np.random.Generator
) -> Generation:
    """Put a band around a melody.

    Args:
        melody: Any length, any polyphony, on or off the grid; at least one note.
        parameters: Of `Technique.ACCOMPANY`.
        model: A model of `BAND_ENCODING` that knows the genre.
        rng: Source of all randomness: the same melody, parameters, model and seed give the
            same composition.

    Returns:
        A generation that counts windows, with a preview after the first and then after each or,
        of long melodies, every few. Its result has the melody as its first track, note for
        note; then a track for each role of the band, and one for its drums if it has any. None
        of them sounds beyond the bar in which the melody ends.

    Raises:
        MusicError: If the melody has no notes.
        ParameterError: If the model does not know the genre.
    """
    if not melody.notes:
        raise MusicError("there is nothing to accompany", remedy="play or import a melody first")
    return _generation(Accompaniment(melody, parameters, model, rng))


def _generation(work: "Accompaniment") -> Generation:
    player, previewed = work.player, 0
    total = player.windows
    yield Progress(done=0, total=total)
    while True:
        player.play_on()
        if player.is_done:
            return work.composition()
        # Each preview holds all there is: of long pieces there are fewer and fewer.
        due = player.played >= previewed + max(previewed // 4, 1)
        previewed = player.played if due else previewed
        yield Progress(
            done=player.played,
            total=total,
            preview=work.composition() if due else None,
            written_ticks=work.written_ticks if due else None,
        )


class Accompaniment:
    """One melody being accompanied.

    Attributes:
        grid: Where the melody lies on the band's grid.
        player: The band at work, in the melody's home key.

    Args:
        melody: At least one note.
        parameters: Of `Technique.ACCOMPANY`.
        model: A model that knows the genre.
        rng: Source of all randomness.
        spec: The encoding.

    Raises:
        ParameterError: If the model does not know the genre.
    """

    def __init__(
        self,
        melody: Melody,
        parameters: Parameters,
        model: BandModel,
        rng: np.random.Generator,
        *,
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        genre = parameters.choice("genre")
        self._melody, self._spec = melody, spec
        self._band = band_of(genre)
        self.grid = BandGrid(melody, may_swing=self._band.swings, spec=spec)
        self._shift = home_shift((note.pitch, note.duration_ticks) for note in melody.notes)
        self.player = BandPlayer(
            self.grid.melody_roll(self._shift),
            melody.beats_per_bar,
            model=model,
            genre=genre,
            has_drums=self._band.has_drums,
            risk=parameters.number("creative_risk"),
            rng=_rng_of_take(rng, parameters.integer("seed")),
            final=self.grid.final,
            spec=spec,
        )
        self._dynamics = _Dynamics(melody, self.grid, self._band, spec)

    @property
    def rolls(self) -> BandRolls:
        """Melody and band on the grid in the melody's key, as far as they are written."""
        played = self.player.rolls
        return BandRolls(
            melody=self.grid.melody_roll(),
            band=moved(played.band, way_back(self._shift)),
            drums=played.drums,
            beats_per_bar=played.beats_per_bar,
        )

    @property
    def written_ticks(self) -> int:
        """The tick before which no more notes begin; what sounds there may sound on."""
        return max(self.grid.tick(self.player.written), 0)

    def composition(self) -> Composition:
        """The melody and what is written so far."""
        melody, band = self._melody, self._band
        by_role: dict[Role, list[Note]] = {role: [] for role in Role}
        rolls = self.rolls
        for found in band_notes(rolls.band, rolls.drums, spec=self._spec):
            note = self._played(found)
            if note is not None:
                by_role[found.role].append(note)
        tracks = [Track(name=MELODY_TRACK, notes=melody.notes, program=MELODY_PROGRAM)]
        tracks += [
            Track(name=part.name, notes=tuple(by_role[role]), program=part.program)
            for role in _SHOWN
            for part in (band.parts[role],)
        ]
        if band.has_drums:
            notes = tuple(by_role[Role.DRUMS])
            tracks.append(Track(name=DRUM_TRACK, notes=notes, is_drum=True))
        return Composition(
            tracks=tuple(tracks),
            tempo_bpm=melody.tempo_bpm,
            beats_per_bar=melody.beats_per_bar,
            name=melody.name,
        )

    def _played(self, note: BandNote) -> Note | None:
        """A note in the melody's time, or None if it would be over before that begins."""
        start = max(self.grid.tick(note.start), 0)
        end = min(self.grid.tick(note.end), self.grid.last_tick)
        if end <= start:
            return None
        is_drum = note.role is Role.DRUMS
        return Note(
            start_ticks=start,
            pitch=self._spec.drums[note.pitch] if is_drum else note.pitch,
            duration_ticks=end - start,
            velocity=self._dynamics.velocity(note),
        )


def _rng_of_take(rng: np.random.Generator, take: int) -> np.random.Generator:
    return np.random.default_rng((int(rng.integers(2**63)), take))


class _Dynamics:
    """How loud the player is in each bar, and the band beside that."""

    def __init__(self, melody: Melody, grid: BandGrid, band: Band, spec: BandSpec) -> None:
        self._band, self._spec = band, spec
        self._beat = spec.beat_resolution
        self._bar = melody.beats_per_bar * self._beat
        self._loudness = _loudness(melody, grid, grid.steps // self._bar)

    def velocity(self, note: BandNote) -> int:
        """Loudness of a note of the band, 1..127."""
        if note.role is Role.DRUMS:
            level = self._band.drum_level * DRUM_LEVELS[self._spec.drums[note.pitch]]
        else:
            level = self._band.parts[note.role].level
        loudness = self._loudness[note.start // self._bar] * level * self._accent(note.start)
        return int(min(max(np.floor(loudness + 0.5), _SOFTEST), MAX_VELOCITY))

    def _accent(self, step: int) -> float:
        accents: Accents = self._band.accents
        if step % self._bar == 0:
            return accents.downbeat
        if step % self._beat == 0:
            return accents.beat
        return accents.half_beat if step % self._beat == self._beat // 2 else accents.between


def _loudness(melody: Melody, grid: BandGrid, bars: int) -> NDArray[np.float64]:
    """(bars,) mean velocity of the melody's notes around each bar; of silent ones in between."""
    ticks = np.array([note.start_ticks for note in melody.notes], dtype=np.float64)
    beats = grid.pulse.beats_at(ticks) - grid.first_beat
    at = np.clip(np.floor(beats / melody.beats_per_bar), 0, bars - 1).astype(np.int64)
    velocities = np.array([note.velocity for note in melody.notes], dtype=np.float64)
    # A bar and, half as much, its neighbours: the band swells, it does not jump.
    sums, counts = (
        np.convolve(np.bincount(at, weights=weights, minlength=bars), (0.5, 1.0, 0.5), "same")
        if bars > 2
        else np.full(bars, weights.sum())
        for weights in (velocities, np.ones_like(velocities))
    )
    known = np.flatnonzero(counts)
    return np.interp(np.arange(bars), known, sums[known] / counts[known])
