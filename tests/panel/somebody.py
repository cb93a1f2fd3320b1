"""Somebody at the panel of an instrument that is not there."""

from dataclasses import replace

from firmware.panel.commands import Command, Generate, Press, SetParameter, SetTime
from firmware.panel.keys import Dial, Key
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Overview
from firmware.panel.pages.listing import ListPage
from firmware.panel.settings import set_value
from firmware.panel.states import TABLE, Move, State, Trigger
from firmware.panel.views import View
from tests.panel import examples
from tests.panel.examples import FULL


class Player:
    """Somebody at the panel of an instrument that does what it is told, as far as pages see."""

    def __init__(self, overview: Overview = FULL) -> None:
        self.overview = overview
        self.navigation = Navigation()
        self.commands: list[Command] = []

    def press(self, *keys: Key) -> None:
        """Press keys."""
        for key in keys:
            self._go(*self.navigation.key(key, self.overview))

    def turn(self, dial: Dial, clicks: int) -> None:
        """Turn a dial."""
        self._go(*self.navigation.turn(dial, clicks, self.overview))

    def come_to(self, state: State) -> None:
        """Let the instrument do something else."""
        activity = examples.ACTIVITIES.get(state)
        self.overview = replace(self.overview, state=state, activity=activity)
        self.navigation, commands = self.navigation.follow(state, self.overview)
        self.commands += commands

    def open(self, *labels: str) -> None:
        """Enter one row after the other."""
        for label in labels:
            self.select(label)
            self.press(Key.ENTER)

    def select(self, label: str) -> None:
        """Select a row."""
        page = self.navigation.top
        assert isinstance(page, ListPage)
        found = [row.label for row in page.rows(self.overview)]
        self.turn(Dial.SELECT, -len(found))
        self.turn(Dial.SELECT, found.index(label))

    def view(self) -> View:
        """What is seen."""
        return self.navigation.view(self.overview)

    def _go(self, navigation: Navigation, commands: tuple[Command, ...]) -> None:
        self.navigation = navigation
        self.commands += commands
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        settings = self.overview.settings
        match command:
            case Press(trigger=trigger):
                self._trigger(trigger)
            case Generate():
                self._trigger(Trigger.GENERATE)
            case SetParameter(key=key, value=value):
                self.overview = replace(self.overview, settings=set_value(settings, key, value))
            case SetTime(tempo_bpm=tempo_bpm, beats_per_bar=beats):
                timed = replace(settings, tempo_bpm=tempo_bpm, beats_per_bar=beats)
                self.overview = replace(self.overview, settings=timed)
            case _:
                pass

    def _trigger(self, trigger: Trigger) -> None:
        entry = TABLE[self.overview.state][trigger]
        if isinstance(entry, Move):
            self.come_to(entry.state)


def go_home(player: Player) -> None:
    """Press back as often as there are pages, and once more to end a change."""
    for _ in range(len(player.navigation.stack) + 1):
        player.press(Key.BACK)
    assert len(player.navigation.stack) == 1
