"""MIDI clock out and in, by the nanosecond."""

import random
from collections.abc import Iterable

import pytest

from firmware.midi.clock import PER_BEAT, Beat, ClockReader, ClockWriter
from firmware.midi.messages import MidiMessage, Realtime, SongPosition

MS_NS = 1_000_000
SECOND_NS = 1000 * MS_NS


def run(writer: ClockWriter, until_ns: int) -> list[tuple[int, MidiMessage]]:
    """Everything that is sent up to an instant, when it is due."""
    sent: list[tuple[int, MidiMessage]] = []
    while (due_ns := writer.next_ns()) is not None and due_ns <= until_ns:
        sent += [(due_ns, message) for message in writer.run_due(due_ns)]
    return sent


@pytest.mark.parametrize("tempo_bpm", [40.0, 97.3, 120.0, 220.0])
def test_a_beat_has_24_ticks_and_ten_minutes_no_drift(tempo_bpm: float) -> None:
    writer = ClockWriter()
    assert writer.follow(Beat(origin_ns=7, tempo_bpm=tempo_bpm), 7) == (Realtime.START,)
    sent = run(writer, 7 + 600 * SECOND_NS)
    assert {message for _, message in sent} == {Realtime.CLOCK}
    assert sent[0][0] == 7, "the first one is the beginning"
    assert len(sent) == int(600 * tempo_bpm / 60 * PER_BEAT) + 1
    last = len(sent) - 1
    assert abs(sent[last][0] - 7 - last * 60e9 / tempo_bpm / PER_BEAT) <= 1


def test_music_that_is_to_begin_later_is_started_now_and_ticks_then() -> None:
    writer = ClockWriter()
    assert writer.follow(Beat(origin_ns=SECOND_NS, tempo_bpm=120.0), 0) == (Realtime.START,)
    assert writer.next_ns() == SECOND_NS


def test_a_pause_is_a_stop_and_others_go_on_at_the_next_sixteenth() -> None:
    writer = ClockWriter()
    beat = Beat(origin_ns=0, tempo_bpm=120.0)
    writer.follow(beat, 0)
    run(writer, SECOND_NS)
    assert writer.follow(None, SECOND_NS) == (Realtime.STOP,)
    assert writer.next_ns() is None
    assert writer.run_due(2 * SECOND_NS) == ()
    # Two and a half seconds later, a little after the ninth sixteenth: the tenth is next.
    later = Beat(origin_ns=2500 * MS_NS, tempo_bpm=120.0)
    now_ns = later.origin_ns + 9 * 125 * MS_NS + 1
    assert writer.follow(later, now_ns) == (SongPosition(sixteenths=10), Realtime.CONTINUE)
    assert writer.next_ns() == later.origin_ns + 10 * 125 * MS_NS


def test_the_same_music_is_told_once_and_another_tempo_at_its_place() -> None:
    writer = ClockWriter()
    beat = Beat(origin_ns=0, tempo_bpm=120.0)
    writer.follow(beat, 0)
    run(writer, 2 * SECOND_NS)
    assert writer.follow(Beat(origin_ns=0, tempo_bpm=120.0), 2 * SECOND_NS) == ()
    faster = Beat(origin_ns=SECOND_NS, tempo_bpm=240.0)
    assert writer.follow(faster, 2 * SECOND_NS) == (
        Realtime.STOP,
        SongPosition(sixteenths=16),
        Realtime.CONTINUE,
    )


def test_late_ticks_follow_at_once_and_none_is_sent_twice() -> None:
    writer = ClockWriter()
    beat = Beat(origin_ns=0, tempo_bpm=120.0)
    writer.follow(beat, 0)
    sent = sum((len(writer.run_due(at * 100 * MS_NS)) for at in range(11)), 0)
    assert sent == 2 * PER_BEAT + 1


