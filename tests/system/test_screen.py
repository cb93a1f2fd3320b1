"""The eye of the system test, before a memory that firmware's own drawing has filled."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware.devices.oled import as_pages, shifted
from firmware.panel.canvas import Canvas
from firmware.panel.drawing import draw
from firmware.panel.views import MessageView
from tests.system.checks import screen as eye
from tests.system.checks.panel import _PAGES, _WORDS
from tests.system.checks.screen import Screen
from tests.system.image import ROOT
from tests.system.machine import GuestError


class FakeGuest:
    """A guest whose programs run here, with the memory of a chip.

    Args:
        folder: Where its files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.memory = bytes(1024)

    def show(self, image: Image.Image) -> None:
        """Have an image in the chip's memory."""
        self.memory = as_pages(image).tobytes()

    def put(self, path: str, content: bytes) -> None:
        """See `Guest.put`."""
        (self._folder / Path(path).name).write_bytes(content)

    def run(self, command: str) -> str:
        """See `Guest.run`."""
        if "base64" in command:
            return base64.b64encode(self.memory).decode()
        program, asked = (str(self._folder / Path(word).name) for word in command.split()[-2:])
        return subprocess.run(
            [sys.executable, program, asked],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> FakeGuest:
    return FakeGuest(tmp_path_factory.mktemp("guest"))


@pytest.fixture(scope="module")
def screen(guest: FakeGuest) -> Screen:
    some_guest: Any = guest
    return Screen(some_guest, _PAGES, _WORDS)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye, "eventually", lambda claim, _timeout_s: claim())


def _page(screen: Screen, name: str) -> Image.Image:
    rows = screen._pages[name]
    image = Image.new("1", (eye.WIDTH, eye.HEIGHT))
    image.putdata([255 * (row >> x & 1) for row in rows for x in range(eye.WIDTH)])
    return image


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("moved", [(0, 0), (1, 0), (1, 1), (0, 1)])
def test_a_page_is_known_wherever_it_wanders(
    guest: FakeGuest, screen: Screen, moved: tuple[int, int]
) -> None:
    guest.show(shifted(_page(screen, "home"), *moved))
    screen.awaits("home")
    with pytest.raises(GuestError, match="not the page 'parameters'"):
        screen.awaits("parameters")


@pytest.mark.usefixtures("_impatient")
def test_one_pixel_is_another_page(guest: FakeGuest, screen: Screen) -> None:
    image = _page(screen, "home")
    image.putpixel((60, 40), 255 - int(image.getpixel((60, 40)) or 0))  # type: ignore[arg-type]
    guest.show(image)
    with pytest.raises(GuestError):
        screen.awaits("home")


@pytest.mark.usefixtures("_impatient")
def test_words_are_read_in_light_and_in_dark(guest: FakeGuest, screen: Screen) -> None:
    message = MessageView(sentence="there is no melody yet", remedy="press record and play")
    guest.show(draw(message))
    screen.awaits_words("Please note", "There is no melody yet.")
    with pytest.raises(GuestError, match="Recording"):
        screen.awaits_words("Recording")


@pytest.mark.usefixtures("_impatient")
def test_a_word_on_the_lowest_line_may_wander(guest: FakeGuest, screen: Screen) -> None:
    canvas = Canvas()
    canvas.text(2, eye.HEIGHT - 9, "record ends it")
    guest.show(shifted(canvas.image, 1, 1))
    screen.awaits_words("record ends it")
