"""A duet's conversation: whose turn it is, at which tempo, and what was said in time."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.engine.duet import LONGEST_PHRASE_NS, MOST_NOTES, Conversation
from firmware.engine.schedule import as_composition
from firmware.errors import EngineStateError
from firmware.midi.messages import ControlChange, NoteOff, NoteOn, PitchBend
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.music.timing import ticks_of_nanoseconds
from firmware.music.tokens import TOKEN_ENCODING, decode
from firmware.techniques.conversation import Memory

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
    ended_ns = play(duet, LONGEST_PHRASE_NS + 3 * SECOND_NS, (1.0, 1.0))
    melody = duet.take_turn(ended_ns, name="")
    assert [n.pitch for n in melody.notes] == [60, 61]
    assert melody.notes[0].start_ticks == 0  # 68 beats: the bars go on from the first note
    kept = duet.melody(ended_ns, name="")
    assert kept is not None
    assert [n.start_ticks for n in kept.notes] == [0, 480, 68 * 480, 69 * 480]


def written(notes: Sequence[Note]) -> list[tuple[int, int, int]]:
    return [(n.start_ticks, n.pitch, n.duration_ticks) for n in notes]


def test_a_turn_is_the_phrase_alone_and_what_was_heard_belongs_to_the_turn_before() -> None:
    """The phrase lies in the bars of the answer that it broke into, which came in late."""
    duet = begin()
    ended_ns = play(duet, 0, (1.0, 1.0))
    first = duet.take_turn(ended_ns, name="")
    assert [turn.melody for turn in duet.turns] == [first]
    music = answer(first, (0, 480), (480, 960), (1920, 480))
    # It came in at 4 s; the player does after two beats and a half of it.
    duet.hear(music, until_ticks=960 + 1200, now_ns=6 * SECOND_NS + SECOND_NS // 2)
    ended_ns = play(duet, 6 * SECOND_NS + SECOND_NS // 2, (0.5, 1.0))
    second = duet.take_turn(ended_ns, name="")
    assert written(second.notes) == [(240, 60, 240), (480, 61, 480)]
    assert [turn.melody for turn in duet.turns] == [first, second]
    assert written(duet.turns[0].answer) == [(960, 72, 480), (1440, 72, 720)]
    assert duet.turns[1].answer == ()


def test_a_note_that_began_with_the_players_key_was_not_heard() -> None:
    """But a short one that has sounded was."""
    duet = begin()
    ended_ns = play(duet, 0, (1.0, 1.0))
    music = answer(duet.take_turn(ended_ns, name=""), (0, 480), (480, 20), (960, 480))
    duet.hear(music, until_ticks=2 * 480 + 970, now_ns=9 * SECOND_NS)
    assert written(duet.turns[0].answer) == [(960, 72, 480), (1440, 72, 20)]


def test_asked_to_go_on_it_goes_on_from_its_own_answer() -> None:
    duet = begin()
    ended_ns = play(duet, 0, (1.0, 1.0))
    music = answer(duet.take_turn(ended_ns, name=""), (0, 480))
    duet.hear(music, until_ticks=music.end_ticks, now_ns=10 * SECOND_NS)
    melody = duet.take_turn(11 * SECOND_NS, name="")
    assert written(melody.notes) == [(0, 60, 480), (480, 61, 480), (960, 72, 480)]
    assert [turn.melody for turn in duet.turns] == [melody]
    assert duet.entry_ns(11 * SECOND_NS) == 11 * SECOND_NS
    for _ in range(40):
        music = answer(melody, (0, 4800))
        duet.hear(music, until_ticks=music.end_ticks, now_ns=20 * SECOND_NS)
        melody = duet.take_turn(21 * SECOND_NS, name="")
    assert len(melody.notes) <= 1 + LONGEST_PHRASE_NS // (10 * SECOND_NS)


def test_hours_of_it_take_no_more_memory_and_the_latest_is_remembered() -> None:
    """Whether the player lets the instrument answer or does not."""
    duet, at_ns = begin(), 0
    sizes: list[int] = []
    for turn in range(400):
        at_ns = play(duet, at_ns, (0.5,) * 30) + 2 * SECOND_NS
        before = duet.turns
        music = answer(duet.take_turn(at_ns, name=""), *((240 * k, 240) for k in range(turn % 40)))
        at_ns += 20 * SECOND_NS
        if turn // 100 % 2 == 0:
            duet.hear(music, until_ticks=music.end_ticks, now_ns=at_ns)
        if len(duet.turns) <= len(before):  # the oldest were forgotten, and not only one
            assert duet.turns[:-1] == before[-len(duet.turns) + 1 :]
            assert sizes[-1] > MOST_NOTES - 100
        sizes.append(sum(len(turn.melody.notes) + len(turn.answer) for turn in duet.turns))
    assert max(sizes) <= MOST_NOTES
    assert min(sizes[100:]) > MOST_NOTES // 2 - 100


class Listener:
    """A model that remembers its tokens, and says nothing."""

    texture = 0

    def begin(self, *, style: int, texture: int) -> "Listener":
        """Begin."""
        del style, texture
        self.tokens: list[int] = []
        return self

    def go_on(self, place: list[int]) -> "Listener":
        """Go on."""
        self.tokens = list(place)
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        self.tokens.extend(tokens)
        return np.zeros(TOKEN_ENCODING.vocabulary, np.float32)

    def keep(self) -> list[int]:
        """Keep the place."""
        return list(self.tokens)


@pytest.mark.parametrize("beats", range(1, 7))
@pytest.mark.parametrize("is_held", [False, True])
def test_who_breaks_in_on_a_beat_is_understood_to_have(*, beats: int, is_held: bool) -> None:
    """By hand, up to 35 ms early or late: what the model reads has neither gap nor overlap."""
    rng, listener = np.random.default_rng(beats), Listener()
    beat_ns = 3 * SECOND_NS // 5

    def strike(at_beat: float) -> int:
        return round(at_beat * beat_ns + rng.uniform(-0.035, 0.035) * SECOND_NS)

    def quarters(at_beat: int) -> None:
        for k in range(4):
            pitch, at_ns = 60 + k, strike(at_beat + k) if at_beat + k else 0
            duet.feed(NoteOn(pitch=pitch, velocity=80), at_ns)
            duet.feed(NoteOff(pitch=pitch), at_ns + round(0.9 * beat_ns))

    for _ in range(10):
        duet = begin(tempo_bpm=100.0)
        quarters(0)
        melody = duet.take_turn(6 * beat_ns, name="")
        length = 960 if is_held else 480
        tune = [(480 * k, length) for k in range(0, 8, length // 480)]
        music = answer(melody, *((4 * 480 - melody.end_ticks + start, n) for start, n in tune))
        duet.hear(
            music,
            until_ticks=4 * 480 + ticks_of_nanoseconds(strike(beats), 100.0),
            now_ns=(6 + beats) * beat_ns,
        )
        quarters(6 + beats)
        duet.take_turn((12 + beats) * beat_ns, name="")
        for _ in Memory(listener).read(duet.turns, style="piano"):
            pass
        notes, bars = decode(listener.tokens)
        heard = [48 + start // 40 for start, _ in tune if start < 480 * beats]
        ours = [48 + 12 * beats + 12 * k for k in range(4)]
        assert [note.start for note in notes] == [0, 12, 24, 36, *heard, *ours]
        assert bars[:2] == (0, 48)
        assert {bar % 48 for bar in bars} == {0}


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
