"""Band shards: every piece of the Accompany corpora as notes on the grid, in one file a split.

A shard is an `.npz` with `notes` (int32, (n, 4): role, start, end, pitch; all pieces one after
another), `offsets` (int64, one more than pieces), `genres`, `names`, `corpora` (text),
`beats_per_bar` and `steps` (int32), and `made` (text: roles that rules wrote or that were
borrowed, parted by spaces); and the fingerprint of the encoding, which must be the reader's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from firmware.errors import ConfigError
from firmware.music.band import (
    BAND_ENCODING,
    BandNote,
    BandRolls,
    BandSpec,
    Role,
    band_rolls,
)

BAND_SHARDS: Final = Path("build/accompany-rolls")
"""Where the shards are, unless something else is said."""

_ROLES: Final = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPiece:
    """One piece of music with a melody and at least one other role.

    Attributes:
        corpus: Name of the corpus that it comes from, which is its folder's.
        name: Corpus and piece.
        genre: Name of its genre.
        notes: Of all roles, on the grid; a bar line is at step 0.
        beats_per_bar: Quarter notes a bar, of all bars.
        steps: Its length, whole bars.
        made: Roles whose notes nobody wrote for this piece: arranged by rules from chord
            symbols, or borrowed from another corpus. They teach, and are never judged by.
    """

    corpus: str
    name: str
    genre: str
    notes: tuple[BandNote, ...]
    beats_per_bar: int
    steps: int
    made: frozenset[Role] = frozenset()

    @property
    def bars(self) -> int:
        """How many bars it has."""
        return self.steps // (self.beats_per_bar * BAND_ENCODING.beat_resolution)

    def rolls(self, *, spec: BandSpec = BAND_ENCODING) -> BandRolls:
        """The piece as rolls."""
        return band_rolls(self.notes, beats_per_bar=self.beats_per_bar, steps=self.steps, spec=spec)


def write_band_shard(
    path: Path, pieces: Sequence[BandPiece], *, spec: BandSpec = BAND_ENCODING
) -> None:
    """Write pieces into one file."""
    rows = [
        [(_ROLES.index(note.role), note.start, note.end, note.pitch) for note in piece.notes]
        for piece in pieces
    ]
    arrays: dict[str, Any] = {
        "fingerprint": np.array(spec.fingerprint()),
        "notes": np.array([row for mine in rows for row in mine], dtype=np.int32).reshape(-1, 4),
        "offsets": np.cumsum([0, *map(len, rows)], dtype=np.int64),
        "genres": np.array([piece.genre for piece in pieces]),
        "names": np.array([piece.name for piece in pieces]),
        "corpora": np.array([piece.corpus for piece in pieces]),
        "beats_per_bar": np.array([piece.beats_per_bar for piece in pieces], dtype=np.int32),
        "steps": np.array([piece.steps for piece in pieces], dtype=np.int32),
        "made": np.array([" ".join(sorted(piece.made)) for piece in pieces]),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    partial.replace(path)


def read_band_shard(path: Path, *, spec: BandSpec = BAND_ENCODING) -> tuple[BandPiece, ...]:
    """Read the pieces of one file.

    Raises:
        ConfigError: If the file is missing, no shard, or was written for another encoding.
    """
    try:
        # Of a broken archive numpy would leave the file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        found = str(arrays["fingerprint"])
        if found != spec.fingerprint():
            raise ConfigError(
                f"{path} was written for encoding {found}, this is {spec.fingerprint()}",
                remedy="python -m training shards accompany",
            )
        bounds = arrays["offsets"].tolist()
        rows = arrays["notes"].tolist()
        return tuple(
            BandPiece(
                corpus=corpus,
                name=name,
                genre=genre,
                notes=tuple(BandNote(_ROLES[role], *rest) for role, *rest in rows[start:end]),
                beats_per_bar=beats_per_bar,
                steps=steps,
                made=frozenset(map(Role, made.split())),
            )
            for corpus, name, genre, beats_per_bar, steps, made, start, end in zip(
                *(
                    arrays[key].tolist()
                    for key in ("corpora", "names", "genres", "beats_per_bar", "steps", "made")
                ),
                bounds[:-1],
                bounds[1:],
                strict=True,
            )
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no band shard {path}", remedy="python -m training shards accompany"
        ) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadZipFile) as error:
        raise ConfigError(
            f"{path} is no band shard: {error}", remedy="python -m training shards accompany"
        ) from error
