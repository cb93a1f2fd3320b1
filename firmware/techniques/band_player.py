"""A band at work on the grid: window after window, each hearing what was played before it.

Letters: S time steps of the piece, T of a window, P pitches, D drums, R planes.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ModelRuntimeError, ParameterError
from firmware.inference.band import BandModel
from firmware.inference.band_habits import UNCHANGED
from firmware.music.band import (
    BAND_ENCODING,
    PITCHED_ROLES,
    BandRolls,
    BandSpec,
    cut,
    genre_slot,
    window_inputs,
)
from firmware.techniques.band_decision import Decision, decide

_KICK: Final = 36
_CRASH: Final = 49


def noise_scale(risk: float) -> float:
    """What the noise is multiplied by: 1, as in training, at creative risk 1.

    It grows with the cube root of the risk. In proportion to it, the highest risk would be
    six times as far out as anything the network has seen.
    """
    return float(np.cbrt(risk))


class BandPlayer:
    """A band that plays around a melody.

    Args:
        melody: (S, P, 2) sounding and struck, whole bars, with a bar line at step 0.
        beats_per_bar: Quarter notes a bar.
        model: Says what is likely.
        genre: One of those that it knows.
        has_drums: Whether there are drums in this genre.
        risk: The player's creative risk.
        rng: Source of all randomness: of the same model another one gives another take.
        final: The time step of the last chord and the one where it ends; by default the band
            plays on to the last step, and nothing is brought to an end.
        spec: The encoding.

    Attributes:
        rolls: The melody, and the band as far as it is written; silence beyond that.
        written: Time steps that are written.

    Raises:
        ParameterError: If the model does not know the genre.
    """

    def __init__(
        self,
        melody: NDArray[np.bool_],
        beats_per_bar: int,
        *,
        model: BandModel,
        genre: str,
        has_drums: bool,
        risk: float,
        rng: np.random.Generator,
        final: tuple[int, int] | None = None,
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        if genre not in model.genres:
            known = ", ".join(model.genres)
            raise ParameterError(f"genre must be {known}, got {genre}", remedy="use another model")
        steps = len(melody)
        self.rolls = BandRolls(
            melody=melody,
            band=np.zeros((steps, spec.pitches, spec.planes), dtype=np.bool_),
            drums=np.zeros((steps, len(spec.drums)), dtype=np.bool_),
            beats_per_bar=beats_per_bar,
        )
        # What the model is told that was played.
        self._meant = replace(
            self.rolls, band=self.rolls.band.copy(), drums=self.rolls.drums.copy()
        )
        self.written = 0
        self._model, self._spec, self._rng = model, spec, rng
        self._genre = genre_slot(model.genres.index(genre), spec=spec)
        self._habits = model.habits.get(genre, UNCHANGED)
        self._has_drums, self._risk, self._final = has_drums, risk, final
        self._hop = spec.hop(beats_per_bar)
        # What is said to all of a window is said to all of the piece: one take, one idea.
        self._idea = self._noise(1)

    @property
    def windows(self) -> int:
        """How many windows there are to play: none follows the one with the last chord."""
        last = self.rolls.steps - 1 if self._final is None else self._final[0]
        return last // self._hop + 1

    @property
    def played(self) -> int:
        """How many are played."""
        return -(-self.written // self._hop) if not self.is_done else self.windows

    @property
    def is_done(self) -> bool:
        """Whether everything is written."""
        return self.written >= self.rolls.steps

    def play_on(self) -> None:
        """Play the next window.

        Raises:
            ModelRuntimeError: If the model fails, or a logit is not a number.
        """
        start, rolls = self.written, self.rolls
        end = min(start + self._hop, rolls.steps)
        # Alone for so long the band would not know what to play.
        if rolls.melody[start : start + self._spec.time_steps, :, 0].any():
            decision = self._decided(start)
            for found, (band, drums) in ((rolls, decision.played), (self._meant, decision.meant)):
                found.band[start:end] = band[: end - start]
                found.drums[start:end] = drums[: end - start]
            if start:
                # Who rested until here begins again what was meant to go on.
                sounding, struck = rolls.band[..., ::2], rolls.band[..., 1::2]
                struck[start] |= sounding[start] & ~sounding[start - 1]
        self.written = end
        if self._final is not None and self._final[0] < end:
            self._close(*self._final)
            self.written = rolls.steps

    def _decided(self, start: int) -> Decision:
        spec, rolls = self._spec, self._meant
        bar = rolls.beats_per_bar * spec.beat_resolution
        noise = np.concatenate([self._idea, self._noise(spec.noise_shape[0] - 1)])
        inputs = window_inputs(rolls, start, spec=spec)
        band, drums = self._model.said({**inputs, "genre": self._genre, "noise": noise})
        if not (np.isfinite(band).all() and np.isfinite(drums).all()):
            raise ModelRuntimeError(
                "the model's answer is not a number", remedy="copy the bundle again"
            )
        return decide(
            band,
            drums,
            risk=self._risk,
            rng=self._rng,
            has_drums=self._has_drums,
            inside=start + np.arange(spec.time_steps) < rolls.steps,
            melody=cut(rolls.melody[..., 0], start, spec.time_steps),
            beats_per_bar=rolls.beats_per_bar,
            habits=self._habits,
            past=(cut(rolls.band, start - bar, bar), cut(rolls.drums, start - bar, bar)),
            spec=spec,
        )

    def _noise(self, segments: int) -> NDArray[np.float32]:
        drawn = self._rng.standard_normal((segments, self._spec.noise_shape[1]), dtype=np.float32)
        return drawn * np.float32(noise_scale(self._risk))

    def _close(self, final: int, end: int) -> None:
        """Hold what each role plays at the last chord, one stroke of the drums, and no more."""
        rolls, spec = self.rolls, self._spec
        for number in range(len(PITCHED_ROLES)):
            sounding, struck = rolls.band[..., 2 * number], rolls.band[..., 2 * number + 1]
            at = _chord_step(sounding, struck, final, min(self.written, end), spec)
            chord = sounding[at].copy() if at < end else np.zeros_like(sounding[0])
            sounding[at:] = False
            sounding[at:end] = chord
            struck[at + 1 :] = False
            struck[at:] &= sounding[at:]
        rolls.drums[final:] = False
        if self._has_drums:
            rolls.drums[final, [spec.drums.index(_KICK), spec.drums.index(_CRASH)]] = True


def _chord_step(
    sounding: NDArray[np.bool_], struck: NDArray[np.bool_], final: int, end: int, spec: BandSpec
) -> int:
    """Where a role (S, P) comes to its last chord: struck within a beat, or sounding at last.

    What sounds at `final` may be the end of the chord before. Where nothing sounds it is `end`.
    """
    for plane, until in ((struck, min(final + spec.beat_resolution, end)), (sounding, end)):
        steps = np.flatnonzero(plane[final:until].any(axis=1))
        if steps.size:
            return final + int(steps[0])
    return end
