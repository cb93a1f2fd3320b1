"""A duet's conversation: whose turn it is, at which tempo, and what was said in time."""

from collections.abc import Sequence

import numpy as np
import pytest

from firmware.engine.duet import REMEMBERED_NS, Conversation
from firmware.engine.schedule import as_composition
from firmware.errors import EngineStateError
from firmware.midi.messages import ControlChange, NoteOff, NoteOn, PitchBend
from firmware.music.notes import Composition, Melody, Note, Track

SECOND_NS = 1_000_000_000
_TUNE = (1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0, 2.0)


def begin(tempo_bpm: float = 60.0, pause_beats: int = 2) -> Conversation:
    return Conversation(tempo_bpm=tempo_bpm, beats_per_bar=4, pause_beats=pause_beats)


def play(duet: Conversation, at_ns: int, seconds: Sequence[float], *, jitter_s: float = 0.0) -> int:
    """Strike a key for each of some lengths; the instant at which the last comes up."""
    rng = np.random.default_rng(3)
    at_s = 0.0
    for k, length_s in enumerate(seconds):
        early_ns = int(abs(rng.normal(0.0, jitter_s)) * SECOND_NS)
        duet.feed(NoteOn(pitch=60 + k % 12, velocity=80), at_ns + int(at_s * SECOND_NS) + early_ns)
        at_s += length_s
        duet.feed(NoteOff(pitch=60 + k % 12), at_ns + int(at_s * SECOND_NS))
    return at_ns + int(at_s * SECOND_NS)


def answer(melody: Melody, *starts_and_lengths: tuple[int, int]) -> Composition:
    """A composition that goes on from a melody, its ticks counted from there."""
    music = as_composition(melody)
    notes = tuple(
        Note(start_ticks=melody.end_ticks + start, pitch=72, duration_ticks=length)
        for start, length in starts_and_lengths
    )
    return Composition(
        tracks=(*music.tracks, Track(name="extension", notes=notes)), tempo_bpm=melody.tempo_bpm
    )


def test_it_is_the_instruments_turn_after_so_many_beats_of_silence() -> None:
    for pause_beats in (1, 2, 5):
        duet = begin(tempo_bpm=120.0, pause_beats=pause_beats)
        assert duet.turn_ns is None
        ended_ns = play(duet, SECOND_NS, (0.5, 0.5))
        due_ns = ended_ns + pause_beats * SECOND_NS // 2
        assert duet.turn_ns == due_ns
        assert not duet.is_turn(due_ns - 1)
        assert duet.is_turn(due_ns)


def test_after_its_turn_it_waits_for_another_phrase() -> None:
    duet = begin()
    ended_ns = play(duet, 0, (1.0, 1.0))
    duet.take_turn(ended_ns + 2 * SECOND_NS, name="")
    assert duet.turn_ns is None
    play(duet, 60 * SECOND_NS, (1.0,))
    assert duet.turn_ns is None


def test_wheels_do_not_end_a_silence_but_a_lifted_pedal_that_ends_notes_does() -> None:
    duet = begin()
    duet.feed(ControlChange(control=64, value=127), 0)
    ended_ns = play(duet, 0, (1.0, 1.0))
    duet.feed(PitchBend(bend=100), ended_ns + SECOND_NS)
    assert duet.turn_ns == ended_ns + 2 * SECOND_NS
    duet.feed(ControlChange(control=64, value=0), ended_ns + SECOND_NS)
    assert duet.turn_ns == ended_ns + 3 * SECOND_NS


def test_a_keyboard_that_vanishes_holds_no_key_any_more() -> None:
    duet = begin()
    for pitch in (60, 64):
        duet.feed(NoteOn(pitch=pitch, velocity=80), 0)
    assert duet.turn_ns is None
    duet.release(SECOND_NS)
    assert duet.is_turn(3 * SECOND_NS)
    melody = duet.take_turn(3 * SECOND_NS, name="")
    assert [n.duration_ticks for n in melody.notes] == [480, 480]


