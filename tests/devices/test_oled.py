"""The OLED: what is shown arrives, once, and comes back after whatever happened to its bus."""

import gc
import threading
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware.devices import luma_panel
from firmware.devices.display import HEIGHT, WIDTH
from firmware.devices.gpio_lines import Lines
from firmware.devices.luma_panel import LumaPanel, panel_maker
from firmware.devices.oled import (
    RETRY_NS,
    SECOND_NS,
    Care,
    Light,
    OledDisplay,
    Panel,
    PanelWriter,
    as_pages,
    shifted,
)
from firmware.devices.simulated_header import SimulatedHeader
from firmware.devices.wiring import Bus, Controller, DisplayWiring
from firmware.errors import DeviceError

pytest.importorskip("luma.oled", reason="luma.oled is not installed")

Eventually = Callable[[Callable[[], bool]], bool]
START_NS = 1000 * 60 * SECOND_NS  # the picture stands unshifted then
MINUTE_NS = 60 * SECOND_NS


def picture(seed: int = 1) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 2, (HEIGHT, WIDTH), dtype=np.uint8)
    return Image.fromarray(pixels * 255).convert("1", dither=Image.Dither.NONE)


class Glass:
    """A panel's chip at the end of a serial interface, as the data sheets describe its memory.

    Attributes:
        memory: (8, 132) rows of eight pixels below each other.
        written: Bytes of content that it was sent.
        answers: Whether it does.
    """

    def __init__(self) -> None:
        self.memory = np.full((8, 132), 0xAA, dtype=np.uint8)  # whatever it holds at power-on
        self.is_on = False
        self.contrast = 0
        self.written = 0
        self.answers = True
        self.is_closed = False
        self._columns = (0, 131)
        self._pages = (0, 7)
        self._page = self._column = 0

    def command(self, *words: int) -> None:
        """Take a command with its arguments."""
        self._must_answer()
        match words:
            case (0x21, first, last, 0x22, page, last_page):
                self._columns, self._pages = (first, last), (page, last_page)
                self._page, self._column = page, first
            case (page, low, high) if 0xB0 <= page <= 0xB7:
                self._page, self._column = page - 0xB0, (high & 0x0F) << 4 | low
                self._columns, self._pages = (0, 131), (self._page, self._page)
            case (0x81, level):
                self.contrast = level
            case (0xAE,) | (0xAF,):
                self.is_on = words == (0xAF,)
            case _:
                assert words[0] == 0xAE, f"no such command: {words}"

    def data(self, content: list[int]) -> None:
        """Store where the commands before say."""
        self._must_answer()
        assert self.is_on or self._is_blank(content)
        for byte in content:
            self.memory[self._page, self._column] = byte
            self._column += 1
            if self._column > self._columns[1]:
                self._column = self._columns[0]
                self._page = self._page + 1 if self._page < self._pages[1] else self._pages[0]
        self.written += len(content)

    def cleanup(self) -> None:
        """Let go of the bus."""
        self.is_closed = True

    @staticmethod
    def _is_blank(content: list[int]) -> bool:
        return not any(content)

    def _must_answer(self) -> None:
        if not self.answers:
            raise OSError(121, "Remote I/O error")


def seen(glass: Glass, controller: Controller) -> Image.Image:
    """What is on the glass."""
    left = 2 if controller is Controller.SH1106 else 0
    rows = glass.memory[:, None, left : left + WIDTH]
    pixels = np.unpackbits(rows, axis=1, bitorder="little").reshape(HEIGHT, WIDTH)
    return Image.fromarray(pixels * 255).convert("1", dither=Image.Dither.NONE)


class Recorder:
    """A panel that remembers what it was told, and fails when it is told to."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.fails = False
        self.is_closed = False

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`."""
        if self.fails:
            raise DeviceError("the display does not answer")
        self.told.append((page, content))

    def light(self, light: Light) -> None:
        """See `Panel.light`."""
        if self.fails:
            raise DeviceError("the display does not answer")
        self.told.append(light)

    def close(self) -> None:
        """See `Panel.close`."""
        self.is_closed = True


