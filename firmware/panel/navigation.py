"""The way through the pages: one stack of them, with home at its root.

Pages of what the instrument is doing come and go with its state; all others a hand opens and
leaves. Back always leaves a page.
"""

from dataclasses import dataclass, field, replace

from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from firmware.panel.commands import Commands
from firmware.panel.keys import Dial, Key, spec_of
from firmware.panel.overview import Overview
from firmware.panel.page import Page, Step
from firmware.panel.pages.activity import PAGE_OF_STATE, ActivityPage, GeneratePage
from firmware.panel.pages.home import HomePage, turn_tempo
from firmware.panel.pages.listen import ListenPage
from firmware.panel.pages.listing import ListPage
from firmware.panel.pages.parameters import turn_parameter
from firmware.panel.states import State
from firmware.panel.views import PeekView, View

TEMPO = "tempo"
"""What is peeked at while the tempo is turned."""

_HEARD = frozenset({State.PLAYING, State.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """Where the player is.

    Attributes:
        stack: The open pages, home first; the last one is seen.
        state: The state of the instrument that was followed last.
        peek: The parameter whose value is seen for a moment, by its key; or None.
    """

    stack: tuple[Page, ...] = field(default_factory=lambda: (HomePage(),))
    state: State = State.IDLE
    peek: str | None = None

    @property
    def top(self) -> Page:
        """The page that is seen."""
        return self.stack[-1]

    def key(self, key: Key, overview: Overview) -> tuple["Navigation", Commands]:
        """Take a key; what is to be done of it."""
        return _take(self, self.top.key(key, overview), overview)

    def turn(self, dial: Dial, clicks: int, overview: Overview) -> tuple["Navigation", Commands]:
        """Take a turn of a dial; some mean the same on every page."""
        settings = overview.settings
        if dial in (Dial.SELECT, Dial.VALUE) or self.top.takes_everything(overview):
            return _take(self, self.top.turn(dial, clicks, overview), overview)
        if dial is Dial.TEMPO:
            return replace(self, peek=TEMPO), (turn_tempo(settings, clicks),)
        spec = spec_of(dial, settings.specs)
        if spec is None:  # the technique has nothing for it
            return self, ()
        return replace(self, peek=spec.key), (turn_parameter(settings, spec, clicks),)

    def follow(self, state: State, overview: Overview) -> tuple["Navigation", Commands]:
        """Go where the instrument has gone."""
        if state is self.state:
            return self, ()
        wanted = PAGE_OF_STATE.get(state)
        kept = tuple(
            page
            for page in self.stack
            if type(page) is wanted or not isinstance(page, ActivityPage)
        )
        before, after = PAGE_OF_STATE.get(self.state), replace(self, stack=kept, state=state)
        if wanted is not None and not any(type(page) is wanted for page in kept):
            return _open(after, wanted(), overview)
        if state in _HEARD and self.state not in _HEARD:
            return _to_listen(after, overview, comes_back=before is GeneratePage)
        return after, ()

    def anchored(self, overview: Overview) -> "Navigation":
        """The same rows selected, wherever they move from now on."""
        pages = (p.anchored(overview) if isinstance(p, ListPage) else p for p in self.stack)
        return replace(self, stack=tuple(pages))

    def peeking(self, key: str | None) -> "Navigation":
        """Show a parameter's value over the page, or no more."""
        return self if key == self.peek else replace(self, peek=key)

    def view(self, overview: Overview) -> View:
        """What is seen."""
        if self.peek is not None:
            return _peek(self.peek, overview) or self.top.view(overview)
        return self.top.view(overview)


def _take(navigation: Navigation, step: Step, overview: Overview) -> tuple[Navigation, Commands]:
    """Carry out what a page wants."""
    stack, commands = navigation.stack, step.commands
    if step.page is not None:
        stack = (*stack[:-1], step.page)
    for _ in range(step.leaves + 1 if step.is_left else 0):
        if len(stack) > 1:
            commands += stack[-1].leave(overview)
            stack = stack[:-1]
    after = replace(navigation, stack=stack, peek=step.peeks)
    if step.opens is None:
        return after, commands
    after, more = _open(after, step.opens, overview)
    return after, commands + more


def _open(navigation: Navigation, page: Page, overview: Overview) -> tuple[Navigation, Commands]:
    return replace(navigation, stack=(*navigation.stack, page)), page.enter(overview)


def _to_listen(
    navigation: Navigation, overview: Overview, *, comes_back: bool
) -> tuple[Navigation, Commands]:
    """Show what is heard; who looks at its tracks stays there, but after a generation."""
    stack = navigation.stack
    places = [place for place, page in enumerate(stack) if isinstance(page, ListenPage)]
    if not places:
        return _open(navigation, ListenPage(), overview)
    if not comes_back:
        return navigation, ()
    return replace(navigation, stack=stack[: places[-1] + 1]), ()


def _peek(key: str, overview: Overview) -> PeekView | None:
    settings = overview.settings
    if key == TEMPO:
        return PeekView(
            label="Tempo",
            value=f"{settings.tempo_bpm:g} bpm",
            position=(settings.tempo_bpm - MIN_TEMPO_BPM) / (MAX_TEMPO_BPM - MIN_TEMPO_BPM),
            meaning="How many beats a minute the next recording has.",
        )
    spec = next((spec for spec in settings.specs if spec.key == key), None)
    if spec is None:  # another technique was chosen meanwhile
        return None
    value = settings.value(key)
    return PeekView(
        label=spec.label,
        value=spec.text(value),
        position=spec.position(value),
        meaning=spec.meaning,
    )