def test_there_is_nothing_to_answer_before_anything_was_played() -> None:
    with pytest.raises(EngineStateError, match="nothing to answer"):
        begin().take_turn(SECOND_NS, name="")


def test_the_answer_may_come_in_on_each_beat_after_the_phrase() -> None:
    duet = begin(tempo_bpm=100.0)
    ended_ns = play(duet, 0, (0.6, 0.6))
    duet.take_turn(ended_ns + 1_200_000_000, name="")
    beats = [(0, 0), (1, 1), (600_000_000, 1), (1_200_000_000, 2), (1_200_000_001, 3)]
    for after_ns, beat in beats:
        assert duet.entry_ns(ended_ns + after_ns) == ended_ns + beat * 600_000_000


def test_what_was_heard_of_an_answer_stands_where_it_was_heard() -> None:
    """Cut where the player came in; what was not reached is not part of it."""
    duet = begin()
    ended_ns = play(duet, 0, (1.0, 1.0))
    music = answer(duet.take_turn(ended_ns, name=""), (0, 480), (480, 960), (960, 480))
    duet.hear(music, until_ticks=2 * 480 + 960, now_ns=10 * SECOND_NS)
    duet.hear(music, until_ticks=2 * 480, now_ns=20 * SECOND_NS)  # nothing
    melody = duet.melody(20 * SECOND_NS, name="duet")
    assert melody is not None
    assert [(n.start_ticks, n.pitch, n.duration_ticks) for n in melody.notes] == [
        (0, 60, 480),
        (480, 61, 480),
        (8 * 480, 72, 480),
        (9 * 480, 72, 480),
    ]


def test_only_the_last_minute_is_answered_but_all_is_kept() -> None:
    duet = begin()
    play(duet, 0, (1.0, 1.0))
    ended_ns = play(duet, REMEMBERED_NS + 3 * SECOND_NS, (1.0, 1.0))
    melody = duet.take_turn(ended_ns, name="")
    assert [n.pitch for n in melody.notes] == [60, 61]
    assert melody.notes[0].start_ticks == 0  # 68 beats: the bars go on from the first note
    kept = duet.melody(ended_ns, name="")
    assert kept is not None
    assert [n.start_ticks for n in kept.notes] == [0, 480, 68 * 480, 69 * 480]


@pytest.mark.parametrize("tempo_bpm", [76.0, 92.0, 132.0])
def test_the_pause_is_counted_in_the_players_own_beats(tempo_bpm: float) -> None:
    """They can be slower or faster than what was set."""
    duet = begin(tempo_bpm=108.0)
    beat_s = 60.0 / tempo_bpm
    ended_ns = play(duet, 0, [beat_s * length for length in _TUNE * 3], jitter_s=0.008)
    while not duet.is_turn(ended_ns):
        ended_ns += 5_000_000
    assert duet.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
    turn_ns = duet.turn_ns
    assert turn_ns is not None
    melody = duet.take_turn(turn_ns, name="")
    assert melody.tempo_bpm == duet.tempo_bpm
    misses = [(n.start_ticks + 120) % 240 - 120 for n in melody.notes[-8:]]
    assert np.mean(np.abs(misses)) < 25


def test_a_beat_of_the_bar_remains_that_one_when_the_tempo_changes() -> None:
    """From phrase to phrase a little slower, and the last bar still begins with a bar line."""
    duet, at_ns = begin(tempo_bpm=100.0), 0
    for tempo_bpm in (100.0, 92.0, 85.0, 78.0):
        beat_s = 60.0 / tempo_bpm
        ended_ns = play(duet, at_ns, [beat_s * length for length in _TUNE * 2], jitter_s=0.004)
        assert duet.is_turn(ended_ns + 4 * SECOND_NS)
        assert duet.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
        melody = duet.take_turn(ended_ns + 4 * SECOND_NS, name="")
        last_bar = [(n.start_ticks + 240) % 1920 - 240 for n in melody.notes[-3:]]
        assert last_bar == pytest.approx([0, 480, 960], abs=60)
        at_ns = ended_ns + round(8 * beat_s * SECOND_NS)
