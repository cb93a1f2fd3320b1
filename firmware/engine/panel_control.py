"""The panel in the engine: keys and dials go to its pages, their commands to the performer."""

from collections.abc import Callable
from functools import partial

from firmware.engine.instrument import Instrument
from firmware.engine.performer import Performer
from firmware.engine.viewing import Viewer
from firmware.panel.commands import Commands
from firmware.panel.keys import Dial, Key
from firmware.panel.navigation import Navigation
from firmware.panel.pages.system import SystemPage
from firmware.panel.pages.wiring import SelfTestPage
from firmware.panel.pickup import PickUp
from firmware.panel.views import MessageView, View

PEEK_NS = 2_000_000_000
"""How long a value is seen after its dial was turned."""


class PanelControl:
    """Where the player is, and what they do there.

    Args:
        instrument: What follows.
        viewer: Looks at it.
        performer: Carries out what pages ask for.
        guarded: Does something; what the player should know of its failure is put on the panel.
    """

    def __init__(
        self,
        instrument: Instrument,
        viewer: Viewer,
        performer: Performer,
        guarded: Callable[[Callable[[int], None]], None],
    ) -> None:
        self._instrument = instrument
        self._viewer = viewer
        self._performer = performer
        self._guarded = guarded
        self._pick_up = PickUp()
        self._peek_until_ns = 0
        self.navigation = Navigation()

    @property
    def shows_system(self) -> bool:
        """Whether the page about the computer is open, whose facts grow old."""
        return isinstance(self.navigation.top, SystemPage)

    @property
    def shows_self_test(self) -> bool:
        """Whether the wiring's own test is open, which nobody sees under another page."""
        return isinstance(self.navigation.top, SelfTestPage)

    def press(self, key: Key, now_ns: int) -> None:
        """Take a key."""
        self.follow(now_ns)
        self._instrument.notice = None
        after, commands = self.navigation.key(key, self._viewer.overview(now_ns))
        self._go(after, commands, now_ns)

    def turn(self, dial: Dial, clicks: int, now_ns: int) -> None:
        """Take a turn of a dial."""
        self.follow(now_ns)
        self._instrument.notice = None
        after, commands = self.navigation.turn(dial, clicks, self._viewer.overview(now_ns))
        self._go(after, commands, now_ns)

    def move(self, keys: tuple[str, ...], position: float, now_ns: int) -> None:
        """Take a knob with end stops, of a MIDI keyboard.

        Args:
            keys: The parameters that it stands for: the technique has one of them.
            position: 0.0 at its left stop, 1.0 at its right stop.
            now_ns: The present.
        """
        settings = self._instrument.settings
        for key in keys:
            settings = self._pick_up.move(settings, key, position)
        self._guarded(lambda at_ns: self._performer.set(settings, at_ns))
        known = {spec.key for spec in settings.specs}
        turned = next((key for key in keys if key in known), None)
        if turned is not None:
            self.navigation = self.navigation.peeking(turned)
            self._peek_until_ns = now_ns + PEEK_NS

    def open_at(self, navigation: Navigation, now_ns: int) -> None:
        """Go to pages that somebody has left open."""
        overview = self._viewer.overview(now_ns)
        self.navigation = navigation.anchored(overview)
        for page in navigation.stack:
            self._perform(page.enter(overview))

    def view(self, now_ns: int) -> View:
        """What is to be seen."""
        self.follow(now_ns)
        if now_ns >= self._peek_until_ns:
            self.navigation = self.navigation.peeking(None)
        notice = self._instrument.notice
        if notice is not None:
            return MessageView(sentence=notice.sentence, remedy=notice.remedy)
        return self.navigation.view(self._viewer.overview(now_ns))

    def follow(self, now_ns: int) -> None:
        """Go where the instrument has gone by itself."""
        if self._instrument.state is self.navigation.state:
            return
        overview = self._viewer.overview(now_ns)
        self.navigation, commands = self.navigation.follow(self._instrument.state, overview)
        self._perform(commands)

    def _go(self, after: Navigation, commands: Commands, now_ns: int) -> None:
        self.navigation = after
        if after.peek is not None:
            self._peek_until_ns = now_ns + PEEK_NS
        self._perform(commands)
        self.follow(now_ns)

    def _perform(self, commands: Commands) -> None:
        for command in commands:
            self._guarded(partial(self._performer.perform, command))