class Workshop:
    """Makes panels, unless the cable is out."""

    def __init__(self) -> None:
        self.made: list[Recorder] = []
        self.tries: list[int] = []
        self.now = START_NS
        self.cable_is_out = False

    def make(self) -> Panel:
        """One more panel."""
        self.tries.append(self.now)
        if self.cable_is_out:
            raise DeviceError("the display does not answer", remedy="check its cable")
        self.made.append(Recorder())
        return self.made[-1]

    def lights(self) -> list[object]:
        """How bright the last one was made, in order."""
        return [told for told in self.made[-1].told if isinstance(told, Light)]

    def pages(self) -> list[int]:
        """Which rows of the last one were written, in order."""
        return [told[0] for told in self.made[-1].told if isinstance(told, tuple)]


@pytest.mark.parametrize("controller", Controller)
@pytest.mark.parametrize("upside_down", [False, True])
def test_every_chip_shows_the_frame(controller: Controller, *, upside_down: bool) -> None:
    glass = Glass()
    wiring = DisplayWiring(controller=controller, upside_down=upside_down)
    panel = LumaPanel(wiring, glass)
    assert glass.is_on
    assert not any(seen(glass, controller).tobytes()), "blank, once it is set up"
    frame = picture()
    for page, content in enumerate(as_pages(frame)):
        panel.write(page, content.tobytes())
    expected = frame.rotate(180) if upside_down else frame
    assert seen(glass, controller).tobytes() == expected.tobytes()


def test_it_is_dimmed_switched_off_and_on_and_off_at_the_end() -> None:
    glass = Glass()
    panel = LumaPanel(DisplayWiring(controller=Controller.SSD1306), glass)
    assert glass.contrast == Light.FULL.value
    panel.light(Light.DIM)
    assert (glass.is_on, glass.contrast) == (True, Light.DIM.value)
    panel.light(Light.OFF)
    assert not glass.is_on
    panel.light(Light.FULL)
    assert (glass.is_on, glass.contrast) == (True, Light.FULL.value)
    panel.close()
    assert (glass.is_on, glass.is_closed) == (False, True)


def test_a_chip_that_does_not_answer_is_one_sentence_and_its_bus_is_let_go_of() -> None:
    glass = Glass()
    glass.answers = False
    with pytest.raises(DeviceError, match="the display does not answer: "):
        LumaPanel(DisplayWiring(controller=Controller.SSD1306), glass)
    assert glass.is_closed
    glass = Glass()
    panel = LumaPanel(DisplayWiring(controller=Controller.SSD1306), glass)
    glass.answers = False
    with pytest.raises(DeviceError):
        panel.write(0, bytes(WIDTH))
    with pytest.raises(DeviceError):
        panel.light(Light.DIM)
    panel.close()
    assert glass.is_closed


def test_the_maker_opens_the_bus_of_the_board_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """I²C by its address; SPI through our own bus and lines, with reset and D/C."""
    opened: list[tuple[int, int]] = []

    class Serials:
        @staticmethod
        def i2c(port: int, address: int) -> Glass:
            opened.append((port, address))
            return Glass()

    real = luma_panel._library
    lines = Lines(SimulatedHeader())
    with monkeypatch.context() as patch:
        patch.setattr(
            luma_panel, "_library", lambda n: Serials if n.endswith("serial") else real(n)
        )
        panel_maker(DisplayWiring(controller=Controller.SH1106, address=0x3D), lines)().close()
    assert opened == [(1, 0x3D)]

    class Spi:
        def __init__(self, chip_select: int, hertz: int) -> None:
            assert chip_select == 1
            self.hertz = hertz
            self.sent = 0

        def transfer(self, content: Sequence[int]) -> Sequence[int]:
            self.sent += len(content)
            return content

        def close(self) -> None:
            opened.append((self.hertz, self.sent))

    levels: list[tuple[int, bool]] = []
    monkeypatch.setattr(luma_panel, "open_spi", Spi)
    monkeypatch.setattr(
        lines, "output", lambda number: lambda high: levels.append((number, bool(high)))
    )
    wiring = DisplayWiring(
        controller=Controller.SSD1309, bus=Bus.SPI, chip_select=1, data_command=24, reset=25
    )
    make = panel_maker(wiring, lines)
    for _ in range(2):
        make().close()
    assert levels[:2] == [(25, False), (25, True)], "reset first"
    assert {(24, False), (24, True)} <= set(levels)
    hertz, sent = opened[-1]
    assert hertz == 8_000_000
    assert sent > WIDTH * HEIGHT // 8


