"""The metrics, beside muspy's own over files that muspy reads for itself."""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from firmware.errors import MusicError
from firmware.midi.files import write_composition
from firmware.music import metrics
from firmware.music.notes import Composition, Note, Track


def random_piece(seed: int) -> Composition:
    """Sparse or dense, long or short, on the grid or off it, with drums or without."""
    rng = random.Random(seed)
    grid = rng.choice((1, 40, 120, 160, 480))
    length = rng.choice((1, 3, 16, 64)) * 480
    scale = rng.choice((range(128), range(48, 80), (60, 62, 64, 65, 67, 69, 71, 72)))
    tracks = tuple(
        Track(
            name=f"{number}",
            notes=tuple(
                Note(
                    start_ticks=rng.randrange(0, length, min(grid, length)),
                    pitch=rng.choice(scale),
                    duration_ticks=rng.choice((1, 119, 120, 480, 1920)),
                )
                for _ in range(rng.choice((0, 1, 5, 60)))
            ),
            is_drum=rng.random() < 0.3,
        )
        for number in range(rng.choice((1, 2, 4, 20)))
    )
    return Composition(tracks=tracks, beats_per_bar=rng.choice((1, 3, 4, 7)))


def structured_pieces() -> dict[str, Composition]:
    """The cases where definitions differ: bar lines, rests, unisons, drums alone."""

    def note(start: int, pitch: int, duration: int) -> Note:
        return Note(start_ticks=start, pitch=pitch, duration_ticks=duration)

    def piece(*tracks: tuple[Note, ...], drums: tuple[Note, ...] = ()) -> Composition:
        melodic = [Track(name="", notes=notes) for notes in tracks]
        return Composition(tracks=(*melodic, Track(name="", notes=drums, is_drum=True)))

    bar = 1920
    chord = tuple(note(0, pitch, bar) for pitch in (60, 64, 67, 72))
    return {
        "ends on a bar line": piece((note(0, 60, bar),)),
        "ends before a bar line": piece((note(0, 60, bar - 1),)),
        "begins late": piece((note(3 * bar, 60, 480),)),
        "has a hole": piece((note(0, 60, 480), note(4 * bar, 61, 480))),
        "is a chord": piece(chord),
        "has unisons": piece(chord, chord, (note(100, 60, bar),)),
        "is the same every bar": piece(tuple(note(t * 480, 60, 240) for t in range(16))),
        "is drums alone": piece(drums=tuple(note(t * 160, 36, 10) for t in range(9))),
        "outlasted by its drums": piece((note(0, 60, 480),), drums=(note(5 * bar, 38, 480),)),
    }


CORPUS = {**{f"random {seed}": random_piece(seed) for seed in range(60)}, **structured_pieces()}

WITH_NOTES = [name for name, piece in CORPUS.items() if piece.notes]


