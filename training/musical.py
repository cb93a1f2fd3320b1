"""What enhance makes of music, measured note by note on pieces that were never trained on.

Letters: L time steps of a piece, V voices.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from firmware.inference.runtime import Model
from firmware.inference.sampling import log_softmax
from firmware.music.encoding import CHORALE_ENCODING, Cells, EncodingSpec, encode_planes
from firmware.music.notes import Composition, Melody, changes
from firmware.music.piano_roll import span_in_steps
from firmware.parameters import Parameters, Technique, parameters_for
from firmware.techniques.enhance import Enhancement, enhance
from firmware.techniques.progress import finish
from firmware.techniques.voices import cast
from training.corpora import Chorale
from training.evaluate import fixed_crops
from training.markov import VoiceChains
from training.repair import composition_f1, damage, markov_f1, notes_of, untouched_f1
from training.texture import Texture, texture

Advance = Callable[[int, int], None]
"""Told how many pieces of how many are done."""

HARMONIZED_SAMPLES: Final = 256
MONOTONY_MELODIES: Final = 51
ITERATIONS: Final = (1, 5, 20, 50, 100, 200)
RISKS: Final = (0.3, 1.0, 2.0, 4.0)
_ENOUGH_NOTES: Final = 500
_RISK_PASSES: Final = 40
_RISK_TAKES: Final = 4
_NLL_MASKS: Final = 8
_NLL_SHARE: Final = 0.15
_SEAM_STEPS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Means over pieces of the F1 of note starts and pitches.

    Attributes:
        repair_f1: Of enhance with its defaults.
        repair_f1_corrupted: Of the damaged pieces as they are.
        repair_f1_markov: Of a second-order Markov repair.
    """

    repair_f1: float
    repair_f1_corrupted: float
    repair_f1_markov: float

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


def repair(
    model: Model,
    pieces: Sequence[Chorale],
    chains: VoiceChains,
    *,
    seed: int = 0,
    advance: Advance | None = None,
) -> Repair:
    """Damage whole pieces and have them repaired.

    `training.repair.damage` removes half of the notes and adds 1.5 % wrong ones. Enhance gets
    what is left as a melody, without voices, and its default parameters (100 passes, at most
    90 notes added and half of them removed). Judged are the starts and pitches of notes
    against the original, as `training.repair.f1` counts them.

    Args:
        model: The chorale model.
        pieces: Never trained on.
        chains: Learned from the training split.
        seed: Of damage and repair.
        advance: Told of the progress.
    """
    figures: list[tuple[float, float, float]] = []
    for number, piece in enumerate(pieces):
        rng = np.random.default_rng((seed, number))
        damaged = damage(piece.cells, rng)
        repaired = finish(enhance(damaged.melody, parameters_for(Technique.ENHANCE), model, rng))
        figures.append(
            (
                composition_f1(damaged, repaired),
                untouched_f1(damaged),
                markov_f1(damaged, chains),
            )
        )
        if advance is not None:
            advance(number + 1, len(pieces))
    ours, corrupted, markov = (float(figure) for figure in np.mean(figures, axis=0))
    return Repair(repair_f1=ours, repair_f1_corrupted=corrupted, repair_f1_markov=markov)


def soprano_of(cells: Cells, *, spec: EncodingSpec = CHORALE_ENCODING) -> Melody:
    """The highest voice of a piece (L, V) as a melody."""
    return Melody(notes=tuple(note for note, voice in notes_of(cells, spec=spec) if voice == 0))


def sopranos(
    pieces: Sequence[Chorale], count: int, *, seed: int, spec: EncodingSpec = CHORALE_ENCODING
) -> Iterator[Melody]:
    """Melodies of eight bars at most: one crop a piece in turn, each time around another one."""
    for number in range(count):
        crop = fixed_crops(
            [pieces[number % len(pieces)]], seed=seed + number // len(pieces), spec=spec
        )[0]
        yield soprano_of(crop.cells[crop.inside], spec=spec)


