"""What the model reads of a melody, and the beat that it is read in."""

from collections.abc import Sequence

import numpy as np
import pytest

from firmware.music.notes import Melody, Note
from firmware.music.timing import TICKS_PER_BEAT as BEAT
from firmware.music.token_state import TokenState
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.music.tokens import GridNote, Texture, decode, encode, played
from firmware.techniques.prompt import MOST_TOKENS, Prompt, prompt_of
from firmware.techniques.pulse import pulse_of
from training.score_corpora import SourcedScore, token_pieces
from training.scores import Part, Score


def note(start: float, pitch: int, length: float, velocity: int = 80) -> Note:
    """A note from and of beats."""
    return Note(
        start_ticks=round(start * BEAT),
        pitch=pitch,
        duration_ticks=round(length * BEAT),
        velocity=velocity,
    )


def melody(*notes: Note, bpm: float = 120.0, beats_per_bar: int = 4) -> Melody:
    return Melody(notes=notes, tempo_bpm=bpm, beats_per_bar=beats_per_bar)


def prompt(of: Melody, duration_s: float = 60.0, style: str = "piano") -> Prompt:
    return prompt_of(of, duration_s=duration_s, style=style)


def seam_tick(made: Prompt) -> int:
    return made.pulse.tick_of_step(made.first_beat * 12 + made.seam, 12)


def state_after(made: Prompt) -> TokenState:
    state = TokenState()
    state.advance_all(made.tokens)
    return state


QUARTERS = melody(*(note(at, 60 + at, 1) for at in range(20)))


def test_music_that_is_read_from_its_beginning_starts_with_start() -> None:
    """And with the bar line before its first note, however late this is."""
    late = melody(*(note(9 + at, 60, 0.5) for at in range(4)))
    made = prompt(late)
    assert made.tokens[:2].tolist() == [SPEC.start, SPEC.bar]
    assert decode(made.tokens)[0] == tuple(GridNote(12 + 12 * at, 60, 6) for at in range(4))
    assert made.first_beat == 8
    assert seam_tick(made) == late.end_ticks


def test_a_phrase_that_does_not_open_the_music_begins_with_its_own_beat() -> None:
    """No START and no silence before it; a hand that is early is not a beat early."""
    late = melody(*(note(9.5 + at, 60, 0.5) for at in range(4)))
    made = prompt_of(late, duration_s=60.0, style="piano", is_opening=False)
    assert made.tokens[0] == SPEC.beat
    assert decode(made.tokens)[0] == tuple(GridNote(6 + 12 * at, 60, 6) for at in range(4))
    assert decode(made.tokens)[1] == (36,)
    assert (made.first_beat, seam_tick(made)) == (9, late.end_ticks)
    early = melody(*(note(3.93 + 1.01 * at, 60, 0.9) for at in range(4)))
    made = prompt_of(early, duration_s=60.0, style="piano", is_opening=False)
    assert made.tokens[0] == SPEC.bar
    assert decode(made.tokens)[0][0].start == 0


@pytest.mark.parametrize("texture", Texture)
@pytest.mark.parametrize("style", ["piano", "song", "quartet"])
def test_a_prompt_is_written_as_what_the_model_learned_from(style: str, texture: Texture) -> None:
    """Training's tokens, up to the end that the music does not have yet."""
    rng = np.random.default_rng(7)
    lengths = rng.choice((3, 4, 6, 12, 18), size=40)
    starts = (np.cumsum(lengths) - lengths).tolist()
    high = tuple(
        GridNote(at, 60 + at % 13, length)
        for at, length in zip(starts, lengths.tolist(), strict=True)
    )
    low = tuple(GridNote(at, 36 + at % 11, 24) for at in range(0, starts[-1], 24))
    low += (GridNote(starts[-1] + 60 * 12, 40, 12),)  # after more than a long silence
    end = low[-1].end
    score = Score(
        name="made up",
        parts=(Part(name="high", notes=high), Part(name="low", notes=low)),
        bars=tuple(range(0, end, 36)),
    )
    learned = {
        SPEC.textures[piece.texture]: piece.tokens.tolist()[:-1]
        for piece in token_pieces(SourcedScore(corpus="", score=score, style=style, melody=0))
    }
    parts = high + low if texture == Texture.FULL else high
    tune = Melody(notes=played(parts), tempo_bpm=220.0, beats_per_bar=3)
    made = prompt(tune, style=style)
    assert made.texture == texture
    known = learned[texture]
    assert made.tokens.tolist()[: len(known)] == known
    # What follows leads to the beat of the seam.
    assert set(made.tokens[len(known) :].tolist()) <= {SPEC.beat, SPEC.bar}


