"""A genre's band at work on a model, as the instrument plays it, and what it measures.

Nothing here chooses notes: the technique's own code does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.inference.band import BandModel
from firmware.inference.band_habits import Habits
from firmware.music.band import BandRolls
from firmware.music.notes import Melody
from firmware.parameters import PARAMETERS_BY_KEY, NumberSpec, Technique, parameters_for
from firmware.techniques.accompany import Accompaniment
from firmware.techniques.bands import band_of
from training.band.figures import Advance, Effort, Play, band_figures
from training.band.genre import Genre
from training.band.shards import BandPiece
from training.figures import Figures

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, kw_only=True)
class BandJudged:
    """What the figures of a bundle of Accompany are computed from.

    Attributes:
        model: The bundle's model.
        train: The training split.
        test: The test split.
        network: The network that was trained, or None where it cannot be had.
    """

    model: BandModel
    train: Sequence[BandPiece]
    test: Sequence[BandPiece]
    network: BandModel | None


class FloatBand:
    """The network that was trained, as a model of the technique.

    Args:
        network: It takes and says what `firmware.inference.band` names, with a batch axis.
        genres: Names of the genres that it knows, by number.
        habits: By genre, of the bundle beside which it is heard.

    Attributes:
        genres: These.
        habits: These.
    """

    def __init__(
        self,
        network: "keras.Model",
        genres: Sequence[str],
        habits: Mapping[str, Habits] = MappingProxyType({}),
    ) -> None:
        self._network, self.habits = network, habits
        self.genres = tuple(genres)

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `BandModel.said`."""
        batch = {name: np.asarray(values)[None] for name, values in inputs.items()}
        found = self._network.predict_on_batch(batch)
        return np.asarray(found["band"])[0], np.asarray(found["drums"])[0]


def device_play(model: BandModel, genre: str) -> Play:
    """The band of a genre on a model, all parameters but take and risk at their defaults."""
    takes = PARAMETERS_BY_KEY["seed"]
    assert isinstance(takes, NumberSpec)

    def play(melody: Melody, *, seed: int, risk: float) -> BandRolls:
        again, take = divmod(seed, int(takes.high) + 1)
        parameters = parameters_for(
            Technique.ACCOMPANY, {"genre": genre, "seed": take, "creative_risk": risk}
        )
        work = Accompaniment(melody, parameters, model, np.random.default_rng(again))
        while not work.player.is_done:
            work.player.play_on()
        return work.rolls

    return play


def genre_of(name: str, train: Sequence[BandPiece], test: Sequence[BandPiece]) -> Genre:
    """A genre with the instrument's own band."""
    band = band_of(name)
    return Genre(name, train, test, has_drums=band.has_drums, swings=band.swings)


Part = Callable[[BandJudged, Advance], Figures]


def band_parts(genres: Sequence[str], known: Sequence[str], effort: Effort) -> Mapping[str, Part]:
    """What there is to measure, by genre.

    Args:
        genres: Those that are asked for; none for all that the model knows.
        known: Those that it knows.
        effort: How much is played.

    Raises:
        ConfigError: If the model does not know one of them.
    """
    for name in genres:
        if name not in known:
            raise ConfigError(
                f"the bundle knows no genre {name!r}", remedy=f"it knows {', '.join(known)}"
            )
    return {name: partial(_measured, name, effort) for name in genres or known}


def _measured(name: str, effort: Effort, judged: BandJudged, advance: Advance) -> Figures:
    found: dict[str, Any] = band_figures(
        genre_of(name, judged.train, judged.test),
        device_play(judged.model, name),
        effort,
        float_play=None if judged.network is None else device_play(judged.network, name),
        advance=advance,
    )
    return {name: found}
