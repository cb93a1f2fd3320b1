"""When nothing starts any more, the screen says why, and a button is another try."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware.devices.board_file import load_board
from firmware.devices.buttons import SimulatedButtons
from firmware.devices.controls import Button
from firmware.devices.display import SimulatedDisplay
from firmware.devices.front_panel import FrontPanel
from firmware.devices.gpio_wires import GpioWires
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.leds import SimulatedLeds
from firmware.engine.rescue import REMEDY, rescue
from firmware.panel.drawing import draw
from firmware.panel.views import MessageView

PATIENCE_S = 5.0


@dataclass
class Hand:
    """A front panel, and somebody who presses a button when they have seen the page."""

    shown: list[bytes] = field(default_factory=list)
    boards: list[str] = field(default_factory=list)
    is_closed: bool = False
    is_loose: bool = False  # the screen's cable, for its first frame

    def open(self, board: str) -> FrontPanel:
        """Open the front panel of a board."""
        self.boards.append(board)
        buttons = SimulatedButtons(lambda: 0)

        def see(image: Image.Image) -> None:
            self.shown.append(image.tobytes())
            threading.Thread(target=buttons.press, args=(Button.PLAY,)).start()

        display = SimulatedDisplay(see)
        if self.is_loose:
            display.unplug()
            threading.Timer(0.05, display.plug_in).start()
        lines: Any = self
        return FrontPanel(
            buttons=buttons,
            knobs=SimulatedKnobs(lambda: 0),
            display=display,
            leds=SimulatedLeds(),
            lines=lines,
            loops=(),
            wires=GpioWires(load_board("full"), lines),
        )

    def close(self) -> None:
        """As its lines are let go of."""
        self.is_closed = True


def run(hand: Hand, environ: dict[str, str]) -> None:
    thread = threading.Thread(target=rescue, args=(environ,), kwargs={"open_panel": hand.open})
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("watchdog", "Continuo hung, and so did each new start"),
        ("oom-kill", "There is not enough memory for Continuo to start"),
        ("exit-code", "Continuo does not start"),
    ],
)
def test_the_page_says_why_until_a_button_is_pressed(
    tmp_path: Path, result: str, sentence: str
) -> None:
    hand = Hand()
    run(hand, {"HOME": str(tmp_path), "MONITOR_SERVICE_RESULT": result})
    assert hand.shown[0] == draw(MessageView(sentence=sentence, remedy=REMEDY)).tobytes()
    assert hand.boards == ["full"]
    assert hand.is_closed


def test_settings_that_cannot_be_are_the_reason_that_is_shown(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text("tempo_bpm = 999")
    hand = Hand()
    run(hand, {"HOME": str(tmp_path), "CONTINUO_CONFIG": str(settings)})
    says = f"{settings}: tempo_bpm must be a number in 40..220, got 999"
    assert hand.shown[0] == draw(MessageView(sentence=says, remedy=REMEDY)).tobytes()


def test_a_loose_cable_is_waited_for(tmp_path: Path) -> None:
    hand = Hand(is_loose=True)
    run(hand, {"HOME": str(tmp_path)})
    assert len(hand.shown) == 1
