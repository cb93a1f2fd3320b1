"""A USB stick that is plugged in: how far its compositions are, and the melodies that it offers."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Commands, ImportMelody, Refresh, Shelf, Source, UseMelody
from firmware.panel.drawing.stick import counted
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import MelodyLine, Overview, StickLine
from firmware.panel.page import Page, Step
from firmware.panel.pages.listen import ListenPage
from firmware.panel.pages.listing import LEADS_ON, ListPage, Row, Rows, opening
from firmware.panel.pages.reading import TextPage
from firmware.panel.states import State
from firmware.panel.views import MessageView, StickView, View

_GONE = Row(label="the stick was pulled out")


@dataclass(frozen=True, slots=True, kw_only=True)
class StickPage(Page):
    """One stick. Enter shows its melodies.

    Attributes:
        stick: Which one, by its key.
        first: Which line of what went wrong is the first that is seen.
    """

    stick: str
    first: int = 0

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key."""
        if key is not Key.ENTER:
            return Page.key(self, key, overview)
        stick = stick_of(self.stick, overview)
        if stick is None:
            return Step(is_left=True)
        return Step(opens=StickMelodiesPage(stick=self.stick) if stick.melodies else None)

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Read on, where there is something to read."""
        stick = stick_of(self.stick, overview)
        if stick is None or not stick.problem:
            return Step()
        step = _problem(stick, self.first).turn(dial, clicks, overview)
        assert isinstance(step.page, TextPage)
        return Step(page=StickPage(stick=self.stick, first=step.page.first))

    def view(self, overview: Overview) -> View:
        """How far it is, or what went wrong."""
        stick = stick_of(self.stick, overview)
        if stick is None:
            return MessageView(sentence="the stick was pulled out", remedy="press back")
        if stick.problem:
            return _problem(stick, self.first).view(overview)
        return StickView(
            title=stick.title,
            is_copying=stick.is_copying,
            done=stick.done,
            total=stick.total,
            name=stick.name,
            seconds_left=stick.seconds_left,
            melodies=len(stick.melodies),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StickMelodiesPage(ListPage):
    """The melodies of a stick.

    Attributes:
        stick: Which one, by its key.
    """

    stick: str

    def enter(self, overview: Overview) -> Commands:
        """See which of them are imported."""
        del overview
        return (Refresh(Shelf.MELODIES),)

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; play plays the selected one."""
        row = self.row(overview)
        if row is not None and isinstance(row.opens, StickMelodyPage):
            return row.opens.heard(key, overview) or ListPage.key(self, key, overview)
        return ListPage.key(self, key, overview)

    def title(self, overview: Overview) -> str:
        """Where they are."""
        stick = stick_of(self.stick, overview)
        return f"On the {stick.title.lower()}" if stick else "On the stick"

    def right(self, overview: Overview) -> str:
        """How many."""
        stick = stick_of(self.stick, overview)
        return str(len(stick.melodies)) if stick else ""

    def rows(self, overview: Overview) -> Sequence[Row]:
        """Those that are imported are said to be."""
        stick, imported = stick_of(self.stick, overview), _imported(overview)
        if stick is None:
            return (_GONE,)

        def row(line: MelodyLine) -> Row:
            page = StickMelodyPage(stick=self.stick, line=line)
            value = "imported" if line.file in imported else LEADS_ON
            return opening(line.name, page, value, key=line.key)

        none = () if stick.melodies else (Row(label="no MIDI files"),)
        return Rows(stick.melodies, row, before=none, key=lambda line: line.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class StickMelodyPage(ListPage):
    """One melody of a stick: to be heard, and to be kept when the stick is gone.

    Attributes:
        stick: Which one, by its key.
        line: The melody.
    """

    stick: str
    line: MelodyLine

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; play plays it."""
        return self.heard(key, overview) or ListPage.key(self, key, overview)

    def heard(self, key: Key, overview: Overview) -> Step | None:
        """What play does while nothing else plays that it could pause; None for other keys."""
        if key is not Key.PLAY or overview.state is not State.IDLE:
            return None
        return Step(commands=(UseMelody(source=Source.STICK, key=self.line.key),))

    def title(self, overview: Overview) -> str:
        """Its name."""
        del overview
        return self.line.name

    def rows(self, overview: Overview) -> Sequence[Row]:
        """Nothing can be done any more when the stick is gone."""
        if stick_of(self.stick, overview) is None:
            return (_GONE,)
        is_imported = self.line.file in _imported(overview)
        return (
            Row(
                label="Play",
                opens=ListenPage(),
                commands=(UseMelody(source=Source.STICK, key=self.line.key),),
            ),
            Row(
                label="Import",
                value="done" if is_imported else "",
                commands=(ImportMelody(self.line.key),),
            ),
        )


def stick_row(stick: StickLine) -> Row:
    """The way to a stick, with how far it is."""
    if stick.problem:
        word = "failed"
    elif stick.is_copying:
        word = f"{100 * stick.done // stick.total}%" if stick.total else "copying"
    else:
        word = "ready"
    page = StickPage(stick=stick.key)
    return opening(stick.title, page, f"{word} {LEADS_ON}", key=f"stick {stick.key}")


def melodies_row(stick: StickLine) -> Row:
    """The way to the melodies of a stick."""
    page = StickMelodiesPage(stick=stick.key)
    value = f"{len(stick.melodies)} {LEADS_ON}"
    return opening(f"On the {stick.title.lower()}", page, value, key=f"stick {stick.key}")


def stick_of(key: str, overview: Overview) -> StickLine | None:
    """The stick of a key, or None if it is plugged in no more."""
    return next((stick for stick in overview.sticks if stick.key == key), None)


def _imported(overview: Overview) -> frozenset[str]:
    """The files of the imported melodies."""
    return frozenset(m.key for m in overview.melodies if m.source is Source.IMPORTED)


def _problem(stick: StickLine, first: int) -> TextPage:
    lines = [f"{stick.problem[:1].upper()}{stick.problem[1:]}."]
    if stick.remedy:
        lines.append(f"→ {stick.remedy}")
    if stick.melodies:
        lines.append(f"Push: {counted(len(stick.melodies), 'melody', 'melodies')}")
    return TextPage(title=f"{stick.title}: failed", text="\n".join(lines), first=first)
