"""Pages that are read or answered: a text, facts, and a question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from firmware.panel.commands import Commands
from firmware.panel.drawing.listing import FACT_WIDTH
from firmware.panel.drawing.text import LINES, TEXT_WIDTH
from firmware.panel.font import width_of, wrapped
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.pages.listing import ListPage, Row
from firmware.panel.views import ConfirmView, TextView


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPage(Page):
    """Something to read.

    Attributes:
        title: What it is about.
        text: Paragraphs, a line each.
        first: Which line of what is wrapped is the first that is seen.
    """

    title: str
    text: str
    first: int = 0

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Read on."""
        del dial, overview
        last = max(len(self._lines()) - LINES, 0)
        return Step(page=replace(self, first=min(max(self.first + clicks, 0), last)))

    def key(self, key: Key, overview: Overview) -> Step:
        """Enter leaves it, as back does."""
        return Step(is_left=True) if key is Key.ENTER else Page.key(self, key, overview)

    def view(self, overview: Overview) -> TextView:
        """As many lines as there is room for."""
        del overview
        lines = self._lines()
        shown = lines[self.first : self.first + LINES]
        return TextView(title=self.title, lines=shown, first=self.first, total=len(lines))

    def _lines(self) -> tuple[str, ...]:
        paragraphs = self.text.splitlines()
        return tuple(line for text in paragraphs for line in wrapped(text, TEXT_WIDTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsPage(ListPage):
    """Facts to look up.

    Attributes:
        subject: What they are about.
        facts: What each is called, and what it is.
    """

    subject: str
    facts: tuple[tuple[str, str], ...]

    def title(self, overview: Overview) -> str:
        """What they are about."""
        del overview
        return self.subject

    def rows(self, overview: Overview) -> Sequence[Row]:
        """A row each."""
        del overview
        return tuple(fact(label, value) for label, value in self.facts)


def fact(label: str, value: str, *, key: str = "") -> Row:
    """A row that does nothing; enter shows all of what it has no room for."""
    is_cut = width_of(label) + width_of(value) > FACT_WIDTH
    whole = TextPage(title=label, text=value) if is_cut else None
    return Row(label=label, value=value, opens=whole, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(Page):
    """A question: enter says yes, back says no.

    Attributes:
        title: What is to be done.
        subject: To what.
        consequence: What follows.
        commands: What yes does.
        leaves: How many pages below this one are left with it, since they are about what is
            gone then.
    """

    title: str
    subject: str
    consequence: str
    commands: Commands
    leaves: int = 0

    def key(self, key: Key, overview: Overview) -> Step:
        """Take the answer."""
        if key is Key.ENTER:
            return Step(is_left=True, leaves=self.leaves, commands=self.commands)
        return Page.key(self, key, overview)

    def view(self, overview: Overview) -> ConfirmView:
        """The question."""
        del overview
        return ConfirmView(title=self.title, subject=self.subject, consequence=self.consequence)
