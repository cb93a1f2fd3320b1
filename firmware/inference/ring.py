"""A Transformer-XL behind its tokens: what it has read, it remembers in a ring.

The network is given the keys and values of the last M tokens, returns those of the tokens
that it reads, and this module writes them into the ring in place, where the interpreter looks
for them the next time. Nothing is copied or shifted, which makes a step some fifteen times
faster than a cache inside of the graph.

The file has two signatures with one set of weights. `next` reads one token; its inputs hold
the ring. `read` reads a chunk of a prompt beside the same ring, which it is handed.

Letters: T tokens read at once, M slots of the ring, L layers, H heads, E width of a head,
V vocabulary.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import BundleSchemaError, BundleTensorError, ModelRuntimeError
from firmware.inference.manifest import Manifest, Signature
from firmware.inference.recall import Recall, TokenHabits
from firmware.inference.runtime import checked_tensors, open_interpreter
from firmware.music.rotations import rotations
from firmware.music.token_state import TokenState
from firmware.music.tokens import TOKEN_ENCODING

NEXT_SIGNATURE: Final = "next"
READ_SIGNATURE: Final = "read"

HIDDEN: Final = -1e4
"""Score of what must not be seen; every precision can hold it."""

_WORTH_A_CHUNK: Final = 8
"""Fewer tokens than this are read one by one: a chunk costs as much as so many."""

_STATE_INPUTS: Final = frozenset(
    {"tokens", "positions", "chord", "style", "texture", "rotation", "hidden"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPlace:
    """A place in a piece, and the whole ring as it was there.

    Attributes:
        style: Of the piece.
        texture: Of what was read last.
        state: What the piece had come to.
        count: Tokens read up to there.
        inputs: Keys, values and mask, by the names of the inputs that hold them.
        recall: See `RecallingReader`.
    """

    style: int
    texture: int
    state: TokenState
    count: int
    inputs: Mapping[str, NDArray[np.float32]]
    recall: Recall | None = None


class RingModel:
    """See `TokenModel` and `KeepingModel`.

    There is one ring: to begin a piece, or to go on with one, ends the one before.

    Args:
        content: The flatbuffer.
        manifest: Names and shapes that the model must have.
        threads: Threads of the interpreter.
        runtime: One of `RUNTIMES`, or None for the first that is installed.

    Attributes:
        runtime: The runtime that it runs on.
        memory: M.
        chunk: T of `read`.
        habits: Of the manifest, or None where it has none.

    Raises:
        BundleSchemaError: If its habits are none.
        ModelRuntimeError: If no runtime is installed or the model does not load.
        BundleTensorError: If the tensors are not the manifest's, or not those of a ring.
    """

    def __init__(
        self, content: bytes, manifest: Manifest, *, threads: int = 1, runtime: str | None = None
    ) -> None:
        self.runtime, self._interpreter = open_interpreter(
            content, manifest, threads=threads, runtime=runtime
        )
        self._name = manifest.name
        self.habits = _habits(manifest)
        signatures = {signature.name: signature for signature in manifest.signatures}
        if signatures.keys() != {NEXT_SIGNATURE, READ_SIGNATURE}:
            raise BundleTensorError(
                f"{manifest.name} has the signatures {sorted(signatures)}, not "
                f"{NEXT_SIGNATURE} and {READ_SIGNATURE}"
            )
        steps = signatures[NEXT_SIGNATURE]
        self._indices = checked_tensors(self._interpreter, steps, manifest.name)
        checked_tensors(self._interpreter, signatures[READ_SIGNATURE], manifest.name)
        self.memory, self.chunk, self._layers = self._sizes(steps, signatures[READ_SIGNATURE])
        self._reader: RingReader | None = None
        self._rings = [
            f"{kind}_{layer}" for kind in ("keys", "values") for layer in range(self._layers)
        ]
        for name in self._rings:
            # What is hidden weighs nothing, but nothing times infinity is no number.
            self._input(name)[...] = 0.0

    def begin(self, *, style: int, texture: int) -> "RingReader":
        """See `TokenModel.begin`."""
        self._input("hidden")[...] = HIDDEN
        self._reader = RingReader(self, style=style, texture=texture)
        return self._reader

    def go_on(self, place: RingPlace) -> "RingReader":
        """See `KeepingModel.go_on`."""
        for name, values in place.inputs.items():
            self._input(name)[...] = values
        self._reader = RingReader(self, style=place.style, texture=place.texture)
        self._reader.state, self._reader.count = place.state.copy(), place.count
        self._reader.recall = place.recall.copy() if place.recall else None
        return self._reader

    def place_of(self, reader: "RingReader") -> RingPlace:
        """See `KeepingReader.keep`.

        Raises:
            ModelRuntimeError: If another piece was begun meanwhile.
        """
        self._check_present(reader)
        return RingPlace(
            style=reader.style,
            texture=reader.texture,
            state=reader.state.copy(),
            count=reader.count,
            inputs={name: self._input(name).copy() for name in (*self._rings, "hidden")},
            recall=reader.recall.copy() if reader.recall else None,
        )

    def rehearse(self) -> None:
        """See `LoadedModel.rehearse`: one token."""
        self.begin(style=0, texture=0).read([TOKEN_ENCODING.start])

    def replay(self, golden: Mapping[str, NDArray[Any]]) -> float:
        """See `LoadedModel.replay`.

        The arrays are `tokens` (n,), `style` and `texture` (), `prompt` (), which is how many of
        the tokens are read at once, and `logits` (n - prompt + 1, V) after these and after each
        of the others.
        """
        for name, dimensions in (("tokens", 1), ("prompt", 0), ("style", 0), ("texture", 0)):
            if golden[name].dtype.kind not in "iu" or golden[name].ndim != dimensions:
                raise ValueError(f"{name} is {golden[name].dtype} of shape {golden[name].shape}")
        tokens, logits = golden["tokens"].tolist(), golden["logits"]
        prompt, style, texture = (int(golden[name]) for name in ("prompt", "style", "texture"))
        if (
            not 0 < prompt <= len(tokens)
            or not 0 <= min(tokens) <= max(tokens) < TOKEN_ENCODING.vocabulary
        ):
            raise ValueError("its tokens are none of this model's")
        if (
            logits.shape != (len(tokens) - prompt + 1, TOKEN_ENCODING.vocabulary)
            or logits.dtype.kind != "f"
        ):
            raise ValueError(f"logits is {logits.dtype} of shape {logits.shape}")
        reader = self.begin(style=style, texture=texture)
        ends = [0, *range(prompt, len(tokens) + 1)]
        found = [reader.read(tokens[start:end]) for start, end in pairwise(ends)]
        return float(np.max(np.abs(np.stack(found) - logits)))

    def run(self, reader: "RingReader", tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read tokens beside the ring, and write their keys and values into it.

        Args:
            reader: The one whose piece this is; its state is advanced.
            tokens: One, or up to T of the chunk.

        Returns:
            (n, V) logits of the token after each of these.

        Raises:
            ModelRuntimeError: If another piece was begun meanwhile, or the interpreter fails.
        """
        self._check_present(reader)
        wide = 1 if len(tokens) == 1 else self.chunk
        numbers = reader.count + np.arange(len(tokens))
        inputs = {
            **_described(tokens, numbers, reader.state, wide),
            "style": np.array([reader.style], np.int32),
            "texture": np.array([reader.texture], np.int32),
        }
        try:
            found = self._one(inputs) if wide == 1 else self._several(inputs, reader)
        except (ValueError, RuntimeError) as error:
            raise ModelRuntimeError(f"{self._name} failed while running: {error}") from error
        self._remember(found, numbers % self.memory)
        return np.array(found["logits"][: len(tokens)])

    def _one(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        for name, values in inputs.items():
            self._input(name)[...] = values
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(self._indices[name])
            for name in ("logits", "keys", "values")
        }

    def _several(
        self, inputs: Mapping[str, NDArray[Any]], reader: "RingReader"
    ) -> dict[str, NDArray[np.float32]]:
        rings = {name: self._input(name) for name in self._rings}
        # Made anew each time: while one is kept, the interpreter refuses to be invoked.
        runner = self._interpreter.get_signature_runner(READ_SIGNATURE)
        found: dict[str, NDArray[np.float32]] = runner(
            **inputs,
            **rings,
            hidden=_hidden(reader.count, self.chunk, self.memory),
        )
        return found

    def _remember(
        self, found: Mapping[str, NDArray[np.float32]], slots: NDArray[np.integer]
    ) -> None:
        """Write the new keys (L, H, E, T) and values (L, H, T, E) into the ring."""
        new = len(slots)
        for layer in range(self._layers):
            self._input(f"keys_{layer}")[:, :, slots] = found["keys"][layer][:, :, :new]
            self._input(f"values_{layer}")[:, slots] = found["values"][layer][:, :new]
        self._input("hidden")[:, slots] = 0.0

    def _check_present(self, reader: "RingReader") -> None:
        if reader is not self._reader:
            raise ModelRuntimeError("another piece was begun with this model")

    def _input(self, name: str) -> NDArray[Any]:
        """A view of an input of `next`; must be gone before the interpreter is invoked."""
        view: NDArray[Any] = self._interpreter.tensor(self._indices[name])()
        return view

    def _sizes(self, steps: Signature, chunks: Signature) -> tuple[int, int, int]:
        """M, T and L, once the tensors are seen to be those of a ring.

        Raises:
            BundleTensorError: If they are not.
        """
        one = {spec.name: spec.shape for spec in steps.inputs}
        many = {spec.name: spec.shape for spec in chunks.inputs}
        layers = sum(name.startswith("keys_") for name in one)
        rings = {f"{kind}_{layer}" for kind in ("keys", "values") for layer in range(layers)}
        primary = sorted(tuple(each["shape"]) for each in self._interpreter.get_input_details())
        is_ring = (
            layers > 0
            and one.keys() == many.keys() == _STATE_INPUTS | rings
            and {spec.name for spec in steps.outputs} == {"logits", "keys", "values"}
            and (1, TOKEN_ENCODING.vocabulary) in {spec.shape for spec in steps.outputs}
            and one["tokens"] == (1,)
            and 1 < many["tokens"][0] <= one["hidden"][1]
            # What the interpreter runs where no signature is named, and shows tensors of.
            and primary == sorted(one.values())
        )
        if not is_ring:
            raise BundleTensorError(f"{self._name} has not the tensors of a ring")
        return one["hidden"][1], many["tokens"][0], layers


