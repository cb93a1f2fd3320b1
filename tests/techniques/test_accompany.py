"""What accompany promises to the player, whatever the model says."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.errors import ModelRuntimeError, MusicError, ParameterError
from firmware.inference.band import input_shapes
from firmware.inference.band_habits import Habits
from firmware.music.band import BAND_ENCODING as SPEC
from firmware.music.band import PITCHED_ROLES, Role
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.music.timing import TICKS_PER_BEAT as BEAT
from firmware.parameters import PARAMETERS_BY_KEY, ChoiceSpec, Parameters, Technique, parameters_for
from firmware.techniques import generate
from firmware.techniques.accompany import DRUM_TRACK, MELODY_TRACK, Accompaniment, accompany
from firmware.techniques.band_decision import MOST_NOTES
from firmware.techniques.bands import BANDS, MELODY_PROGRAM
from firmware.techniques.progress import Progress, finish
from firmware.techniques.pulse import pulse_of
from tests.techniques.performances import performances

GENRES = tuple(BANDS)
STEP = BEAT // SPEC.beat_resolution
ALWAYS, NEVER = 9.0, -9.0
Said = tuple[NDArray[np.float32], NDArray[np.float32]]
Inputs = Mapping[str, NDArray[np.float32]]


class TastyModel:
    """Likes something at random, which the noise, the genre and what it knows decide.

    Args:
        seed: Of its taste.
    """

    genres = GENRES
    habits: Mapping[str, Habits] = {}

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.heard: list[Inputs] = []
        shape = (8, SPEC.time_steps, SPEC.pitches, SPEC.planes)
        self._bases = rng.normal(0.0, 2.0, size=shape).astype(np.float32)
        self._drums = rng.normal(0.0, 2.0, size=(8, SPEC.time_steps, len(SPEC.drums)))

    def said(self, inputs: Inputs) -> Said:
        """Weigh the bases by the noise."""
        assert {name: values.shape for name, values in inputs.items()} == input_shapes()
        self.heard.append({name: values.copy() for name, values in inputs.items()})
        weights = inputs["noise"].sum(axis=0)[:8] / 3 + inputs["genre"]
        weights[0] += inputs["known"].sum() / 100
        band = np.tensordot(weights, self._bases, axes=1) - 2.5
        drums = np.tensordot(weights, self._drums, axes=1) - 1.0
        return band.astype(np.float32), drums.astype(np.float32)


class ScoreModel:
    """Has a score for every window: the same one.

    Args:
        notes: Role's number, first and last step, row.
        drums: Step and number.
    """

    genres = GENRES
    habits: Mapping[str, Habits] = {}

    def __init__(
        self,
        notes: tuple[tuple[int, int, int, int], ...] = (),
        drums: tuple[tuple[int, int], ...] = (),
    ) -> None:
        self.band = np.full((SPEC.time_steps, SPEC.pitches, SPEC.planes), NEVER, dtype=np.float32)
        self.drums = np.full((SPEC.time_steps, len(SPEC.drums)), NEVER, dtype=np.float32)
        self.heard: list[Inputs] = []
        for role, first, last, row in notes:
            self.band[first : last + 1, row, 2 * role] = ALWAYS
            self.band[first, row, 2 * role + 1] = ALWAYS
        for step, drum in drums:
            self.drums[step, drum] = ALWAYS

    def said(self, inputs: Inputs) -> Said:
        """The score."""
        self.heard.append(inputs)
        return self.band, self.drums


def _pitch_classes(work: Accompaniment, role: Role) -> NDArray[np.bool_]:
    """(S, 12): which sound."""
    sounding = work.rolls.band[..., 2 * PITCHED_ROLES.index(role)]
    rows = np.arange(SPEC.pitches) + SPEC.lowest_pitch(role)
    return np.stack([sounding[:, rows % 12 == each].any(axis=1) for each in range(12)], axis=1)


def parameters(**given_values: Any) -> Parameters:
    return parameters_for(Technique.ACCOMPANY, given_values)


def made(
    melody: Melody, model: TastyModel | ScoreModel, /, *, chance: int = 0, **given_values: Any
) -> Composition:
    rng = np.random.default_rng(chance)
    return finish(accompany(melody, parameters(**given_values), model, rng))


def line(*pitches: int, length: int = BEAT, start: int = 0, velocity: int = 80) -> tuple[Note, ...]:
    return tuple(
        Note(start_ticks=start + at * length, pitch=pitch, duration_ticks=length, velocity=velocity)
        for at, pitch in enumerate(pitches)
    )


def track(composition: Composition, role: Role, genre: str) -> Track:
    name = DRUM_TRACK if role is Role.DRUMS else BANDS[genre].parts[role].name
    (found,) = (each for each in composition.tracks[1:] if each.name == name)
    return found


def most_at_once(notes: tuple[Note, ...]) -> int:
    moves = Counter[int]()
    for note in notes:
        moves[note.start_ticks] += 1
        moves[note.end_ticks] -= 1
    return int(max(np.cumsum([moves[tick] for tick in sorted(moves)]), default=0))


def last_bar_end(melody: Melody) -> int:
    """The end of the bar in which the melody ends, in ticks of its own beat.

    What begins up to an eighth of a beat early is meant for the bar line.
    """
    meant = max(note.start_ticks + BEAT // 8 + 1 for note in melody.notes)
    bar = melody.ticks_per_bar
    return -(-max(melody.end_ticks, meant) // bar) * bar


def check_promises(melody: Melody, composition: Composition, genre: str) -> None:
    """Everything that holds for any melody, any model and any parameters."""
    own, *others = composition.tracks
    assert own == Track(name=MELODY_TRACK, notes=melody.notes, program=MELODY_PROGRAM)
    assert composition == replace(
        composition,
        tempo_bpm=melody.tempo_bpm,
        beats_per_bar=melody.beats_per_bar,
        name=melody.name,
    )
    band = BANDS[genre]
    assert [each.is_drum for each in others] == [False] * 3 + [True] * band.has_drums
    pulse = pulse_of(melody, since_ticks=0)
    latest = last_bar_end(melody)
    if not pulse.has_bars:  # bars of a found beat are somewhere else
        latest = melody.end_ticks + int(
            (melody.beats_per_bar + 1) * np.diff(pulse.beat_ticks).max()
        )
    for role, part in band.parts.items():
        notes = track(composition, role, genre).notes
        assert track(composition, role, genre).program == part.program
        lowest = SPEC.lowest_pitch(role)
        assert all(lowest <= note.pitch < lowest + SPEC.pitches for note in notes)
        assert most_at_once(notes) <= MOST_NOTES[role]
    for each in others:
        assert max((note.end_ticks for note in each.notes), default=0) <= latest
        ends: dict[int, int] = {}
        for note in each.notes:
            assert ends.get(note.pitch, 0) <= note.start_ticks, "struck while it is down"
            ends[note.pitch] = note.end_ticks
    if band.has_drums:
        strokes = track(composition, Role.DRUMS, genre).notes
        assert {note.pitch for note in strokes} <= set(SPEC.drums)
        last = strokes[-1].start_ticks
        assert {note.pitch for note in strokes if note.start_ticks == last} == {36, 49}


played_notes = st.builds(
    Note,
    start_ticks=st.integers(0, 24 * BEAT) | st.integers(0, 24 * 12).map(lambda at: at * BEAT // 12),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 3 * BEAT) | st.sampled_from((STEP, BEAT // 2, BEAT, 40 * BEAT)),
    velocity=st.integers(1, 127),
)


melodies = st.builds(
    Melody,
    notes=performances(most=60) | st.lists(played_notes, min_size=1, max_size=40).map(tuple),
    tempo_bpm=st.floats(40.0, 220.0) | st.sampled_from((40.0, 63.0, 120.0, 220.0)),
    beats_per_bar=st.integers(1, 7) | st.sampled_from((16, 17, 32)),
)
settings_of_a_player = st.fixed_dictionaries(
    {
        "creative_risk": st.floats(0.1, 6.0),
        "genre": st.sampled_from(GENRES),
        "model": st.sampled_from(("musegan", "unet")),
        "seed": st.integers(0, 999),
    }
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(melody=melodies, chosen=settings_of_a_player, taste=st.integers(0, 9))
def test_every_accompaniment_keeps_every_promise(
    melody: Melody, chosen: dict[str, Any], taste: int
) -> None:
    """The melody itself, who plays, how many notes at once, and that all are let go in time."""
    composition = made(melody, TastyModel(taste), chance=taste, **chosen)
    check_promises(melody, composition, chosen["genre"])


EVEN = Melody(notes=line(*(60, 64, 67, 72) * 8), tempo_bpm=100.0, name="even")
ODD_MELODIES = {
    "one note": Melody(notes=line(60)),
    "one tick": Melody(notes=line(60, length=1)),
    "one tick before a bar line": Melody(notes=line(60, length=1, start=4 * BEAT - 1)),
    "a tick at the end of a bar": Melody(
        notes=line(60, 62) + line(64, length=1, start=4 * BEAT - 1)
    ),
    "triplets": Melody(notes=line(*(57, 60, 64) * 16, length=BEAT // 3), tempo_bpm=63.0),
    "waltz": Melody(notes=line(*(57, 60, 64) * 16), beats_per_bar=3),
    "off the grid": Melody(notes=line(60, 62, 64, 65, 67, length=BEAT - 57, start=13)),
    "late": Melody(notes=line(60, 62, start=93 * BEAT)),
    "long silence": Melody(notes=line(60, 62) + line(64, start=400 * BEAT)),
    "held for minutes": Melody(notes=line(60, length=600 * BEAT) + line(64, 65, start=BEAT)),
    "bars longer than a window": Melody(notes=line(*(60, 62) * 40), beats_per_bar=32),
    "all at once": Melody(
        notes=tuple(Note(start_ticks=7, pitch=p, duration_ticks=9) for p in range(128))
    ),
    "out of range": Melody(notes=line(0, 127, 5, 120)),
}


@pytest.mark.parametrize("name", ODD_MELODIES)
def test_odd_melodies_are_accompanied_like_others(name: str) -> None:
    for genre in ("rock", "bach"):
        check_promises(
            ODD_MELODIES[name], made(ODD_MELODIES[name], TastyModel(), genre=genre), genre
        )


def test_the_same_seed_gives_the_same_band_and_another_take_or_seed_another() -> None:
    first = made(EVEN, TastyModel(), chance=5)
    assert made(EVEN, TastyModel(), chance=5) == first
    others = [
        made(EVEN, TastyModel(), chance=6),
        made(EVEN, TastyModel(), chance=5, seed=1),
        made(EVEN, TastyModel(), chance=5, seed=2),
    ]
    bands = [composition.tracks[1:] for composition in (first, *others)]
    assert all(a != b for at, a in enumerate(bands) for b in bands[at + 1 :])


def test_more_risk_leads_further_from_the_safe_take() -> None:
    """The share of cells that differ from those at the lowest risk, over several takes."""
    risks = (0.1, 0.5, 1.0, 2.0, 4.0, 6.0)

    def rolls(risk: float, chance: int) -> NDArray[np.bool_]:
        work = Accompaniment(
            EVEN, parameters(creative_risk=risk), TastyModel(), np.random.default_rng(chance)
        )
        while not work.player.is_done:
            work.player.play_on()
        return work.rolls.band

    takes = [[rolls(risk, chance) for risk in risks] for chance in range(4)]
    far = np.mean([[np.mean(roll != take[0]) for roll in take] for take in takes], axis=0)
    assert all(less < more for less, more in pairwise(far)), far


@settings(max_examples=25, deadline=None)
@given(
    pitches=st.lists(st.integers(45, 84), min_size=1, max_size=24),
    lengths=st.lists(st.sampled_from((BEAT // 4, BEAT // 2, BEAT, 3 * BEAT)), min_size=24),
    semitones=st.integers(-18, 18),
    risk=st.sampled_from((0.3, 1.0, 5.0)),
    seed=st.integers(0, 3),
)
def test_in_another_key_the_band_is_the_same_there(
    pitches: list[int], lengths: list[int], semitones: int, risk: float, seed: int
) -> None:
    """Its pitch classes are moved as the melody is, its drums are the same, note for note."""
    starts = np.cumsum([0, *lengths]).tolist()

    def heard(shift: int) -> Accompaniment:
        notes = tuple(
            Note(start_ticks=start, pitch=pitch + shift, duration_ticks=length)
            for start, pitch, length in zip(starts, pitches, lengths, strict=False)
        )
        values = parameters(genre="rock", creative_risk=risk, seed=seed)
        work = Accompaniment(Melody(notes=notes), values, TastyModel(), np.random.default_rng(0))
        while not work.player.is_done:
            work.player.play_on()
        return work

    one, other = heard(0), heard(semitones)
    for role in PITCHED_ROLES:
        ours, theirs = (_pitch_classes(work, role) for work in (one, other))
        assert np.array_equal(np.roll(ours, semitones, axis=1), theirs)
    assert np.array_equal(one.rolls.drums, other.rolls.drums)
    assert np.array_equal(one.player.rolls.band, other.player.rolls.band)
    assert one.rolls.band.any()


def test_who_rests_is_heard_by_the_model_as_if_it_played() -> None:
    """Or it would rest for good. What is played begins where it is struck, as ever."""
    model = TastyModel()
    model.habits = {"rock": Habits(resting=dict.fromkeys(PITCHED_ROLES, 9.0))}
    melody = Melody(notes=line(*(60, 64, 67) * 32))
    work = Accompaniment(melody, parameters(genre="rock"), model, np.random.default_rng(0))
    while not work.player.is_done:
        work.player.play_on()
    sounding, struck = work.rolls.band[..., ::2], work.rolls.band[..., 1::2]
    bars = sounding[:368].reshape(23, 16, -1, 3).any(axis=(1, 2))
    assert bars.any()
    assert not bars.all()
    told = np.concatenate([heard["known"] for heard in model.heard[1:]])
    assert told.reshape(-1, 16, 64, 6)[..., ::2].any(axis=(1, 2)).all()
    begins = sounding.copy()
    begins[1:] &= ~sounding[:-1]
    assert not (begins & ~struck).any()


def test_each_window_hears_what_was_played_before_it_and_the_next_bars() -> None:
    """At home. In three four a window is five bars: what lies beyond them is thrown away."""
    model = TastyModel()
    melody = Melody(notes=line(*(60, 64, 67) * 20), beats_per_bar=3)
    work = Accompaniment(melody, parameters(genre="rock"), model, np.random.default_rng(0))
    while not work.player.is_done:
        work.player.play_on()
    assert len(model.heard) == 4
    for number, heard in enumerate(model.heard):
        start = 60 * number
        before = slice(max(start - 16, 0), start)
        assert np.array_equal(heard["known"], work.player.rolls.band[before]) or not number
        assert np.array_equal(heard["known_drums"], work.player.rolls.drums[before]) or not number
        assert heard["genre"].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
        ahead = heard["melody"][16:]
        assert np.array_equal(ahead[: 240 - start], work.player.rolls.melody[start : start + 64])
    assert not model.heard[0]["known"].any()
    ideas = [heard["noise"][0].tolist() for heard in model.heard]
    assert ideas == [ideas[0]] * 4, "one idea for the whole piece"
    assert np.std(ideas[0]) > 0.5
    sounding, struck = work.player.rolls.band[..., ::2], work.player.rolls.band[..., 1::2]
    assert struck[1:][sounding[1:] & ~sounding[:-1]].all(), "across windows too"
    assert struck[0][sounding[0]].all()
    rest = [heard["noise"][1:].tolist() for heard in model.heard]
    assert len({str(noise) for noise in rest}) == 4


def test_a_note_held_over_a_window_is_one_note() -> None:
    model = ScoreModel(notes=((0, 0, 63, 12),))
    model.band[0, 12, 1] = NEVER  # it is held on from the window before
    melody = Melody(notes=line(*(60, 64, 67, 72) * 12))
    (bass,) = track(made(melody, model, genre="pop"), Role.BASS, "pop").notes
    assert (bass.start_ticks, bass.end_ticks, bass.pitch) == (0, melody.end_ticks, 36)


def test_the_band_ends_with_the_melody_on_a_chord_and_a_stroke() -> None:
    """The last note is held for two beats; nothing begins after it, and all end with it."""
    steady = tuple((0, at, at + 3, 12 + at // 4) for at in range(0, 64, 4))
    busy = tuple((1, at, at + 1, 30) for at in range(0, 64, 2))
    model = ScoreModel(notes=(*steady, *busy), drums=tuple((at, 2) for at in range(64)))
    melody = Melody(notes=(*line(*(60, 64) * 7), *line(60, start=14 * BEAT, length=2 * BEAT - 7)))
    composition = made(melody, model, genre="rock")
    bass, harmony = (track(composition, role, "rock").notes for role in (Role.BASS, Role.HARMONY))
    for last in (bass[-1], harmony[-1]):
        assert (last.start_ticks, last.end_ticks) == (14 * BEAT, melody.end_ticks)
    assert bass[-2].end_ticks == 14 * BEAT
    drums = track(composition, Role.DRUMS, "rock").notes
    assert {n.pitch for n in drums if n.start_ticks >= 14 * BEAT} == {36, 49}
    assert [n.pitch for n in drums if n.start_ticks < 14 * BEAT] == [42] * 56


def test_nothing_is_written_beyond_the_last_chord() -> None:
    """The melody ends in the middle of its last bar, and the band would go on."""
    steady = tuple((0, at, at + 3, 12) for at in range(0, 64, 4))
    # One is late with its last chord, having held the one before too long; one comes too late.
    late = ((1, 40, 48, 30), (1, 49, 60, 34), (2, 56, 60, 40))
    model = ScoreModel(notes=(*steady, *late), drums=tuple((at, 2) for at in range(64)))
    melody = Melody(notes=(*line(*(60, 64) * 6), *line(60, start=12 * BEAT, length=2 * BEAT)))
    work = Accompaniment(melody, parameters(genre="rock"), model, np.random.default_rng(0))
    work.player.play_on()
    assert work.player.is_done
    assert work.grid.final == (48, 56)
    assert not work.rolls.band[56:].any()
    assert not work.rolls.drums[49:].any()
    bass, harmony, counter = (work.rolls.band[48:56, :, plane] for plane in (0, 2, 4))
    assert bass[:, 12].all()
    assert np.argwhere(harmony).tolist() == [[0, 30], *([at, 34] for at in range(1, 8))]
    assert not counter.any()
    assert not work.rolls.band[50:, :, 1::2].any()


def test_a_last_note_let_go_at_once_does_not_cut_the_band_off() -> None:
    """The chord rings to the end of the bar."""
    model = ScoreModel(notes=tuple((0, at, at + 3, 12) for at in range(0, 64, 4)))
    melody = Melody(notes=(*line(*(60, 64) * 6), *line(60, start=12 * BEAT, length=100)))
    last = track(made(melody, model), Role.BASS, "symphony").notes[-1]
    assert (last.start_ticks, last.end_ticks) == (12 * BEAT, 16 * BEAT)


def test_the_band_rests_where_the_melody_is_silent_for_windows() -> None:
    model = ScoreModel(notes=tuple((0, at, at + 3, 12) for at in range(0, 64, 4)))
    melody = Melody(notes=line(60, 62) + line(64, 64, start=100 * BEAT))
    bass = track(made(melody, model), Role.BASS, "symphony").notes
    assert {note.start_ticks // (16 * BEAT) for note in bass} == {0, 6}


def test_bar_lines_of_the_band_are_the_melodys() -> None:
    """Five four, and the first bar is the one in which the music begins."""
    model = ScoreModel(drums=((0, 0), (20, 0), (40, 0)))
    melody = Melody(notes=line(*(60, 62, 64) * 12, start=7 * BEAT), beats_per_bar=5)
    drums = track(made(melody, model, genre="rock"), Role.DRUMS, "rock").notes
    kicks = [note.start_ticks / (5 * BEAT) for note in drums if note.pitch == 36]
    assert kicks[:-1] == [1, 2, 3, 4, 5, 6, 7, 8][: len(kicks) - 1]
    assert len(kicks) >= 8


def test_a_first_note_a_little_early_is_meant_for_the_bar_line() -> None:
    model = ScoreModel(drums=((0, 0),))
    melody = Melody(notes=line(*(60, 62, 64, 65) * 4, start=8 * BEAT - 20))
    drums = track(made(melody, model, genre="rock"), Role.DRUMS, "rock").notes
    assert drums[0].start_ticks == 8 * BEAT


def test_jazz_swings_unless_the_player_does_not() -> None:
    drums = tuple((at, 8) for at in range(64) if at % 4 in (0, 2))
    quarters = Melody(notes=line(*(60, 64, 67, 72) * 4))
    straight = Melody(notes=line(*(60, 64) * 16, length=BEAT // 2))
    swung = Melody(
        notes=tuple(
            replace(note, start_ticks=note.start_ticks + (BEAT // 6) * (at % 2), duration_ticks=100)
            for at, note in enumerate(straight.notes)
        )
    )
    for melody, genre, late in (
        (quarters, "jazz", 320),
        (swung, "jazz", 320),
        (straight, "jazz", 240),
        (quarters, "rock", 240),
    ):
        model = ScoreModel(drums=drums)
        strokes = track(made(melody, model, genre=genre), Role.DRUMS, genre).notes
        assert {n.start_ticks % BEAT for n in strokes if n.pitch == 51} == {0, late}
    model = ScoreModel(drums=drums)
    made(swung, model, genre="jazz")
    struck = model.heard[0]["melody"][16:, :, 1].any(axis=1)
    assert np.flatnonzero(struck).tolist() == list(range(0, 64, 2)), "it is read as eighths"


def free_playing(bpm: float, *, longest_on: int = 0, stress: float = 3.0) -> Melody:
    """Eight bars of quarters at a tempo, while the melody's is 120; one of each four is longer."""
    beat = 960 * 60 / bpm
    return Melody(
        notes=tuple(
            Note(
                start_ticks=round(300 + at * beat + 9 * (-1) ** at),
                pitch=60 + at % 7,
                duration_ticks=round(beat * 0.3 * (stress if at % 4 == longest_on else 1.0)),
                velocity=75,
            )
            for at in range(32)
        )
    )


