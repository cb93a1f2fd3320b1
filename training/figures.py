"""Every figure of a bundle of Enhance, by the keys that `python -m training evaluate` prints.

| key | defined in |
|---|---|
| `masked_cell_nll` | `training.evaluate.masked_cell_nll`, test split, of the int8 bundle |
| `int8_delta` | the same, less that of the float model of the run it was converted from |
| `frame_nll_m5`, `frame_nll_m1` | `training.evaluate.frame_nll` with M = 5: mixed, single |
| `frame_nll_chronological` | `training.evaluate.frame_nll_chronological` |
| `repair_f1`, `repair_f1_corrupted`, `repair_f1_markov` | `training.musical.repair` |
| `texture` | `training.musical.harmonized_texture` |
| `texture_corpus` | `training.texture.texture` of Bach's training split |
| `iterations`, `risks` | `training.musical.iterations_table`, `risk_table` |
| `seam` | `training.musical.seam` |

Test pieces alone are used; none of them was trained on.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware.inference.bundle import Bundle
from firmware.inference.runtime import Model
from firmware.inference.sampling import SAMPLING_TECHNIQUES
from training.continuations import STYLES
from training.corpora import ChoraleCorpora
from training.evaluate import Predict, frame_nll, frame_nll_chronological, masked_cell_nll
from training.markov import VoiceChains
from training.musical import (
    Advance,
    harmonized_texture,
    iterations_table,
    repair,
    risk_table,
    seam,
)
from training.texture import texture

Figures = dict[str, Any]
Subject = TypeVar("Subject")

QUICK_PIECES: Final = 12
QUICK_SAMPLES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the figures are computed from.

    Attributes:
        model: The bundle's model.
        corpora: Bach's chorales.
        float_predict: The float model that the bundle was converted from, or None where it
            cannot be had.
    """

    model: Model
    corpora: ChoraleCorpora
    float_predict: Predict | None


