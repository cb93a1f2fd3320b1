"""The way to the page that is seen, in words, and back."""

import pytest

from firmware.panel.bookmark import PAGES, Bookmark, bookmark_of, opened_at
from firmware.panel.navigation import Navigation
from firmware.panel.pages.compositions import CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import ListenPage, TakePage, TrackPage
from firmware.panel.pages.sound import SoundPage


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_found_again(name: str) -> None:
    row = 0 if name == "listen" else 3
    bookmark = Bookmark(home=2, pages=((name, row),))
    navigation = opened_at(bookmark)
    assert type(navigation.top) is PAGES[name]
    assert bookmark_of(navigation) == bookmark


def test_the_way_ends_before_what_the_next_start_does_not_know() -> None:
    stack = (HomePage(selected=4), ListenPage(), TakePage(selected=1), TrackPage(index=0))
    bookmark = bookmark_of(Navigation(stack=stack))
    assert opened_at(bookmark) == Navigation(stack=stack[:3])


def test_a_page_that_this_firmware_has_not_ends_the_way() -> None:
    bookmark = Bookmark(pages=(("sound", 1), ("garden", 2), ("compositions", 0)))
    assert opened_at(bookmark).stack == (HomePage(), SoundPage(selected=1))
    assert CompositionsPage in PAGES.values()


def test_a_row_is_not_being_changed_when_it_is_found_again() -> None:
    stack = (HomePage(selected=1, is_editing=True),)
    assert opened_at(bookmark_of(Navigation(stack=stack))).stack == (HomePage(selected=1),)
