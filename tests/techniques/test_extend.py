"""What extend promises to the player, whatever the model says."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.errors import ModelRuntimeError, MusicError
from firmware.inference.recall import FEATURES, KINDS, SILENCES, Recall, TokenHabits
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.music.tokens import Texture
from firmware.parameters import Parameters, Technique, parameters_for
from firmware.techniques import generate
from firmware.techniques.extend import EXTENSION_TRACK, MELODY_TRACK, extend
from firmware.techniques.progress import Progress, finish
from firmware.techniques.prompt import prompt_of
from tests.techniques.performances import performances

STEP = TICKS_PER_BEAT // SPEC.beat_resolution
BEAT = TICKS_PER_BEAT


class ContextModel:
    """Likes something else after every two tokens, and the same in the same context.

    Args:
        seed: Of its taste.
        strength: Standard deviation of its logits.
    """

    def __init__(self, seed: int = 0, *, strength: float = 3.0) -> None:
        rng = np.random.default_rng(seed)
        self.table = rng.normal(scale=strength, size=(61, SPEC.vocabulary)).astype(np.float32)
        self.begun: list[tuple[int, int]] = []
        self.tokens: list[int] = []
        self.reads: list[int] = []

    def begin(self, *, style: int, texture: int) -> "ContextModel":
        """Forget everything."""
        self.begun.append((style, texture))
        self.tokens, self.reads = [], []
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        assert len(tokens)
        self.tokens.extend(tokens)
        self.reads.append(len(tokens))
        before = self.tokens[-2] if len(self.tokens) > 1 else 0
        row: NDArray[np.float32] = self.table[(7 * self.tokens[-1] + 3 * before) % len(self.table)]
        return row


class LikingModel(ContextModel):
    """Likes some tokens, always."""

    def __init__(self, liked: Sequence[int], *, strength: float = 12.0) -> None:
        super().__init__()
        self.table[:] = 0.0
        self.table[:, list(liked)] = strength


def parameters(**given_values: Any) -> Parameters:
    return parameters_for(Technique.EXTEND, given_values)


def made(
    melody: Melody, model: ContextModel | None = None, *, seed: int = 0, **given_values: Any
) -> Composition:
    generation = extend(
        melody, parameters(**given_values), model or ContextModel(), np.random.default_rng(seed)
    )
    return finish(generation)


def extension_of(composition: Composition) -> tuple[Note, ...]:
    return composition.tracks[1].notes


def line(*pitches: int, length: int = BEAT, start: int = 0) -> tuple[Note, ...]:
    return tuple(
        Note(start_ticks=start + at * length, pitch=pitch, duration_ticks=length)
        for at, pitch in enumerate(pitches)
    )


def check_promises(melody: Melody, composition: Composition, chosen: Parameters) -> None:
    """Everything that holds for any melody, any model and any parameters."""
    tempo = melody.tempo_bpm

    def seconds(ticks: int) -> float:
        return nanoseconds_of_ticks(ticks, tempo) / 1e9

    own, added = composition.tracks
    assert (own.name, added.name) == (MELODY_TRACK, EXTENSION_TRACK)
    assert own.notes == melody.notes
    assert (composition.tempo_bpm, composition.beats_per_bar, composition.name) == (
        tempo,
        melody.beats_per_bar,
        melody.name,
    )
    longest_note, longest_rest, duration = (
        chosen.number(key) + 1e-6
        for key in ("max_note_length", "max_rest_time", "track_extension_duration")
    )
    # A beat of the melody's own or of a found pulse is no longer than a second and a half.
    beat_s = 1.5
    step_s = beat_s / SPEC.beat_resolution
    assert added.notes
    assert added.notes[0].start_ticks >= melody.end_ticks
    silent_from = melody.end_ticks
    sounding_until: dict[int, int] = {}
    for note in added.notes:
        assert SPEC.lowest_pitch <= note.pitch <= SPEC.highest_pitch
        assert seconds(note.duration_ticks) <= longest_note
        assert seconds(note.start_ticks - silent_from) <= max(longest_rest, step_s)
        # A key that is down is not struck: its first end would end both notes.
        assert sounding_until.get(note.pitch, 0) <= note.start_ticks
        sounding_until[note.pitch] = note.end_ticks
        silent_from = max(silent_from, note.end_ticks)
    reached = seconds(silent_from - melody.end_ticks)
    assert reached <= duration + step_s
    assert reached >= duration - min(beat_s, longest_rest) - step_s


played_notes = st.builds(
    Note,
    start_ticks=st.integers(0, 24 * BEAT) | st.integers(0, 60 * 12).map(lambda step: step * STEP),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 3 * BEAT) | st.sampled_from((STEP, BEAT // 2, BEAT, 40 * BEAT)),
    velocity=st.integers(1, 127),
)
lines = st.lists(
    st.tuples(st.integers(30, 100), st.sampled_from((3, 4, 6, 8, 12, 24))), min_size=1, max_size=40
).map(
    lambda events: tuple(
        Note(
            start_ticks=STEP * sum(length for _, length in events[:at]),
            pitch=pitch,
            duration_ticks=STEP * length,
        )
        for at, (pitch, length) in enumerate(events)
    )
)


melodies = st.builds(
    Melody,
    notes=lines
    | performances(most=80)
    | st.lists(played_notes, min_size=1, max_size=40).map(tuple),
    tempo_bpm=st.floats(40.0, 220.0) | st.sampled_from((40.0, 63.0, 120.0, 220.0)),
    beats_per_bar=st.integers(1, 7),
)
settings_of_a_player = st.fixed_dictionaries(
    {
        "creative_risk": st.floats(0.1, 6.0),
        "sampling_technique": st.sampled_from(("TopK", "Nucleus", "Random")),
        "sampling_threshold": st.floats(0.01, 1.0),
        "input_duration": st.floats(1.0, 60.0),
        "track_extension_duration": st.floats(1.0, 8.0),
        "max_rest_time": st.floats(0.25, 10.0),
        "max_note_length": st.floats(0.25, 10.0),
        "style": st.sampled_from(("chorale", "piano", "song", "quartet")),
    }
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(melody=melodies, chosen=settings_of_a_player, taste=st.integers(0, 99))
def test_every_extension_keeps_every_promise(
    melody: Melody, chosen: dict[str, Any], taste: int
) -> None:
    """Reach, rests, notes, seam and the melody itself, for random music and parameters."""
    model = ContextModel(taste)
    composition = made(melody, model, seed=taste, **chosen)
    check_promises(melody, composition, parameters(**chosen))
    if chosen["style"] == "chorale":
        assert SPEC.bar not in model.tokens
    if model.begun == [(SPEC.styles.index(chosen["style"]), SPEC.textures.index(Texture.LINE))]:
        notes = extension_of(composition)
        assert all(a.end_ticks <= b.start_ticks for a, b in pairwise(notes))


TRIPLETS_IN_A_MINOR = Melody(
    notes=line(*(57, 60, 64, 69, 72, 76, 75, 71, 68, 64, 68, 71) * 2, length=BEAT // 3),
    tempo_bpm=63.0,
    beats_per_bar=4,
    name="minor",
)
ODD_MELODIES = {
    "one note": Melody(notes=line(60)),
    "one tick": Melody(notes=line(60, length=1)),
    "triplets": TRIPLETS_IN_A_MINOR,
    "slowest": Melody(notes=line(60, 62, 64, 65), tempo_bpm=40.0),
    "fastest": Melody(notes=line(60, 62, 64, 65, 67, 65), tempo_bpm=220.0),
    "two hands": Melody(notes=line(72, 74, 76, 77) + line(48, 43, length=2 * BEAT)),
    "off the grid": Melody(notes=line(60, 62, 64, 65, 67, length=BEAT - 57, start=13)),
    "long silence": Melody(notes=line(60, 62) + line(64, start=400 * BEAT)),
    "held for minutes": Melody(notes=line(60, length=600 * BEAT) + line(64, 65, start=BEAT)),
    "twenty minutes": Melody(notes=line(*(60, 64, 67, 72) * 600)),
    "all at once": Melody(
        notes=tuple(Note(start_ticks=7, pitch=p, duration_ticks=9) for p in range(128))
    ),
    "drumming": Melody(notes=line(*(38,) * 64, length=BEAT // 4)),
    "out of range": Melody(notes=line(0, 127, 5, 120)),
}


@pytest.mark.parametrize("name", ODD_MELODIES)
def test_odd_melodies_are_extended_like_others(name: str) -> None:
    melody = ODD_MELODIES[name]
    check_promises(melody, made(melody), parameters())


@pytest.mark.parametrize("technique", ["TopK", "Nucleus", "Random"])
def test_a_minute_is_reached_with_each_sampling_technique(technique: str) -> None:
    chosen: dict[str, Any] = {"track_extension_duration": 60.0, "sampling_technique": technique}
    melody = ODD_MELODIES["two hands"]
    check_promises(melody, made(melody, **chosen), parameters(**chosen))


@pytest.mark.parametrize("liked", [SPEC.beat, SPEC.end, SPEC.rest, SPEC.pad, SPEC.first_pitch + 40])
def test_a_stubborn_model_neither_stops_nor_hangs(liked: int) -> None:
    """A model that wants to end, to rest, to wait or to repeat itself for ever."""
    melody = ODD_MELODIES["two hands"]
    composition = made(melody, LikingModel([liked]), max_rest_time=0.5)
    check_promises(melody, composition, parameters(max_rest_time=0.5))


class RecallingModel(ContextModel):
    """Likes anything, and repeats what it has read as surely as it is told to."""

    def __init__(self, constant: float) -> None:
        super().__init__(strength=0.1)
        self._habits = TokenHabits(
            copying=dict.fromkeys(KINDS, (constant, *[0.0] * (len(FEATURES) - 1))),
            resting=((0.0, 1.0),) * len(SILENCES),
        )

    def begin(self, *, style: int, texture: int) -> "RecallingModel":
        """Forget everything."""
        super().begin(style=style, texture=texture)
        self.recall = Recall(self._habits)
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        self.recall.read(tokens)
        return super().read(tokens)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(melody=melodies, chosen=settings_of_a_player, constant=st.sampled_from((-12.0, 0.0, 12.0)))
def test_who_repeats_keeps_every_promise(
    melody: Melody, chosen: dict[str, Any], constant: float
) -> None:
    """Repeated is only what is allowed."""
    composition = made(melody, RecallingModel(constant), **chosen)
    check_promises(melody, composition, parameters(**chosen))


def test_the_same_seed_gives_the_same_composition() -> None:
    first = made(TRIPLETS_IN_A_MINOR, seed=5)
    assert made(TRIPLETS_IN_A_MINOR, seed=5) == first
    assert made(TRIPLETS_IN_A_MINOR, seed=6) != first


@pytest.mark.parametrize("technique", ["TopK", "Nucleus"])
def test_threshold_one_is_random(technique: str) -> None:
    free = made(TRIPLETS_IN_A_MINOR, sampling_technique="Random", sampling_threshold=0.3)
    cut = made(TRIPLETS_IN_A_MINOR, sampling_technique=technique, sampling_threshold=1.0)
    assert cut == free
    assert made(TRIPLETS_IN_A_MINOR, sampling_technique=technique, sampling_threshold=0.1) != free


def test_little_risk_writes_what_the_model_likes_best() -> None:
    """At temperature 0.1 an unlikely pitch is as good as never drawn."""
    liked = [SPEC.first_pitch + pitch - SPEC.lowest_pitch for pitch in (60, 64, 67)]
    model = LikingModel(liked, strength=2.0)
    calm = extension_of(made(ODD_MELODIES["one note"], model, creative_risk=0.1))
    assert {note.pitch for note in calm} <= {60, 64, 67}
    wild = extension_of(made(ODD_MELODIES["one note"], model, creative_risk=6.0))
    assert len({note.pitch for note in wild}) > 10


def texture_of_notes(notes: Sequence[Note]) -> Texture:
    return prompt_of(Melody(notes=tuple(notes)), duration_s=60.0, style="piano").texture


def test_a_line_is_answered_as_a_line_and_a_texture_as_a_texture() -> None:
    model = ContextModel()
    answer = extension_of(made(TRIPLETS_IN_A_MINOR, model))
    assert texture_of_notes(answer) == Texture.LINE
    assert model.begun[-1][1] == SPEC.textures.index(Texture.LINE)
    answer = extension_of(made(ODD_MELODIES["two hands"], model))
    assert texture_of_notes(answer) == Texture.FULL
    assert model.begun[-1][1] == SPEC.textures.index(Texture.FULL)


def test_bar_lines_go_on_where_the_player_set_them() -> None:
    """In three four, a prompt that is cut within a bar keeps the bars of tick 0."""
    melody = Melody(notes=line(*range(60, 80)), tempo_bpm=120.0, beats_per_bar=3)
    model = ContextModel()
    made(melody, model, input_duration=3.2)
    beats = [token for token in model.tokens if token in (SPEC.beat, SPEC.bar)]
    first = 20 - 7  # 3.2 s are 6.4 beats, and the seventh is read from its beginning
    bars = [(first + at) % 3 == 0 for at in range(len(beats))]
    assert [token == SPEC.bar for token in beats] == bars


def test_previews_come_early_and_are_never_taken_back() -> None:
    """One at the end of the first beat with a note, then one a bar, each beginning the next."""
    melody = Melody(notes=line(60, 62, 64, 65, 67), tempo_bpm=100.0)
    chosen = parameters(max_rest_time=0.5)
    generation = extend(melody, chosen, ContextModel(), np.random.default_rng(1))
    previews: list[tuple[Note, ...]] = []
    written: list[int] = []
    while True:
        try:
            progress = next(generation)
        except StopIteration as stop:
            result = extension_of(stop.value)
            break
        if progress.preview is not None:
            assert progress.preview.tracks[0].notes == melody.notes
            previews.append(extension_of(progress.preview))
            assert progress.written_ticks is not None
            written.append(progress.written_ticks)
        else:
            assert progress.written_ticks is None
    first_note = result[0].start_ticks
    assert previews[0] == tuple(n for n in result if n.start_ticks // BEAT == first_note // BEAT)
    assert len(previews) >= 20 * 100 // 60 // 4
    for shorter, longer in zip(previews, [*previews[1:], result], strict=True):
        assert len(shorter) < len(longer) or longer is result
        assert longer[: len(shorter)] == shorter
    for preview, written_ticks in zip(previews, written, strict=True):
        assert preview == tuple(n for n in result if n.start_ticks < written_ticks)
    assert all(written_ticks % (4 * BEAT) == 0 for written_ticks in written[1:])
    for preview in previews[1:]:
        bar = result[len(preview)].start_ticks // (4 * BEAT) if len(preview) < len(result) else 99
        assert preview[-1].start_ticks // (4 * BEAT) < bar


def test_progress_comes_often_and_counts_up_to_the_end() -> None:
    """Never more than eight new tokens, or a chunk of the prompt, without a word."""
    model = ContextModel()
    melody = Melody(notes=line(*(60, 64, 67, 72) * 100, length=BEAT // 4))
    generation = extend(melody, parameters(), model, np.random.default_rng(0))
    done, total, read, prompt = 0, 0, 0, True
    while True:
        try:
            progress: Progress = next(generation)
        except StopIteration:
            break
        assert done <= progress.done <= progress.total
        new = model.reads[read:]
        prompt = prompt and progress.done == 0
        assert sum(new) <= (128 if prompt else 8)
        done, total, read = progress.done, progress.total, len(model.reads)
    assert total == 20 * 2 * SPEC.beat_resolution
    assert done >= total - 3 * SPEC.beat_resolution


def test_a_generation_can_be_closed_between_two_steps() -> None:
    generation = extend(ODD_MELODIES["one note"], parameters(), ContextModel(), _rng())
    next(generation)
    generation.close()
    with pytest.raises(StopIteration):
        next(generation)


def test_dynamics_go_on_with_the_players_accents() -> None:
    """Loud beats and soft between them, as in the last seconds; what came before is forgotten."""
    before = line(*(60,) * 64, length=BEAT // 2)
    after = [
        Note(
            start_ticks=(32 + at) * BEAT // 2 + 16 * BEAT,
            pitch=60,
            duration_ticks=BEAT // 2,
            velocity=100 if at % 2 == 0 else 50,
        )
        for at in range(64)
    ]
    notes = extension_of(made(Melody(notes=(*before, *after)), creative_risk=3.0))
    on_beats = {n.velocity for n in notes if n.start_ticks % BEAT == 0}
    between = {n.velocity for n in notes if n.start_ticks % BEAT}
    assert len(on_beats) == len(between) == 1
    assert on_beats.pop() > 90
    assert between.pop() < 60


def test_free_playing_goes_on_at_its_own_tempo_and_no_note_moves() -> None:
    """Played at 92 while the instrument counts 120: new notes lie on the beats that were played."""
    rng = np.random.default_rng(3)
    period_s = 60 / 92
    starts_s = 0.31 + period_s * np.arange(0, 24, 0.5) + rng.normal(0, 0.012, 48)
    melody = Melody(
        notes=tuple(
            Note(
                start_ticks=round(start * 960),
                pitch=60 + at % 7,
                duration_ticks=round(period_s / 2 * 0.9 * 960),
                velocity=90 if at % 2 == 0 else 60,
            )
            for at, start in enumerate(starts_s)
        )
    )
    model = LikingModel([SPEC.beat, SPEC.first_pitch + 40, SPEC.first_duration + 11], strength=30.0)
    composition = made(melody, model)
    check_promises(melody, composition, parameters())
    assert SPEC.bar not in model.tokens
    beats = (np.array([n.start_ticks for n in extension_of(composition)]) / 960 - 0.31) / period_s
    whole = np.abs(beats - np.round(beats)) < 0.12  # of a beat, after 20 s
    assert whole.mean() > 0.9


def free_playing(bpm: float) -> Melody:
    """Quarters and eighths at a tempo, while the melody's is 120."""
    starts = np.array([4 * bar + at for bar in range(6) for at in (0, 1, 1.5, 2, 3)]) * 60 / bpm
    return Melody(
        notes=tuple(
            Note(start_ticks=round((0.31 + start) * 960), pitch=60 + at % 7, duration_ticks=300)
            for at, start in enumerate(starts)
        )
    )


