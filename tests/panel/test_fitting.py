"""Whatever is written or drawn stays inside of its place on the panel."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.midi.general_midi import INSTRUMENTS
from firmware.panel.canvas import HEIGHT, WIDTH, RollNote
from firmware.panel.drawing import draw
from firmware.panel.drawing.listing import MEANING_LINES
from firmware.panel.font import render, width_of, wrapped
from firmware.panel.pages.reading import FactsPage
from firmware.panel.views import ListView, RecordView
from firmware.parameters import PARAMETERS, Technique
from tests.panel import examples
from tests.panel.examples import BAR, EMPTY


@given(label=st.text(max_size=60), value=st.text(max_size=60))
def test_a_label_and_its_value_never_run_into_each_other(label: str, value: str) -> None:
    """A row drawn whole is its label and its value, with dark columns between them."""
    view = ListView(title="", rows=((label, value),), selected=None, first=0, total=1)
    both = draw(view)
    only_label = draw(replace(view, rows=((label, "" if not value else " "),)))
    only_value = draw(replace(view, rows=(("", value),)))
    assert both.size == only_label.size == only_value.size
    left = only_value.crop((0, 13, WIDTH, HEIGHT)).getbbox()
    if left is not None and value.strip():
        gap = both.crop((left[0] - 3, 13, left[0], HEIGHT))
        assert left[0] < 3 or gap.getbbox() is None or width_of(value) > WIDTH // 3


@given(
    notes=st.lists(
        st.builds(
            lambda start, length, pitch, mine: RollNote(
                start_ticks=start, end_ticks=start + length, pitch=pitch, is_players=mine
            ),
            st.integers(0, 20_000),
            st.integers(1, 5_000),
            st.integers(0, 127),
            st.booleans(),
        ),
        max_size=30,
    ),
    bar=st.integers(0, 5),
)
def test_any_notes_can_be_drawn_and_stay_inside_of_the_roll(
    notes: list[RollNote], bar: int
) -> None:
    """Below the header and above the line at the bottom nothing else is drawn upon."""
    blank = RecordView(
        bar=bar + 1,
        beat=1,
        notes=(),
        count=0,
        pitches=None,
        first_ticks=bar * BAR,
        ticks=4 * BAR,
        ticks_per_bar=BAR,
    )
    header = (0, 0, WIDTH, 11)
    drawn = draw(replace(blank, notes=tuple(notes))).crop(header)
    assert drawn.tobytes() == draw(blank).crop(header).tobytes()


@pytest.mark.parametrize("technique", Technique)
@pytest.mark.parametrize("position", [None, 0.0, 0.35, 0.6, 0.97, 1.0])
def test_every_label_and_value_is_seen_in_full(
    technique: Technique, position: float | None
) -> None:
    """A label that gives way to its value is shortened by an ellipsis: none is."""
    settings = examples.settings_at(technique, position)
    for spec in settings.specs:
        value = spec.text(settings.value(spec.key))
        assert width_of(spec.label) + width_of(value) <= WIDTH - 14


def test_every_meaning_and_every_instrument_is_seen_in_full() -> None:
    for spec in PARAMETERS:
        assert len(wrapped(spec.meaning, WIDTH - 4)) <= MEANING_LINES, spec.key
    for name in INSTRUMENTS:
        assert width_of("Keyboard") + width_of(name) <= WIDTH - 14, name


@given(label=st.text(max_size=30), value=st.text(max_size=60))
def test_a_fact_that_is_cut_can_be_read_in_full_and_one_that_is_not_leads_nowhere(
    label: str, value: str
) -> None:
    """In a list that is longer than the screen, whose bar takes room as well."""
    page = FactsPage(subject="", facts=((label, value), *[("", "")] * 9))
    is_whole = width_of(label) + width_of(value) <= WIDTH - 14
    assert (page.rows(EMPTY)[0].opens is None) == is_whole
    if is_whole:
        row = draw(replace(page.view(EMPTY), selected=None)).crop((0, 14, WIDTH - 4, 23))
        for left, text in ((2, label), (WIDTH - 6 - width_of(value), value)):
            seen = row.crop((left, 0, left + max(width_of(text), 1), 9))
            assert not text or seen.tobytes() == render(text).tobytes(), text
