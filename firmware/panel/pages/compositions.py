"""The library: compositions to play, to go on from, to name and to delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from firmware.panel.commands import (
    Commands,
    DeleteComposition,
    PlayComposition,
    Refresh,
    RenameComposition,
    RestoreComposition,
    SettleDeletion,
    Shelf,
)
from firmware.panel.keys import Key
from firmware.panel.overview import CompositionLine, Overview
from firmware.panel.page import Step
from firmware.panel.pages.listing import ListPage, Row, Rows, opening
from firmware.panel.pages.naming import NamePage
from firmware.panel.pages.reading import ConfirmPage, FactsPage, TextPage
from firmware.panel.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionsPage(ListPage):
    """Newest first. What is deleted can come back until the page is left."""

    def enter(self, overview: Overview) -> Commands:
        """Look into the library."""
        del overview
        return (Refresh(Shelf.COMPOSITIONS),)

    def leave(self, overview: Overview) -> Commands:
        """What was deleted is gone for good."""
        return (SettleDeletion(),) if overview.deleted is not None else ()

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; play plays the selected one."""
        row = self.row(overview)
        if row is not None and isinstance(row.opens, CompositionPage):
            return row.opens.heard(key, overview) or ListPage.key(self, key, overview)
        return ListPage.key(self, key, overview)

    def title(self, overview: Overview) -> str:
        """What they are."""
        del overview
        return "Compositions"

    def right(self, overview: Overview) -> str:
        """How many."""
        return "…" if overview.compositions is None else str(len(overview.compositions))

    def rows(self, overview: Overview) -> Sequence[Row]:
        """The one that was deleted can be brought back first."""
        found = overview.compositions
        before: tuple[Row, ...] = ()
        if overview.deleted is not None:
            undo = Row(
                label="Undo delete", value=overview.deleted, commands=(RestoreComposition(),)
            )
            before = (undo,)
        elif not found:
            before = (Row(label="a moment…" if found is None else "nothing was kept yet"),)
        return Rows(found or (), _row, before=before, key=lambda line: line.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionPage(ListPage):
    """One composition.

    Attributes:
        line: What is known of it.
    """

    line: CompositionLine

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; play plays it."""
        return self.heard(key, overview) or ListPage.key(self, key, overview)

    def heard(self, key: Key, overview: Overview) -> Step | None:
        """What play does while nothing else plays that it could pause; None for other keys."""
        if key is not Key.PLAY or overview.state is not State.IDLE or self.line.problem:
            return None
        return Step(commands=(PlayComposition(self.line.name),))

    def title(self, overview: Overview) -> str:
        """Its melody's name."""
        del overview
        return self.line.title

    def right(self, overview: Overview) -> str:
        """When it was made."""
        del overview
        return self.line.day

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What cannot be read can be deleted all the same."""
        del overview
        line = self.line
        subject = f"{line.title} · {line.what}" if line.what else line.title
        delete = ConfirmPage(
            title="Delete?",
            subject=subject,
            consequence="It can be brought back until you leave the list.",
            commands=(DeleteComposition(line.name),),
            leaves=1,
        )
        if line.problem:
            why = TextPage(title="Cannot be read", text=line.problem)
            return (opening("Why it cannot be read", why), opening("Delete", delete))
        naming = NamePage(
            title="Name of the composition",
            text=line.title,
            command=partial(RenameComposition, line.name),
            leaves=1,
        )
        return (
            Row(label="Play", commands=(PlayComposition(line.name),)),
            opening("How it was made", FactsPage(subject=line.title, facts=line.about)),
            opening("Name", naming),
            opening("Delete", delete),
        )


def _row(line: CompositionLine) -> Row:
    value = "broken" if line.problem else line.day or "?"
    return opening(line.title, CompositionPage(line=line), value=value, key=line.name)
