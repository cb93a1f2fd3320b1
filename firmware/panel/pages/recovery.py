"""After a start that was not like the last end: what happened, and what can be brought back."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import BringBackPiece, BringBackSettings
from firmware.panel.overview import Overview
from firmware.panel.pages.listing import ListPage, Row, opening
from firmware.panel.pages.reading import TextPage


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPage(ListPage):
    """Safe mode, or the start after a power cut. Back leaves it; the system's page leads to it."""

    def title(self, overview: Overview) -> str:
        """What it is."""
        return recovery_title(overview)

    def rows(self, overview: Overview) -> Sequence[Row]:
        """The reason, the pieces, the settings."""
        recovery = overview.recovery
        if recovery is None:
            return (Row(label="nothing is missing"),)
        why = TextPage(title=self.title(overview), text=recovery.text)
        pieces = tuple(
            Row(label=name, value="restore", commands=(BringBackPiece(index),))
            for index, name in enumerate(recovery.pieces)
        )
        settings = Row(label="Settings", value="restore", commands=(BringBackSettings(),))
        return (
            opening("What to do", why),
            *pieces,
            *((settings,) if recovery.has_settings else ()),
        )


def recovery_title(overview: Overview) -> str:
    """What the start was."""
    return "Safe mode" if overview.recovery and overview.recovery.is_safe else "Last time"
