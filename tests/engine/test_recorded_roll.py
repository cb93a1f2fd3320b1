"""An hour of recording is drawn with the work of a few bars."""

from typing import TYPE_CHECKING

import pytest

from firmware.devices.controls import Button
from firmware.engine import recorded_roll
from firmware.engine.recorded_roll import RecordedRoll
from firmware.engine.recorder import MAX_NOTES, Recorder
from firmware.engine.viewing import BARS_SHOWN
from firmware.midi.pairing import PairedNote
from firmware.music.notes import Note
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks
from firmware.panel.canvas import Canvas, RollNote
from firmware.panel.drawing import draw
from firmware.panel.views import RecordView

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

BAR = 4 * TICKS_PER_BEAT
PAGE = BARS_SHOWN * BAR


class Stage:
    """A recording, and a count of what is done to show it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recorder = Recorder(origin_ns=0, tempo_bpm=120.0, beats_per_bar=4)
        self.roll = RecordedRoll(self.recorder, page_ticks=PAGE)
        self.made = 0
        make = recorded_roll.roll_note

        def counted(note: Note, *, is_players: bool) -> RollNote:
            self.made += 1
            return make(note, is_players=is_players)

        monkeypatch.setattr(recorded_roll, "roll_note", counted)

    def play(self, *notes: tuple[int, int, int]) -> None:
        """Record notes: start and length in ticks, and pitch."""

        def at_ns(ticks: int) -> int:
            return nanoseconds_of_ticks(ticks, 120.0) + 1

        self.recorder.take(
            PairedNote(start=at_ns(s), end=at_ns(s + n), pitch=p, velocity=80) for s, n, p in notes
        )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """See `Stage`."""
    return Stage(monkeypatch)


def test_each_note_is_looked_at_once_however_often_it_is_drawn(stage: Stage) -> None:
    for number in range(100):
        stage.play((number * 240, 200, 60 + number % 12))
        for _ in range(20):  # frames of a second
            stage.roll.page(number * 240 // PAGE)
    assert stage.made == 100


def test_a_frame_has_no_more_notes_after_an_hour_than_after_a_minute(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five notes a second for more than an hour, which is all that a recording takes."""
    stage.play(*((number * 192, 180, 40 + number % 40) for number in range(MAX_NOTES)))
    last = (MAX_NOTES - 1) * 192 // PAGE
    seen = {number: stage.roll.page(number) for number in (0, last // 2, last - 1)}
    assert {len(notes) for notes in seen.values()} == {PAGE // 192}
    assert stage.made == stage.roll.count == MAX_NOTES
    filled = 0
    fill = Canvas.fill

    def counted(self: Canvas, *arguments: object, **more: object) -> None:
        nonlocal filled
        filled += 1
        fill(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Canvas, "fill", counted)
    draw(
        RecordView(
            bar=1,
            beat=1,
            notes=seen[last - 1],
            count=stage.roll.count,
            pitches=stage.roll.pitches,
            first_ticks=(last - 1) * PAGE,
            ticks=PAGE,
            ticks_per_bar=BAR,
        )
    )
    assert 0 < filled <= PAGE // 192


def test_a_note_that_is_held_over_the_edge_is_seen_on_both_sides(stage: Stage) -> None:
    stage.play((PAGE - 480, 960, 60), (10, PAGE - 11, 70), (PAGE, 100, 50))
    first, second = stage.roll.page(0), stage.roll.page(1)
    assert [note.pitch for note in first] == [60, 70]
    assert [note.pitch for note in second] == [60, 50]
    assert stage.roll.page(2) == ()
    assert (stage.roll.count, stage.roll.pitches) == (3, (50, 70))


def test_a_new_recording_begins_with_an_empty_roll(make_instrument: "MakeInstrument") -> None:
    simulation = make_instrument(bundle=None, count_in_bars=0)
    for _ in range(2):
        simulation.press(Button.RECORD)
        view = simulation.view()
        assert isinstance(view, RecordView)
        assert (view.count, view.notes, view.pitches) == (0, (), None)
        simulation.board.keyboard.strike(60, velocity=80)
        simulation.advance(200_000_000)
        simulation.board.keyboard.release(60)
        simulation.advance(200_000_000)
        view = simulation.view()
        assert isinstance(view, RecordView)
        assert (view.count, view.pitches, len(view.notes)) == (1, (60, 60), 1)
        simulation.press(Button.RECORD)
