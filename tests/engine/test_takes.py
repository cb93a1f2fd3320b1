"""The last takes: stepped through, deleted, brought back, and what a technique works on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.mixer import Fader, Mixer
from firmware.engine.schedule import Mix, as_composition
from firmware.engine.takes import KEPT, Take, Takes, facts_of
from firmware.errors import EngineStateError
from firmware.library.records import CompositionRecord
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.parameters import Technique, Value


def take(number: int) -> Take:
    note = Note(start_ticks=0, pitch=60 + number % 60, duration_ticks=480)
    return Take(melody=Melody(notes=(note,), name=f"Take {number}"))


def made(technique: Technique, name: str = "Take") -> CompositionRecord:
    melody = Melody(notes=(Note(start_ticks=0, pitch=60, duration_ticks=480),), name=name)
    lower = Track(name="bass", notes=(Note(start_ticks=0, pitch=48, duration_ticks=960),))
    music = as_composition(melody)
    return CompositionRecord(
        composition=replace(music, tracks=(*music.tracks, lower)),
        melody=melody,
        technique=technique,
        parameters={},
        seed=1,
        bundle="b",
        bundle_sha256="",
        created_at="2026-01-02T03:04:05+00:00",
        parent="the-one-before",
    )


def test_the_last_ten_are_kept_and_the_latest_is_present() -> None:
    takes = Takes()
    for number in range(13):
        takes.add(take(number))
    assert [kept.melody.name for kept in takes] == [f"Take {n}" for n in range(3, 13)]
    assert (takes.number, len(takes)) == (KEPT, KEPT)
    takes.step(-3)
    assert takes.melody().name == "Take 9"
    takes.add(take(13))
    assert takes.melody().name == "Take 13"


def test_without_a_take_there_is_nothing_to_step_to_delete_or_bring_back() -> None:
    takes = Takes()
    for impossible in (takes.melody, takes.delete, takes.restore, lambda: takes.step(1)):
        with pytest.raises(EngineStateError):
            impossible()
    assert (takes.current, takes.number, len(takes)) == (None, 0, 0)


hands = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 50)),
        st.tuples(st.just("step"), st.integers(-12, 12)),
        st.tuples(st.sampled_from(("delete", "restore")), st.just(0)),
    ),
    max_size=60,
)


@given(given_hands=hands)
def test_whatever_is_done_there_is_a_present_take_if_there_is_any(
    given_hands: list[tuple[str, int]],
) -> None:
    """And what was deleted comes back where it was, as the present one."""
    takes = Takes()
    for verb, number in given_hands:
        before = takes.current
        try:
            match verb:
                case "add":
                    takes.add(take(number))
                case "step":
                    takes.step(number)
                case "delete":
                    takes.delete()
                    gone = before
                case _:
                    takes.restore()
                    assert takes.current is gone
        except EngineStateError:
            assert not len(takes) or not takes.can_restore
        assert len(takes) <= KEPT
        assert (takes.current is None) == (len(takes) == 0)
        if takes.current is not None:
            assert list(takes)[takes.number - 1] is takes.current


def test_a_melody_gets_another_name_and_stays_the_present_take() -> None:
    takes = Takes()
    with pytest.raises(EngineStateError):
        takes.name_melody("Evening")
    takes.add(take(1))
    takes.add(take(2))
    takes.step(-1)
    takes.name_melody("Evening")
    assert [kept.melody.name for kept in takes] == ["Evening", "Take 2"]
    assert takes.melody().notes == take(1).melody.notes


def test_how_a_composition_was_made_is_told_in_the_words_of_the_panel() -> None:
    """Also where another version of the firmware wrote what this one does not know."""
    parameters: dict[str, Value] = {
        "creative_risk": 1.3,
        "max_notes_added": 9000,
        "sparkle": "much",
    }
    record = replace(made(Technique.ENHANCE), parameters=parameters)
    assert facts_of(record) == (
        ("Technique", "Enhance"),
        ("Creative risk", "1.3"),
        ("Add at most", "9000"),
        ("sparkle", "much"),
        ("Seed", "1"),
        ("Model", "b"),
    )


def test_a_take_that_was_deleted_comes_back_in_its_place() -> None:
    takes = Takes()
    for number in range(4):
        takes.add(take(number))
    takes.step(-2)
    takes.delete()
    assert takes.melody().name == "Take 0"
    takes.restore()
    assert [kept.melody.name for kept in takes] == [f"Take {n}" for n in range(4)]
    assert takes.number == 2


def test_another_technique_works_on_what_is_heard_and_the_same_one_on_its_melody() -> None:
    takes = Takes()
    record = made(Technique.ENHANCE)
    takes.add(Take(melody=record.melody, record=record))
    takes.delete()
    takes.note_saved(record, "2026-take")
    takes.restore()
    for technique, on_heard, pitches, parent in (
        (Technique.ENHANCE, True, [60], "the-one-before"),
        (Technique.EXTEND, False, [60], "the-one-before"),
        (Technique.EXTEND, True, [48, 60], "2026-take"),
    ):
        melody, found = takes.source(technique, on_heard=on_heard)
        assert [note.pitch for note in melody.notes] == pitches
        assert found == parent


def test_a_mixer_holds_for_takes_of_the_same_tracks_and_forgets_with_another_piece() -> None:
    mixer, music = Mixer(), made(Technique.ENHANCE).composition
    mixer.adopt(music)
    mixer.set(1, is_muted=True, program=40)
    mixer.set(9, is_muted=True)
    mixer.adopt(replace(music, tempo_bpm=99.0))
    assert mixer.mix == Mix(silent=frozenset({1}), programs=((1, 40),))
    assert [track.program for track in mixer.programmed(music).tracks] == [0, 40]
    mixer.adopt(as_composition(made(Technique.ENHANCE).melody))
    assert mixer.mix == Mix()
    assert mixer.programmed(music) is music


def test_solo_silences_the_others_and_mute_wins() -> None:
    mixer = Mixer()
    mixer.adopt(Composition(tracks=tuple(Track(name=name, notes=()) for name in "abcd")))
    mixer.set(0, is_soloed=True)
    mixer.set(1, is_soloed=True, is_muted=True)
    assert mixer.mix.silent == {1, 2, 3}
    mixer.set(0, is_soloed=False)
    assert mixer.mix.silent == {0, 1, 2, 3}
    mixer.set(1, is_soloed=False)
    assert mixer.mix.silent == {1}
    assert mixer.faders[1] == Fader(is_muted=True)
