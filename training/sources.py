"""What bundles are measured on: corpora and shards, read when the first bundle asks."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final

from firmware.errors import ConfigError
from training.band.shards import BAND_SHARDS, BandPiece, read_band_shard
from training.corpora import ChoraleCorpora, CorporaError, corpora_folder, read_chorales
from training.shards import TokenPiece, read_shard, shard_path

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_SPLITS: Final = ("train", "test")

CHORALE_GENRE: Final = "bach"
"""The genre of Accompany that Bach's chorales are of."""


class Sources:
    """Corpora and shards.

    Args:
        corpora: Folder of the corpora as the command line named it, or None.
        shards: Folder of the token shards; they are made if there are none.
        tell: Told how far the making of shards is.
        bands: Folder of the band's shards; they are made if there are none.
    """

    def __init__(
        self, corpora: Path | None, shards: Path, tell: Tell, *, bands: Path = BAND_SHARDS
    ) -> None:
        self._corpora, self._shards, self._tell, self._bands = corpora, shards, tell, bands

    @cached_property
    def chorales(self) -> ChoraleCorpora:
        """Bach's chorales as piano rolls.

        Raises:
            CorporaError: If they are not there.
        """
        return read_chorales(corpora_folder(self._corpora))

    @cached_property
    def tokens(self) -> dict[str, tuple[TokenPiece, ...]]:
        """The shards `train` and `test`.

        Raises:
            ConfigError: If there are none and no corpora to make them from, or they were
                written for another encoding.
        """
        paths = {split: shard_path(self._shards, split) for split in _SPLITS}
        if not all(path.exists() for path in paths.values()):
            self._make_shards()
        return {split: read_shard(path) for split, path in paths.items()}

    @cached_property
    def bands(self) -> dict[str, tuple[BandPiece, ...]]:
        """The band's shards `train` and `test`.

        Raises:
            ConfigError: If there are none and no corpora to make them from, or they were
                written for another encoding.
        """
        paths = {split: shard_path(self._bands, split) for split in _SPLITS}
        if not all(path.exists() for path in paths.values()):
            # See `_make_shards`.
            from training.band.corpora import make_band_shards  # noqa: PLC0415

            try:
                make_band_shards(corpora_folder(self._corpora), self._bands, tick=self._tell)
            except CorporaError as error:
                raise _nothing("band", self._bands, error) from error
        return {split: read_band_shard(path) for split, path in paths.items()}

    @cached_property
    def chorale_bands(self) -> dict[str, tuple[BandPiece, ...]]:
        """Bach's chorales of `bands` alone; no shard is made for them.

        Raises:
            ConfigError: If there are neither shards nor the chorales.
        """
        if shard_path(self._bands, "train").exists():
            return {
                split: tuple(piece for piece in pieces if piece.genre == CHORALE_GENRE)
                for split, pieces in self.bands.items()
            }
        # See `_make_shards`.
        from training.band.scores import chorales  # noqa: PLC0415
        from training.score_corpora import jsb_file  # noqa: PLC0415

        try:
            folder = corpora_folder(self._corpora)
            jsb_file(folder)
        except CorporaError as error:
            raise _nothing("band", self._bands, error) from error
        found = list(chorales(folder))
        return {split: tuple(one for one, side in found if side == split) for split in _SPLITS}

    @cached_property
    def chorale_tokens(self) -> tuple[TokenPiece, ...]:
        """Bach's chorales of the test split as tokens, in four parts; no shard is made for them.

        Raises:
            ConfigError: If there are neither shards nor the chorales.
        """
        if shard_path(self._shards, "test").exists():
            return tuple(p for p in self.tokens["test"] if p.sixteenths)
        # See `_make_shards`.
        from training.score_corpora import jsb_file, read_jsb_scores, token_pieces  # noqa: PLC0415

        try:
            path = jsb_file(corpora_folder(self._corpora))
        except CorporaError as error:
            raise _nothing("token", self._shards, error) from error
        scores = (score for score in read_jsb_scores(path) if score.split == "test")
        pieces = (piece for score in scores for piece in token_pieces(score))
        return tuple(piece for piece in pieces if piece.sixteenths)

    def _make_shards(self) -> None:
        # Reading scores takes a library that bundles and shards can do without.
        from training.score_corpora import make_shards  # noqa: PLC0415

        try:
            make_shards(corpora_folder(self._corpora), self._shards, tick=self._tell)
        except CorporaError as error:
            raise _nothing("token", self._shards, error) from error


def _nothing(kind: str, shards: Path, error: CorporaError) -> ConfigError:
    return ConfigError(
        f"there are no {kind} shards in {shards} and none can be made: {error.message}",
        remedy=error.remedy,
    )
