"""Whether a band's figures are near enough to those of its genre: the bars, and what holds.

Figures are those of `training.band.figures`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from training.figures import Figures


def judged(figures: Figures) -> dict[str, Figures]:
    """Of each figure how far it is from what it is held against, and whether that is near enough.

    What the corpus has nothing of is not judged. What is not-a-number beside a number of the
    corpus does not hold.
    """
    found = near_corpus(figures)
    real, chance = figures["consonance_real"], figures["consonance_shuffled"]
    if not math.isnan(real):
        # Not-a-number of the shuffled ones, where there is one piece, is not the larger.
        found["consonance"] = _at_least(
            figures["consonance"], max(real - 0.05, (real + chance) / 2)
        )
    found["key_follow_rate"] = _at_least(figures["key_follow_rate"], 0.9)
    found["take_distance"] = _at_least(figures["take_distance"], figures["take_distance_real"] / 2)
    found["equal_takes"] = {
        "gap": figures["equal_takes"],
        "bar": 0,
        "holds": not figures["equal_takes"],
    }
    found["risks"] = {"holds": is_monotone(figures["risks"])}
    return found


def near_corpus(figures: Figures) -> dict[str, Figures]:
    """Of each figure that a corpus has too, the gap where it is largest."""
    found: dict[str, Figures] = {}
    for name, (most, gap) in _BARS.items():
        pairs = _pairs(figures.get(name), figures.get(f"{name}_corpus"))
        gaps = {part: gap(*pair) for part, pair in pairs.items()}
        if gaps:
            worst = max(gaps, key=lambda part: math.inf if math.isnan(gaps[part]) else gaps[part])
            found[name] = {"gap": gaps[worst], "bar": most, "holds": gaps[worst] <= most}
            if worst:
                found[name]["worst"] = worst
    return found


def is_monotone(rows: Sequence[Mapping[str, float]]) -> bool:
    """Whether more creative risk means more chance, more foreign notes and a farther take."""
    columns = ("random_choices", "out_of_scale", "distance_from_safe")
    return all(
        before[column] <= after[column] for before, after in pairwise(rows) for column in columns
    )


def beside(ours: Mapping[str, Figures], theirs: Mapping[str, Figures]) -> Figures:
    """Which figures hold only of the bundle, or only of the network that was trained."""
    crossed = [name for name in ours if ours[name]["holds"] != theirs[name]["holds"]]
    return {"crossed": crossed, "holds": not crossed}


def _difference(ours: float, corpus: float) -> float:
    return abs(ours - corpus)


def _share(ours: float, corpus: float) -> float:
    return abs(ours / corpus - 1.0) if corpus else math.nan


_BARS: Final[Mapping[str, tuple[float, Callable[[float, float], float]]]] = {
    # The largest gaps of conditional MuseGAN's published figures to its training data.
    "empty_bars": (0.067, _difference),
    "pitch_classes_per_bar": (0.85, _difference),
    "qualified_notes": (0.27, _difference),
    "eighth_notes": (0.27, _difference),
    "drum_pattern": (0.03, _difference),
    "tonal_distance": (0.07, _difference),
    "groove_consistency": (0.1, _share),
    "onsets_on_grid": (0.1, _share),
}


def _pairs(ours: Any, corpus: Any) -> dict[str, tuple[float, float]]:
    """A figure beside its twin, by the parts that it has, if any."""
    if corpus is None:
        return {}
    if not isinstance(corpus, Mapping):
        ours, corpus = {"": ours}, {"": corpus}
    return {part: (ours[part], twin) for part, twin in corpus.items() if not math.isnan(twin)}


def _at_least(value: float, least: float) -> Figures:
    return {"gap": least - value, "bar": least, "holds": value >= least}