def harmonized_texture(
    model: Model,
    pieces: Sequence[Chorale],
    *,
    samples: int = HARMONIZED_SAMPLES,
    seed: int = 0,
    advance: Advance | None = None,
) -> Texture:
    """Texture of enhance's settings of sopranos.

    The soprano alone of an eight-bar crop is given, 100 passes at creative risk 1; nothing of
    it may be removed, and as many notes added as it takes.

    Args:
        model: The chorale model.
        pieces: Never trained on.
        samples: How many settings; pieces take turns.
        seed: Chooses crops, and of the sampling.
        advance: Told of the progress.
    """
    parameters = _generous()
    settings: list[Cells] = []
    for number, melody in enumerate(sopranos(pieces, samples, seed=seed)):
        rng = np.random.default_rng((seed, number))
        settings.append(cells_of(finish(enhance(melody, parameters, model, rng))))
        if advance is not None:
            advance(number + 1, samples)
    return texture(settings)


def cells_of(composition: Composition, *, spec: EncodingSpec = CHORALE_ENCODING) -> Cells:
    """Read a composition in four tracks that are named after the voices as cells (L, V)."""
    beat = spec.beat_resolution
    spans = {
        track.name: [
            (note.pitch, *span_in_steps(note, beat_resolution=beat)) for note in track.notes
        ]
        for track in composition.tracks
    }
    steps = max(end for own in spans.values() for _, _, end in own)
    cells = np.full((steps, len(spec.voices)), spec.rest, dtype=np.int16)
    for voice, name in enumerate(spec.voices):
        for pitch, start, end in spans.get(name, []):
            cells[start:end, voice] = pitch - spec.lowest_pitch
    return cells


