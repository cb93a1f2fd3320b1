"""The demo: what is struck is recorded, what is made is what `continuo generate` makes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from firmware.config import Config
from firmware.engine.demo import SCALE, run_demo
from firmware.engine.generation import GenerationRequest, choose_bundle, start
from firmware.errors import BundleError, MusicError, WorkerError
from firmware.library.melodies import DEFAULT_MELODY, bundled_melodies
from firmware.library.store import read_folder
from firmware.music.notes import Composition, Melody, Note
from firmware.music.transform import trim
from firmware.parameters import Technique, parameters_for
from firmware.techniques.progress import finish


def settings(tmp_path: Path) -> Config:
    """The fake studios take any folder for a bundle."""
    folder = tmp_path / "fake"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text("{}")
    return Config(library=tmp_path / "elsewhere", bundle=str(folder))


@pytest.mark.parametrize("name", sorted(bundled_melodies()))
def test_every_bundled_melody_is_recorded_as_it_was_struck(
    tmp_path: Path, name: str, octaves: Callable[..., Composition]
) -> None:
    melody = bundled_melodies()[name]
    told: list[tuple[int, int]] = []
    result = run_demo(
        melody,
        Technique.ENHANCE,
        3,
        tmp_path / "out",
        lambda done, total: told.append((done, total)),
        config=settings(tmp_path),
        studio="fake_studio:FakeStudio",
    )
    assert result.record.melody == melody
    assert result.record.composition == octaves(melody, below=15)
    saved = read_folder(result.folder)
    assert (saved.composition, saved.melody, saved.seed) == (
        result.record.composition,
        melody,
        3,
    )
    assert told[-1] == (1, 1)


def test_the_frames_that_were_shown_are_pictures_and_a_film(tmp_path: Path, melody: Melody) -> None:
    (tmp_path / "out" / "frames").mkdir(parents=True)
    (tmp_path / "out" / "frames" / "frame-9999.png").write_bytes(b"of an earlier demo")
    result = run_demo(
        melody,
        Technique.ENHANCE,
        0,
        tmp_path / "out",
        lambda *_: None,
        config=settings(tmp_path),
        studio="fake_studio:PreviewStudio",
    )
    found = sorted((tmp_path / "out" / "frames").iterdir())
    assert found == list(result.frames)
    contents = set()
    for path in found:
        with Image.open(path) as picture:
            assert picture.size == (128 * SCALE, 64 * SCALE)
            contents.add(picture.tobytes())
    assert len(contents) > len(found) // 2
    with Image.open(result.film) as film:
        assert film.size == (128 * SCALE, 64 * SCALE)
    assert result.frames_shown > len(found)


def test_notes_that_no_keyboard_could_play_are_struck_as_far_as_one_can(tmp_path: Path) -> None:
    """Two notes on one pitch at once, and one that is struck while it sounds."""
    notes = tuple(
        Note(start_ticks=s, pitch=60, duration_ticks=d) for s, d in ((0, 480), (0, 960), (480, 480))
    )
    result = run_demo(
        Melody(notes=notes, name="crowded"),
        Technique.ENHANCE,
        0,
        tmp_path / "out",
        lambda *_: None,
        config=settings(tmp_path),
        studio="fake_studio:FakeStudio",
    )
    assert [n.identity for n in result.record.melody.notes] == [(0, 60, 480), (480, 60, 480)]


def test_a_failing_model_is_an_error_with_its_sentence(tmp_path: Path, melody: Melody) -> None:
    with pytest.raises(WorkerError, match="the model failed"):
        run_demo(
            melody,
            Technique.ENHANCE,
            0,
            tmp_path / "out",
            lambda *_: None,
            config=settings(tmp_path),
            studio="fake_studio:FailingStudio",
        )


def test_an_empty_melody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MusicError, match="got 0"):
        run_demo(Melody(notes=()), Technique.ENHANCE, 0, tmp_path, lambda *_: None)


def test_the_shipped_model_gives_the_same_in_the_demo_as_outside_of_it(tmp_path: Path) -> None:
    """Through keys, queue, worker process and library, or by a call: one composition."""
    try:
        folder = choose_bundle(Technique.ENHANCE)
    except BundleError as error:
        pytest.skip(f"no bundle is shipped: {error}")
    tune = bundled_melodies()[DEFAULT_MELODY]
    melody = trim(tune, start_ticks=0, end_ticks=2 * tune.ticks_per_bar)
    result = run_demo(
        melody,
        Technique.ENHANCE,
        7,
        tmp_path,
        lambda *_: None,
        config=Config(library=tmp_path),
    )
    request = GenerationRequest(
        melody=melody,
        parameters=parameters_for(Technique.ENHANCE),
        seed=7,
        bundle_folder=folder,
    )
    assert result.record.composition == finish(start(request))
