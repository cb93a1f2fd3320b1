"""Everything fits into the printed box, and what does not is told in a sentence."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.devices.board_file import load_board, read_board, shipped_boards
from firmware.devices.wiring import BoardFile, Position, Screen
from firmware.errors import ConfigError
from hardware.enclosure import __main__ as command
from hardware.enclosure import checks, printing
from hardware.enclosure.geometry import block, cylinder
from hardware.enclosure.layout import Layout, lay_out
from hardware.enclosure.lettering import Label
from hardware.enclosure.mounting import Wall
from hardware.enclosure.parts import (
    BUTTON,
    DISPLAYS,
    ENCODER,
    LED,
    POTENTIOMETER,
    SOUND_MODULE,
)
from hardware.enclosure.raspberry_pi import OF_MODEL


def moved(board: BoardFile, name: str, to: Position) -> BoardFile:
    """A board with one part elsewhere, such as `encoders.risk`."""
    if name == "display":
        return replace(board, display=replace(board.display, position_mm=to))
    kind, _, which = name.partition(".")
    parts = getattr(board, kind)
    assert which in {part.name for part in parts}
    rest = tuple(replace(part, position_mm=to) if part.name == which else part for part in parts)
    return replace(board, **{kind: rest})  # type: ignore[arg-type]


def resized(board: BoardFile, **changes: Any) -> BoardFile:
    assert board.enclosure is not None
    return replace(board, enclosure=replace(board.enclosure, **changes))


def with_screen(board: BoardFile, screen: Screen) -> BoardFile:
    return replace(board, display=replace(board.display, screen=screen))


@pytest.mark.parametrize("screen", Screen)
@pytest.mark.parametrize("name", shipped_boards())
def test_each_board_fits_with_either_display(name: str, screen: Screen) -> None:
    """The display of the board file, and the other size for who has that."""
    assert checks.problems(lay_out(with_screen(load_board(name), screen))) == ()


def test_the_full_board_fits_with_potentiometers_too() -> None:
    """The variant in the comment at the end of its file."""
    board = load_board("full")
    text = "[potentiometers.first]\nchannel = 0\nposition_mm = [62, 62]\n"
    text += "[potentiometers.second]\nchannel = 1\nposition_mm = [102.5, 62]\n"
    head = 'name = "x"\nmodels = ["x"]\n[display]\ncontroller = "ssd1306"\n'
    encoders = tuple(e for e in board.encoders if e.name in ("menu", "risk"))
    potentiometers = read_board(head + text).potentiometers
    board = replace(board, encoders=encoders, potentiometers=potentiometers)
    layout = lay_out(board)
    assert checks.problems(layout) == ()
    assert {c.name for c in layout.controls} >= {"potentiometers.first", "potentiometers.second"}


@pytest.mark.parametrize("name", shipped_boards())
def test_every_part_of_the_board_file_is_on_the_panel(name: str) -> None:
    board = load_board(name)
    layout = lay_out(board)
    placed = {control.name: control.middle for control in layout.controls}
    placed["display"] = layout.screen.window.middle
    assert placed == {what: position for position, what in board.positions()}
    assert board.enclosure is not None
    assert layout.size == (*board.enclosure.panel_mm, board.enclosure.height_mm)


def test_a_planted_overlap_is_a_sentence_that_names_both_parts() -> None:
    board = moved(load_board("full"), "encoders.first", (29, 62))
    found = checks.problems(lay_out(board))
    assert any("encoders.risk and encoders.first are 0.0 mm apart inside" in f for f in found)
    assert any("encoders.risk and encoders.first are 0.0 mm apart on the panel" in f for f in found)


def test_a_knob_over_the_plugs_of_the_header_is_found_by_its_height() -> None:
    """Seen from above all encoders are free there: the plugs below reach up to them."""
    found = checks.problems(lay_out(moved(load_board("full"), "encoders.second", (128, 62))))
    said = "the plugs on its header (Raspberry Pi 4 or 5) and encoders.second are 0.0 mm apart"
    assert any(said in sentence for sentence in found), found


Planted = Callable[[pytest.MonkeyPatch], Layout]


def changed_board(change: Callable[[BoardFile], BoardFile], name: str = "full") -> Planted:
    return lambda _: lay_out(change(load_board(name)))


def changed_figure(figure: str, value: object) -> Planted:
    """A layout checked against another figure of the printer's."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> Layout:
        assert hasattr(printing, figure)
        monkeypatch.setattr(checks, figure, value)
        return lay_out(load_board("full"))

    return plant


