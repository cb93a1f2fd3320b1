"""The drivers of the front panel on a simulated header: no hardware, no root."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from firmware.config import Config
from firmware.devices import board as board_module
from firmware.devices import gpio_header, gpio_lines, luma_panel
from firmware.devices.board import WiredBoard, open_board
from firmware.devices.board_file import load_board
from firmware.devices.buttons import BOUNCE_NS
from firmware.devices.controls import Button, Knob, Led
from firmware.devices.display import HEIGHT, WIDTH
from firmware.devices.front_panel import FrontPanel, open_front_panel
from firmware.devices.gpio_buttons import GpioButtons
from firmware.devices.gpio_leds import GpioLeds
from firmware.devices.gpio_lines import Lines, open_lines
from firmware.devices.midi_ports import SimulatedKeyboard, SimulatedSynthesizer
from firmware.devices.oled import Light
from firmware.devices.simulated_header import SimulatedHeader
from firmware.devices.wiring import BoardFile, LedWiring
from firmware.errors import ConfigError, DeviceError

PATIENCE_S = 10.0
MS_NS = 1_000_000
Eventually = Callable[[Callable[[], bool]], bool]


class Bench:
    """A Pi's lines with a clock that a test sets."""

    def __init__(self) -> None:
        self.header = SimulatedHeader()
        self.lines = Lines(self.header)
        self.now = 10**12
        self.edge_ns = 0

    def now_ns(self) -> int:
        """The clock."""
        return self.now

    def move(self, number: int, *, high: bool, after_ns: int = 10 * MS_NS) -> None:
        """Change a line's level so long after the last change of any."""
        self.edge_ns += after_ns
        self.header.move(number, high=high, at_ns=self.edge_ns)

    def is_high(self, number: int) -> bool:
        """A line's level."""
        return self.header.levels.get(number, True)


class FakePanel:
    """A panel that remembers."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self.is_closed = False

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`."""
        self.rows[page] = content

    def light(self, light: Light) -> None:
        """See `Panel.light`."""
        del light

    def close(self) -> None:
        """See `Panel.close`."""
        self.is_closed = True


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def full() -> BoardFile:
    return load_board("full")


def open_panel(bench: Bench, board: BoardFile) -> FrontPanel:
    return open_front_panel(board, bench.lines, bench.now_ns, make_panel=FakePanel)


def close(panel: FrontPanel) -> None:
    for device in (panel.buttons, panel.knobs, panel.display, panel.leds, panel.lines):
        device.close()


def test_what_is_pressed_and_turned_arrives_under_its_name(bench: Bench, full: BoardFile) -> None:
    panel = open_panel(bench, full)
    heard: list[object] = []
    try:
        panel.buttons.open(lambda button, at_ns: heard.append((button, at_ns)))
        panel.knobs.open(lambda knob, clicks, at_ns: heard.append((knob, clicks, at_ns)))
        for button in full.buttons:
            bench.move(button.pin, high=False)
            bench.move(button.pin, high=True)
        menu = full.encoders[0]
        for number, high in ((menu.a, False), (menu.b, False), (menu.a, True), (menu.b, True)):
            bench.move(number, high=high)
        for number, high in ((menu.b, False), (menu.a, False), (menu.b, True), (menu.a, True)):
            bench.move(number, high=high)
        assert menu.push is not None
        bench.move(menu.push.pin, high=False)
    finally:
        close(panel)
    now = bench.now
    assert heard == [
        (Button.RECORD, now),
        (Button.GENERATE, now),
        (Button.PLAY, now),
        (Button.BACK, now),
        (Knob.SELECT, 1, now),
        (Knob.SELECT, -1, now),
        (Button.ENTER, now),
    ]


