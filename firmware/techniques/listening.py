"""What the model thinks of the player's notes, before it writes any.

Some of the notes are hidden, and everything that is nobody's. What the model then expects in
each voice says which voice a note belongs to, and whether it sounds wrong: whether its pitch
class is expected neither in its own voice nor in any other. Octaves do not matter there: the
player's register is not the choir's.

Letters: R rows, V voices, N the player's notes, H hidden cells (of a block),
P pitch classes of the grid.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.sampling import log_softmax
from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec
from firmware.techniques.gibbs import Sampler
from firmware.techniques.score import Score

_OCTAVE: Final = 12
_OCCUPIED: Final = -8.0  # log-likelihood of a note in a voice that sings something else
_UNHEARD: Final = -3.0  # of a note that no voice sings
_LEAST: Final = 1e-6  # probability
_BLOCK: Final = 2048  # hidden cells that are judged without a pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the model thinks of each note, in nats.

    Attributes:
        voices: (N, V) mean log-likelihood of the note's pitch in each voice.
        surprise: (N,) how unexpected its pitch class is in its own voice and, added to that,
            in any voice; 0 for a note that was not heard.
    """

    voices: NDArray[np.float64]
    surprise: NDArray[np.float64]


def listen(
    score: Score,
    sampler: Sampler,
    rng: np.random.Generator,
    *,
    looks: int,
    spec: EncodingSpec = CHORALE_ENCODING,
) -> Generator[None, None, Opinion]:
    """Hear every note once while it is hidden; yield every few milliseconds.

    Args:
        score: The notes in their present voices.
        sampler: Asks the model; what is free in it is masked, whatever stands there.
        rng: Chooses which notes are hidden together.
        looks: Passes to take; in each, one note in `looks` is hidden.
        spec: The model's encoding.
    """
    parts = score.casting.parts
    classes = np.array([part.grid_class for part in parts])
    turns = rng.permutation(len(parts)) % looks
    likelihood = np.zeros((len(parts), len(spec.voices)))
    counts = np.zeros_like(likelihood)
    surprise = np.zeros(len(parts))
    owned = ~sampler.free
    folding = _folding(spec)
    for turn in range(looks):
        hidden = owned & (turns[score.owners] == turn)
        if not hidden.any():
            continue
        mask = sampler.free | hidden
        logits = yield from sampler.look(mask)
        # (R, V): where the logits of a masked cell are.
        number = np.full(mask.shape, -1, dtype=np.int64)
        number[mask] = np.arange(len(logits))
        cells = np.argwhere(hidden)
        for block in range(0, len(cells), _BLOCK):
            rows, voices = cells[block : block + _BLOCK].T
            owners = score.owners[rows, voices]
            each = np.arange(len(rows))
            # (H, V, P)
            said = log_softmax(logits[number[rows]])
            said[~mask[rows]] = -np.inf
            # (H, V): what each voice would say to the pitch of the note hidden in one of them.
            heard = said[each, :, classes[owners]]
            np.add.at(likelihood, owners, np.where(mask[rows], heard, 0.0))
            np.add.at(counts, owners, mask[rows].astype(np.float64))
            # (H, V): the same for its pitch class.
            by_class = np.exp(said) @ folding
            expected = by_class[each, :, (classes[owners] + spec.lowest_pitch) % _OCTAVE]
            own = expected[each, voices]
            anywhere = 1.0 - np.prod(1.0 - np.minimum(expected, 1.0), axis=1)
            np.add.at(surprise, owners, -np.log(own + _LEAST) - np.log(anywhere + _LEAST))
            yield
    means = np.where(counts > 0, likelihood / np.maximum(counts, 1.0), _OCCUPIED)
    means[counts.sum(axis=1) == 0] = _UNHEARD
    return Opinion(voices=means, surprise=surprise / np.maximum(counts.max(axis=1), 1.0))


def _folding(spec: EncodingSpec) -> NDArray[np.float32]:
    """(P, 12): which grid classes have which pitch class; the rest has none."""
    sung = np.arange(spec.rest)
    folding = np.zeros((spec.grid_pitches, _OCTAVE), dtype=np.float32)
    folding[sung, (sung + spec.lowest_pitch) % _OCTAVE] = 1.0
    return folding
