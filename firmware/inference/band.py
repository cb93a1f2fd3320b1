"""What the Accompany technique needs of a model, and the one that a bundle has."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware.errors import BundleSchemaError, BundleTensorError
from firmware.inference.band_habits import Habits
from firmware.inference.manifest import Manifest, Signature
from firmware.inference.runtime import InterpreterModel
from firmware.music.band import BAND_ENCODING, BandSpec, Role

GENRE_KEY: Final = "genre"
"""The parameter whose values a network of the band tells apart by number."""


class BandModel(Protocol):
    """A model of what a band plays around a melody, window by window."""

    @property
    def genres(self) -> tuple[str, ...]:
        """Names of the genres that it knows, by number."""
        ...

    @property
    def habits(self) -> Mapping[str, Habits]:
        """Of its players, by genre, as far as they were measured."""
        ...

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Say what is likely in one window.

        Args:
            inputs: Those of `firmware.music.band.window_inputs`, `genre` and `noise`, shaped as
                `input_shapes` says.

        Returns:
            Logits (T, P, R) of the band and (T, D) of the drums.
        """
        ...


def input_shapes(spec: BandSpec = BAND_ENCODING) -> dict[str, tuple[int, ...]]:
    """Shapes of everything that a model of the band is told, by name."""
    known, pitches = spec.known_steps, spec.pitches
    return {
        "melody": (known + spec.time_steps, pitches, 2),
        "known": (known, pitches, spec.planes),
        "known_drums": (known, len(spec.drums)),
        "features": (known + spec.time_steps, len(spec.features)),
        "tonality": (pitches,),
        "genre": (spec.genre_slots,),
        "noise": spec.noise_shape,
    }


def output_shapes(spec: BandSpec = BAND_ENCODING) -> dict[str, tuple[int, ...]]:
    """Shapes of what it says, by name."""
    return {
        "band": (spec.time_steps, spec.pitches, spec.planes),
        str(Role.DRUMS): (spec.time_steps, len(spec.drums)),
    }


class LoadedBand:
    """See `BandModel` and `LoadedModel`.

    Args:
        content: The flatbuffer.
        manifest: Names, shapes and quantization that the model must have.
        threads: Threads of the interpreter.
        runtime: One of `RUNTIMES`, or None for the first that is installed.

    Attributes:
        genres: As `BandModel` says.
        habits: As well.

    Raises:
        ModelRuntimeError: If no runtime is installed or the model does not load.
        BundleTensorError: If the tensors are not the manifest's, or not those of a band.
        BundleSchemaError: If its habits are none.
    """

    def __init__(
        self, content: bytes, manifest: Manifest, *, threads: int = 1, runtime: str | None = None
    ) -> None:
        self._model = InterpreterModel(content, manifest, threads=threads, runtime=runtime)
        (signature,) = manifest.signatures
        self.genres = tuple(manifest.serves.get(GENRE_KEY, ()))
        _check(signature, self.genres, manifest.name)
        self.habits = _habits(manifest)

    @property
    def runtime(self) -> str:
        """The runtime that it runs on."""
        return self._model.runtime

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `BandModel.said`."""
        found = self._model.run(**inputs)
        return found["band"], found["drums"]

    def rehearse(self) -> None:
        """See `LoadedModel.rehearse`: one window."""
        self._model.rehearse()

    def replay(self, golden: Mapping[str, NDArray[Any]]) -> float:
        """See `LoadedModel.replay` and `InterpreterModel.replay`."""
        return self._model.replay(golden)


def _check(signature: Signature, genres: tuple[str, ...], name: str) -> None:
    """Refuse what is no model of a band."""
    for tensors, shapes in (
        (signature.inputs, input_shapes()),
        (signature.outputs, output_shapes()),
    ):
        found = {tensor.name: tensor.shape[1:] for tensor in tensors}
        if found != shapes:
            raise BundleTensorError(f"{name} has the tensors {found}, a band has {shapes}")
    if not 0 < len(genres) <= BAND_ENCODING.genre_slots:
        raise BundleTensorError(
            f"{name} serves {len(genres)} genres, a band has 1..{BAND_ENCODING.genre_slots}",
            remedy="convert the model again",
        )


def _habits(manifest: Manifest) -> dict[str, Habits]:
    """Habits by genre."""
    try:
        return {genre: Habits.from_json(values) for genre, values in manifest.habits.items()}
    except ValueError as error:
        raise BundleSchemaError(
            f"{manifest.name} has habits that no band has: {error}",
            remedy="measure them again: python -m training habits",
        ) from error