def test_an_unchanged_frame_sends_nothing_and_a_changed_pixel_one_row() -> None:
    workshop = Workshop()
    writer = PanelWriter(workshop.make, Care())
    frame = Image.new("1", (WIDTH, HEIGHT), 255)
    writer.step(frame, START_NS, START_NS)
    assert workshop.pages() == list(range(8))
    writer.step(frame.copy(), START_NS, START_NS + 1)
    assert len(workshop.pages()) == 8
    frame.putpixel((5, 17), 0)
    writer.step(frame, START_NS, START_NS + 2)
    assert workshop.pages()[8:] == [2]


def test_a_panel_that_failed_is_made_anew_within_two_seconds_one_try_at_a_time() -> None:
    workshop = Workshop()
    writer = PanelWriter(workshop.make, Care())
    frame = picture()
    writer.step(frame, START_NS, START_NS)
    first = workshop.made[0]
    first.fails = workshop.cable_is_out = True
    changed = picture(2)
    now = START_NS + SECOND_NS
    due = writer.step(changed, START_NS, now)
    assert first.is_closed
    assert writer.error is not None
    workshop.tries.clear()
    for _ in range(100):  # whoever calls in between changes nothing
        assert writer.step(changed, START_NS, now + 1) == due
    assert workshop.tries == []
    assert due - now <= RETRY_NS <= 2 * SECOND_NS
    for _ in range(5):
        workshop.now = due
        due = writer.step(changed, START_NS, due)
    assert np.diff(workshop.tries).tolist() == [RETRY_NS] * 4
    workshop.cable_is_out = False
    writer.step(frame, START_NS, due)
    assert writer.error is None
    assert len(workshop.made) == 2
    assert workshop.pages() == list(range(8)), "all of it, since the new one is blank"