@pytest.mark.parametrize("bpm", [71.3, 90.0, 113.0])
@pytest.mark.parametrize("longest_on", [0, 1])
def test_the_band_follows_the_beat_of_free_playing(bpm: float, longest_on: int) -> None:
    """Its strokes on the bar line are where the player stresses."""
    model = ScoreModel(drums=((0, 0), (16, 0), (32, 0), (48, 0)))
    melody = free_playing(bpm, longest_on=longest_on)
    drums = track(made(melody, model, genre="rock"), Role.DRUMS, "rock").notes
    kicks = np.array([note.start_ticks for note in drums if note.pitch == 36][:-1])
    longest = max(note.duration_ticks for note in melody.notes)
    stressed = [n.start_ticks for n in melody.notes if n.duration_ticks == longest]
    misses = [min(abs(kick - at) for at in stressed) for kick in kicks if kick >= stressed[0] - 50]
    assert len(misses) >= 7
    assert max(misses) < 40


def test_free_playing_without_stress_begins_with_a_bar() -> None:
    """Slightly longer notes on another beat are no stress."""
    model = ScoreModel(drums=((0, 0),))
    melody = free_playing(90.0, longest_on=1, stress=1.1)
    drums = track(made(melody, model, genre="rock"), Role.DRUMS, "rock").notes
    assert abs(drums[0].start_ticks - melody.notes[0].start_ticks) < 40


