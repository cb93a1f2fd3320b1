"""The guest's screen, read from the memory of its chip and compared with pages of the firmware's.

The pages are drawn by the package that is installed in the guest, from the keys and dials that
lead to them, and know nothing of the instrument that runs: the panel is right where the chip holds
the page that the same keys and dials led to on the real lines.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Final

from tests.system.checks.programs import put_program
from tests.system.machine import Guest, GuestError, eventually

CHIP: Final = "/sys/kernel/debug/i2c-oled-sim"
WIDTH, HEIGHT = 128, 64
_ALL: Final = (1 << WIDTH) - 1
_ORBIT: Final = ((0, 0), (1, 0), (1, 1), (0, 1))  # pixels right and down: the picture wanders

Rows = tuple[int, ...]
"""One number for each row of pixels from the top, the leftmost pixel in its lowest bit."""

Steps = tuple[tuple[str, str, int], ...]
"""(`key`, its name, 1) and (`dial`, its name, clicks), from a new instrument's home page on."""

_DRAW: Final = """
import json, sys
import numpy as np
from firmware.panel.commands import SetParameter
from firmware.panel.drawing import draw
from firmware.panel.font import render
from firmware.panel.keys import Dial, Key
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Overview
from firmware.panel.settings import Settings, set_value

def rows(image):
    lines = np.asarray(image, dtype=int)
    return [hex(sum(int(bit) << x for x, bit in enumerate(line))) for line in lines]

def page(steps):
    navigation, settings = Navigation(), Settings()
    for kind, name, clicks in steps:
        overview = Overview(settings=settings)
        if kind == "key":
            navigation, commands = navigation.key(Key(name), overview)
        else:
            navigation, commands = navigation.turn(Dial(name), clicks, overview)
        for command in commands:
            assert isinstance(command, SetParameter), command
            settings = set_value(settings, command.key, command.value)
    return draw(navigation.peeking(None).view(Overview(settings=settings)))

asked = json.load(open(sys.argv[1]))
pages = {name: rows(page(steps)) for name, steps in asked["pages"].items()}
print(json.dumps({"pages": pages, "words": {word: rows(render(word)) for word in asked["words"]}}))
"""


class Screen:
    """The eye of the test.

    Args:
        guest: Whose screen.
        pages: What leads to each page that is looked for.
        words: What is looked for on pages that are not known to the pixel.
    """

    def __init__(self, guest: Guest, pages: Mapping[str, Steps], words: Iterable[str]) -> None:
        self._guest = guest
        asked = json.dumps({"pages": pages, "words": list(words)})
        guest.put("/var/tmp/asked.json", asked.encode())  # noqa: S108 - the guest's
        command = put_program(guest, "draw", _DRAW)
        drawn = json.loads(guest.run(f"{command} /var/tmp/asked.json").splitlines()[-1])
        self._pages = {name: _rows(rows) for name, rows in drawn["pages"].items()}
        # Without the room for what hangs below a line, which may have wandered off the screen.
        self._words = {word: _trimmed(_rows(rows)) for word, rows in drawn["words"].items()}

    def frame(self) -> Rows:
        """What is seen now."""
        said = self._guest.run(f"base64 -w0 {CHIP}/frame").split()[-1]
        memory = base64.b64decode(said)
        return tuple(
            sum((memory[row // 8 * WIDTH + x] >> row % 8 & 1) << x for x in range(WIDTH))
            for row in range(HEIGHT)
        )

    def awaits(self, page: str, timeout_s: float = 60.0) -> None:
        """Wait for a page, to the pixel.

        Raises:
            GuestError: If it does not come; with what is seen instead.
        """
        wanted = self._pages[page]
        allowed = {_moved(wanted, right, down) for right, down in _ORBIT}
        if not eventually(lambda: self.frame() in allowed, timeout_s):
            raise GuestError(f"not the page {page!r} but\n{self.picture()}")

    def awaits_words(self, *words: str, timeout_s: float = 60.0) -> None:
        """Wait for words, all at once, wherever they are.

        Raises:
            GuestError: If they do not come; with what is seen instead.
        """
        if not eventually(lambda: all(self._sees(self.frame(), word) for word in words), timeout_s):
            raise GuestError(f"not {words} but\n{self.picture()}")

    def picture(self) -> str:
        """What is seen, two rows of pixels a line."""
        rows = self.frame()
        return "\n".join(
            "".join(" ▀▄█"[(above >> x & 1) + 2 * (below >> x & 1)] for x in range(WIDTH)).rstrip()
            for above, below in zip(rows[::2], rows[1::2], strict=True)
        )

    def _sees(self, frame: Rows, word: str) -> bool:
        """Whether a word is there, light on dark or dark on light."""
        rows = self._words[word]
        width = max(row.bit_length() for row in rows)
        mask = (1 << width) - 1
        looks = (rows, tuple(row ^ mask for row in rows))
        for top in range(HEIGHT - len(rows) + 1):
            lines = frame[top : top + len(rows)]
            for left in range(WIDTH - width + 1):
                if tuple(line >> left & mask for line in lines) in looks:
                    return True
        return False


def _rows(drawn: Iterable[str]) -> Rows:
    return tuple(int(row, 16) for row in drawn)


def _trimmed(rows: Rows) -> Rows:
    inked = [at for at, row in enumerate(rows) if row]
    return rows[inked[0] : inked[-1] + 1]


def _moved(rows: Rows, right: int, down: int) -> Rows:
    """A picture that wandered; what leaves the screen is cut off."""
    lines = (*([0] * down), *rows)[:HEIGHT]
    return tuple(line << right & _ALL for line in lines)
