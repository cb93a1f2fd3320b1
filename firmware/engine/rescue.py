"""The page for an instrument that does not start: it says why, and takes a button for a new try.

It needs the front panel and nothing else of the instrument: no library, no model, no MIDI.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from firmware.config import Config, default_config, load_config
from firmware.devices.board_file import load_board
from firmware.devices.front_panel import FrontPanel, open_front_panel
from firmware.devices.gpio_lines import open_lines
from firmware.engine.clock import SystemClock
from firmware.errors import ConfigError, DeviceError
from firmware.panel.drawing import draw
from firmware.panel.views import MessageView

AGAIN_S: Final = 1.0
"""How often a screen that did not answer is tried again."""

REMEDY: Final = "a button tries again; over SSH, continuo doctor says more"

_REASONS: Mapping[str, str] = MappingProxyType(
    {
        # what systemd says of the last try: what the page says; systemd.exec(5), $SERVICE_RESULT
        "watchdog": "Continuo hung, and so did each new start",
        "signal": "Continuo crashed, and so did each new start",
        "core-dump": "Continuo crashed, and so did each new start",
        "oom-kill": "There is not enough memory for Continuo to start",
        "timeout": "Continuo takes too long to start",
    }
)


def rescue(environ: Mapping[str, str], *, open_panel: Callable[[str], FrontPanel]) -> None:
    """Show the page until a button is pressed.

    Args:
        environ: Where systemd says how the instrument ended.
        open_panel: Opens the front panel of a board's name.

    Raises:
        ContinuoError: If there is no front panel to show it on.
    """
    config, problem = _config(environ)
    sentence = problem or _REASONS.get(
        environ.get("MONITOR_SERVICE_RESULT", ""), "Continuo does not start"
    )
    image = draw(MessageView(sentence=sentence, remedy=REMEDY))
    panel = open_panel(config.board)
    try:
        pressed = threading.Event()
        panel.buttons.open(lambda *_: pressed.set(), lambda *_: None)
        panel.display.wake()
        while not pressed.is_set():
            with contextlib.suppress(DeviceError):  # a loose cable: it is tried again
                panel.display.show(image)
            pressed.wait(AGAIN_S)
    finally:
        panel.buttons.close()
        panel.knobs.close()
        panel.display.close()
        panel.leds.close()
        panel.lines.close()


def real_panel(board: str) -> FrontPanel:
    """The front panel of this machine.

    Raises:
        ContinuoError: If the board file cannot be, or the panel is not there.
    """
    return open_front_panel(load_board(board), open_lines(), SystemClock().now_ns)


def _config(environ: Mapping[str, str]) -> tuple[Config, str]:
    """The settings, and what is wrong with them: perhaps that is why nothing starts."""
    try:
        return load_config(environ), ""
    except ConfigError as error:
        return default_config(environ), error.message