class RingReader:
    """See `KeepingReader` and `RecallingReader`.

    Args:
        model: Whose ring it reads with.
        style: Index into `TokenSpec.styles`.
        texture: Index into `TokenSpec.textures`.

    Attributes:
        style: As given.
        texture: As given; may be changed for what is read next.
        state: What the piece has come to.
        count: Tokens read so far.
        recall: See `RecallingReader`.
    """

    def __init__(self, model: RingModel, *, style: int, texture: int) -> None:
        self._model = model
        self.style = style
        self.texture = texture
        self.state = TokenState()
        self.count = 0
        self.recall = Recall(model.habits) if model.habits else None

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """See `TokenReader.read`.

        Raises:
            ModelRuntimeError: If there are no tokens, another piece was begun meanwhile, or the
                interpreter fails.
        """
        last: NDArray[np.float32] = self._read(tokens)[-1][-1]
        return last

    def read_each(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on as `read` does, and tell what was to be expected after each of the tokens.

        Returns:
            (n, V) logits of the token after each of these.

        Raises:
            ModelRuntimeError: See `read`.
        """
        return np.concatenate(self._read(tokens))

    def keep(self) -> RingPlace:
        """See `KeepingReader.keep`.

        Raises:
            ModelRuntimeError: If another piece was begun meanwhile.
        """
        return self._model.place_of(self)

    def _read(self, tokens: Sequence[int]) -> list[NDArray[np.float32]]:
        """For each part of the tokens (n, V)."""
        if not tokens:
            raise ModelRuntimeError("there are no tokens to read")
        said = []
        for part in self._parts(tokens):
            said.append(self._model.run(self, part))
            self.count += len(part)
            if self.recall:
                self.recall.read(part)
        return said

    def _parts(self, tokens: Sequence[int]) -> Iterable[Sequence[int]]:
        at = 0
        while at < len(tokens):
            left = len(tokens) - at
            size = min(left, self._model.chunk) if left >= _WORTH_A_CHUNK else 1
            yield tokens[at : at + size]
            at += size


def _habits(manifest: Manifest) -> TokenHabits | None:
    try:
        return TokenHabits.from_json(manifest.habits) if manifest.habits else None
    except ValueError as error:
        raise BundleSchemaError(
            f"{manifest.name} has no usable habits: {error}", remedy="convert the model again"
        ) from error


def _described(
    tokens: Sequence[int], numbers: NDArray[np.integer], state: TokenState, wide: int
) -> dict[str, NDArray[Any]]:
    """What the network is told of tokens, filled up with zeros to a width; advances the state."""
    positions, time_steps, chords = [], [], []
    for token in tokens:
        state.advance(token)
        positions.append(state.position)
        time_steps.append(state.time_step)
        chords.append(state.chord().ravel())
    described = {
        "tokens": np.array(tokens, np.int32),
        "positions": np.array(positions, np.int32),
        "chord": np.stack(chords),
        "rotation": rotations(numbers, np.array(time_steps)),
    }
    more = wide - len(tokens)
    return {
        name: np.pad(values, [(0, more)] + [(0, 0)] * (values.ndim - 1)) if more else values
        for name, values in described.items()
    }


def _hidden(read_before: int, tokens: int, memory: int) -> NDArray[np.float32]:
    """(T, M): a token sees the slots of the M tokens before it, as far as they are written."""
    slots = np.arange(memory)
    written = read_before - 1 - (read_before - 1 - slots) % memory  # number of the token there
    farthest = np.maximum(read_before + np.arange(tokens) - memory, 0)
    return np.where(written >= farthest[:, None], 0.0, HIDDEN).astype(np.float32)
