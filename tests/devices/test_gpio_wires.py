"""The raw lines of a wired panel, on a simulated header, beside the drivers that judge them."""

import threading
from collections.abc import Callable

import pytest

from firmware.devices.board_file import load_board
from firmware.devices.controls import Button
from firmware.devices.front_panel import FrontPanel, open_front_panel
from firmware.devices.gpio_header import EdgeListener
from firmware.devices.gpio_lines import Lines
from firmware.devices.gpio_wires import NOISE, GpioWires
from firmware.devices.oled import Light, Panel
from firmware.devices.potentiometers import PotentiometerKnobs
from firmware.devices.simulated_header import SimulatedHeader
from firmware.devices.wires import Move
from firmware.devices.wiring import PotentiometerWiring
from firmware.errors import DeviceError

FULL = load_board("full")


class Blank:
    """A display that takes everything."""

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`."""

    def light(self, light: Light) -> None:
        """See `Panel.light`."""

    def close(self) -> None:
        """See `Panel.close`."""


def open_panel(header: SimulatedHeader, pressed: list[Button]) -> FrontPanel:
    def make() -> Panel:
        return Blank()

    panel = open_front_panel(FULL, Lines(header), lambda: 10**12, make_panel=make)
    panel.buttons.open(lambda button, _: pressed.append(button))
    panel.knobs.open(lambda *_: None)
    return panel


def close(panel: FrontPanel) -> None:
    for device in (panel.buttons, panel.knobs, panel.display, panel.leds, panel.lines):
        device.close()


def test_levels_come_first_then_every_move_and_the_buttons_work_all_the_while() -> None:
    header, pressed = SimulatedHeader(), list[Button]()
    panel = open_panel(header, pressed)
    moves: list[Move] = []
    header.move(13, high=False)
    panel.wires.listen(moves.append)
    inputs = [pin for pin, what in FULL.pins() if not what.startswith("leds.")]
    assert {move.wire: move.level for move in moves} == {
        f"GPIO{pin}": int(pin != 13) for pin in inputs
    }
    moves.clear()
    header.move(5, high=False)
    header.move(5, high=True)
    header.move(17, high=False)
    assert [(move.wire, move.level) for move in moves] == [
        ("GPIO5", 0),
        ("GPIO5", 1),
        ("GPIO17", 0),
    ]
    assert moves[0].at_ns <= moves[1].at_ns <= moves[2].at_ns
    assert pressed == [Button.PLAY, Button.RECORD]
    panel.wires.ignore()
    header.move(6, high=False)
    assert len(moves) == 3
    assert pressed[2:] == [Button.GENERATE]
    close(panel)


def test_a_listener_that_fails_costs_no_press(caplog: pytest.LogCaptureFixture) -> None:
    header, pressed = SimulatedHeader(), list[Button]()
    panel = open_panel(header, pressed)

    def fail(move: Move) -> None:
        if move.level == 0:
            raise ValueError("a listener's own fault")

    panel.wires.listen(fail)
    header.move(5, high=False)
    header.move(6, high=False)
    assert pressed == [Button.RECORD, Button.GENERATE]
    assert "an edge of GPIO5 was lost" in caplog.text
    close(panel)


def test_readings_are_told_while_somebody_listens_and_noise_is_not() -> None:
    readings = {0: 500, 3: 10}
    asked: list[int] = []
    turns = threading.Condition()

    def read(channel: int) -> int:
        with turns:
            asked.append(channel)
            turns.notify_all()
            return readings[channel]

    def wait(for_what: Callable[[], bool]) -> bool:
        with turns:
            return turns.wait_for(for_what, 10.0)

    wirings = [PotentiometerWiring(name="x", channel=0), PotentiometerWiring(name="y", channel=3)]
    knobs = PotentiometerKnobs(read, wirings, lambda: 7, read_s=0.001)
    knobs.open(lambda *_: None)
    wires = GpioWires(FULL, Lines(SimulatedHeader()), knobs)
    moves: list[Move] = []
    wires.listen(moves.append)
    assert wait(lambda: len(asked) > 8)
    assert moves == [Move("CH0", 500, 7), Move("CH3", 10, 7)], "though they turn nothing"
    readings[0] += NOISE - 1
    seen = len(asked)
    assert wait(lambda: len(asked) > seen + 4)
    readings[0] += 1
    seen = len(asked)
    assert wait(lambda: len(asked) > seen + 4)
    assert moves[2:] == [Move("CH0", 500 + NOISE, 7)]
    wires.ignore()
    knobs.close()


def test_a_line_that_cannot_be_read_is_one_sentence() -> None:
    class Broken(SimulatedHeader):
        def watch(self, number: int, listener: EdgeListener) -> Callable[[], bool]:
            super().watch(number, listener)

            def fail() -> bool:
                raise OSError("no such line")

            return fail

    lines = Lines(Broken())
    lines.watch(5, lambda *_: None)
    with pytest.raises(DeviceError, match="GPIO5 cannot be read: no such line"):
        GpioWires(FULL, lines).listen(lambda _: None)