def test_a_cut_lies_on_a_beat_and_bars_stay_where_they_were() -> None:
    """Of 20 quarters at 120 the last 3.7 s are 7.4 beats: eight are read, from the twelfth on."""
    made = prompt(QUARTERS, 3.7)
    notes, bars = decode(made.tokens)
    assert [n.pitch for n in notes] == list(range(72, 80))
    assert bars == (0, 48, 96)  # the last one is the bar that follows
    assert SPEC.start not in made.tokens
    assert (made.first_beat, made.seam) == (12, 96)
    waltz = melody(*(note(at, 60, 1) for at in range(20)), beats_per_bar=3)
    assert decode(prompt(waltz, 3.7).tokens)[1] == (0, 36, 72)
    assert decode(prompt(waltz, 3.2).tokens)[1] == (24, 60)
    assert prompt(waltz, 3.2).first_bar_beat == 2


def test_what_sounds_over_the_cut_is_read_from_the_cut_on() -> None:
    made = prompt(melody(note(0, 40, 20), *(note(at, 70, 1) for at in range(16, 20))), 2.0)
    assert decode(made.tokens)[0][:2] == (GridNote(0, 70, 12), GridNote(0, 40, 48))


def test_the_chorales_have_no_bar_lines() -> None:
    made = prompt(QUARTERS, style="chorale")
    assert SPEC.bar not in made.tokens
    assert made.beats_per_bar == 0
    assert prompt(QUARTERS).beats_per_bar == 4


@pytest.mark.parametrize(
    ("end", "seam"),
    [
        (4.0, 48),
        (4 + 1 / 480, 49),
        (4 + 39 / 480, 49),
        (4 + 40 / 480, 49),
        (4.5, 54),
        (47 / 12, 47),
    ],
)
def test_the_seam_is_the_first_step_after_the_melody(end: float, seam: int) -> None:
    """And the tokens lead to the beat that it lies in, with nothing left sounding."""
    made = prompt(melody(note(0, 60, 1), note(1, 60, end - 1)))
    assert made.seam == seam
    state = state_after(made)
    assert state.beat == seam // 12
    assert state.silent_from <= seam


def test_a_note_that_rounding_would_put_on_the_seam_stays_before_it() -> None:
    made = prompt(melody(Note(start_ticks=100, pitch=60, duration_ticks=10)))
    assert decode(made.tokens)[0] == (GridNote(2, 60, 1),)
    assert made.seam == 3


def test_long_silences_lose_whole_bars() -> None:
    """As in what the model learned from; the music after the seam stays in its place."""
    made = prompt(melody(note(0, 60, 1), note(25, 62, 1), note(26, 64, 1)))
    notes, bars = decode(made.tokens)
    assert [n.start for n in notes] == [0, 13 * 12 - 4 * 12, 14 * 12 - 4 * 12]
    assert bars == (0, 48, 96)
    assert made.first_beat == 16
    assert seam_tick(made) == 27 * BEAT


def test_a_line_is_told_from_a_texture_by_how_much_sounds_together() -> None:
    """Legato overlaps make no texture; the line that is read has none of them."""
    legato = melody(*(note(at, 60 + at, 1.08) for at in range(8)))
    made = prompt(legato)
    assert made.texture == Texture.LINE
    notes = decode(made.tokens)[0]
    assert [n.duration for n in notes[:-1]] == [12] * 7
    two_hands = melody(
        *(note(at, 72, 1) for at in range(8)), *(note(at, 48, 2) for at in (0, 2, 4))
    )
    assert prompt(two_hands).texture == Texture.FULL


def test_pitches_without_a_token_are_moved_by_octaves() -> None:
    made = prompt(melody(note(0, 0, 1), note(1, 127, 1), note(2, 20, 1)))
    assert [n.pitch for n in decode(made.tokens)[0]] == [24, 103, 32]


