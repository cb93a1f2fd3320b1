"""The presets of the technique: to take over, to keep, to delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from firmware.panel.commands import (
    Commands,
    DeletePreset,
    KeepPreset,
    Refresh,
    RenamePreset,
    Shelf,
    UsePreset,
)
from firmware.panel.overview import Overview, PresetLine
from firmware.panel.pages.listing import ListPage, Row, Rows, opening
from firmware.panel.pages.naming import NamePage
from firmware.panel.pages.reading import ConfirmPage, TextPage


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetsPage(ListPage):
    """Those of the technique that is set, and those that cannot be read."""

    def enter(self, overview: Overview) -> Commands:
        """See which there are."""
        del overview
        return (Refresh(Shelf.PRESETS),)

    def title(self, overview: Overview) -> str:
        """What they are."""
        del overview
        return "Presets"

    def right(self, overview: Overview) -> str:
        """How many."""
        return "…" if overview.presets is None else str(len(_own(overview)))

    def rows(self, overview: Overview) -> Sequence[Row]:
        """First to keep what is set now."""
        keep = Row(label="Keep what is set now", commands=(KeepPreset(),))
        waiting = (Row(label="a moment…"),) if overview.presets is None else ()
        return Rows(_own(overview), _row, before=(keep, *waiting), key=lambda line: line.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetPage(ListPage):
    """One preset.

    Attributes:
        line: What is known of it.
    """

    line: PresetLine

    def title(self, overview: Overview) -> str:
        """Its name."""
        del overview
        return self.line.name

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What it has and what can be done; what cannot be read can be deleted all the same."""
        del overview
        line = self.line
        delete = ConfirmPage(
            title="Delete?",
            subject=line.name,
            consequence="What is set now stays.",
            commands=(DeletePreset(line.name),),
            leaves=1,
        )
        naming = NamePage(
            title="Name of the preset",
            text=line.name,
            command=partial(RenamePreset, line.name),
            leaves=1,
        )
        if line.problem:
            why = TextPage(title="Cannot be read", text=line.problem)
            return (opening("Why it cannot be read", why), opening("Delete", delete))
        return (
            Row(label="Set all to this", commands=(UsePreset(line.name),)),
            *(Row(label=label, value=value) for label, value in line.about),
            opening("Name", naming),
            opening("Delete", delete),
        )


def _own(overview: Overview) -> tuple[PresetLine, ...]:
    technique = overview.settings.technique
    return tuple(p for p in overview.presets or () if p.technique in (technique, None))


def _row(line: PresetLine) -> Row:
    return opening(line.name, PresetPage(line=line), value="broken" if line.problem else ">")