@pytest.fixture(scope="module")
def muspy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The real muspy; what it and matplotlib write at import goes to a folder of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        home = str(tmp_path_factory.mktemp("home"))
        for variable in ("HOME", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(variable, home)
        yield pytest.importorskip("muspy", reason="muspy, the metrics' oracle, is not installed")


def as_muspy_reads_it(muspy: ModuleType, name: str, folder: Path) -> Any:
    path = folder / "piece.mid"
    path.write_bytes(write_composition(CORPUS[name]))
    return muspy.read_midi(path)


SAME_ARGUMENTS: dict[str, Callable[[Composition], tuple[Any, ...]]] = {
    "n_pitches_used": lambda _: (),
    "n_pitch_classes_used": lambda _: (),
    "pitch_entropy": lambda _: (),
    "pitch_class_entropy": lambda _: (),
    "polyphony": lambda _: (),
    "polyphony_rate": lambda _: (),
    "scale_consistency": lambda _: (),
    "drum_pattern_consistency": lambda _: (),
    "empty_beat_rate": lambda _: (),
}
WITH_BARS = ("empty_measure_rate", "groove_consistency")


@pytest.mark.parametrize("name", WITH_NOTES)
def test_every_metric_is_muspys(name: str, muspy: ModuleType, tmp_path: Path) -> None:
    ours, theirs = CORPUS[name], as_muspy_reads_it(muspy, name, tmp_path)
    for metric in SAME_ARGUMENTS:
        assert getattr(metrics, metric)(ours) == same(getattr(muspy, metric)(theirs)), metric
    for metric in WITH_BARS:
        expected = getattr(muspy, metric)(theirs, ours.beats_per_bar * theirs.resolution)
        assert getattr(metrics, metric)(ours) == same(expected), metric
    for threshold in (0, 1, 3):
        expected = muspy.polyphony_rate(theirs, threshold)
        assert metrics.polyphony_rate(ours, threshold) == same(expected), threshold
    for root in range(12):
        for mode in ("major", "minor"):
            expected = muspy.pitch_in_scale_rate(theirs, root, mode)
            assert metrics.pitch_in_scale_rate(ours, root, mode) == same(expected), (root, mode)
    for meter in ("duple", "triple"):
        expected = muspy.drum_in_pattern_rate(theirs, meter)
        assert metrics.drum_in_pattern_rate(ours, meter) == same(expected), meter


def same(expected: float) -> Any:
    """Equal up to the order in which floats are added; not-a-number equals itself."""
    return pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


def test_the_corpus_exercises_every_metric() -> None:
    """A comparison of not-a-number with not-a-number alone would prove nothing."""
    for metric in (*SAME_ARGUMENTS, *WITH_BARS):
        values = {getattr(metrics, metric)(CORPUS[name]) for name in WITH_NOTES}
        assert len({value for value in values if not math.isnan(value)}) >= 5, metric


def test_a_note_that_ends_on_a_bar_line_fills_the_bar_after_it() -> None:
    """By muspy's definition: two bars, none empty, though the second has no sound."""
    assert metrics.empty_measure_rate(CORPUS["ends on a bar line"]) == 0
    assert metrics.groove_consistency(CORPUS["ends on a bar line"]) == 1 - 1 / 1920
    assert math.isnan(metrics.groove_consistency(CORPUS["ends before a bar line"]))


def test_a_song_begins_at_its_start_and_ends_at_its_last_note() -> None:
    assert metrics.empty_measure_rate(CORPUS["begins late"]) == 3 / 4


def test_unisons_are_one_pitch() -> None:
    assert metrics.polyphony(CORPUS["is a chord"]) == 4
    assert metrics.polyphony(CORPUS["has unisons"]) < 4


@pytest.mark.parametrize("tracks", [(), (Track(name="", notes=()),)])
def test_a_piece_without_notes_has_no_pitches_and_nothing_to_measure(
    tracks: tuple[Track, ...],
) -> None:
    piece = Composition(tracks=tracks)
    assert metrics.n_pitches_used(piece) == metrics.n_pitch_classes_used(piece) == 0
    for metric in {*SAME_ARGUMENTS, *WITH_BARS} - {"n_pitches_used", "n_pitch_classes_used"}:
        assert math.isnan(getattr(metrics, metric)(piece)), metric


@pytest.mark.parametrize(("root", "mode"), [(12, "major"), (-1, "minor"), (0, "dorian")])
def test_a_scale_that_is_none_is_refused(root: int, mode: Any) -> None:
    with pytest.raises(MusicError, match=f"got {root} {mode}"):
        metrics.pitch_in_scale_rate(Composition(tracks=()), root, mode)


def test_a_metre_that_is_none_is_refused() -> None:
    with pytest.raises(MusicError, match="got septuple"):
        metrics.drum_in_pattern_rate(Composition(tracks=()), "septuple")  # type: ignore[arg-type]  # on purpose


def test_a_day_of_music_is_measured_without_a_roll_of_a_day() -> None:
    """A roll as muspy makes it would take gigabytes."""
    day = 24 * 60 * 120 * 480
    piece = Composition(
        tracks=(
            Track(
                name="",
                notes=(
                    Note(start_ticks=0, pitch=60, duration_ticks=480),
                    Note(start_ticks=day - 480, pitch=62, duration_ticks=480),
                ),
            ),
        )
    )
    assert metrics.polyphony(piece) == 1
    assert metrics.polyphony_rate(piece, 0) == 960 / day
