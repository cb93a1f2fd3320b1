"""Every figure of a bundle of Extend, by the keys that `python -m training evaluate` prints.

| key | what |
|---|---|
| `jsb_nll_per_step_voice` | `training.token_evaluate`, whole chorales of the standard test split |
| `jsb_nll_per_step_voice_network` | the same, by the network alone, without what is recalled |
| `quantized_delta` | nats a token of that, less those of the network that was trained |
| `nats_per_note` | by style, of full textures; see `held_out` |
| `nats_per_note_network` | of the same, by the network alone |
| `nats_per_note_markov` | of the same, by `training.token_markov.TokenChain` of the style |
| `nats_per_note_without_memory` | of the same, by the bundle in segments; see `SEGMENT` |
| `nats_per_note_margins` | what the two say more than the bundle |
| `top1_agreement`, `max_logit_difference` | `agreement` with the network that was trained |
| `continuations` | `training.continuations.continuations` |

All but the chains' training is of the test shard, and of the quantized bundle as it ships: what
the network says, and what `firmware.inference.recall` makes of it.

Letters: n tokens, V vocabulary.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware.inference.ring import RingModel, RingReader
from firmware.inference.sampling import log_softmax
from firmware.music.token_state import NO_PITCH, token_features
from firmware.music.tokens import TOKEN_ENCODING, Texture, TokenSpec
from training.continuations import STYLES, Advance, continuations
from training.figures import Figures
from training.shards import TokenPiece
from training.token_batches import TokenBatch, kind_of
from training.token_evaluate import figures as summed_up
from training.token_habits import recalled_nats
from training.token_markov import TokenChain

if TYPE_CHECKING:
    from training.models.transformer_xl import TransformerXL

SEGMENT: Final = 64
"""Tokens that the network without memory reads before it forgets them.

It goes on knowing where in the beat the music stands and what sounds: not what was played.
"""

_HELD_OUT_PIECES: Final = 40
_HELD_OUT_TOKENS: Final = 40 * 1024
_COMPARED: Final = 512
_COMPARED_PIECES: Final = 6
_GRAPH_STEP: Final = 256

Item = TypeVar("Item")
Logits = NDArray[np.float32]
"""(n, V) of the token after each one of a piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenJudged:
    """What the figures are computed from.

    Attributes:
        model: The bundle's model.
        train: The training split, for the chains.
        test: The test split.
        network: The network that the bundle was converted from, or None where it cannot be had.
        styles: Those that the bundle serves: nothing else is expected of it.
    """

    model: RingModel
    train: Sequence[TokenPiece]
    test: Sequence[TokenPiece]
    network: "TransformerXL | None"
    styles: Sequence[str] = STYLES