def test_after_a_long_hold_up_others_are_sent_to_where_the_music_is() -> None:
    writer = ClockWriter()
    writer.follow(Beat(origin_ns=0, tempo_bpm=120.0), 0)
    assert writer.run_due(10 * SECOND_NS) == (
        Realtime.STOP,
        SongPosition(sixteenths=80),
        Realtime.CONTINUE,
    )
    assert writer.run_due(10 * SECOND_NS) == (Realtime.CLOCK,)


def test_a_very_long_piece_stays_within_14_bits() -> None:
    writer = ClockWriter()
    now_ns = 10 * 3600 * SECOND_NS
    position, _ = writer.follow(Beat(origin_ns=0, tempo_bpm=120.0), now_ns)
    assert position == SongPosition(sixteenths=16383)
    due_ns = writer.next_ns()
    assert due_ns is not None
    assert due_ns >= now_ns


def ticks(
    tempo_bpm: float, count: int, *, jitter_ms: float = 0.0, seed: int = 1, origin_ns: int = 0
) -> list[int]:
    """When the ticks of a clock arrive, each late by a time of its own."""
    rng = random.Random(seed)
    beat = Beat(origin_ns=origin_ns, tempo_bpm=tempo_bpm)
    return sorted(beat.ns_of(i) + int(rng.random() * jitter_ms * MS_NS) for i in range(count))


def tempo_of(times: Iterable[int]) -> float | None:
    """What the reader makes of ticks."""
    reader, last_ns = ClockReader(), 0
    for last_ns in times:
        reader.feed(last_ns)
    return reader.tempo_bpm(last_ns)


@pytest.mark.parametrize("tempo_bpm", [40.0, 100.0, 137.5, 220.0])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("jitter_ms", "error"), [(0.0, 0.0001), (2.0, 0.004), (5.0, 0.01)])
def test_the_tempo_is_found_through_jitter(
    tempo_bpm: float, seed: int, jitter_ms: float, error: float
) -> None:
    found = tempo_of(ticks(tempo_bpm, 3 * PER_BEAT, jitter_ms=jitter_ms, seed=seed))
    assert found == pytest.approx(tempo_bpm, rel=error)


def test_one_tick_that_is_very_late_or_lost_changes_nothing() -> None:
    times = ticks(120.0, 60, jitter_ms=1.0)
    late = [*times[:50], times[50] + 15 * MS_NS, *times[51:]]
    assert tempo_of(sorted(late)) == pytest.approx(120.0, rel=0.004)
    lost = [*times[:30], *times[32:]]
    assert tempo_of(lost) == pytest.approx(120.0, rel=0.004)


@pytest.mark.parametrize(
    ("before", "after"), [(90.0, 150.0), (150.0, 90.0), (120.0, 60.0), (60.0, 120.0), (220.0, 40.0)]
)
def test_another_tempo_is_followed_within_two_beats(before: float, after: float) -> None:
    """A clock of half the tempo is none that loses every second tick."""
    first = ticks(before, 96, jitter_ms=1.0)
    then = ticks(after, 2 * PER_BEAT, jitter_ms=1.0, origin_ns=first[-1] + 16 * MS_NS)
    assert tempo_of([*first, *then]) == pytest.approx(after, rel=0.01)


def test_nothing_is_known_before_half_a_beat_or_after_a_silence() -> None:
    times = ticks(120.0, 40)
    assert tempo_of(times[:11]) is None
    assert tempo_of(times[:12]) == pytest.approx(120.0, rel=0.001)
    reader = ClockReader()
    for at_ns in times:
        reader.feed(at_ns)
    assert reader.tempo_bpm(times[-1] + 499 * MS_NS) is not None
    assert reader.tempo_bpm(times[-1] + 500 * MS_NS) is None
    reader.feed(times[-1] + 5 * SECOND_NS)
    assert reader.tempo_bpm(times[-1] + 5 * SECOND_NS) is None, "it begins anew"


def test_ticks_all_at_one_instant_are_no_tempo() -> None:
    assert tempo_of([5] * 60) is None