def predict_with(model: Model) -> Predict:
    """A bundle's model as the model-level figures ask for it: (B, T, P, C) -> (B, T, P, V)."""

    def predict(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([model.run(planes=window)["pitch_logits"] for window in planes])

    return predict


def float_model(run: Path) -> Predict:
    """The trained float model of a run folder. Needs Keras, which takes seconds to start."""
    from training.runs import load_model  # noqa: PLC0415

    net = load_model(run)

    def predict(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(net.predict_on_batch({"planes": planes})["pitch_logits"])

    return predict


def _masked_cells(judged: Judged, _: Advance) -> Figures:
    ours = masked_cell_nll(predict_with(judged.model), judged.corpora.test)
    if judged.float_predict is None:
        return {"masked_cell_nll": ours}
    theirs = masked_cell_nll(judged.float_predict, judged.corpora.test)
    return {"masked_cell_nll": ours, "int8_delta": ours - theirs}


def _frames(judged: Judged, advance: Advance) -> Figures:
    found = frame_nll(predict_with(judged.model), judged.corpora.test, advance=advance)
    return {"frame_nll_m5": found.mixed, "frame_nll_m1": found.single}


def _frames_in_order(judged: Judged, advance: Advance) -> Figures:
    predict = predict_with(judged.model)
    found = frame_nll_chronological(predict, judged.corpora.test, advance=advance)
    return {"frame_nll_chronological": found}


def _chains(judged: Judged) -> VoiceChains:
    return VoiceChains(piece.cells for piece in judged.corpora.train)


def _repair(judged: Judged, advance: Advance) -> Figures:
    chains = _chains(judged)
    return repair(judged.model, judged.corpora.test, chains, advance=advance).as_dict()


def _quick_repair(judged: Judged, advance: Advance) -> Figures:
    pieces = judged.corpora.test[:QUICK_PIECES]
    return repair(judged.model, pieces, _chains(judged), advance=advance).as_dict()


def _texture(judged: Judged, advance: Advance) -> Figures:
    found = harmonized_texture(judged.model, judged.corpora.test, advance=advance)
    return {"texture": found.as_dict(), **_corpus(judged)}


def _quick_texture(judged: Judged, advance: Advance) -> Figures:
    found = harmonized_texture(
        judged.model, judged.corpora.test, samples=QUICK_SAMPLES, advance=advance
    )
    return {"texture": found.as_dict(), **_corpus(judged)}


def _corpus(judged: Judged) -> Figures:
    return {"texture_corpus": texture(piece.cells for piece in judged.corpora.train).as_dict()}


def _iterations(judged: Judged, advance: Advance) -> Figures:
    rows = iterations_table(judged.model, judged.corpora.test, advance=advance)
    return {"iterations": [asdict(row) for row in rows]}


def _risks(judged: Judged, advance: Advance) -> Figures:
    rows = risk_table(judged.model, judged.corpora.test, advance=advance)
    return {"risks": [asdict(row) for row in rows]}


def _seam(judged: Judged, advance: Advance) -> Figures:
    found = seam(judged.model, judged.corpora.test, advance=advance)
    return {"seam": {**asdict(found), "difference": found.difference}}


Part = Callable[[Judged, Advance], Figures]

QUICK: Final[Mapping[str, Part]] = {
    "masked cells": _masked_cells,
    "repair (some pieces)": _quick_repair,
    "texture (some samples)": _quick_texture,
}
"""A minute or two: for every change."""

FULL: Final[Mapping[str, Part]] = {
    "masked cells": _masked_cells,
    "repair": _repair,
    "texture": _texture,
    "iterations": _iterations,
    "creative risk": _risks,
    "seams": _seam,
    "frames in order": _frames_in_order,
    "frames, five orderings": _frames,
}
"""Everything: half an hour."""


def figures(
    judged: Subject,
    parts: Mapping[str, Callable[[Subject, Advance], Figures]],
    advance: Callable[[str, int, int], None],
) -> Iterator[Figures]:
    """Compute parts one after the other.

    Args:
        judged: What to judge.
        parts: `QUICK` or `FULL`, of this kind of bundle.
        advance: Told the part's name and how much of it is done.

    Yields:
        The figures of each part.
    """
    for name, part in parts.items():
        advance(name, 0, 1)
        yield part(judged, lambda done, total, name=name: advance(name, done, total))  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """How much better than measured a manifest may claim to be.

    Attributes:
        amount: In the figure's own unit.
        share: Of what was measured, added to that.
        better: -1 where lower is better, 1 where higher is, 0 where other is no better.
    """

    amount: float = 0.0
    share: float = 0.0
    better: int = -1

    def is_overdrawn(self, claimed: float, found: float) -> bool:
        """Whether a claim is too good; what is no number is."""
        gain = abs(claimed - found) if not self.better else self.better * (claimed - found)
        return not gain <= self.amount + self.share * abs(found)


_CONTINUATIONS: Final = {
    "repeated_patterns": 0.03,
    "repeated_rhythms": 0.05,
    "empty_measures": 0.01,
    "empty_measures_between": 0.01,
    "notes_in_scale": 0.02,
    "starts_changed": 0.4,
    "pitches": 0.03,
    "durations": 0.03,
}
"""About three standard errors of the mean over 200 extensions."""

_BANDS: Final = {
    "empty_bars": 0.05,
    "pitch_classes_per_bar": 0.3,
    "qualified_notes": 0.05,
    "eighth_notes": 0.08,
    "drum_pattern": 0.03,
    "tonal_distance": 0.1,
    "groove_consistency": 0.05,
    "onsets_on_grid": 0.05,
    "consonance": 0.05,
    "key_follow_rate": 0.1,
    "take_distance": 0.01,
    "equal_takes": 0.0,
}
"""About three standard errors of what the quick part plays of a genre."""

_SLACK: Final[Mapping[str, Slack]] = {
    # Computed on the same crops with the same masks: only kernels differ.
    "masked_cell_nll": Slack(amount=0.003),
    "int8_delta": Slack(amount=0.003),
    "frame_nll_m5": Slack(amount=0.01),
    "frame_nll_m1": Slack(amount=0.02),
    "frame_nll_chronological": Slack(amount=0.02),
    # Sampled, and the quick part takes fewer pieces.
    "repair_f1": Slack(amount=0.05, better=1),
    "texture.held": Slack(amount=0.05, better=0),
    "texture.triads": Slack(amount=0.08, better=0),
    "texture.dissonance": Slack(amount=0.03, better=0),
    "texture.register_order": Slack(amount=0.03, better=0),
    "texture.parallels_per_1000.fifths": Slack(amount=0.5),
    "texture.parallels_per_1000.octaves": Slack(amount=0.5),
    "seam.difference": Slack(amount=0.1),
    # Sampled: of 51 melodies the mean is known to about a tenth.
    "iterations.nll": Slack(amount=0.01, share=0.25),
    # Of whole pieces, or always the same parts of them: only kernels differ.
    "jsb_nll_per_step_voice": Slack(amount=0.002),
    "jsb_nll_per_step_voice_network": Slack(amount=0.002),
    **{f"nats_per_note.{style}": Slack(amount=0.02) for style in STYLES},
    **{f"nats_per_note_network.{style}": Slack(amount=0.02) for style in STYLES},
    "quantized_delta": Slack(amount=0.002),
    "top1_agreement": Slack(amount=0.005, better=1),
    "max_logit_difference": Slack(share=0.5),
    # A kernel that rounds otherwise makes other extensions of the same prompts.
    **{
        f"continuations.{sampling}.{statistic}.extension": Slack(amount=amount, better=0)
        for sampling in SAMPLING_TECHNIQUES
        for statistic, amount in _CONTINUATIONS.items()
    },
    # Of each genre. The quick part plays fewer bars, and a kernel that rounds otherwise makes
    # other music.
    **{f"judged.{figure}.gap": Slack(amount=amount) for figure, amount in _BANDS.items()},
}
"""By key; the rows of a table share one. Others are told for comparison, not as a merit."""


def overclaimed(claimed: Mapping[str, Any], found: Figures, *, name: str, bundle: Bundle) -> str:
    """A sentence if a manifest claims better than was found, or an empty string.

    Args:
        claimed: The manifest's figures.
        found: What was measured.
        name: The figure's key.
        bundle: Whose figure it is.
    """
    who = bundle.manifest.name
    if name not in claimed:
        return f"{who} claims no {name}; measured {found[name]}"
    claims = dict(flat(claimed[name], name))
    for key, value in flat(found[name], name):
        slack = _slack(_ROW_NUMBER.sub("", key))
        if slack is None or value is None:
            continue
        claim = claims.get(key)
        if not isinstance(claim, float | int):
            return f"{who} claims no {key}; measured {value:.4f}"
        if slack.is_overdrawn(claim, value):
            return f"{who} claims {key} {claim:.4f}, measured {value:.4f}"
    return ""


def _slack(key: str) -> Slack | None:
    # What is told by genre begins with its name, which may be a trainer's own.
    return _SLACK.get(key) or _SLACK.get(key.partition(".")[2])


_ROW_NUMBER: Final = re.compile(r"\[\d+\]")


def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every single figure of nested ones, by a key such as `risks[2].entropy`."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from flat(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from flat(item, f"{key}[{number}]")
    else:
        yield key, value