def test_without_touch_it_is_dimmed_and_then_off_and_any_touch_wakes_it() -> None:
    workshop = Workshop()
    writer = PanelWriter(workshop.make, Care())
    frame, touched = picture(), START_NS
    due = writer.step(frame, touched, touched)
    states = []
    while due <= touched + 6 * MINUTE_NS:
        writer_due = writer.step(frame, touched, due)
        states.append(((due - touched) // SECOND_NS, workshop.lights()[-1:]))
        assert writer_due > due
        due = writer_due
    assert (60, [Light.DIM]) in states
    assert (300, [Light.OFF]) in states
    assert workshop.lights() == [Light.DIM, Light.OFF]
    sent = len(workshop.pages())
    writer.step(picture(3), touched, due)
    assert len(workshop.pages()) == sent, "nobody looks at it while it is off"
    writer.step(picture(3), due + 1, due + 1)
    assert workshop.lights() == [Light.DIM, Light.OFF, Light.FULL]
    assert len(workshop.pages()) > sent


def test_one_that_was_made_anew_while_it_should_be_off_is_off() -> None:
    workshop = Workshop()
    writer = PanelWriter(workshop.make, Care())
    writer.step(picture(), START_NS, START_NS + 10 * MINUTE_NS)
    assert workshop.made[0].told == [Light.OFF]


def test_a_picture_that_stays_wanders() -> None:
    """A lone pixel that is touched all day is lit in four places, a quarter of the time each."""
    workshop = Workshop()
    writer = PanelWriter(workshop.make, Care())
    frame = Image.new("1", (WIDTH, HEIGHT))
    frame.putpixel((64, 32), 255)
    places: dict[tuple[int, ...], int] = {}
    pages = np.zeros((8, WIDTH), dtype=np.uint8)
    for minute in range(60):
        now = START_NS + minute * MINUTE_NS
        writer.step(frame, now, now)
        for page, content in (t for t in workshop.made[0].told if isinstance(t, tuple)):
            pages[page] = np.frombuffer(content, dtype=np.uint8)
        place = tuple(int(x) for x in np.argwhere(np.unpackbits(pages, axis=0))[0])
        places[place] = places.get(place, 0) + 1
    assert list(places.values()) == [15, 15, 15, 15]


@given(st.integers(0, 1), st.integers(0, 1))
def test_a_shift_moves_and_cuts_off(right: int, down: int) -> None:
    before, after = np.asarray(picture()), np.asarray(shifted(picture(), right, down))
    assert (after[down:, right:] == before[: HEIGHT - down, : WIDTH - right]).all()
    assert not after[:down].any()
    assert not after[:, :right].any()


class SlowPanel(Recorder):
    """A bus that takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.is_writing = threading.Event()
        self.may_go_on = threading.Event()

    def write(self, page: int, content: bytes) -> None:
        """See `Panel.write`."""
        self.is_writing.set()
        assert self.may_go_on.wait(10)
        super().write(page, content)


def test_nobody_waits_for_the_bus_and_only_the_newest_frame_is_sent(eventually: Eventually) -> None:
    panel = SlowPanel()
    display = OledDisplay(lambda: panel, lambda: START_NS)
    display.show(picture(1))
    assert panel.is_writing.wait(10)
    for seed in range(2, 30):
        display.show(picture(seed))
    panel.may_go_on.set()
    newest = [(page, row.tobytes()) for page, row in enumerate(as_pages(picture(29)))]
    assert eventually(lambda: panel.told[-8:] == newest)
    assert len(panel.told) == 16, "the first and the newest"
    display.close()
    assert panel.is_closed


def test_show_tells_that_the_panel_fails_and_when_it_is_back(eventually: Eventually) -> None:
    workshop = Workshop()
    workshop.cable_is_out = True
    display = OledDisplay(workshop.make, lambda: workshop.now)
    frame = picture()

    def fails() -> bool:
        try:
            display.show(frame)
        except DeviceError as error:
            return "check its cable" in str(error)
        return False

    assert eventually(fails)
    workshop.cable_is_out = False
    workshop.now += 2 * SECOND_NS
    assert eventually(lambda: not fails())
    assert eventually(lambda: workshop.pages() == list(range(8)))
    display.close()


def test_a_touch_wakes_it(eventually: Eventually) -> None:
    workshop = Workshop()
    display = OledDisplay(workshop.make, lambda: workshop.now)
    display.show(picture())
    assert eventually(lambda: len(workshop.made) == 1 and len(workshop.pages()) == 8)
    workshop.now += 10 * MINUTE_NS
    display.show(picture(2))
    assert eventually(lambda: workshop.lights() == [Light.OFF])
    display.wake()
    assert eventually(lambda: workshop.lights() == [Light.OFF, Light.FULL])
    display.close()


def test_a_fault_of_ours_is_told_and_ends_in_order(
    eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> Panel:
        raise ZeroDivisionError

    display = OledDisplay(make, lambda: START_NS)

    def fails() -> bool:
        try:
            display.show(picture())
        except DeviceError as error:
            return "given up" in str(error)
        return False

    assert eventually(fails)
    display.close()
    assert "ZeroDivisionError" in caplog.text


def test_what_is_no_frame_is_refused() -> None:
    display = OledDisplay(Recorder, lambda: START_NS)
    with pytest.raises(ValueError, match="128x64"):
        display.show(Image.new("L", (WIDTH, HEIGHT)))
    display.close()


def test_two_hundred_panels_made_anew_leave_no_memory_behind() -> None:
    """What luma keeps of every panel until the program ends must be next to nothing."""
    glasses = []
    for _ in range(200):
        glass = Glass()
        glasses.append(weakref.ref(glass))
        LumaPanel(DisplayWiring(controller=Controller.SSD1306), glass).close()
        del glass
    gc.collect()
    assert not [ref for ref in glasses if ref() is not None]
