"""The demo: what is struck is recorded, what is made is what `continuo generate` makes."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from firmware.config import Config
from firmware.engine import demo, simulation
from firmware.engine.demo import FRAMES_FOLDER, SCALE, run_demo
from firmware.engine.generation import GenerationRequest, choose_bundle, start
from firmware.errors import BundleError, LibraryError, MusicError, WorkerError
from firmware.inference.bundle import MANIFEST_FILE, shipped_bundles
from firmware.inference.manifest import read_manifest
from firmware.library.melodies import DEFAULT_MELODY, bundled_melodies
from firmware.library.store import read_folder
from firmware.music.notes import Composition, Melody, Note
from firmware.music.transform import trim
from firmware.parameters import Technique, Value, parameters_for
from firmware.techniques.progress import finish


def settings(tmp_path: Path, technique: Technique = Technique.ENHANCE) -> Config:
    """A bundle of a technique, by its manifest: the fake studios take any folder for theirs."""
    shipped = shipped_bundles()["bach-arcnn"]
    manifest = replace(read_manifest(shipped / MANIFEST_FILE), technique=technique)
    folder = tmp_path / "fake"
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST_FILE).write_text(manifest.to_json())
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


@pytest.mark.parametrize(
    ("technique", "given"),
    [
        (Technique.ENHANCE, {"max_notes_added": 130, "creative_risk": 0.1}),
        (
            Technique.EXTEND,
            {"style": "quartet", "sampling_technique": "TopK", "max_rest_time": 0.25},
        ),
    ],
)
def test_the_knobs_are_turned_to_what_is_wanted(
    tmp_path: Path, melody: Melody, technique: Technique, given: dict[str, Value]
) -> None:
    wanted = parameters_for(technique, given)
    result = run_demo(
        melody,
        technique,
        0,
        tmp_path / "out",
        lambda *_: None,
        parameters=wanted,
        config=settings(tmp_path, technique),
        studio="fake_studio:FakeStudio",
    )
    assert result.record.technique is technique
    assert result.record.parameters == wanted.as_dict()
    assert read_folder(result.folder).parameters == wanted.as_dict()


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


def test_a_disk_that_takes_no_composition_is_told_at_once(
    tmp_path: Path, melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither waited for nor listened to: no frame is written after the bad news."""
    monkeypatch.setattr(simulation, "SILENCE_S", 20.0)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(LibraryError) as caught:
        run_demo(
            melody,
            Technique.ENHANCE,
            0,
            tmp_path / "out",
            lambda *_: None,
            config=settings(tmp_path),
            studio="fake_studio:FakeStudio",
        )
    assert "the composition was not saved: there is no room left" in caught.value.message
    assert caught.value.remedy
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_takes_no_pictures_says_where_the_composition_is(
    tmp_path: Path, melody: Melody
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / FRAMES_FOLDER).write_text("in the way")
    with pytest.raises(
        LibraryError, match=r"is kept in .*, but not the panel's pictures"
    ) as caught:
        run_demo(
            melody,
            Technique.ENHANCE,
            0,
            tmp_path / "out",
            lambda *_: None,
            config=settings(tmp_path),
            studio="fake_studio:FakeStudio",
        )
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir())
    assert str(folder) in caught.value.message
    assert read_folder(folder).melody == melody


def test_a_long_melody_leaves_no_more_frames_than_are_good(
    tmp_path: Path, melody: Melody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its film still shows all of it, from the count-in to the last note, in larger steps."""
    monkeypatch.setattr(demo, "MAX_FRAMES", 8)
    result = run_demo(
        melody,
        Technique.ENHANCE,
        0,
        tmp_path / "out",
        lambda *_: None,
        config=settings(tmp_path),
        studio="fake_studio:FakeStudio",
    )
    assert 4 <= len(result.frames) <= 8
    with Image.open(result.film) as film:
        assert sum(1 for _ in ImageSequence.Iterator(film)) == len(result.frames)


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