def result_nll(
    model: Model, cells: Cells, *, seed: int = 0, spec: EncodingSpec = CHORALE_ENCODING
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """How surprised the model is by music: (L, V) nats of each cell, given the cells around it.

    Cells are masked in random groups, 15 % at a time, until each has been masked about eight
    times; windows of the model's length overlap by half, and the middle of each is taken.
    """
    steps, window = len(cells), spec.time_steps
    rng = np.random.default_rng(seed)
    total = np.zeros(cells.shape)
    count = np.zeros(cells.shape)
    unknown = np.zeros((window, cells.shape[1]), dtype=np.int8)
    groups = round(1 / _NLL_SHARE)
    for start in range(0, max(steps - window, 0) + window // 2, window // 2):
        first = min(start, max(steps - window, 0))
        own = np.full((window, cells.shape[1]), spec.rest, dtype=np.int16)
        own[: min(window, steps)] = cells[first : first + window]
        inside = first + np.arange(window) < steps
        # Neighbouring windows judge the quarter next to a window's end.
        judged = inside.copy()
        judged[: window // 4] &= first == 0
        judged[-window // 4 :] &= first + window >= steps
        for _ in range(_NLL_MASKS):
            group = rng.integers(groups, size=own.shape)
            for number in range(groups):
                mask = (group == number) & inside[:, None]
                planes = encode_planes(
                    own, mask, unknown, first_step=first, inside=inside, spec=spec
                )
                logits = model.run(planes=planes)["pitch_logits"].transpose(0, 2, 1)
                truth = own.astype(np.int64)[..., None]
                nll = -np.take_along_axis(log_softmax(logits), truth, axis=-1)[..., 0]
                row, voice = np.nonzero(mask & judged[:, None])
                total[first + row, voice] += nll[row, voice]
                count[first + row, voice] += 1
    return total / np.maximum(count, 1)


def _generous(**given: float) -> Parameters:
    """Parameters that let enhance add what it wants and remove nothing."""
    return parameters_for(
        Technique.ENHANCE,
        {"max_notes_added": _ENOUGH_NOTES, "max_input_notes_removed": 0, **given},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationsRow:
    """One line of the table of iterations.

    Attributes:
        iterations: Passes.
        nll: Mean surprise of the model at the cells of the result, in nats.
    """

    iterations: int
    nll: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """One line of the table of creative risk.

    Attributes:
        risk: The parameter.
        entropy: Of a cell over several takes of the same melody, in nats, bias included.
        edits: Notes removed and added a melody.
        removed: Notes of the melody's that are missing.
    """

    risk: float
    entropy: float
    edits: float
    removed: float


def iterations_table(
    model: Model,
    pieces: Sequence[Chorale],
    *,
    melodies: int = MONOTONY_MELODIES,
    iterations: Sequence[int] = ITERATIONS,
    seed: int = 0,
    advance: Advance | None = None,
) -> list[IterationsRow]:
    """More passes, less surprise: mean NLL of the result for each number of passes."""
    rows: list[IterationsRow] = []
    for number, passes in enumerate(iterations):
        surprise: list[float] = []
        for index, melody in enumerate(sopranos(pieces, melodies, seed=seed)):
            rng = np.random.default_rng((seed, index))
            parameters = _generous(sampling_iterations=passes)
            cells = cells_of(finish(enhance(melody, parameters, model, rng)))
            surprise.append(float(result_nll(model, cells).mean()))
        rows.append(IterationsRow(iterations=passes, nll=float(np.mean(surprise))))
        if advance is not None:
            advance(number + 1, len(iterations))
    return rows


def risk_table(
    model: Model,
    pieces: Sequence[Chorale],
    *,
    melodies: int = MONOTONY_MELODIES,
    risks: Sequence[float] = RISKS,
    seed: int = 0,
    advance: Advance | None = None,
) -> list[RiskRow]:
    """More risk, more entropy and more edits: four takes of each melody, 40 passes each."""
    rows: list[RiskRow] = []
    for number, risk in enumerate(risks):
        parameters = parameters_for(
            Technique.ENHANCE,
            {
                "creative_risk": risk,
                "sampling_iterations": _RISK_PASSES,
                "max_notes_added": _ENOUGH_NOTES,
            },
        )
        entropies: list[float] = []
        edits: list[tuple[int, int]] = []
        for index, melody in enumerate(sopranos(pieces, melodies, seed=seed)):
            takes = [
                finish(
                    enhance(melody, parameters, model, np.random.default_rng((seed, index, take)))
                )
                for take in range(_RISK_TAKES)
            ]
            entropies.append(_entropy([cells_of(take) for take in takes]))
            for take in takes:
                difference = changes(melody, take)
                edits.append((len(difference.added), len(difference.removed)))
        added, removed = np.mean(edits, axis=0)
        rows.append(
            RiskRow(
                risk=risk,
                entropy=float(np.mean(entropies)),
                edits=float(added + removed),
                removed=float(removed),
            )
        )
        if advance is not None:
            advance(number + 1, len(risks))
    return rows


def _entropy(takes: Sequence[Cells]) -> float:
    """Mean over cells of the entropy of what the takes have there, in nats."""
    steps = min(len(take) for take in takes)
    stacked = np.stack([take[:steps] for take in takes])
    # (takes, takes, L, V): how many takes agree with each.
    share = (stacked[:, None] == stacked[None, :]).mean(axis=1)
    return float(-np.log(share).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Surprise near the borders of windows and elsewhere, in nats a cell.

    Attributes:
        near: Of cells within a bar of where windows met in the last passes.
        elsewhere: Of all other cells.
    """

    near: float
    elsewhere: float

    @property
    def difference(self) -> float:
        """How much higher it is near a border, as a share."""
        return self.near / self.elsewhere - 1.0


def seam(
    model: Model,
    pieces: Sequence[Chorale],
    *,
    melodies: int = 24,
    seed: int = 0,
    advance: Advance | None = None,
) -> Seam:
    """Whether it can be heard where windows met.

    Whole sopranos longer than one window are set by enhance, 100 passes. Near is what lies
    within a bar of a border of the last pass that wrote; only cells that enhance wrote count.
    """
    long_ones = [piece for piece in pieces if len(piece.cells) > 2 * CHORALE_ENCODING.time_steps]
    near: list[float] = []
    elsewhere: list[float] = []
    parameters = _generous()
    for number, piece in enumerate(long_ones[:melodies]):
        melody = soprano_of(piece.cells)
        work = Enhancement(
            melody,
            parameters,
            model,
            np.random.default_rng((seed, number)),
            cast(melody.notes),
        )
        for step in work.plan.writing:
            finish(work.write(step))
        nll = result_nll(model, work.sampler.cells)
        rows = np.arange(len(nll))
        distance = np.min(
            [np.abs(rows - border) for border in work.sampler.borders], axis=0, initial=len(rows)
        )
        close = (distance <= _SEAM_STEPS)[:, None] & work.sampler.free
        near += nll[close].tolist()
        elsewhere += nll[~close & work.sampler.free].tolist()
        if advance is not None:
            advance(number + 1, min(melodies, len(long_ones)))
    return Seam(near=float(np.mean(near)), elsewhere=float(np.mean(elsewhere)))