class FloatNetwork:
    """The network that was trained, reading pieces of any length.

    Args:
        network: It reads its training graph, whose windows are padded to a few lengths.
    """

    def __init__(self, network: "TransformerXL") -> None:
        self._network = network
        self._graphs: dict[int, Callable[..., Any]] = {}

    def said(self, piece: TokenPiece) -> Logits:
        """See `Logits`."""
        from keras import ops  # noqa: PLC0415 - takes seconds, and is not always there

        count = len(piece.tokens)
        length = -(-count // _GRAPH_STEP) * _GRAPH_STEP
        tokens = np.full((1, length + 1), self._network.spec.pad, np.int32)
        tokens[0, :count] = piece.tokens
        batch = TokenBatch(
            tokens=tokens,
            styles=np.array([piece.style], np.int32),
            textures=np.array([piece.texture], np.int32),
            first_judged=np.zeros(1, np.int32),
        )
        if length not in self._graphs:
            self._graphs[length] = self._network.training_graph(length)
        logits = self._graphs[length](batch.inputs(), training=False)
        return np.asarray(ops.convert_to_numpy(logits)[0, :count])


def said_by_float(network: "TransformerXL", piece: TokenPiece) -> Logits:
    """See `Logits`; from the graph that was trained."""
    return FloatNetwork(network).said(piece)


def said_by_ring(model: RingModel, piece: TokenPiece) -> Logits:
    """See `Logits`; read one by one, as while music is made."""
    reader = model.begin(style=piece.style, texture=piece.texture)
    return np.stack([reader.read([token]) for token in piece.tokens.tolist()])


def said_in_chunks(model: RingModel, piece: TokenPiece) -> Logits:
    """See `Logits`; read in chunks as a prompt is, which is quicker."""
    reader = model.begin(style=piece.style, texture=piece.texture)
    return reader.read_each(piece.tokens.tolist())


def said_without_memory(model: RingModel, piece: TokenPiece) -> Logits:
    """See `Logits`; by a model that forgets what it has read after each `SEGMENT`."""
    tokens, said = piece.tokens.tolist(), []
    before: RingReader | None = None
    for at in range(0, len(tokens), SEGMENT):
        reader = model.begin(style=piece.style, texture=piece.texture)
        if before is not None:
            reader.state = before.state
        said.append(reader.read_each(tokens[at : at + SEGMENT]))
        before = reader
    return np.concatenate(said)


def nats_of(said: Logits, piece: TokenPiece) -> float:
    """Nats of all tokens of a piece but the first."""
    after = piece.tokens[1:].astype(np.int64)
    chosen = np.take_along_axis(log_softmax(said[:-1]), after[:, None], axis=-1)
    return -float(chosen.sum(dtype=np.float64))


def shipped_nats_of(model: RingModel, said: Logits, piece: TokenPiece) -> float:
    """Nats of all tokens of a piece but the first, by network and recall together."""
    habits = model.habits
    return nats_of(said, piece) if habits is None else recalled_nats(habits, said, piece)


def notes_of(piece: TokenPiece) -> int:
    """Notes that are in a piece's tokens, rests of parts left out."""
    return int(np.count_nonzero(token_features(piece.tokens).note_pitches != NO_PITCH))


def held_out(
    pieces: Sequence[TokenPiece], style: str, *, seed: int = 0, spec: TokenSpec = TOKEN_ENCODING
) -> list[TokenPiece]:
    """The full textures that a style is judged by.

    Chorales are all taken, whole. Of the other styles up to 40 pieces, chosen by the seed, and
    of each as many of its first tokens as make 40,960 of them: 1,024 of a piece where there
    are 40.
    """
    mine = _of_kind(pieces, style, spec)
    if style == "chorale" or not mine:
        return mine
    order = np.random.default_rng(seed).permutation(len(mine))[:_HELD_OUT_PIECES]
    return [mine[number].cut(_HELD_OUT_TOKENS // len(order)) for number in sorted(order)]


def _of_kind(pieces: Sequence[TokenPiece], style: str, spec: TokenSpec) -> list[TokenPiece]:
    return [piece for piece in pieces if kind_of(piece, spec) == f"{style}:{Texture.FULL}"]


def _held_out_figures(judged: TokenJudged, advance: Advance) -> Figures:
    chosen = {style: held_out(judged.test, style) for style in judged.styles}
    chosen = {style: pieces for style, pieces in chosen.items() if pieces}
    tick = _Counted(advance, sum(len(pieces) for pieces in chosen.values()))
    rivals = {"markov": "nats_per_note_markov", "without_memory": "nats_per_note_without_memory"}
    ours, network = "nats_per_note", "nats_per_note_network"
    found: Figures = {key: {} for key in (ours, network, *rivals.values())}
    for style, pieces in chosen.items():
        learned = _of_kind(judged.train, style, TOKEN_ENCODING)
        chain = TokenChain(piece.tokens for piece in learned)
        nats = dict.fromkeys(found, 0.0)
        for piece in tick.each(pieces):
            said = said_in_chunks(judged.model, piece)
            nats[ours] += shipped_nats_of(judged.model, said, piece)
            nats[network] += nats_of(said, piece)
            nats[rivals["markov"]] += float(chain.nats(piece.tokens).sum())
            forgetful = said_without_memory(judged.model, piece)
            nats[rivals["without_memory"]] += nats_of(forgetful, piece)
        notes = sum(notes_of(piece) for piece in pieces)
        for key, total in nats.items():
            found[key][style] = total / notes
    found["nats_per_note_margins"] = {
        rival: {style: found[key][style] - own for style, own in found[ours].items()}
        for rival, key in rivals.items()
    }
    return found


def _chorale_figures(judged: TokenJudged, advance: Advance) -> Figures:
    pieces = held_out(judged.test, "chorale") if "chorale" in judged.styles else []
    if not pieces:
        return {}
    passes = 1 if judged.network is None else 2
    tick = _Counted(advance, passes * len(pieces))
    costs = []
    for piece in tick.each(pieces):
        said = said_in_chunks(judged.model, piece)
        costs.append((shipped_nats_of(judged.model, said, piece), nats_of(said, piece)))
    shipped, ours = np.array(costs).T
    key = "jsb_nll_per_step_voice"
    found: Figures = {
        key: summed_up(shipped, pieces)[key],
        f"{key}_network": summed_up(ours, pieces)[key],
    }
    if judged.network is not None:
        network = FloatNetwork(judged.network)
        theirs = np.array([nats_of(network.said(p), p) for p in tick.each(pieces)])
        tokens = sum(len(piece.tokens) - 1 for piece in pieces)
        found["quantized_delta"] = float((ours - theirs).sum() / tokens)
    return found


def agreement(
    model: RingModel,
    network: "TransformerXL",
    pieces: Sequence[TokenPiece],
    *,
    advance: Advance | None = None,
) -> Figures:
    """How alike the bundle, step by step, and the network that was trained are.

    Of the six longest pieces of each style, both read the first tokens; when these have filled
    the ring, the next 512 tokens, which overwrite it, are compared.

    Args:
        model: The bundle's model.
        network: What it was converted from.
        pieces: The test split.
        advance: Told of the progress.

    Returns:
        `top1_agreement`, the share of these tokens after which both think the same token the
        likeliest, and `max_logit_difference`, the largest difference of a logit.
    """
    chosen = [piece for style in STYLES for piece in _longest(pieces, style, model.memory)]
    tick = _Counted(advance, len(chosen))
    float_network = FloatNetwork(network)
    same: list[NDArray[np.bool_]] = []
    largest = 0.0
    for piece in tick.each(chosen):
        wanted = float_network.said(piece)[-_COMPARED:]
        found = said_by_ring(model, piece)[-_COMPARED:]
        same.append(wanted.argmax(axis=-1) == found.argmax(axis=-1))
        largest = max(largest, float(np.abs(wanted - found).max()))
    if not same:
        return {}
    return {"top1_agreement": float(np.mean(same)), "max_logit_difference": largest}


def _longest(pieces: Sequence[TokenPiece], style: str, memory: int) -> list[TokenPiece]:
    """Beginnings of the longest pieces of a style, as far as they are long enough."""
    mine = _of_kind(pieces, style, TOKEN_ENCODING)
    mine.sort(key=lambda piece: len(piece.tokens), reverse=True)
    needed = memory + _COMPARED
    return [p.cut(needed) for p in mine[:_COMPARED_PIECES] if len(p.tokens) >= needed]


def _agreement(judged: TokenJudged, advance: Advance) -> Figures:
    if judged.network is None:
        return {}
    return agreement(judged.model, judged.network, judged.test, advance=advance)


def _continuations(judged: TokenJudged, advance: Advance) -> Figures:
    spec = TOKEN_ENCODING
    pieces = [piece for piece in judged.test if spec.styles[piece.style] in judged.styles]
    return {"continuations": continuations(judged.model, pieces, advance=advance)}


class _Counted:
    """Tells how many items of how many are done."""

    def __init__(self, advance: Advance | None, total: int) -> None:
        self._advance, self._total, self._done = advance, total, 0

    def each(self, items: Sequence[Item]) -> Iterator[Item]:
        """The items one after the other."""
        for item in items:
            yield item
            self._done += 1
            if self._advance is not None:
                self._advance(self._done, self._total)


TokenPart = Callable[[TokenJudged, Advance], Figures]

TOKEN_QUICK: Final[Mapping[str, TokenPart]] = {"chorales": _chorale_figures}
"""Half a minute, and of chorales alone, which need no other corpus: for every change."""

TOKEN_FULL: Final[Mapping[str, TokenPart]] = {
    "chorales": _chorale_figures,
    "agreement": _agreement,
    "held-out pieces": _held_out_figures,
    "continuations": _continuations,
}
"""Everything: four minutes or more."""
