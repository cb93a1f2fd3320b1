"""How four-voice music becomes tensors: the one encoder of training and device.

Letters: T time steps, V voices, P pitch classes of the grid (the last one is *rest*),
C planes. A *cell* is one voice at one time step; its value is an index into the
pitch classes of the grid.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.music.fingerprint import fingerprint_of

Cells = NDArray[np.int16]
"""(T, V), values 0..P-1; `EncodingSpec.rest` is silence."""
CellMask = NDArray[np.bool_]
"""(T, V), True where the model must say what stands there."""
Attacks = NDArray[np.int8]
"""(T, V), 1 a note is struck here, -1 it is held from the step before, 0 not known."""

ATTACK_STRUCK: Final = 1
ATTACK_HELD: Final = -1
ATTACK_UNKNOWN: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingSpec:
    """Everything that training and device must agree on about a model's tensors.

    Attributes:
        name: What kind of encoding it is.
        version: Raised when the meaning of a plane changes.
        beat_resolution: Time steps per quarter note.
        time_steps: T, the length of a window.
        lowest_pitch: MIDI pitch of grid class 0.
        grid_pitches: P, pitch classes of the grid, the last of which is the rest.
        voices: Names of the voices, from the highest down.
        planes: Names of the groups of input planes, in order, with their width.
    """

    name: str
    version: int
    beat_resolution: int
    time_steps: int
    lowest_pitch: int
    grid_pitches: int
    voices: tuple[str, ...]
    planes: tuple[tuple[str, int], ...]

    @property
    def rest(self) -> int:
        """Grid class of silence."""
        return self.grid_pitches - 1

    @property
    def highest_pitch(self) -> int:
        """Highest MIDI pitch that the grid can hold."""
        return self.lowest_pitch + self.grid_pitches - 2

    @property
    def plane_count(self) -> int:
        """C, planes of the model's input."""
        return sum(width for _, width in self.planes)

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that differ when anything above differs."""
        return fingerprint_of(self)


CHORALE_ENCODING: Final = EncodingSpec(
    name="chorale-cells",
    version=1,
    beat_resolution=4,
    time_steps=128,
    lowest_pitch=36,
    grid_pitches=48,
    voices=("soprano", "alto", "tenor", "bass"),
    planes=(
        ("voice", 4),  # 1 at the pitch that sounds, nothing where the cell is masked
        ("masked", 4),  # 1 at every pitch where the cell is masked
        ("attack", 4),  # 1 or -1 at every pitch where struck or held is known, else 0
        ("beat", 1),  # 1 on the beat
        ("half_beat", 1),  # 1 on the eighth between two beats
        ("inside", 1),  # 1 where the time step belongs to the piece
        ("height", 1),  # 0 at the lowest pitch class of the grid, 1 at the highest
    ),
)


def encode_planes(
    cells: Cells,
    masked: CellMask,
    attacks: Attacks,
    *,
    first_step: int,
    inside: NDArray[np.bool_],
    spec: EncodingSpec = CHORALE_ENCODING,
) -> NDArray[np.float32]:
    """Turn one window of cells into the model's input.

    Args:
        cells: (T, V) grid classes; what stands in masked cells is not looked at.
        masked: (T, V), True where the model must fill in.
        attacks: (T, V) in {-1, 0, 1}; a masked cell's attack should be 0.
        first_step: Position of the window's first step in the piece, for the beat planes
            (the piece's step 0 is on a beat).
        inside: (T,), False where the window reaches beyond the piece.
        spec: The encoding.

    Returns:
        (T, P, C) float32, values -1..1.
    """
    steps, voices = cells.shape
    pitches = spec.grid_pitches
    planes = np.zeros((steps, pitches, spec.plane_count), dtype=np.float32)
    step, voice = np.nonzero(~masked)
    planes[step, cells[step, voice], voice] = 1.0
    planes[:, :, voices : 2 * voices] = masked[:, None, :]
    planes[:, :, 2 * voices : 3 * voices] = attacks[:, None, :]
    phase = (first_step + np.arange(steps)) % spec.beat_resolution
    at = 3 * voices
    planes[:, :, at] = (phase == 0)[:, None]
    planes[:, :, at + 1] = (phase == spec.beat_resolution // 2)[:, None]
    planes[:, :, at + 2] = inside[:, None]
    planes[:, :, at + 3] = np.linspace(0.0, 1.0, pitches, dtype=np.float32)[None, :]
    return planes