def test_a_bouncing_contact_is_one_press(bench: Bench, full: BoardFile) -> None:
    heard: list[Button] = []
    buttons = GpioButtons(bench.lines, full.switches, bench.now_ns)
    buttons.open(lambda button, _: heard.append(button))
    pin = full.buttons[0].pin
    try:
        for _ in range(3):
            for closes in (True, False):
                bench.move(pin, high=not closes, after_ns=BOUNCE_NS)
                for _ in range(5):
                    bench.move(pin, high=closes, after_ns=MS_NS // 4)
                    bench.move(pin, high=not closes, after_ns=MS_NS // 4)
    finally:
        buttons.close()
        bench.lines.close()
    assert heard == [Button.RECORD] * 3


def test_a_button_that_is_held_is_pressed_long(
    bench: Bench, full: BoardFile, eventually: Eventually
) -> None:
    """Record has a long press of its own name, play's is stop, which has one then; each once."""
    heard: list[tuple[str, Button]] = []
    buttons = GpioButtons(bench.lines, full.switches, time.monotonic_ns, long_press_ns=50 * MS_NS)
    buttons.open(
        lambda button, _: heard.append(("press", button)),
        lambda button, _: heard.append(("long", button)),
    )
    record, _, play, back = (button.pin for button in full.buttons)
    try:
        bench.move(back, high=False)
        bench.move(back, high=True)
        bench.move(record, high=False)
        bench.move(play, high=False)
        assert eventually(lambda: len(heard) >= 6)
        assert sorted(heard) == sorted(
            [
                ("press", Button.BACK),
                ("press", Button.RECORD),
                ("press", Button.PLAY),
                ("long", Button.RECORD),
                ("press", Button.STOP),
                ("long", Button.STOP),
            ]
        )
    finally:
        buttons.close()
        bench.lines.close()


def test_a_lost_edge_makes_no_long_press_of_a_short_one(
    bench: Bench, full: BoardFile, eventually: Eventually
) -> None:
    heard: list[Button] = []
    buttons = GpioButtons(bench.lines, full.switches, time.monotonic_ns, long_press_ns=50 * MS_NS)
    buttons.open(lambda _button, _: None, lambda button, _: heard.append(button))
    record, generate = full.buttons[0].pin, full.buttons[1].pin
    try:
        bench.move(record, high=False)
        bench.header.levels[record] = True  # it opens, and nobody tells
        bench.move(generate, high=False)
        assert eventually(lambda: bool(heard))
    finally:
        buttons.close()
        bench.lines.close()
    assert heard == [Button.GENERATE]


def test_an_exception_loses_only_its_own_step(
    bench: Bench, full: BoardFile, caplog: pytest.LogCaptureFixture
) -> None:
    panel = open_panel(bench, full)
    heard: list[int] = []

    def listener(_knob: Knob, clicks: int, _at_ns: int) -> None:
        heard.append(clicks)
        if len(heard) == 1:
            raise RuntimeError("the first goes wrong")

    menu = full.encoders[0]
    try:
        panel.knobs.open(listener)
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                for number, high in (
                    (menu.a, False),
                    (menu.b, False),
                    (menu.a, True),
                    (menu.b, True),
                ):
                    bench.move(number, high=high)
    finally:
        close(panel)
    assert heard == [1, 1, 1]
    assert [record.message for record in caplog.records] == [f"an edge of GPIO{menu.b} was lost"]


def test_a_light_that_stands_for_two_shines_while_one_of_them_does(bench: Bench) -> None:
    leds = GpioLeds(bench.lines, [LedWiring(name="work", pin=10, lights=(Led.GENERATE, Led.PLAY))])
    levels = []
    for led, on in (
        (Led.GENERATE, True),
        (Led.PLAY, True),
        (Led.GENERATE, False),
        (Led.RECORD, False),
        (Led.PLAY, False),
        (Led.RECORD, True),
    ):
        leds.light(led, on=on)
        levels.append(bench.is_high(10))
    assert levels == [True, True, True, True, False, False]
    leds.light(Led.PLAY, on=True)
    leds.close()
    assert not bench.is_high(10)


def test_every_touch_wakes_the_display_also_where_it_does_nothing(
    bench: Bench, full: BoardFile
) -> None:
    panel = open_panel(bench, full)
    woken: list[int] = []
    panel.display.close()
    buttons = GpioButtons(
        bench.lines, full.switches, bench.now_ns, on_touch=lambda: woken.append(1)
    )
    buttons.open(lambda _button, _: pytest.fail("the push of risk does nothing today"))
    push = full.encoders[1].push
    assert push is not None
    bench.move(push.pin, high=False)
    buttons.close()
    panel.lines.close()
    assert woken == [1]


def test_a_closed_panel_tells_nothing_and_is_dark(bench: Bench, full: BoardFile) -> None:
    panel = open_panel(bench, full)
    heard: list[object] = []
    panel.buttons.open(lambda *event: heard.append(event))
    panel.knobs.open(lambda *event: heard.append(event))
    panel.leds.light(Led.RECORD, on=True)
    close(panel)
    assert not any(bench.is_high(pin) for pin, what in full.pins() if what.startswith("leds."))
    for number, _ in full.pins():
        for high in (False, True, False, True):
            bench.move(number, high=high)
    assert heard == []
    assert threads() == set()


def test_nothing_is_left_after_two_hundred_times(full: BoardFile) -> None:
    """Threads, files and listeners: as many at the end as after the first time."""
    counts = []
    for _ in range(200):
        bench = Bench()
        panel = open_panel(bench, full)
        panel.buttons.open(lambda *_: None)
        panel.knobs.open(lambda *_: None)
        panel.display.show(Image.new("1", (WIDTH, HEIGHT)))
        close(panel)
        counts.append((len(threads()), len(os.listdir("/proc/self/fd"))))
    assert counts[-1] == counts[0]
    assert counts[-1][0] == 0


def threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("continuo-")}


def test_the_real_board_has_the_panel_and_the_midi_ports(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_front_panel
    monkeypatch.setattr(board_module, "open_lines", lambda: bench.lines)
    monkeypatch.setattr(
        board_module,
        "open_front_panel",
        lambda *arguments: opened(*arguments, make_panel=FakePanel),
    )
    ports = ((SimulatedKeyboard(bench.now_ns),), SimulatedSynthesizer(bench.now_ns))
    monkeypatch.setattr(board_module, "open_keyboards", lambda *_: ports)
    board = open_board(Config(library=Path("/music"), board="small"), bench.now_ns)
    heard: list[Button] = []
    board.buttons.open(lambda button, _: heard.append(button))
    bench.move(load_board("small").buttons[0].pin, high=False)
    assert isinstance(board, WiredBoard)
    assert board.wires is board.panel.wires
    board.close()
    assert heard == [Button.RECORD]
    assert threads() == set()
    assert bench.header.taken == set()


def test_without_midi_the_panel_is_let_go_of_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_front_panel
    monkeypatch.setattr(board_module, "open_lines", lambda: bench.lines)
    monkeypatch.setattr(
        board_module,
        "open_front_panel",
        lambda *arguments: opened(*arguments, make_panel=FakePanel),
    )

    def no_midi(*_: object) -> None:
        raise DeviceError("no MIDI system runs here")

    monkeypatch.setattr(board_module, "open_keyboards", no_midi)
    with pytest.raises(DeviceError, match="no MIDI"):
        open_board(Config(library=Path("/music")), bench.now_ns)
    assert threads() == set()
    assert bench.header.taken == set()


def test_what_is_missing_is_one_sentence(
    bench: Bench, full: BoardFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="there is no board 'big'"):
        open_board(Config(library=Path("/music"), board="big"), bench.now_ns)
    monkeypatch.setitem(sys.modules, "luma.oled.device", None)
    with pytest.raises(DeviceError, match="is missing, without which there is no display"):
        luma_panel.panel_maker(full.display, bench.lines)


def test_lines_that_cannot_be_opened_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = gpio_header.open_header
    monkeypatch.setattr(gpio_lines, "open_header", lambda: real(tmp_path))
    with pytest.raises(DeviceError, match=r"no GPIO lines here: no chip of .* \(a Raspberry"):
        open_lines()


def test_a_line_that_is_not_there_is_one_sentence_and_the_others_are_let_go_of(
    bench: Bench, full: BoardFile
) -> None:
    broken = replace(full, leds=(*full.leds, LedWiring(name="x", pin=77, lights=(Led.PLAY,))))
    with pytest.raises(DeviceError, match="GPIO77 cannot be driven"):
        open_panel(bench, broken)
    assert bench.header.taken == set()
    assert threads() == set()
