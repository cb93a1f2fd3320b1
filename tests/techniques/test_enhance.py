"""What enhance promises to the player, whatever the model says."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.inference.runtime import Model
from firmware.music.encoding import CHORALE_ENCODING as SPEC
from firmware.music.notes import Composition, Melody, Note, changes
from firmware.music.timing import TICKS_PER_BEAT
from firmware.parameters import PARAMETERS_BY_KEY, ChoiceSpec, Technique, parameters_for
from firmware.techniques.counterpoint import parallels, similar_motion
from firmware.techniques.enhance import enhance
from firmware.techniques.ensembles import ENSEMBLES
from firmware.techniques.progress import finish

C_MAJOR = (0, 2, 4, 5, 7, 9, 11)
STEP = TICKS_PER_BEAT // 4

notes = st.builds(
    Note,
    start_ticks=st.integers(0, 300 * STEP) | st.integers(0, 8 * STEP),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 20 * STEP) | st.sampled_from((STEP, 4 * STEP)),
    velocity=st.integers(1, 127),
)
lines = st.lists(st.tuples(st.integers(0, 127), st.integers(1, 8)), min_size=1, max_size=40).map(
    lambda events: tuple(
        Note(
            start_ticks=STEP * sum(length for _, length in events[:index]),
            pitch=pitch,
            duration_ticks=STEP * length,
        )
        for index, (pitch, length) in enumerate(events)
    )
)
melodies = st.builds(Melody, notes=st.lists(notes, min_size=1, max_size=60).map(tuple) | lines)
settings_of_a_player = st.fixed_dictionaries(
    {
        "creative_risk": st.floats(0.1, 6.0),
        "max_input_notes_removed": st.integers(0, 100),
        "max_notes_added": st.integers(0, 500) | st.integers(0, 5),
        "sampling_iterations": st.integers(1, 12) | st.integers(24, 30),
    }
)


class RandomModel:
    """Says something else every time, but the same things for the same seed."""

    def __init__(self, seed: int, *, strength: float = 4.0) -> None:
        self._rng = np.random.default_rng(seed)
        self._strength = strength

    def run(self, **inputs: Any) -> dict[str, Any]:
        """Say something."""
        steps, pitches, _ = inputs["planes"].shape
        return {
            name: self._rng.normal(scale=self._strength, size=(steps, pitches, 4)).astype(
                np.float32
            )
            for name in ("pitch_logits", "attack_logits")
        }


def made(melody: Melody, model: Model, *, seed: int = 0, **given: Any) -> Composition:
    parameters = parameters_for(Technique.ENHANCE, given)
    rng = np.random.default_rng(seed)
    return finish(enhance(melody, parameters, model, rng))


def scale_up(count: int, *, start_pitch: int = 60) -> Melody:
    """Quarter notes of C major, up and down."""
    degrees = [0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2]
    return Melody(
        notes=tuple(
            Note(
                start_ticks=index * TICKS_PER_BEAT,
                pitch=start_pitch + degrees[index % len(degrees)],
                duration_ticks=TICKS_PER_BEAT,
            )
            for index in range(count)
        )
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(melody=melodies, given_values=settings_of_a_player, seed=st.integers(0, 99))
def test_limits_hold_for_any_melody_and_any_parameters(
    melody: Melody, given_values: dict[str, Any], seed: int
) -> None:
    """Kept notes are verbatim, removals and additions within limits, additions on the grid."""
    model = RandomModel(seed, strength=4.0 * (1 + seed % 4))
    composition = made(melody, model, seed=seed, **given_values)
    difference = changes(melody, composition)
    allowed = int(given_values["max_input_notes_removed"]) * len(melody.notes) // 100
    assert len(difference.removed) <= allowed
    assert len(difference.added) <= given_values["max_notes_added"]
    # Velocity is not part of a note's identity, but a kept note keeps it too.
    played = Counter(melody.notes)
    assert len(played - Counter(composition.notes)) <= allowed
    for note in difference.added:
        assert note.start_ticks % STEP == 0
        assert note.duration_ticks % STEP == 0


@settings(max_examples=30)
@given(melody=melodies, given_values=settings_of_a_player)
def test_no_track_strikes_a_key_that_it_still_holds(
    melody: Melody, given_values: dict[str, Any]
) -> None:
    """An added note never overlaps another of the same pitch in its track."""
    composition = made(melody, RandomModel(1), **given_values)
    added = Counter(changes(melody, composition).added)
    for track in composition.tracks:
        for index, note in enumerate(track.notes):
            for other in track.notes[index + 1 :]:
                if other.pitch == note.pitch and other.start_ticks < note.end_ticks:
                    assert not added[note]
                    assert not added[other]


def test_a_thousand_bars_come_back_whole(liking: Callable[..., Model]) -> None:
    melody = scale_up(2000)
    composition = made(melody, liking(C_MAJOR), sampling_iterations=1, max_notes_added=50)
    difference = changes(melody, composition)
    assert len(difference.kept) == 2000
    assert len(difference.added) == 50


def test_same_seed_same_composition_and_another_seed_another(liking: Callable[..., Model]) -> None:
    melody = scale_up(16)
    first, again, other = (
        made(melody, liking(C_MAJOR), seed=seed, sampling_iterations=5) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_an_empty_melody_is_refused_at_once() -> None:
    """Not only when the first pass is asked for."""
    parameters = parameters_for(Technique.ENHANCE)
    with pytest.raises(MusicError, match="nothing to enhance"):
        enhance(Melody(notes=()), parameters, RandomModel(0), np.random.default_rng(0))


def test_a_melody_gets_four_voices_when_enough_notes_are_allowed(
    liking: Callable[..., Model],
) -> None:
    """At every time step at which the melody sounds, all four voices sound."""
    melody = scale_up(32)
    composition = made(melody, liking(C_MAJOR), max_notes_added=500, sampling_iterations=20)
    assert [track.name for track in composition.tracks] == ["soprano", "alto", "tenor", "bass"]
    for tick in range(0, melody.end_ticks, STEP):
        sounding = [
            track.name
            for track in composition.tracks
            if any(note.start_ticks <= tick < note.end_ticks for note in track.notes)
        ]
        assert len(sounding) == 4, f"only {sounding} at tick {tick}"


def test_a_wrong_note_is_replaced_and_the_others_stay(liking: Callable[..., Model]) -> None:
    """An F sharp in a model's C major goes; every other note of the melody stays."""
    melody = scale_up(16)
    wrong = Note(start_ticks=5 * TICKS_PER_BEAT, pitch=66, duration_ticks=TICKS_PER_BEAT)
    melody = melody.with_notes((*melody.notes[:5], wrong, *melody.notes[6:]))
    composition = made(melody, liking(C_MAJOR), sampling_iterations=30)
    difference = changes(melody, composition)
    assert difference.removed == (wrong,)
    in_its_place = [
        note
        for note in composition.tracks[0].notes
        if note.start_ticks < wrong.end_ticks and wrong.start_ticks < note.end_ticks
    ]
    assert in_its_place
    assert all(note.pitch % 12 in C_MAJOR for note in in_its_place)


