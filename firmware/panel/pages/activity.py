"""Pages that stand for what the instrument is doing: recording, generating, a duet.

They come and go with it, so that back has the instrument leave off.
"""

from dataclasses import dataclass

from firmware.panel.commands import Press
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.pages.parameters import turn_parameter
from firmware.panel.states import State, Trigger
from firmware.panel.views import (
    MessageView,
    View,
)
from firmware.parameters import PARAMETERS_BY_KEY

RISK = PARAMETERS_BY_KEY["creative_risk"]


def turn_risk(dial: Dial, clicks: int, overview: Overview) -> Step:
    """Where there is no row to change, `VALUE` is creative risk."""
    if dial is not Dial.VALUE:
        return Step()
    command = turn_parameter(overview.settings, RISK, clicks)
    return Step(commands=(command,), peeks=RISK.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage(Page):
    """See the module."""

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; back is the instrument's business, and so leaves the page."""
        if key is Key.BACK:
            return Step(commands=(Press(Trigger.BACK),))
        return Page.key(self, key, overview)

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Creative risk, for the pass after this one."""
        return turn_risk(dial, clicks, overview)

    def view(self, overview: Overview) -> View:
        """What is being done."""
        # It is over, and the page will be taken away when the state is followed.
        return overview.activity or MessageView(sentence="that is over", remedy="")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage(ActivityPage):
    """The count-in and the recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratePage(ActivityPage):
    """A generation at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuetPage(ActivityPage):
    """A duet."""


PAGE_OF_STATE: dict[State, type[ActivityPage]] = {
    State.COUNT_IN: RecordPage,
    State.RECORDING: RecordPage,
    State.GENERATING: GeneratePage,
    State.AUDITIONING: GeneratePage,
    State.DUET_LISTENING: DuetPage,
    State.DUET_ANSWERING: DuetPage,
}