@pytest.mark.parametrize("bpm", [71.3, 90.0, 113.0])
def test_free_playing_at_any_tempo_keeps_the_promises(bpm: float) -> None:
    """At 90 too, where even quarters would lie on the triplets of the melody's 120."""
    model = ContextModel()
    composition = made(free_playing(bpm), model)
    check_promises(free_playing(bpm), composition, parameters())
    assert SPEC.bar not in model.tokens


def test_no_note_is_longer_by_a_tick_where_steps_lie_between_ticks() -> None:
    """Five steps of 48.04 ticks are 240.2, played as 240 or 241; 0.2505 s are 240.48 ticks."""
    likes_long_notes = LikingModel(range(SPEC.first_duration, SPEC.vocabulary))
    likes_long_notes.table[:, SPEC.first_duration :] += 2.0 * np.arange(len(SPEC.durations))
    chosen: dict[str, Any] = {"max_note_length": 0.2505, "track_extension_duration": 60.0}
    melody = free_playing(4800 / 48.04)
    composition = made(melody, likes_long_notes, **chosen)
    check_promises(melody, composition, parameters(**chosen))
    lengths = [note.duration_ticks for note in extension_of(composition)]
    assert {192, 193} & set(lengths)  # four steps


def test_nothing_to_extend_is_said_with_the_remedy() -> None:
    with pytest.raises(MusicError, match="play or import a melody first"):
        extend(Melody(notes=()), parameters(), ContextModel(), _rng())


def test_a_model_that_answers_nonsense_is_refused() -> None:
    model = ContextModel()
    model.table[:] = np.nan
    with pytest.raises(ModelRuntimeError, match="not a number"):
        made(ODD_MELODIES["one note"], model)


def test_the_technique_is_found_by_its_parameters() -> None:
    melody = ODD_MELODIES["one note"]
    composition = finish(generate(melody, parameters(), ContextModel(), _rng()))
    assert composition == made(melody)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
