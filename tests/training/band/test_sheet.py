"""The sheet of Accompany."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from firmware.errors import ConfigError
from firmware.inference.band_habits import Habits
from firmware.inference.bundle import Bundle, shipped_bundles
from firmware.midi.files import read_composition, read_melody
from firmware.music.band import BAND_ENCODING, BandNote, Role
from training.band import sheet
from training.band.shards import BandPiece, write_band_shard
from training.cli import main

BAR = 16


class HeldModel:
    """A bass, a chord, a line and a kick on every beat."""

    genres = ("bach", "pop")
    habits: Mapping[str, Habits] = {}

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same whatever is played."""
        del inputs
        band, drums = np.full((64, 64, 6), -9.0), np.full((64, 9), -9.0)
        for plane, row in ((0, 12), (2, 16), (2, 19), (4, 24)):
            band[:, row, plane] = 9.0
            band[::4, row, plane + 1] = 9.0
        drums[::4, 0] = 9.0
        return band.astype(np.float32), drums.astype(np.float32)


def piece(corpus: str, name: str, *, first_bar: int = 0, notes_a_bar: int = 4) -> BandPiece:
    """Sixteen bars; until the first one, the melody rests."""
    length = BAR // notes_a_bar
    starts = range(first_bar * BAR, 16 * BAR, length)
    melody = [BandNote(Role.MELODY, at, at + length, 60 + at % 11) for at in starts]
    return BandPiece(
        corpus=corpus,
        name=f"{corpus}/{name}",
        genre="pop",
        notes=(*melody, BandNote(Role.BASS, 0, 8, 40)),
        beats_per_bar=4,
        steps=16 * BAR,
    )


CORPORA = list(sheet.CORPORA)
FIVE = [piece(corpus, "tune") for corpus in CORPORA[:5]]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for split in ("train", "test"):
        write_band_shard(tmp_path / "rolls" / f"{split}.npz", FIVE)
    return tmp_path / "rolls"


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two that say they are of Accompany; their model is none of a file."""
    monkeypatch.setattr(Bundle, "load_band", lambda _self, **_: HeldModel())
    folders = []
    for name in ("musegan-small", "unet-small"):
        folder = Path(shutil.copytree(shipped_bundles()["bach-arcnn"], tmp_path / name))
        path = folder / "manifest.json"
        changed = {
            "name": name,
            "technique": "accompany",
            "encoding": BAND_ENCODING.name,
            "fingerprint": BAND_ENCODING.fingerprint(),
            "serves": {"genre": ["bach", "pop"]},
        }
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))
        folders.append(str(folder))
    return folders


def test_every_melody_is_there_in_every_genre_of_every_bundle(
    bundles: list[str], shards: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sheet"
    assert main(["sheet", *bundles, "--shards", str(shards), "-o", str(folder)]) == 0
    page = (folder / "README.md").read_text()
    for key in ("chorale", "song", "rag", "symphony", "riff"):
        melody = read_melody((folder / f"{key}.mid").read_bytes(), name=key)
        for genre, tracks in (("bach", 4), ("pop", 5)):
            for bundle in ("musegan-small", "unet-small"):
                name = f"{key}-{genre}-{bundle}"
                composition = read_composition((folder / f"{name}.mid").read_bytes())
                assert len(composition.tracks) == tracks
                assert composition.tracks[0].notes == melody.notes
                assert f"({name}.mid)" in page
                assert f"({name}.png)" in page
    assert len(list(folder.glob("*.png"))) == 20
    assert len(list(folder.glob("*.mid"))) == 25
    assert page.count("\n| [") == 10
    assert "bundles `musegan-small` and `unet-small`" in page
    # A picture of each, in the genre it comes from.
    assert page.count("![") == page.count("-pop-musegan-small.png)\n") == 5


def test_the_pictures_are_small_and_without_drums(
    bundles: list[str], shards: Path, tmp_path: Path
) -> None:
    """Sixty of them are to stay below four megabytes."""
    assert main(["sheet", bundles[0], "--shards", str(shards), "-o", str(tmp_path / "s")]) == 0
    for path in (tmp_path / "s").glob("*.png"):
        assert path.stat().st_size < 4_000_000 / 60
    with_drums, without = (
        Image.open(tmp_path / "s" / f"chorale-{genre}-musegan-small.png").convert("RGB")
        for genre in ("pop", "bach")
    )
    # Of this model all genres are alike but for the drums.
    assert with_drums.size == without.size


def test_the_melodies_come_from_different_corpora() -> None:
    more = [piece(CORPORA[0], f"also {n}") for n in range(9)]
    found = sheet.held_out_melodies([*more, *FIVE])
    assert [one.source.split("/")[0] for one in found] == CORPORA[:5]
    assert [one.key for one in found] == ["chorale", "song", "rag", "symphony", "riff"]


def test_where_corpora_are_missing_others_give_more_than_one() -> None:
    more = [piece(CORPORA[0], f"also {n}") for n in range(9)]
    found = sheet.held_out_melodies([*more, FIVE[1]])
    assert [one.key for one in found] == ["chorale", "song", "chorale-2", "chorale-3", "chorale-4"]
    assert len({one.source for one in found}) == 5


def test_a_passage_begins_where_the_melody_sings_and_does_not_rush() -> None:
    late = piece(CORPORA[0], "late", first_bar=5)
    hasty = piece(CORPORA[0], "hasty", notes_a_bar=16)
    waltz = replace(piece(CORPORA[0], "waltz"), beats_per_bar=3)
    found = sheet.held_out_melodies([late, hasty, waltz, *FIVE[1:]])
    (mine,) = [one for one in found if one.key == "chorale"]
    assert mine.source == f"{CORPORA[0]}/late"
    assert mine.melody.notes[0].start_ticks == 0
    assert mine.melody.end_ticks == 8 * 1920


def test_too_few_melodies_are_one_sentence() -> None:
    with pytest.raises(ConfigError, match="has 4 melodies for the sheet, 5 are needed"):
        sheet.held_out_melodies(FIVE[:4])


def test_other_techniques_are_not_shown_side_by_side(
    bundles: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(shipped_bundles()["bach-arcnn"])
    assert main(["sheet", bundles[0], other, "-o", str(tmp_path / "s")]) == 2
    assert "a sheet is of one technique" in capsys.readouterr().err