@pytest.mark.parametrize(("percent", "allowed"), [(0, 0), (4, 1), (5, 2), (7, 2), (12, 4)])
def test_no_more_is_removed_than_allowed_however_much_is_wrong(
    liking: Callable[..., Model], percent: int, allowed: int
) -> None:
    """Eight of forty notes are wrong; the share is rounded down, and it is used up."""
    wrong = range(2, 40, 5)
    melody = scale_up(40)
    melody = melody.with_notes(
        replace(note, pitch=66) if index in wrong else note
        for index, note in enumerate(melody.notes)
    )
    composition = made(
        melody,
        liking(C_MAJOR, strength=14.0),
        sampling_iterations=30,
        max_input_notes_removed=percent,
        creative_risk=2.0,
    )
    removed = changes(melody, composition).removed
    assert len(removed) == allowed
    assert all(note.pitch == 66 for note in removed)


def test_nothing_is_removed_where_that_is_forbidden(liking: Callable[..., Model]) -> None:
    melody = scale_up(16)
    composition = made(melody, liking((1, 3)), max_input_notes_removed=0, sampling_iterations=10)
    assert not changes(melody, composition).removed


def test_replacements_come_first_when_few_notes_may_be_added(liking: Callable[..., Model]) -> None:
    """With room for two notes and one wrong note, its place is not left empty."""
    melody = scale_up(16)
    wrong = Note(start_ticks=5 * TICKS_PER_BEAT, pitch=66, duration_ticks=TICKS_PER_BEAT)
    melody = melody.with_notes((*melody.notes[:5], wrong, *melody.notes[6:]))
    composition = made(melody, liking(C_MAJOR), sampling_iterations=30, max_notes_added=2)
    added = changes(melody, composition).added
    assert any(note.start_ticks <= wrong.start_ticks < note.end_ticks for note in added)


