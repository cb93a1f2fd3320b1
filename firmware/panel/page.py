"""What every page of the panel can do: values in, values out.

A page is a value too: what a hand does to it gives another page in its place, or one upon it, and
commands for the instrument.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from PIL import Image

from firmware.panel.commands import Commands, Generate, Press
from firmware.panel.drawing import draw
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.states import Trigger
from firmware.panel.views import View

TRIGGERS: Final[Mapping[Key, Trigger]] = MappingProxyType(
    {
        Key.RECORD: Trigger.RECORD,
        Key.PLAY: Trigger.PLAY,
        Key.STOP: Trigger.STOP,
        Key.KEEP: Trigger.KEEP,
    }
)
"""Keys that mean the same on every page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of a key or a dial.

    Attributes:
        page: What the page has become, or None if it stays as it is.
        opens: A page to put upon it, or None.
        is_left: Whether the page is left, for the one below.
        leaves: How many pages below it are left with it.
        commands: What the instrument is to do.
        peeks: The parameter whose value is to be seen for a moment, by its key; or None.
    """

    page: "Page | None" = None
    opens: "Page | None" = None
    is_left: bool = False
    leaves: int = 0
    commands: Commands = ()
    peeks: str | None = None


class Page(ABC):
    """One page. Its subclasses are frozen dataclasses."""

    __slots__ = ()

    def enter(self, overview: Overview) -> Commands:
        """What is to be done when the page is opened."""
        del overview
        return ()

    def leave(self, overview: Overview) -> Commands:
        """What is to be done when the page is left."""
        del overview
        return ()

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; back leaves the page."""
        del overview
        match key:
            case Key.BACK:
                return Step(is_left=True)
            case Key.GENERATE:
                return Step(commands=(Generate(on_heard=False),))
            case Key.ENTER:
                return Step()
            case _:
                return Step(commands=(Press(TRIGGERS[key]),))

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Take a turn of the menu's dials, `SELECT` and `VALUE`."""
        del dial, clicks, overview
        return Step()

    def takes_everything(self, overview: Overview) -> bool:
        """Whether no dial means what it does on every other page."""
        del overview
        return False

    @abstractmethod
    def view(self, overview: Overview) -> View:
        """What is to be seen."""

    def draw(self, overview: Overview) -> Image.Image:
        """The page's image, of mode "1", 128 by 64."""
        return draw(self.view(overview))