def test_the_band_is_as_loud_as_the_player_and_louder_on_the_beat() -> None:
    notes = tuple((1, at, at, 30) for at in range(64))
    soft, loud = (line(*(60, 64, 67, 72) * 8, velocity=velocity) for velocity in (40, 120))
    melody = Melody(
        notes=soft + tuple(replace(n, start_ticks=n.start_ticks + 32 * BEAT) for n in loud)
    )
    harmony = track(made(melody, ScoreModel(notes), genre="rock"), Role.HARMONY, "rock").notes
    means = [
        np.mean([n.velocity for n in harmony if first <= n.start_ticks < first + 16 * BEAT])
        for first in (0, 16 * BEAT, 32 * BEAT, 44 * BEAT)
    ]
    assert means == sorted(means)
    assert means[-1] > 2 * means[0]
    bar = [note.velocity for note in harmony[:16]]
    assert bar[0] == max(bar)
    assert bar[0] > bar[4] > bar[2] > bar[1]


def test_a_hat_is_softer_than_a_snare_and_this_than_a_kick() -> None:
    model = ScoreModel(drums=((4, 0), (4, 1), (4, 2)))
    drums = track(made(EVEN, model, genre="rock"), Role.DRUMS, "rock").notes
    kick, snare, hat = (note.velocity for note in drums[:3])
    assert [note.pitch for note in drums[:3]] == [36, 38, 42]
    assert kick > snare > hat


