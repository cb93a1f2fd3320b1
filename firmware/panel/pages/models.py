"""The installed models, and how to come by those that are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, Refresh, Shelf
from firmware.panel.overview import MissingModel, ModelLine, Overview
from firmware.panel.page import Page
from firmware.panel.pages.listing import ListPage, Row, Rows, opening
from firmware.panel.pages.reading import TextPage


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
        return Rows(overview.models or (), _row, before=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage(ListPage):
    """One model.

    Attributes:
        line: What is known of it.
    """

    line: ModelLine

    def title(self, overview: Overview) -> str:
        """Its name."""
        del overview
        return self.line.title

    def rows(self, overview: Overview) -> Sequence[Row]:
        """Facts."""
        del overview
        technique = self.line.technique.capitalize() if self.line.technique else "?"
        facts = (("For", technique), ("Folder", self.line.name), *self.line.about)
        return tuple(Row(label=label, value=value) for label, value in facts)


def missing_page(missing: MissingModel) -> Page:
    """How to install what is missing."""
    sentence = missing.sentence[:1].upper() + missing.sentence[1:]
    text = f"{sentence}.\n→ {missing.remedy}" if missing.remedy else f"{sentence}."
    return TextPage(title=f"{missing.technique.capitalize()}: no model", text=text)


def _row(line: ModelLine) -> Row:
    if line.problem:
        page = TextPage(title=line.name, text=line.problem)
        return opening(line.name, page, value="broken")
    return opening(line.title, ModelPage(line=line), value=str(line.technique or ""))