def test_with_few_notes_the_whole_piece_is_touched_up(liking: Callable[..., Model]) -> None:
    """Eight notes for 32 bars do not all stand at the beginning."""
    melody = scale_up(128)
    composition = made(melody, liking(C_MAJOR), sampling_iterations=5, max_notes_added=8)
    starts = [note.start_ticks for note in changes(melody, composition).added]
    quarters = {start * 4 // melody.end_ticks for start in starts}
    assert quarters == {0, 1, 2, 3}


def test_notes_beyond_four_voices_stay_in_a_track_of_their_own(
    liking: Callable[..., Model],
) -> None:
    chord = tuple(
        Note(start_ticks=0, pitch=pitch, duration_ticks=1920) for pitch in (48, 52, 55, 60, 64, 67)
    )
    melody = Melody(notes=chord)
    composition = made(melody, liking(C_MAJOR), sampling_iterations=2)
    assert set(composition.notes) == set(chord)
    assert composition.tracks[-1].name == "more"
    assert len(composition.tracks[-1].notes) == 2


def test_the_ensemble_gives_the_programs(liking: Callable[..., Model]) -> None:
    """Each that a player can choose, and no other one."""
    spec = PARAMETERS_BY_KEY["ensemble"]
    assert isinstance(spec, ChoiceSpec)
    assert spec.choices == tuple(ENSEMBLES)
    for name, ensemble in ENSEMBLES.items():
        composition = made(
            scale_up(8), liking(C_MAJOR), ensemble=name, sampling_iterations=2, max_notes_added=500
        )
        assert tuple(track.program for track in composition.tracks) == ensemble.programs


def test_every_pass_is_reported_and_a_preview_comes_early(liking: Callable[..., Model]) -> None:
    """For a long melody the first eight bars can be heard before the first whole pass is done."""
    melody = scale_up(256)
    model = liking(C_MAJOR)
    parameters = parameters_for(Technique.ENHANCE, {"sampling_iterations": 40})
    generation = enhance(melody, parameters, model, np.random.default_rng(0))
    first = next(step for step in generation if step.preview is not None)
    assert model.calls <= 16  # type: ignore[attr-defined]
    heard = changes(melody, first.preview)  # type: ignore[arg-type]
    assert not heard.removed
    assert heard.added
    reports = [(step.done, step.total) for step in generation]
    ((windows, total),) = {(total // 40, total) for _, total in reports}
    assert total == 40 * windows
    assert reports[-1] == (total, total)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert len({done for done, _ in reports}) > 0.9 * total


def test_a_long_melody_is_reported_and_can_be_cancelled_after_each_window(
    liking: Callable[..., Model],
) -> None:
    """Never more than one window of the model between two reports, and the first moves the bar."""
    melody = scale_up(2000)
    model = liking(C_MAJOR)
    parameters = parameters_for(Technique.ENHANCE, {"sampling_iterations": 12})
    generation = enhance(melody, parameters, model, np.random.default_rng(0))
    asked = 0
    for number, step in enumerate(generation):
        assert model.calls - asked <= 1  # type: ignore[attr-defined]
        asked = model.calls  # type: ignore[attr-defined]
        assert step.total > 12 * 80 or not step.done
        if number == 80:
            assert 0 < step.done < step.total / 12
            break
    generation.close()
    assert asked < 200


@pytest.mark.parametrize("percent", [0, 30])
def test_where_nothing_may_be_added_nothing_is_written(
    liking: Callable[..., Model], percent: int
) -> None:
    """Nor asked for: of a line that stays as it is nothing, else only whether a note is wrong."""
    melody = scale_up(32)
    wrong = replace(melody.notes[5], pitch=66)
    melody = melody.with_notes((*melody.notes[:5], wrong, *melody.notes[6:]))
    model = liking(C_MAJOR, strength=14.0)
    composition = made(
        melody,
        model,
        max_notes_added=0,
        max_input_notes_removed=percent,
        sampling_iterations=100,
    )
    difference = changes(melody, composition)
    assert not difference.added
    assert difference.removed == ((wrong,) if percent else ())
    assert [track.name for track in composition.tracks] == ["soprano"]
    assert model.calls == (12 + 8 if percent else 0)  # type: ignore[attr-defined]


def test_polyphony_to_which_nothing_may_happen_still_gets_its_voices_from_the_model(
    liking: Callable[..., Model],
) -> None:
    """The same tracks as where notes may be added, from a few passes of listening."""
    chords = ((60, 64, 67), (59, 62, 67), (60, 64, 72), (57, 64, 69))
    melody = Melody(
        notes=tuple(
            Note(start_ticks=1920 * bar, pitch=pitch, duration_ticks=1920)
            for bar, chord in enumerate(chords)
            for pitch in chord
        )
    )
    model = liking(C_MAJOR)
    alone = made(melody, model, max_notes_added=0, max_input_notes_removed=0)
    assert 0 < model.calls < 30  # type: ignore[attr-defined]
    added_to = made(melody, liking(C_MAJOR), max_notes_added=500, max_input_notes_removed=0)
    played = {
        track.name: tuple(note for note in track.notes if note in melody.notes)
        for track in added_to.tracks
    }
    assert {track.name: track.notes for track in alone.tracks} == {
        name: notes for name, notes in played.items() if notes
    }


@pytest.mark.parametrize("passes", [1, 2, 5, 8, 19, 20, 21, 24, 25, 48, 100, 200])
def test_as_many_passes_as_the_player_wants(liking: Callable[..., Model], passes: int) -> None:
    """One window: the model is asked once a pass, then for replacements and repeated notes."""
    for melody in (scale_up(32), Melody(notes=(*scale_up(8).notes, *scale_up(8).notes))):
        model = liking(C_MAJOR)
        made(melody, model, sampling_iterations=passes)
        assert passes <= model.calls <= passes + 2  # type: ignore[attr-defined]


def test_a_melody_of_any_register_is_harmonized_near_its_own_pitch(
    liking: Callable[..., Model],
) -> None:
    """The result is not shifted back and forth wrongly: all added notes fit C major."""
    for start_pitch in (0, 24, 41, 60, 84, 103, 115):
        melody = scale_up(14, start_pitch=start_pitch)
        liked = tuple((pitch + start_pitch) % 12 for pitch in C_MAJOR)
        composition = made(melody, liking(liked, strength=12.0), max_input_notes_removed=0)
        assert all(0 <= note.pitch <= 127 for note in composition.notes)


def test_repeated_notes_follow_the_attack_output(liking: Callable[..., Model]) -> None:
    """A model that strikes everything again writes more, shorter notes than one that holds."""
    melody = scale_up(8)
    counts = [
        len(
            made(
                melody,
                liking((0,), strength=12.0, attack_logit=logit),
                max_notes_added=500,
                max_input_notes_removed=0,
            ).notes
        )
        for logit in (-20.0, 20.0)
    ]
    assert counts[0] < counts[1]


def test_next_to_no_parallels_are_written(liking: Callable[..., Model]) -> None:
    """Even for a model that likes nothing better than open fifths."""
    moving = found = 0
    for seed in range(5):
        composition = made(
            scale_up(32),
            liking((0, 2, 7, 9)),
            seed=seed,
            max_notes_added=500,
            max_input_notes_removed=0,
        )
        cells = np.full((128, 4), SPEC.rest, dtype=np.int16)
        for voice, track in enumerate(composition.tracks):
            for note in track.notes:
                first, stop = note.start_ticks // STEP, note.end_ticks // STEP
                cells[first:stop, voice] = note.pitch - SPEC.lowest_pitch
        linked = np.arange(len(cells)) > 0
        moving += int(similar_motion(cells, linked, rest=SPEC.rest).sum())
        found += int(parallels(cells, linked, rest=SPEC.rest).sum())
    assert moving > 500
    assert found / moving < 0.002
