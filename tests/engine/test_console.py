"""Typed commands move the simulated devices."""

import os
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmware.devices.board import SimulatedBoard, simulated_board
from firmware.devices.controls import Button, Knob
from firmware.engine.console import Console
from firmware.library.melodies import bundled_melodies
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn


class Desk:
    """A console on a pipe, its board, and everything that comes of a command."""

    def __init__(self) -> None:
        self.board: SimulatedBoard = simulated_board(lambda: 0)
        self.pressed: list[Button] = []
        self.turned: list[tuple[Knob, int]] = []
        self.heard: list[MidiMessage] = []
        self.said: list[str] = []
        self.has_stopped = threading.Event()
        self.board.buttons.open(lambda button, _: self.pressed.append(button))
        self.board.knobs.open(lambda knob, clicks, _: self.turned.append((knob, clicks)))
        self.board.keyboard.open(lambda message, _: self.heard.append(message))
        self.reading, self.writing = os.pipe()
        self.console = Console(self.reading, self.board, self.said.append, self.has_stopped.set)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.console.close()
    for descriptor in (desk.reading, desk.writing):
        os.close(descriptor)


def test_every_button_and_knob_has_a_word(desk: Desk) -> None:
    for button in Button:
        desk.console.obey(button.value)
    assert desk.pressed == list(Button)
    for knob in Knob:
        desk.console.obey(f"{knob.value} -2")
    assert desk.turned == [(knob, -1) for knob in Knob for _ in range(2)]


def test_keys_and_the_cable(desk: Desk) -> None:
    for line in ("strike 60", "RELEASE 60", "unplug", "strike 61", "plug", "strike 62"):
        desk.console.obey(line)
    assert desk.heard == [
        NoteOn(pitch=60, velocity=80),
        NoteOff(pitch=60),
        NoteOn(pitch=62, velocity=80),
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("fly", "'fly' is no command; help lists them"),
        ("strike", "say a pitch as a whole number in 0..127"),
        ("strike 128", "say a pitch as a whole number in 0..127, got '128'"),
        ("value many", "say how many clicks as a whole number in -1000..1000, got 'many'"),
        ("value 12345678901", "say how many clicks as a whole number in -1000..1000"),
        ("wait -1", "say how many seconds as a whole number in 0..3600, got '-1'"),
        (f"wait 1{'0' * 30}", "say how many seconds as a whole number in 0..3600"),
        (f"wait {'9' * 5000}", "say how many seconds as a whole number in 0..3600"),
        ("melody yesterday", "there is no melody 'yesterday'"),
        ("help", "quit: switch off"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(
    desk: Desk, line: str, answer: str
) -> None:
    desk.console.obey(line)
    assert answer in desk.said[0]
    assert (desk.pressed, desk.turned, desk.heard) == ([], [], [])


def test_lines_are_read_in_whatever_pieces_they_come(desk: Desk) -> None:
    desk.console.start()
    os.write(desk.writing, b"record\npl")
    os.write(desk.writing, b"ay\n\nquit\n")
    assert desk.has_stopped.wait(20.0)
    assert desk.pressed == [Button.RECORD, Button.PLAY]


def read_whole(desk: Desk, path: Path) -> None:
    """Obey a file to its last line, which is quit."""
    with path.open("rb") as file:
        console = Console(file.fileno(), desk.board, desk.said.append, desk.has_stopped.set)
        with closing(console):
            console.start()
            assert desk.has_stopped.wait(20.0)


def test_the_lines_of_a_file_are_obeyed_the_last_one_without_its_end_too(
    desk: Desk, tmp_path: Path
) -> None:
    """As with `< commands.txt`; a refused command in between is answered and passed over."""
    (tmp_path / "commands.txt").write_text("record\nwait -1\nwait 0\nplay\nquit")
    read_whole(desk, tmp_path / "commands.txt")
    assert desk.pressed == [Button.RECORD, Button.PLAY]
    assert len(desk.said) == 1


def test_a_line_without_end_takes_no_memory_and_the_next_one_is_obeyed(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "zeros").write_bytes(bytes(1_000_000) + b"\nplay\nquit")
    tracemalloc.start()
    read_whole(desk, tmp_path / "zeros")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert desk.pressed == [Button.PLAY]
    assert [len(line) < 250 for line in desk.said] == [True]
    assert peak_bytes < 200_000


def test_a_melody_that_fingers_play_can_be_interrupted(desk: Desk) -> None:
    """It would take half a minute; closing twice does no harm."""
    desk.console.start()
    os.write(desk.writing, b"melody\n")
    desk.console.close()
    assert len(desk.heard) < len(next(iter(bundled_melodies().values())).notes)