def test_previews_come_after_each_window_and_are_never_taken_back() -> None:
    melody = Melody(notes=line(*(60, 64, 67, 72) * 20), tempo_bpm=100.0)
    generation = accompany(melody, parameters(genre="rock"), TastyModel(), np.random.default_rng(1))
    seen: list[Progress] = []
    while True:
        try:
            seen.append(next(generation))
        except StopIteration as stop:
            result: Composition = stop.value
            break
    assert [(p.done, p.total) for p in seen] == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]
    assert seen[0].preview is None
    assert seen[0].written_ticks is None
    for progress in seen[1:]:
        preview, written = progress.preview, progress.written_ticks
        assert preview is not None
        assert written == progress.done * 16 * BEAT
        assert preview.tracks[0] == result.tracks[0]
        for shown, final in zip(preview.tracks[1:], result.tracks[1:], strict=True):
            assert (shown.name, shown.program) == (final.name, final.program)
            assert [(n.start_ticks, n.pitch, n.velocity) for n in shown.notes] == [
                (n.start_ticks, n.pitch, n.velocity) for n in final.notes if n.start_ticks < written
            ]


def test_of_long_melodies_there_are_fewer_previews() -> None:
    """Each holds all there is, and twenty minutes of them would be too much to send about."""
    melody = Melody(notes=line(*(60, 64, 67, 72) * 400))
    generation = accompany(melody, parameters(), ScoreModel(), np.random.default_rng(1))
    reports = list(generation)
    shown = [report.done for report in reports if report.preview is not None]
    assert len(reports) == 100
    assert shown[:6] == [1, 2, 3, 4, 5, 6]
    assert len(shown) < 25


