"""To give something a name with one dial: turned to a sign, pushed to take it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from firmware.panel.commands import Command
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.views import NameView

DONE: Final = "done"
ERASE: Final = "erase"
SPACE: Final = "space"
SIGNS: Final = (DONE, ERASE, SPACE, *"abcdefghijklmnopqrstuvwxyz0123456789-'äöüßéèñ")
"""In the order in which the dial goes round."""

LONGEST: Final = 24
"""Characters that can be written here; a name that is longer already can be shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePage(Page):
    """Letters are small but for the first. Back leaves the name as it was.

    Attributes:
        title: What gets the name.
        text: What is written so far.
        command: What is to be done with the name.
        leaves: How many pages below this one are left with it.
        at: Which of `SIGNS` the dial has come to.
    """

    title: str
    text: str
    command: Callable[[str], Command]
    leaves: int = 0
    at: int = 0

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Go to another sign; after the last comes the first."""
        del dial, overview
        return Step(page=replace(self, at=(self.at + clicks) % len(SIGNS)))

    def key(self, key: Key, overview: Overview) -> Step:
        """Take the sign with enter."""
        if key is not Key.ENTER:
            return Page.key(self, key, overview)
        sign, name = SIGNS[self.at], self.text.strip()
        if sign is DONE:
            commands = (self.command(name),) if name else ()
            return Step(is_left=True, leaves=self.leaves if name else 0, commands=commands)
        if sign is ERASE:
            return Step(page=replace(self, text=self.text[:-1]))
        if len(self.text) >= LONGEST:
            return Step()
        added = self.text + (" " if sign is SPACE else sign)
        return Step(page=replace(self, text=added[:1].upper() + added[1:]))

    def view(self, overview: Overview) -> NameView:
        """The name, and the signs around the one that the dial has come to."""
        del overview
        around = range(self.at - _SHOWN, self.at + _SHOWN + 1)
        return NameView(
            title=self.title,
            text=self.text,
            signs=tuple(SIGNS[index % len(SIGNS)] for index in around),
        )


_SHOWN: Final = 8
"""Signs to either side: as many as there can be room for."""
