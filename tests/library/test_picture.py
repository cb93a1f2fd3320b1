"""The piano roll tells kept, added and removed notes apart, by colour and without it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from firmware.errors import LibraryError
from firmware.library import picture
from firmware.library.melodies import bundled_melodies
from firmware.library.picture import WIDTH, draw_piano_roll, note_name, piano_roll_picture
from firmware.music.notes import Composition, Melody, Note, Track

Colour = tuple[int, int, int]
HEAD = 126  # rows with title and legend, which show all three kinds


def note(beat: int, pitch: int) -> Note:
    return Note(start_ticks=beat * 480, pitch=pitch, duration_ticks=480)


def composition(notes: Iterable[Note]) -> Composition:
    return Composition(tracks=(Track(name="voice", notes=tuple(notes)),))


def places(image: Image.Image, colour: Colour) -> NDArray[np.intp]:
    """Where the grid shows a colour, edges that are smoothed aside: (n, 2), row and column."""
    pixels = np.asarray(image, dtype=np.int32)
    near = np.abs(pixels - np.array(colour)).sum(axis=2) < 40
    near[:HEAD] = False
    return np.argwhere(near)


def brightness(colour: Colour) -> float:
    """Relative luminance, as a black-and-white print shows it (ITU-R BT.709)."""
    red, green, blue = colour
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


KEPT, ADDED, REMOVED = note(0, 60), note(1, 64), note(2, 67)


@pytest.mark.parametrize(
    ("melody", "composed", "seen"),
    [
        ([KEPT], [KEPT], {picture.KEPT}),
        ([], [ADDED], {picture.ADDED}),
        ([REMOVED], [], {picture.REMOVED}),
        ([KEPT, REMOVED], [KEPT, ADDED], {picture.KEPT, picture.ADDED, picture.REMOVED}),
    ],
)
def test_each_kind_of_note_has_its_colour_and_no_other(
    melody: list[Note], composed: list[Note], seen: set[Colour]
) -> None:
    image = piano_roll_picture(Melody(notes=tuple(melody)), composition(composed))
    kinds = {picture.KEPT, picture.ADDED, picture.REMOVED}
    assert {kind for kind in kinds if len(places(image, kind)) > 20} == seen


def test_the_kinds_differ_in_brightness_too() -> None:
    """A reader who sees no hue still tells solid, pale and hollow apart."""
    kept, added = brightness(picture.KEPT), brightness(picture.ADDED)
    assert added - kept > 0.3
    hollow = piano_roll_picture(Melody(notes=(REMOVED,)), composition([]))
    solid = piano_roll_picture(Melody(notes=(KEPT,)), composition([KEPT]))
    assert len(places(hollow, picture.REMOVED)) < len(places(solid, picture.KEPT)) / 2


def test_a_note_lies_where_its_pitch_and_beat_are() -> None:
    """The note a bar later is further right, the higher one further up."""
    image = piano_roll_picture(Melody(notes=(note(4, 72),)), composition([note(0, 60)]))
    earlier, later = places(image, picture.ADDED), places(image, picture.REMOVED)
    assert later[:, 1].min() > earlier[:, 1].max()
    assert later[:, 0].max() < earlier[:, 0].min()


def test_a_long_piece_is_broken_into_lines_and_an_empty_one_is_drawn() -> None:
    tune = bundled_melodies()["ode-to-joy"]
    two = piano_roll_picture(tune, composition(tune.notes))
    five = piano_roll_picture(
        tune, composition([note(beat, 60 + beat % 12) for beat in range(16 * 16)])
    )
    assert two.width == five.width == WIDTH
    assert five.height > 2 * two.height
    assert piano_roll_picture(Melody(notes=()), Composition(tracks=())).height > 200


def test_a_very_long_piece_stays_a_picture_that_can_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its bars become narrower where the lines would become too many."""
    monkeypatch.setattr(picture, "_MAX_HEIGHT", 2000)
    long = composition([note(beat, 30 + beat % 80) for beat in range(0, 40_000, 40)])
    assert piano_roll_picture(Melody(notes=()), long).height <= 2500


def test_every_line_is_told_and_drawn_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one line at a time is ever held in the large form that gives smooth edges."""
    largest = 0
    make = Image.new

    def remember(mode: str, size: tuple[int, int], *more: object) -> Image.Image:
        nonlocal largest
        if size[0] > WIDTH:
            largest = max(largest, size[1])
        return make(mode, size, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "new", remember)
    told: list[tuple[int, int]] = []
    long = composition([note(beat, 60 + beat % 12) for beat in range(1000)])
    image = piano_roll_picture(
        Melody(notes=()), long, on_progress=lambda done, total: told.append((done, total))
    )
    lines = told[-1][1]
    assert told == [(line + 1, lines) for line in range(lines)]
    assert lines > 10
    assert 0 < largest < 2.5 * image.height / lines


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (69, "A4"), (61, "C#4"), (0, "C-1")])
def test_pitches_have_their_names(pitch: int, name: str) -> None:
    assert note_name(pitch) == name


def test_it_is_written_as_a_png(tmp_path: Path) -> None:
    tune = bundled_melodies()["fuer-elise"]
    path = tmp_path / "roll.png"
    draw_piano_roll(tune, composition(tune.notes), path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width == WIDTH


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """Nor is half a picture left where something is in the way of it."""
    with pytest.raises(LibraryError, match="cannot be written"):
        draw_piano_roll(Melody(notes=()), Composition(tracks=()), tmp_path / "no" / "x.png")
    (tmp_path / "x.png").mkdir()
    with pytest.raises(LibraryError, match="cannot be written"):
        draw_piano_roll(Melody(notes=()), Composition(tracks=()), tmp_path / "x.png")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