def changed_socket(**changes: Any) -> Planted:
    """The first opening in the back wall, changed."""

    def plant(_: pytest.MonkeyPatch) -> Layout:
        layout = lay_out(load_board("full"))
        at = next(i for i, socket in enumerate(layout.sockets) if socket.wall is Wall.BACK)
        socket = replace(layout.sockets[at], **changes)
        return replace(layout, sockets=(*layout.sockets[:at], socket, *layout.sockets[at + 1 :]))

    return plant


def changed_control(**changes: Any) -> Planted:
    """The first control, changed."""

    def plant(_: pytest.MonkeyPatch) -> Layout:
        layout = lay_out(load_board("full"))
        first = replace(layout.controls[0], **changes)
        return replace(layout, controls=(first, *layout.controls[1:]))

    return plant


def wider_window(_: pytest.MonkeyPatch) -> Layout:
    layout = lay_out(load_board("small"))
    window = layout.screen.window.grown(2.0)
    return replace(layout, screen=replace(layout.screen, window=window))


THICK = replace(ENCODER, panel_mm=(1.2, 1.9))

PLANTED: tuple[tuple[Callable[..., object], Planted, str], ...] = (
    (
        checks.fits_the_bed,
        changed_board(lambda b: resized(b, panel_mm=(201.0, 120.0))),
        "the box is 201 mm wide, and the printing bed 200 mm",
    ),
    (
        checks.nothing_touches,
        changed_board(lambda b: moved(b, "leds.work", (75.5, 94.0))),
        "display and leds.work are 0.0 mm apart inside the box, and need 1 mm",
    ),
    (
        checks.nothing_leaves_the_shell,
        changed_board(lambda b: resized(b, height_mm=33.5)),
        "the plugs on its header (Raspberry Pi 4 or 5) reaches the panel: 30.8 mm of 30.5 mm",
    ),
    (
        checks.nothing_leaves_the_shell,
        changed_board(lambda b: moved(b, "encoders.menu", (9.0, 94.0))),
        "encoders.menu does not keep clear of the walls",
    ),
    (
        checks.fingers_have_room,
        changed_board(lambda b: moved(b, "buttons.play", (72.0, 22.0))),
        "buttons.generate and buttons.play are 5.3 mm apart on the panel, and need 6 mm",
    ),
    (
        checks.fingers_have_room,
        changed_board(lambda b: moved(b, "buttons.back", (102.5, 10.0))),
        "buttons.back is 0.9 mm from the panel's edge, and needs 2 mm",
    ),
    (
        checks.holes_match_the_parts,
        changed_control(hole_mm=12.0),
        "the hole for buttons.record is 12 mm for 12 mm",
    ),
    (
        checks.holes_match_the_parts,
        changed_control(part=THICK, hole_mm=7.3),
        "the panel is 2 mm thick at buttons.record, and its part needs 1.2 to 1.9 mm",
    ),
    (
        checks.the_display_shows,
        wider_window,
        "the window's width is 27.74 mm, and the glass has 26.7 mm",
    ),
    (
        checks.sockets_are_reached,
        changed_socket(opening=(168.0, 183.5)),
        "the opening for USB or Ethernet covers a part of the socket",
    ),
    (
        checks.sockets_are_reached,
        changed_socket(face=118.0),
        "USB or Ethernet ends 2.0 mm behind the outside, and may 0.5 mm",
    ),
    (
        checks.walls_hold,
        changed_figure("FOOT_MM", (10.6, 1.6)),
        "the floor over a foot's hollow is 0.80 mm thick, and needs 1.2 mm",
    ),
    (
        checks.walls_hold,
        changed_socket(opening=(165.5, 183.5)),
        "the openings for USB or Ethernet and USB are 0.7 mm apart, and need 1.2 mm",
    ),
    (
        checks.walls_hold,
        changed_socket(height=(8.3, 30.0)),
        "the boss at the back right is in the opening for USB or Ethernet",
    ),
    (
        checks.labels_fit,
        changed_board(lambda b: resized(b, title_mm=(164.3, 23.0))),
        "the label CONTINUO is 1.0 mm from the panel's edge",
    ),
    (
        checks.labels_fit,
        changed_board(lambda b: resized(b, title_mm=(156.0, 38.0))),
        "the label CONTINUO and the panel's vents are 0.0 mm apart on the panel",
    ),
    (
        checks.labels_are_seen,
        changed_board(lambda b: moved(b, "encoders.menu", (21.5, 94.0))),
        "the label MENU is hidden behind encoders.risk",
    ),
    (
        checks.the_board_slides_in,
        changed_board(lambda b: resized(b, panel_mm=(190.0, 92.0))),
        "Raspberry Pi 4 or 5 has 1.4 mm to be slid 2.2 mm",
    ),
)


