"""Active sensing of a keyboard, by the clock."""

from firmware.midi.messages import NoteOn, Realtime
from firmware.midi.sensing import TIMEOUT_NS, Sensing

MS_NS = 1_000_000


def test_nothing_is_expected_of_a_keyboard_that_never_began() -> None:
    sensing = Sensing()
    sensing.feed(NoteOn(pitch=60, velocity=1), 0)
    sensing.feed(Realtime.CLOCK, 5)
    assert sensing.due_ns() is None
    assert not sensing.is_lost(10 * TIMEOUT_NS)


def test_after_the_first_one_a_silence_of_330_ms_means_that_it_is_gone_once() -> None:
    sensing = Sensing()
    sensing.feed(Realtime.ACTIVE_SENSING, 0)
    sensing.feed(NoteOn(pitch=60, velocity=1), 300 * MS_NS)  # any message will do
    assert not sensing.is_lost(629 * MS_NS)
    assert sensing.due_ns() == 630 * MS_NS
    assert sensing.is_lost(630 * MS_NS)
    assert not sensing.is_lost(10_000 * MS_NS)
    sensing.feed(NoteOn(pitch=60, velocity=1), 10_000 * MS_NS)
    assert sensing.due_ns() is None, "it begins with the next one of its kind"