def test_nothing_to_accompany_is_said_with_the_remedy() -> None:
    with pytest.raises(MusicError, match="play or import a melody first"):
        accompany(Melody(notes=()), parameters(), TastyModel(), np.random.default_rng(0))


def test_a_model_that_answers_nonsense_or_knows_no_such_genre_is_refused() -> None:
    model = ScoreModel()
    model.drums[3] = np.nan
    with pytest.raises(ModelRuntimeError, match="not a number"):
        made(EVEN, model)
    with pytest.raises(ParameterError, match=r"genre must be symphony, .*, bach, got polka"):
        made(EVEN, TastyModel(), genre="polka")


def test_an_own_genre_has_a_band_with_drums() -> None:
    model = ScoreModel(drums=((0, 0),))
    model.genres = ("polka",)
    names = [each.name for each in made(EVEN, model, genre="polka").tracks]
    assert names == ["melody", "strings", "electric piano", "bass guitar", "drums"]


def test_the_technique_is_found_by_its_parameters() -> None:
    rng = np.random.default_rng(0)
    composition = finish(generate(EVEN, parameters(genre="pop"), TastyModel(), rng))
    assert composition == made(EVEN, TastyModel(), genre="pop")


def test_there_is_a_band_for_every_genre_that_the_knob_goes_through() -> None:
    spec = PARAMETERS_BY_KEY["genre"]
    assert isinstance(spec, ChoiceSpec)
    assert spec.choices == GENRES
