"""Melodies to work on: what was played, what is on a stick, what was imported, what ships."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, Press, Refresh, Shelf, Source, UseMelody
from firmware.panel.overview import MelodyLine, Overview
from firmware.panel.pages.listen import ListenPage
from firmware.panel.pages.listing import ListPage, Row, Rows
from firmware.panel.pages.sticks import melodies_row
from firmware.panel.states import Trigger

_SOURCES = {Source.PLAYED: "played", Source.IMPORTED: "file", Source.BUNDLED: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class MelodiesPage(ListPage):
    """Enter makes a melody the present take, and shows it."""

    def enter(self, overview: Overview) -> Commands:
        """See what files there are."""
        del overview
        return (Refresh(Shelf.MELODIES),)

    def title(self, overview: Overview) -> str:
        """What they are."""
        del overview
        return "Melodies"

    def right(self, overview: Overview) -> str:
        """How many."""
        return str(len(overview.melodies))

    def rows(self, overview: Overview) -> Sequence[Row]:
        """First what the fingers just played, kept or not, then what somebody has plugged in."""
        keep = Row(label="Keep what I just played", commands=(Press(Trigger.KEEP),))
        sticks = tuple(melodies_row(stick) for stick in overview.sticks if stick.melodies)
        return Rows(overview.melodies, _row, before=(keep, *sticks), key=_key)


def _row(melody: MelodyLine) -> Row:
    return Row(
        label=melody.name,
        value=melody.what or _SOURCES[melody.source],
        opens=ListenPage(),
        commands=(UseMelody(source=melody.source, key=melody.key),),
        key=_key(melody),
    )


def _key(melody: MelodyLine) -> str:
    """What was played moves on with every take; its name does not."""
    which = melody.name if melody.source is Source.PLAYED else melody.key
    return f"{melody.source} {which}"
