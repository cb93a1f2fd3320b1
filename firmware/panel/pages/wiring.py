"""The wiring's own test: which parts to ask for, the questions, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from firmware.panel.commands import AnswerLight, BeginSelfTest, Commands, EndSelfTest
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.pages.listing import LEADS_ON, ListPage, Row, opening
from firmware.panel.pages.reading import TextPage
from firmware.panel.views import View, WiringView


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringPage(ListPage):
    """What can be asked for."""

    def title(self, overview: Overview) -> str:
        """What it is about."""
        del overview
        return "Wiring: test which?"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """All parts, or some of one kind; and what came of it the last time."""
        wiring = overview.wiring
        if wiring is None:
            return (Row(label="no panel is wired here"),)
        groups = tuple(opening(label, SelfTestPage(names=names)) for label, names in wiring.groups)
        last = (opening("Last result", VerdictsPage()),) if wiring.verdicts else ()
        return (opening("Everything", SelfTestPage()), *groups, *last)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictsPage(ListPage):
    """What came of it: a part each, what is to be mended first."""

    def title(self, overview: Overview) -> str:
        """How many parts are not as they should be."""
        words = [word for _, word, _ in _verdicts(overview)]
        wrong, left = sum(word not in _GOOD for word in words), words.count("not asked")
        if not words:
            return "Wiring"
        if not wrong and left:
            return f"Wiring: {left} not asked"
        return f"Wiring: {wrong} to mend" if wrong else "Wiring: nothing to mend"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """Each opens what was seen, and what helps."""
        verdicts = sorted(_verdicts(overview), key=lambda verdict: verdict[1] in _GOOD)
        if not verdicts:
            return (Row(label="nothing was asked"),)
        return tuple(
            opening(name, TextPage(title=name, text=text), f"{word} {LEADS_ON}")
            for name, word, text in verdicts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestPage(Page):
    """One question after the other, then the verdicts.

    While it asks, keys and dials do nothing else: they are what is tested. Back, held, leaves.

    Attributes:
        names: Of the parts that are asked for; all if there are none.
        verdicts: What is seen in the end.
    """

    names: tuple[str, ...] = ()
    verdicts: ListPage = VerdictsPage()

    def enter(self, overview: Overview) -> Commands:
        """Begin to ask."""
        del overview
        return (BeginSelfTest(self.names),)

    def leave(self, overview: Overview) -> Commands:
        """Ask no more."""
        del overview
        return (EndSelfTest(),)

    def key(self, key: Key, overview: Overview) -> Step:
        """Take an answer, where one is wanted."""
        question = _question(overview)
        if question is None:
            return self._within(self.verdicts.key(key, overview))
        if question.has_answer and key in _ANSWERS:
            return Step(commands=(AnswerLight(is_seen=_ANSWERS[key]),))
        return Step()

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Read the verdicts, once there is nothing more to ask."""
        if _question(overview) is not None:
            return Step()
        return self._within(self.verdicts.turn(dial, clicks, overview))

    def takes_everything(self, overview: Overview) -> bool:
        """While it asks, no key and no dial means anything else."""
        return _question(overview) is not None

    def view(self, overview: Overview) -> View:
        """The question, or the verdicts."""
        return _question(overview) or self.verdicts.view(overview)

    def _within(self, step: Step) -> Step:
        """What came of a key or a dial on the verdicts."""
        if isinstance(step.page, ListPage):
            return replace(step, page=replace(self, verdicts=step.page))
        return step


_ANSWERS = {Key.ENTER: True, Key.BACK: False}
_GOOD = frozenset({"ok", "not asked"})


def _question(overview: Overview) -> WiringView | None:
    return overview.wiring.question if overview.wiring else None


def _verdicts(overview: Overview) -> tuple[tuple[str, str, str], ...]:
    return overview.wiring.verdicts if overview.wiring else ()