@pytest.mark.parametrize(("rule", "plant", "said"), PLANTED)
def test_what_does_not_fit_is_told(
    rule: Callable[[Layout], Any], plant: Planted, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(rule(plant(monkeypatch)))
    assert any(said in sentence for sentence in found), found


def test_every_rule_was_seen_to_fail() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(checks.RULES)


def test_distances_are_those_of_rounded_boxes() -> None:
    post = cylinder("post", (0, 0), 4, (0, 10))
    assert post.gap(cylinder("other", (0, 5), 2, (0, 10))) == pytest.approx(2)
    assert post.gap(block("box", (7, 8), (8, 8), (5, 20))) == pytest.approx(5 - 2)
    assert post.gap(block("above", (0, 0), (50, 50), (13, 20))) == pytest.approx(3)
    assert post.gap(block("around", (0, 0), (50, 50), (3, 4))) == 0
    assert post.grown(1).size == (6, 6, 10)


@pytest.mark.parametrize("name", shipped_boards())
def test_a_label_keeps_to_its_room(name: str) -> None:
    for label in lay_out(load_board(name)).labels:
        xs, ys = zip(*itertools.chain.from_iterable(label.strokes()), strict=True)
        room, half = label.room, label.stroke_mm / 2
        assert room.left == pytest.approx(min(xs) - half)
        assert room.right == pytest.approx(max(xs) + half)
        assert room.front == pytest.approx(min(ys) - half)
        assert room.back == pytest.approx(max(ys) + half)


def test_no_two_letters_look_the_same() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    shapes = {
        Label(text=letter, middle=(0, 0), height_mm=6, stroke_mm=1).strokes() for letter in letters
    }
    assert len(shapes) == len(letters)


def test_a_name_that_cannot_be_engraved_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'KNÖPF' has a 'Ö', which cannot be engraved \(capital"):
        Label(text="KNÖPF", middle=(0, 0), height_mm=4, stroke_mm=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"enclosure": None}, r"board full has no \[enclosure\] \(panel_mm and height_mm\)"),
        ({"models": ("Raspberry Pi 3",)}, "is for Raspberry Pi 3, and an enclosure is known for"),
        ({"models": tuple(OF_MODEL)}, "is for models of different outlines"),
    ],
)
def test_a_board_without_a_box_is_told(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        lay_out(replace(load_board("full"), **change))


def test_the_command_builds_nothing_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded = moved(load_board("full"), "encoders.first", (29, 62))
    monkeypatch.setattr(command, "load_board", lambda _: crowded)
    assert command.main(["full", "-o", str(tmp_path)]) == 1
    assert "full: encoders.risk and encoders.first are 0.0 mm apart" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_sources_are_named_for_every_part() -> None:
    """Outlines are no guesses: each says where it is from."""
    sources = [part.source for part in (BUTTON, ENCODER, LED, POTENTIOMETER)]
    sources += [module.source for module in DISPLAYS.values()]
    assert all(len(source) > 40 for source in (*sources, SOUND_MODULE.source))
    assert len(set(sources)) == len(sources)
