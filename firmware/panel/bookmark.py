"""Where the player is, in words that the next start understands."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from firmware.panel.navigation import Navigation
from firmware.panel.page import Page
from firmware.panel.pages.compositions import CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage
from firmware.panel.pages.listing import ListPage
from firmware.panel.pages.melodies import MelodiesPage
from firmware.panel.pages.midi import MidiPage
from firmware.panel.pages.models import ModelsPage
from firmware.panel.pages.parameters import ParametersPage
from firmware.panel.pages.presets import PresetsPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.pages.system import SystemPage

PAGES: Final[Mapping[str, type[Page]]] = MappingProxyType(
    {
        "compositions": CompositionsPage,
        "listen": ListenPage,
        "melodies": MelodiesPage,
        "midi": MidiPage,
        "models": ModelsPage,
        "parameters": ParametersPage,
        "presets": PresetsPage,
        "sound": SoundPage,
        "system": SystemPage,
        "take": TakePage,
    }
)
"""Pages that mean the same at the next start; questions and what the instrument does do not."""

_NAMES: Final[Mapping[type[Page], str]] = MappingProxyType({kind: k for k, kind in PAGES.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A way from home to a page.

    Attributes:
        home: The selected row of home.
        pages: The pages upon it, by their name in `PAGES`, each with its selected row.
    """

    home: int = 0
    pages: tuple[tuple[str, int], ...] = ()


def bookmark_of(navigation: Navigation) -> Bookmark:
    """The way to the page that is seen, as far as the next start understands it."""
    home, *others = navigation.stack
    pages: list[tuple[str, int]] = []
    for page in others:
        name = _NAMES.get(type(page))
        if name is None:
            break
        pages.append((name, _selected(page)))
    return Bookmark(home=_selected(home), pages=tuple(pages))


def opened_at(bookmark: Bookmark) -> Navigation:
    """The pages open as they were; a page that this firmware has not ends the way."""
    stack: list[Page] = [HomePage(selected=bookmark.home)]
    for name, selected in bookmark.pages:
        kind = PAGES.get(name)
        if kind is None:
            break
        stack.append(kind(selected=selected) if issubclass(kind, ListPage) else kind())
    return Navigation(stack=tuple(stack))


def _selected(page: Page) -> int:
    return page.selected if isinstance(page, ListPage) else 0
