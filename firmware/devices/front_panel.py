"""The front panel of a board file, put together from its drivers."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.devices.buttons import Buttons
from firmware.devices.display import Display
from firmware.devices.gpio_buttons import GpioButtons
from firmware.devices.gpio_knobs import GpioKnobs
from firmware.devices.gpio_leds import GpioLeds
from firmware.devices.gpio_lines import Lines
from firmware.devices.gpio_wires import GpioWires
from firmware.devices.knobs import KnobListener, Knobs
from firmware.devices.leds import Leds
from firmware.devices.loops import Loop
from firmware.devices.luma_panel import panel_maker
from firmware.devices.mcp3008 import HERTZ, Mcp3008
from firmware.devices.oled import OledDisplay, Panel
from firmware.devices.potentiometers import PotentiometerKnobs
from firmware.devices.spi_bus import open_spi
from firmware.devices.wires import Wires
from firmware.devices.wiring import BoardFile

NowNs = Callable[[], int]
MakePanel = Callable[[], Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPanel:
    """The devices that a hand touches and an eye sees.

    Attributes:
        buttons: What is pressed.
        knobs: What is turned.
        display: What is looked at.
        leds: What is lit.
        lines: What all of them are wired to; let go of last.
        loops: Of the threads that it hangs on.
        wires: What the parts are wired to, for its own test.
    """

    buttons: Buttons
    knobs: Knobs
    display: Display
    leds: Leds
    lines: Lines
    loops: tuple[Loop, ...]
    wires: Wires


def open_front_panel(
    board: BoardFile, lines: Lines, now_ns: NowNs, *, make_panel: MakePanel | None = None
) -> FrontPanel:
    """Every device of a board.

    Args:
        board: What is wired where.
        lines: The Pi's GPIO lines; let go of if this fails.
        now_ns: The clock of the devices.
        make_panel: Sets the display's panel up; luma.oled by default.

    Raises:
        DeviceError: If a library is missing or a line cannot be had. A display that does not
            answer is no error: it is looked for again and again.
    """
    try:
        leds = GpioLeds(lines, board.leds)
        converter = None
        if board.potentiometers:
            converter = Mcp3008(open_spi(board.converter_select, HERTZ))
        display = OledDisplay(make_panel or panel_maker(board.display, lines), now_ns)
    except BaseException:
        lines.close()
        raise
    knobs: Knobs = GpioKnobs(lines, board.encoders, now_ns, display.wake)
    turned: PotentiometerKnobs | None = None
    if converter is not None:
        turned = PotentiometerKnobs(converter.read, board.potentiometers, now_ns, display.wake)
        knobs = _AllKnobs(knobs, turned, converter)
    return FrontPanel(
        buttons=GpioButtons(lines, board.switches, now_ns, display.wake),
        knobs=knobs,
        display=display,
        leds=leds,
        lines=lines,
        loops=(display.loop,),
        wires=GpioWires(board, lines, turned),
    )


class _AllKnobs:
    """Encoders and potentiometers together."""

    def __init__(self, encoders: Knobs, turned: Knobs, converter: Mcp3008) -> None:
        self._encoders = encoders
        self._turned = turned
        self._converter = converter

    def open(self, listener: KnobListener) -> None:
        self._encoders.open(listener)
        self._turned.open(listener)

    def close(self) -> None:
        self._encoders.close()
        self._turned.close()
        self._converter.close()
