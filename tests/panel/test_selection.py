"""The selected row stays the selected one, and is seen, whatever comes and goes around it."""

from dataclasses import replace

import pytest

from firmware.panel.commands import SetTime
from firmware.panel.keys import Dial, Key
from firmware.panel.overview import Overview
from firmware.panel.pages.compositions import CompositionsPage
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.listen import TakePage, TrackPage
from firmware.panel.pages.listing import ListPage
from firmware.panel.pages.melodies import MelodiesPage
from firmware.panel.pages.midi import MidiPage
from firmware.panel.pages.models import ModelsPage
from firmware.panel.pages.presets import PresetsPage
from firmware.panel.pages.system import SystemPage
from tests.panel.examples import COMPOSITIONS, FULL, PRESETS


def _selected(page: ListPage, overview: Overview) -> tuple[str, str]:
    """Label and value of the row that is seen as the selected one."""
    view = page.view(overview)
    assert view.selected is not None
    return view.rows[view.selected]


def _turned_to(page: ListPage, clicks: int, overview: Overview) -> ListPage:
    step = page.turn(Dial.SELECT, clicks, overview)
    assert isinstance(step.page, ListPage)
    return step.page


NO_MODEL = replace(FULL, no_model=FULL.missing[0])
NO_STICK = replace(FULL, sticks=())
FEWER = replace(FULL, deleted=None, compositions=COMPOSITIONS[:5])


@pytest.mark.parametrize(
    ("page", "clicks", "before", "after"),
    [
        (HomePage(), 2, FULL, NO_MODEL),
        (HomePage(), 5, NO_MODEL, FULL),
        (HomePage(), 3, NO_STICK, FULL),
        (HomePage(), 5, FULL, replace(FULL, sticks=FULL.sticks[2:])),
        (MelodiesPage(), 2, NO_STICK, FULL),
        (CompositionsPage(), 3, FEWER, replace(FEWER, deleted="Take 7")),
        (
            CompositionsPage(),
            1,
            FEWER,
            replace(FEWER, compositions=(*COMPOSITIONS[6:900], *COMPOSITIONS[:5])),
        ),
        (MelodiesPage(), 3, FULL, replace(FULL, melodies=FULL.melodies[1:])),
        (
            MelodiesPage(),
            1,
            FULL,
            replace(FULL, melodies=(FULL.melodies[1], *FULL.melodies[2:], FULL.melodies[0])),
        ),
        (MidiPage(), 3, FULL, replace(FULL, midi=replace(FULL.midi, keyboards=()))),
        (MidiPage(), 1, FULL, replace(FULL, midi=replace(FULL.midi, keyboards=("x", "y", "z")))),
        (PresetsPage(), 2, FULL, replace(FULL, presets=PRESETS[1:])),
        (ModelsPage(), 2, FULL, replace(FULL, missing=())),
        (SystemPage(), 6, replace(FULL, recovery=None), FULL),
        (TakePage(), 5, FULL, replace(FULL, tracks=FULL.tracks[:2])),
    ],
)
def test_what_is_selected_stays_selected_where_rows_come_and_go(
    page: ListPage, clicks: int, before: Overview, after: Overview
) -> None:
    """Its key decides, and where it is gone its place; so does what enter does."""
    chosen = _turned_to(page, clicks, before)
    row = chosen.row(before)
    assert row is not None
    is_there = (row.key, row.label) in {(r.key, r.label) for r in chosen.rows(after)}
    found = chosen.row(after)
    assert found is not None
    if is_there:
        assert (found.key, found.label) == (row.key, row.label)
        assert _selected(chosen, after)[0] == row.label
        assert chosen.key(Key.ENTER, after).opens == row.opens
    else:
        assert chosen.place(chosen.rows(after)) == min(clicks, len(chosen.rows(after)) - 1)


def test_two_compositions_of_one_title_are_told_apart() -> None:
    twins = tuple(replace(line, title="Take 1") for line in COMPOSITIONS[3:6])
    overview = replace(FEWER, compositions=twins)
    page = _turned_to(CompositionsPage(), 2, overview)
    row = page.row(replace(overview, compositions=(COMPOSITIONS[0], *twins)))
    assert row is not None
    assert row.key == twins[2].name


def test_a_change_ends_where_its_row_is_gone_and_changes_no_other_row() -> None:
    """And goes on where it has only moved."""
    page = _turned_to(HomePage(), 2, NO_STICK)
    step = page.key(Key.ENTER, NO_STICK)
    assert isinstance(step.page, HomePage)
    assert step.page.view(NO_STICK).is_editing
    assert step.page.view(FULL).is_editing, "a stick was plugged in"
    moved = step.page.turn(Dial.SELECT, 1, NO_MODEL)
    assert moved.commands == (SetTime(tempo_bpm=121.0, beats_per_bar=4),)
    gone = TrackPage(index=0, selected=2, anchor="Plays", is_editing=True)
    drums = replace(FULL, tracks=FULL.tracks[4:])
    assert not gone.view(drums).is_editing
    assert gone.turn(Dial.SELECT, 1, drums).commands == ()
    assert gone.key(Key.BACK, drums).is_left


@pytest.mark.parametrize("total", [0, 1, 3, 4, 5, 6, 50, 1200])
def test_the_selected_row_is_always_among_those_that_are_seen(total: int) -> None:
    overview = replace(FULL, deleted=None, compositions=COMPOSITIONS[:total])
    for selected in {0, 1, total // 2, total - 1, total, total + 5} - {-1}:
        view = CompositionsPage(selected=selected).view(overview)
        assert view.selected is not None
        assert 0 <= view.selected < len(view.rows)
        assert view.first + view.selected == min(selected, max(total, 1) - 1)
        assert view.first + len(view.rows) <= view.total
