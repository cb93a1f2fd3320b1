"""Which voice sings which note."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Note
from firmware.music.timing import TICKS_PER_BEAT
from firmware.techniques.splitting import NO_VOICE, VOICE_RANGES
from firmware.techniques.voices import cast

STEP = TICKS_PER_BEAT // 4


def line(pitches: list[int], *, length: int = 4, start: int = 0) -> list[Note]:
    """Notes one after the other, lengths and start in time steps."""
    return [
        Note(
            start_ticks=(start + index * length) * STEP,
            pitch=pitch,
            duration_ticks=length * STEP,
        )
        for index, pitch in enumerate(pitches)
    ]


def voices_of(notes: list[Note]) -> list[int]:
    return [part.voice for part in cast(notes).parts]


def test_a_high_line_is_the_soprano_as_it_is() -> None:
    casting = cast(line([67, 69, 71, 72]))
    assert {part.voice for part in casting.parts} == {0}
    assert casting.shift == 0


def test_a_low_line_is_the_bass_as_it_is() -> None:
    casting = cast(line([43, 41, 38, 43]))
    assert {part.voice for part in casting.parts} == {3}
    assert casting.shift == 0


def test_a_line_out_of_reach_is_shifted_by_octaves() -> None:
    """The key stays: the model hears the same pitch classes."""
    for pitches in ([100, 102, 103, 107], [48, 50, 52, 53], [12, 14, 15, 12]):
        casting = cast(line(pitches))
        assert casting.shift % 12 == 0
        voice = casting.parts[0].voice
        low, high = VOICE_RANGES[voice]
        assert all(low <= pitch + casting.shift <= high for pitch in pitches)


def test_a_chorale_phrase_gets_its_four_voices() -> None:
    soprano = line([67, 67, 74, 71])
    alto = line([62, 64, 66, 67])
    tenor = line([59, 60, 57, 62])
    bass = line([43, 48, 50, 43])
    notes = sorted([*soprano, *alto, *tenor, *bass])
    expected = [
        next(v for v, own in enumerate((soprano, alto, tenor, bass)) if note in own)
        for note in notes
    ]
    assert voices_of(notes) == expected


def test_two_hands_far_apart_are_the_outer_voices() -> None:
    notes = sorted([*line([72, 74, 76, 77]), *line([48, 47, 45, 41])])
    by_pitch = dict(zip([note.pitch for note in notes], voices_of(notes), strict=True))
    assert {by_pitch[pitch] for pitch in (72, 74, 76, 77)} == {0}
    assert {by_pitch[pitch] for pitch in (48, 47, 45, 41)} == {3}


def test_legato_playing_is_still_one_line() -> None:
    """Each key is let go 60 ticks after the next one is struck."""
    notes = [
        Note(start_ticks=480 * index, pitch=60 + index, duration_ticks=540) for index in range(8)
    ]
    casting = cast(notes)
    assert {part.voice for part in casting.parts} == {0}
    assert [(part.start, part.end) for part in casting.parts] == [
        (4 * index, 4 * index + (4 if index < 7 else 5)) for index in range(8)
    ]


def test_staccato_is_sung_legato_but_a_rest_stays_a_rest() -> None:
    notes = [
        Note(start_ticks=0, pitch=67, duration_ticks=300),
        Note(start_ticks=480, pitch=69, duration_ticks=480),
        Note(start_ticks=1920, pitch=71, duration_ticks=480),
    ]
    assert [(part.start, part.end) for part in cast(notes).parts] == [(0, 4), (4, 8), (16, 20)]


def test_six_notes_at_once_leave_two_without_a_voice() -> None:
    chord = [Note(start_ticks=0, pitch=p, duration_ticks=480) for p in (48, 52, 55, 60, 64, 67)]
    voices = voices_of(chord)
    assert voices.count(NO_VOICE) == 2
    assert voices[0] == 3
    assert voices[-1] == 0


@given(
    st.lists(
        st.builds(
            Note,
            start_ticks=st.integers(0, 60 * STEP),
            pitch=st.integers(0, 127),
            duration_ticks=st.integers(1, 12 * STEP),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_voice_ever_sings_two_notes_at_once(notes: list[Note]) -> None:
    """And every note keeps its index, lies on the grid and has its own pitch class."""
    notes = sorted(notes)
    casting = cast(notes)
    taken: set[tuple[int, int]] = set()
    for index, (note, part) in enumerate(zip(notes, casting.parts, strict=True)):
        assert part.index == index
        assert 0 <= part.grid_class < CHORALE_ENCODING.rest
        sung = part.grid_class + CHORALE_ENCODING.lowest_pitch
        assert (sung - note.pitch - casting.shift) % 12 == 0
        if part.voice != NO_VOICE:
            cells = {(part.voice, step) for step in range(part.start, part.end)}
            assert cells
            assert not cells & taken
            taken |= cells