def test_no_more_is_read_than_the_model_can_remember() -> None:
    """Of a minute of chords in sixteenths the last beats are read, whole, with their bars."""
    chords = melody(
        *(note(at / 4, pitch, 0.25) for at in range(400) for pitch in range(40, 60)),
        beats_per_bar=3,
    )
    made = prompt(chords)
    assert MOST_TOKENS - 200 < len(made.tokens) <= MOST_TOKENS
    assert made.tokens[0] in (SPEC.beat, SPEC.bar)
    bars = decode(made.tokens)[1]
    assert all((made.first_beat + bar // 12) % 3 == 0 for bar in bars)
    assert len(bars) > 3
    assert seam_tick(made) == chords.end_ticks


def performed(
    score: Sequence[tuple[float, float, int]], bpm: float, *, jitter_s: float, offset_s: float
) -> Melody:
    """Notes (start, length, pitch) in beats, played at a tempo while the melody's is 120."""
    rng = np.random.default_rng(2)
    notes = []
    for start, length, pitch in score:
        start_s = offset_s + start * 60 / bpm + rng.normal(0, jitter_s)
        end_s = offset_s + (start + 0.93 * length) * 60 / bpm + rng.normal(0, jitter_s)
        velocity = 95 if start % 1 == 0 else 65
        notes.append(note(start_s * 2, pitch, (end_s - start_s) * 2, velocity))
    return melody(*notes)


TUNE = [
    (4 * bar + start, length, pitch + bar % 3)
    for bar in range(8)
    for start, length, pitch in (
        (0, 1, 60),
        (1, 0.5, 64),
        (1.5, 0.5, 65),
        (2, 1 / 3, 67),
        (2 + 1 / 3, 1 / 3, 69),
        (2 + 2 / 3, 1 / 3, 67),
        (3, 0.75, 65),
        (3.75, 0.25, 64),
    )
]
SCORE = tuple(
    GridNote(round(start * 12), pitch, round(length * 12)) for start, length, pitch in TUNE
)


@pytest.mark.parametrize("bpm", [76.0, 97.0, 131.0])
def test_free_playing_is_read_as_the_score_that_was_meant(bpm: float) -> None:
    """Sixteenths and triplets, legato lengths: as it would have been written."""
    made = prompt(performed(TUNE, bpm, jitter_s=0.012, offset_s=0.4))
    assert not made.pulse.has_bars
    assert SPEC.bar not in made.tokens
    assert 120 * BEAT / made.pulse.period_ticks == pytest.approx(bpm, rel=0.01)
    read = decode(made.tokens)[0]
    shift = read[0].start
    assert [n.start - shift for n in read] == [n.start for n in SCORE]
    assert [n.pitch for n in read] == [n.pitch for n in SCORE]
    lengths = [n.duration == meant.duration for n, meant in zip(read, SCORE, strict=True)]
    assert np.mean(lengths) > 0.9


def test_playing_to_the_metronome_keeps_its_beat_and_its_bars() -> None:
    """A hand's jitter and all: what was meant is read, on the melody's own grid."""
    made = prompt(performed(TUNE, 120.0, jitter_s=0.015, offset_s=0.0))
    assert made.pulse.has_bars
    read = decode(made.tokens)[0]
    starts = [a.start == b.start for a, b in zip(read, SCORE, strict=True)]
    assert np.mean(starts) > 0.9
    # At the very same tempo, but beside the beat, it was no metronome.
    beside = performed(TUNE, 120.0, jitter_s=0.015, offset_s=0.19)
    assert not pulse_of(beside, since_ticks=0.0).has_bars


def test_notes_at_random_are_read_on_the_melodys_own_grid() -> None:
    """A beat that is found in them is no better."""
    rng = np.random.default_rng(4)
    made = prompt(melody(*(note(start, 60, 0.3) for start in rng.uniform(0, 50, 90))))
    assert made.pulse.has_bars


def test_written_music_is_read_as_it_is_written() -> None:
    """However syncopated and fine: nine in ten onsets on the grid are no accident."""
    odd = melody(*(note(at * 7 / 12 + 1 / 12, 60, 1 / 12) for at in range(40)))
    made = prompt(odd)
    assert made.pulse.has_bars
    assert [n.start for n in decode(made.tokens)[0]] == [at * 7 + 1 for at in range(40)]


def test_a_few_notes_off_the_grid_are_read_on_the_melodys_own() -> None:
    made = prompt(melody(note(0.21, 60, 0.9), note(1.37, 62, 0.8)))
    assert made.pulse.has_bars
    assert [n.start for n in decode(made.tokens)[0]] == [3, 16]


def test_the_pulse_puts_every_step_at_one_tick() -> None:
    """From steps to ticks and back, before, between and after the beats."""
    pulse = pulse_of(performed(TUNE, 97.3, jitter_s=0.02, offset_s=1.0), since_ticks=0.0)
    ticks = [pulse.tick_of_step(step, 12) for step in range(800)]
    assert ticks == sorted(set(ticks))
    for step in range(0, 800, 7):
        assert pulse.step_after(ticks[step], 12) in (step, step + 1)
        assert pulse.step_after(ticks[step] + 1, 12) == step + 1
        assert pulse.beat_at(ticks[step]) * 12 == pytest.approx(step, abs=0.03)
    before = [pulse.tick_of_step(step, 12) for step in range(-12, 1)]
    assert before == sorted(set(before))
    assert before[0] == pytest.approx(2 * ticks[0] - ticks[12], abs=2)
    assert [pulse.step_after(tick, 12) for tick in before[1:-1]] == list(range(-11, 0))


def test_what_is_read_can_be_written_again() -> None:
    made = prompt(QUARTERS, 3.7)
    notes, bars = decode(made.tokens)
    again = encode(notes, bars=bars, beats=made.seam // 12 + 1)
    assert (again == made.tokens).all()
