"""The device's encoder as a layer, so that planes are made where the network is trained.

`firmware.music.encoding.encode_planes` is the one definition; a test holds this to it.

Letters: B batch, T time steps, P pitch classes of the grid, V voices, C planes.
"""

import keras
from keras import layers, ops

from firmware.music.encoding import CHORALE_ENCODING, EncodingSpec


class EncodePlanes(layers.Layer):  # type: ignore[misc]
    """From integers to planes (B, T, P, C), for windows that start on a beat."""

    def __init__(self, spec: EncodingSpec = CHORALE_ENCODING, **arguments: object) -> None:
        super().__init__(**arguments)
        self._spec = spec

    def call(
        self,
        cells: keras.KerasTensor,
        masked: keras.KerasTensor,
        attacks: keras.KerasTensor,
        inside: keras.KerasTensor,
    ) -> keras.KerasTensor:
        """Encode cells, masked and attacks (B, T, V) and inside (B, T)."""
        spec, dtype = self._spec, self.compute_dtype
        pitches, steps, voices = spec.grid_pitches, spec.time_steps, len(spec.voices)
        masked, attacks = ops.cast(masked, dtype), ops.cast(attacks, dtype)
        # (B, T, V) -> (B, T, V, P) -> (B, T, P, V)
        sounding = ops.one_hot(cells, pitches, axis=-1, dtype=dtype) * (1 - masked)[..., None]
        voice = ops.transpose(sounding, (0, 1, 3, 2))
        batch = ops.shape(voice)[0]
        shape = (batch, steps, pitches, 1)
        phase = ops.arange(steps) % spec.beat_resolution
        beat = ops.cast(phase == 0, dtype)[None, :, None, None]
        half_beat = ops.cast(phase == spec.beat_resolution // 2, dtype)[None, :, None, None]
        within = ops.cast(inside, dtype)[:, :, None, None]
        height = ops.cast(ops.linspace(0.0, 1.0, pitches), dtype)[None, None, :, None]
        wide = (batch, steps, pitches, voices)
        return ops.concatenate(
            [
                voice,
                ops.broadcast_to(masked[:, :, None, :], wide),
                ops.broadcast_to(attacks[:, :, None, :], wide),
                ops.broadcast_to(beat, shape),
                ops.broadcast_to(half_beat, shape),
                ops.broadcast_to(within, shape),
                ops.broadcast_to(height, shape),
            ],
            axis=-1,
        )
