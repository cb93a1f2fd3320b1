"""The installed models, and how to come by those that are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, Refresh, Shelf
from firmware.panel.overview import MissingModel, ModelLine, Overview
from firmware.panel.page import Page
from firmware.panel.pages.listing import ListPage, Row, Rows, opening
from firmware.panel.pages.reading import FactsPage, TextPage


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsPage(ListPage):
    """What is installed, after what is not."""

    def enter(self, overview: Overview) -> Commands:
        """See what is installed."""
        del overview
        return (Refresh(Shelf.MODELS),)

    def title(self, overview: Overview) -> str:
        """What they are."""
        del overview
        return "Models"

    def right(self, overview: Overview) -> str:
        """How many."""
        return "…" if overview.models is None else str(len(overview.models))

    def rows(self, overview: Overview) -> Sequence[Row]:
        """A technique without a model leads to the way to install one."""
        missing = tuple(
            opening(f"{gap.technique.capitalize()}: none", missing_page(gap))
            for gap in overview.missing
        )
        if overview.models is None:
            missing = (*missing, Row(label="a moment…"))
        return Rows(overview.models or (), _row, before=missing, key=lambda line: line.name)


def missing_page(missing: MissingModel) -> Page:
    """How to install what is missing."""
    sentence = missing.sentence[:1].upper() + missing.sentence[1:]
    text = f"{sentence}.\n→ {missing.remedy}" if missing.remedy else f"{sentence}."
    return TextPage(title=f"{missing.technique.capitalize()}: no model", text=text)


def _row(line: ModelLine) -> Row:
    if line.problem:
        why = TextPage(title=line.name, text=line.problem)
        return opening(line.name, why, value="broken", key=line.name)
    technique = line.technique.capitalize() if line.technique else "?"
    facts = (("For", technique), ("Folder", line.name), *line.about)
    page = FactsPage(subject=line.title, facts=facts)
    return opening(line.title, page, value=str(line.technique or ""), key=line.name)
