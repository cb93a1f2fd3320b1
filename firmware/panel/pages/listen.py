"""What is heard: the piano roll, the takes, and the tracks with their instruments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from firmware.midi.general_midi import INSTRUMENTS
from firmware.music.notes import MAX_PROGRAM
from firmware.panel.commands import (
    DeleteTake,
    Generate,
    KeepAsHeard,
    NameMelody,
    RenameComposition,
    RestoreTake,
    SetTrack,
    StepTakes,
)
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview, TakeLine, TrackLine
from firmware.panel.page import Page, Step
from firmware.panel.pages.activity import turn_risk
from firmware.panel.pages.listing import ListPage, Row, Rows, opening, switch
from firmware.panel.pages.naming import NamePage
from firmware.panel.pages.reading import ConfirmPage, FactsPage
from firmware.panel.views import MessageView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenPage(Page):
    """The piano roll: the menu's dial steps through the takes, generate makes another one."""

    def key(self, key: Key, overview: Overview) -> Step:
        """Take a key; another technique than that which made the take works on what is heard."""
        match key:
            case Key.GENERATE:
                return Step(commands=(Generate(on_heard=True),))
            case Key.ENTER:
                return Step(opens=TakePage())
            case _:
                return Page.key(self, key, overview)

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> Step:
        """Another take, or another creative risk for the next pass."""
        if dial is Dial.SELECT:
            return Step(commands=(StepTakes(clicks),))
        return turn_risk(dial, clicks, overview)

    def view(self, overview: Overview) -> View:
        """What is heard or was heard last."""
        nothing = MessageView(sentence="there is no take", remedy="press record and play")
        return overview.listening or nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePage(ListPage):
    """What can be done with what is heard."""

    def title(self, overview: Overview) -> str:
        """The take's name."""
        return overview.take.name if overview.take else "Take"

    def right(self, overview: Overview) -> str:
        """Which take it is."""
        return f"{overview.take.number}/{overview.takes}" if overview.take else ""

    def rows(self, overview: Overview) -> Sequence[Row]:
        """The tracks, then the take as a whole; what makes no sense now is left out."""
        take = overview.take
        tracks = Rows(
            tuple(enumerate(overview.tracks)),
            lambda entry: opening(
                entry[1].name or f"Track {entry[0] + 1}",
                TrackPage(index=entry[0]),
                value=_how(entry[1]),
            ),
        )
        rows = [*tracks]
        if take is not None:
            label = "Make another take" if take.is_composition else "Generate"
            rows.append(Row(label=label, commands=(Generate(on_heard=True),)))
            if take.has_new_instruments:
                rows.append(Row(label="Keep these instruments", commands=(KeepAsHeard(),)))
            if not take.is_composition or take.kept_as:
                rows.append(opening("Name", _naming(take)))
            if take.about:
                made = FactsPage(subject=take.name, facts=take.about)
                rows.append(opening("How it was made", made))
            delete = ConfirmPage(
                title="Delete this take?",
                subject=f"{take.name} · {take.what}",
                consequence="Compositions stay in the library.",
                commands=(DeleteTake(),),
            )
            rows.append(opening("Delete this take", delete))
        if overview.can_restore_take:
            rows.append(Row(label="Bring back deleted take", commands=(RestoreTake(),)))
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPage(ListPage):
    """One track: whether it is heard, and on what.

    Attributes:
        index: Which one.
    """

    index: int

    def title(self, overview: Overview) -> str:
        """The track's name."""
        track = self._track(overview)
        return (track.name if track else "") or f"Track {self.index + 1}"

    def right(self, overview: Overview) -> str:
        """Which of the tracks it is."""
        return f"{self.index + 1}/{len(overview.tracks)}" if self._track(overview) else ""

    def rows(self, overview: Overview) -> Sequence[Row]:
        """Drums have no other instrument."""
        track, index = self._track(overview), self.index
        if track is None:
            return (Row(label="no such track in this take"),)
        instrument = Row(
            label="Plays",
            value=INSTRUMENTS[track.program],
            turned=lambda clicks: SetTrack(
                index=index, program=turned_program(track.program, clicks)
            ),
        )
        return (
            switch("Mute", lambda on: SetTrack(index=index, is_muted=on), is_on=track.is_muted),
            switch("Solo", lambda on: SetTrack(index=index, is_soloed=on), is_on=track.is_soloed),
            *(() if track.is_drum else (instrument,)),
        )

    def _track(self, overview: Overview) -> TrackLine | None:
        return overview.tracks[self.index] if self.index < len(overview.tracks) else None


def _naming(take: TakeLine) -> NamePage:
    if not take.is_composition:
        return NamePage(title="Name of the melody", text=take.name, command=NameMelody)
    command = partial(RenameComposition, take.kept_as)
    return NamePage(title="Name of the composition", text=take.name, command=command)


def turned_program(program: int, clicks: int) -> int:
    """So many programs further; the ends are stops."""
    return min(max(program + clicks, 0), MAX_PROGRAM)


def _how(track: TrackLine) -> str:
    if track.is_muted:
        return "mute"
    if track.is_soloed:
        return "solo"
    return "drums" if track.is_drum else INSTRUMENTS[track.program]
