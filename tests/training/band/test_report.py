"""What a training of a band shows of itself, and what it is judged by; needs Keras' extra."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras", reason="the training extra is not installed")

from firmware.midi.files import read_composition
from firmware.music.band import PITCHED_ROLES, BandRolls, Role
from training.band.batches import BandPieces, melody_shift, moved_home
from training.band.judge import CORPUS, FIGURES, BandJudge, gaps, mean_gap, together
from training.band.report import (
    PLATEAU_LOOKS,
    composition_of,
    remarks,
    write_report,
    write_samples,
)
from training.band.shards import BandPiece
from training.config import recipe

GENRES = ("rock", "bach")


@pytest.fixture(scope="module")
def judge(band_songs: Sequence[BandPiece]) -> BandJudge:
    pieces = BandPieces(band_songs, genres=GENRES)
    return BandJudge(pieces, genres=GENRES, chains=2, links=2, seed=3)


class _Parrot:
    """Says what the corpus plays, as sure as can be: it knows each window by its melody."""

    def __init__(self, songs: Sequence[BandPiece]) -> None:
        self._answers = {}
        for rolls in (home for song in songs for home in _at_home(song)):
            for start in range(0, rolls.steps, 64):
                melody = np.zeros((64, 64, 2), dtype=np.float32)
                band, drums = np.zeros((64, 64, 6), np.float32), np.zeros((64, 9), np.float32)
                steps = min(64, rolls.steps - start)
                melody[:steps] = rolls.melody[start : start + steps]
                band[:steps] = rolls.band[start : start + steps]
                drums[:steps] = rolls.drums[start : start + steps]
                self._answers[melody.tobytes()] = (100.0 * band - 50.0, 100.0 * drums - 50.0)

    def __call__(
        self, told: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        found = [self._answers[melody[16:].tobytes()] for melody in told["melody"]]
        bands, drums = zip(*found, strict=True)
        return np.stack(bands), np.stack(drums)


def _at_home(song: BandPiece) -> Iterator[BandRolls]:
    """As it is at home where any of its passages is."""
    rolls = song.rolls()
    starts = range(0, song.steps, 64)
    ends = (*starts[1:], song.steps)
    shifts = {melody_shift(rolls.melody, a, b) for a in starts for b in ends if a < b}
    yield from (moved_home(rolls, shift) for shift in shifts)


def _silent(
    told: Mapping[str, NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    size = len(told["melody"])
    return np.full((size, 64, 64, 6), -50.0, np.float32), np.full((size, 64, 9), -50.0, np.float32)


def test_who_plays_as_the_corpus_does_has_no_gap_but_that_of_its_takes(
    judge: BandJudge, band_songs: Sequence[BandPiece]
) -> None:
    """All figures are those of the corpus; two takes are the same, which is told."""
    takes = [judge.play(_Parrot(band_songs), take=take) for take in (0, 1)]
    for played, real in zip(takes[0], judge.real, strict=True):
        np.testing.assert_array_equal(played.band, real.band)
        np.testing.assert_array_equal(played.drums, real.drums)
    figures = judge.figures(takes)
    for genre, one in figures.items():
        found = gaps(one)
        assert found.pop("take_distance") == pytest.approx(2.0), genre
        assert all(gap == pytest.approx(0.0, abs=1e-6) for gap in found.values()), genre
    assert mean_gap(figures) < mean_gap(judge.figures([judge.play(_silent, take=0)]))


def test_figures_are_told_together_and_drums_only_where_there_are_some(judge: BandJudge) -> None:
    """A chorale's missing drums are no empty bars of the drums."""
    figures = judge.figures([judge.play(_silent, take=0)])
    assert np.isnan(figures["bach"][f"drum_pattern{CORPUS}"])
    assert "drum_pattern" not in gaps(figures["bach"])
    assert figures["rock"][f"drum_pattern{CORPUS}"] == 1.0
    whole = together(figures)
    assert whole["empty_bars"] == 1.0
    assert whole[f"empty_bars{CORPUS}"] == 0.0
    assert set(whole) == {f"{name}{twin}" for name in FIGURES for twin in ("", CORPUS)}


def test_a_composition_is_the_melody_and_the_genres_instruments(
    band_songs: Sequence[BandPiece],
) -> None:
    """Every note of the piece is in it, at its pitch."""
    song = band_songs[0]
    composition = composition_of(song.rolls(), song.genre)
    assert [track.is_drum for track in composition.tracks] == [False] * 4 + [True]
    names = (Role.MELODY, *reversed(PITCHED_ROLES), Role.DRUMS)
    for role, track in zip(names, composition.tracks, strict=True):
        mine = [note for note in song.notes if note.role is role]
        assert len(track.notes) == len(mine)
        if role is not Role.DRUMS:
            assert {note.pitch for note in track.notes} == {note.pitch for note in mine}


def _row(step: int = 100, **changes: float) -> dict[str, float]:
    row = {"step": float(step), "train_wasserstein": 1.0, "train_critic": -1.0, "valid_gap": 1.0}
    for name in FIGURES:
        row |= {name: 0.5, f"{name}{CORPUS}": 0.5}
    return row | changes


def test_nothing_is_said_of_a_training_that_goes_well() -> None:
    rows = [_row(step, valid_gap=3.0 / step) for step in range(1, 12)]
    assert remarks(rows, "valid_gap") == ()


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([_row(n) for n in range(PLATEAU_LOOKS + 1)], "plateau"),
        ([_row(take_distance=0.04)], "collapse"),
        ([_row(empty_bars=0.95)], "silence"),
        ([_row(pitch_classes_per_bar=1.1)], "noise"),
        ([_row(n, train_wasserstein=-0.1, valid_gap=9.0 / (n + 1)) for n in range(3)], "critic"),
        ([_row(1), _row(2, train_critic=float("nan"), valid_gap=0.5)], "divergence"),
        ([_row(1), _row(2, train_critic=float("inf"), valid_gap=0.5)], "divergence"),
    ],
)
def test_what_is_wrong_is_said_in_words(rows: list[dict[str, float]], word: str) -> None:
    """One sentence for each rule, and no other."""
    (said,) = remarks(rows, "valid_gap")
    assert word in said


def test_the_report_holds_curves_samples_figures_and_settings(
    judge: BandJudge, tmp_path: Path
) -> None:
    """In one file that needs no other; samples are files too, and the newest are shown."""
    config = replace(recipe("unet"), seed=77)
    figures = judge.figures([judge.real])
    for step in (10, 20):
        write_samples(tmp_path, step, judge, judge.real)
    rows = [_row(10, train_generator=float("nan")), _row(20, train_generator=2.0)]
    write_report(tmp_path, config, rows, figures, ("a <plateau>",))
    page = (tmp_path / "report.html").read_text()
    for part in (
        "a &lt;plateau&gt;",
        "Empty bar rate",
        "Pitch classes used a bar",
        "In-scale ratio",
        "Polyphonic rate",
        "Drums in pattern",
        "gan.critic_updates",
        "learning_rate",
        "batches.batch_size",
        "data:image/png;base64,",
        "data:audio/midi;base64,",
        "step-000020-rock.mid",
        "steps 10.",
    ):
        assert part in page, part
    assert page.count("<polyline") > 2 * len(FIGURES)
    assert "step-000010-rock.mid" not in page
    assert 'src="http' not in page
    assert "nan," not in page
    written = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert len(written) == 2 * 2 * 2
    sample = read_composition((tmp_path / "samples" / "step-000020-rock.mid").read_bytes())
    real: BandRolls = judge.real[judge.first_of("rock")]
    assert len(sample.notes) == len(composition_of(real, "rock").notes)
