"""What a memory of copies suggests, worked by hand and on anything that can be read."""

from collections.abc import Sequence
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from firmware.inference.copying import CopyMemory, Suggestion
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.music.tokens import GridNote, encode, written

BEAT = SPEC.beat_resolution
TUNE = (60, 64, 62, 67, 65, 69, 71, 72)
TWO_NOTES = 6
"""Tokens, with the beats before them: the first number of notes that is a context."""


def tune(*pitches: int, duration: int = BEAT, bar: int = 4) -> list[int]:
    """A note a beat, in bars."""
    notes = [
        GridNote(start=BEAT * beat, pitch=pitch, duration=duration)
        for beat, pitch in enumerate(pitches)
    ]
    tokens: list[int] = encode(notes, bars=range(0, BEAT * len(notes), BEAT * bar)).tolist()
    return tokens


def after(tokens: Sequence[int]) -> CopyMemory:
    memory = CopyMemory()
    for token in tokens:
        memory.read(token)
    return memory


def hits(tokens: Sequence[int], *, since: int) -> list[bool]:
    """Whether what was suggested followed, for each token from one on."""
    memory, found = CopyMemory(), []
    for number, token in enumerate(tokens):
        if number >= since:
            suggested = memory.suggestion()
            found.append(suggested is not None and suggested.token == token)
        memory.read(token)
    return found


def test_what_was_heard_once_is_suggested_the_second_time() -> None:
    """Eight notes are 24 tokens; once two of them came again, all follow."""
    tokens = tune(*TUNE, *TUNE)
    assert len(tokens) == 48
    assert all(hits(tokens, since=24 + TWO_NOTES))
    assert not any(hits(tokens[: 24 + TWO_NOTES], since=0))


def test_a_suggestion_says_what_speaks_for_it() -> None:
    """Seven tokens alike, eight beats ago, of which the first began two beats ago."""
    assert after(tune(*TUNE, *TUNE)[: 24 + 7]).suggestion() == Suggestion(
        token=SPEC.first_pitch + TUNE[2] - SPEC.lowest_pitch,
        score=log2(7),
        run=log2(8),
        distance=3.0,
        rounds=log2(1 + 2 / 8),
        off_bar=0.0,
        rivals=0.0,
    )


def test_a_distance_that_is_no_number_of_bars_is_said_to_be_none() -> None:
    """Eight beats are no bars of three."""
    suggested = after(tune(*TUNE, *TUNE, bar=3)).suggestion()
    assert suggested is not None
    assert suggested.off_bar == 1.0


def test_a_wrong_note_and_one_more_do_not_lead_astray() -> None:
    """Followed by time: the trail is found again behind what was changed."""
    changed = list(TUNE)
    changed[3] = 55
    tokens = tune(*TUNE, *changed)
    found = hits(tokens, since=24 + TWO_NOTES)
    at = tokens[24:].index(SPEC.first_pitch + 55 - SPEC.lowest_pitch) - TWO_NOTES
    assert not found[at]
    assert found[at + 2 :] == [True] * (len(found) - at - 2)  # nothing said of its duration
    tokens.insert(24 + 9, SPEC.first_pitch + 48 - SPEC.lowest_pitch)  # a note below the third
    tokens.insert(24 + 10, SPEC.first_duration)
    assert hits(tokens, since=24 + 18) == hits(tune(*TUNE, *changed), since=24 + 16)


def test_what_misleads_counts_less_with_each_miss() -> None:
    """Notes that are others halve what nine tokens were worth; that beats go on adds one each."""
    suggested = after(tune(*TUNE, *TUNE[:3], 50, 51, 52)).suggestion()
    assert suggested is not None
    worth = 9 + 1.0  # the beat behind the third note
    for _ in range(2):
        worth = worth / 2 + 1
    assert suggested.score == log2(worth / 2)
    assert suggested.run == 0.0


def test_what_misleads_all_the_time_is_left() -> None:
    """Position, two notes of a chord: three misses in each beat."""
    memory = after(tune(*TUNE, *TUNE[:3]))
    for beat in range(3):
        memory.read(SPEC.beat)
        memory.read(SPEC.first_position + beat)
        for pitch in (SPEC.rest - 1 - beat, SPEC.rest - 9 - 2 * beat):
            memory.read(pitch)
            memory.read(SPEC.first_duration + 2)
    assert memory.suggestion() is None


def test_another_place_in_the_beat_is_no_repetition() -> None:
    notes = [
        GridNote(start=BEAT * beat, pitch=pitch, duration=6) for beat, pitch in enumerate(TUNE)
    ]
    late = [note._replace(start=note.start + 8 * BEAT + 6) for note in notes]
    memory = CopyMemory()
    for token in encode([*notes, *late]).tolist():
        memory.read(token)
        assert memory.suggestion() is None


def test_silence_is_counted_at_beats_alone() -> None:
    memory = after([SPEC.start, *tune(60), *[SPEC.beat] * 4])
    assert memory.silence_beats == 3
    memory.read(SPEC.first_position + 2)
    assert memory.silence_beats == 0
    assert after([SPEC.start, *tune(60, duration=4 * BEAT), *[SPEC.beat] * 4]).silence_beats == 0


@given(
    st.lists(st.integers(0, SPEC.vocabulary - 1), max_size=60).map(lambda some: some * 3),
    st.integers(0, 180),
)
def test_anything_can_be_read_and_gone_back_to(tokens: list[int], cut: int) -> None:
    """Whatever a copy read, what it was made of goes on as if there had been none."""
    straight = after(tokens)
    memory = after(tokens[:cut])
    other = memory.copy()
    for token in reversed(tokens):
        other.read(token)
    for token in tokens[cut:]:
        memory.read(token)
    assert memory.suggestion() == straight.suggestion()
    again = after(tokens[:cut]).copy()
    for token in tokens[cut:]:
        again.read(token)
    assert again.suggestion() == straight.suggestion()


def test_chords_are_followed_from_the_highest_down() -> None:
    """A chord that lacks its middle is followed behind it."""
    chords = [(72, 67, 60), (74, 67, 59), (76, 67, 60), (77, 69, 62)]
    notes = [
        GridNote(start=BEAT * beat, pitch=pitch, duration=BEAT)
        for beat, chord in enumerate((*chords, *chords))
        for pitch in chord
        if (beat, pitch) != (6, 67)
    ]
    tokens: list[int] = encode(written(notes)).tolist()
    found = hits(tokens, since=0)
    bass = len(tokens) - 7 - 2  # the bass of the third chord, where its middle was suggested
    assert not found[bass]
    assert all(found[bass + 2 :])
