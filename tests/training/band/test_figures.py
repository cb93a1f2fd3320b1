"""Figures of a genre: a band like the corpus holds every bar, and one of noise fails."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandNote, BandRolls, Role, band_rolls
from firmware.music.notes import Melody, Note
from training.band import figures
from training.band.figures import Effort
from training.band.figures import band_figures as figures_of_genre
from training.band.genre import Genre, melody_of, opening, transposed, windows_of
from training.band.shards import BandPiece
from training.band.verdicts import is_monotone

BAR = 16
HAT, KICK = 2, 0
PROGRESSION = (0, 9, 5, 7)
EFFORT = Effort(bars=96, followed=32, varied=2, risked=3)


def band_around(
    roots: list[int], rng: np.random.Generator, *, wrong: float = 0.0
) -> list[BandNote]:
    """A bar of pop on each root, somewhere: bass, chord, arpeggio, beat; wrong are mistakes."""
    notes = []
    low, middle, high = rng.choice((0, 12), 3).tolist()
    chords = [(0, 3 if bar % 4 == 1 else 4, 7) for bar in range(len(roots))]
    for bar, (root, chord) in enumerate(zip(roots, chords, strict=True)):
        start = BAR * bar
        slips = (rng.random(8) < wrong).astype(int)
        ups = rng.choice(chord, 8) + slips
        kick = start + int(rng.choice((0, 8)))
        notes += [
            *(BandNote(Role.BASS, start + at, start + at + 6, 24 + low + root) for at in (0, 8)),
            *(
                BandNote(Role.HARMONY, start, start + BAR, 48 + middle + (root + up) % 12)
                for up in chord
            ),
            *(
                BandNote(Role.COUNTER, at, at + 2, 60 + high + (root + int(up)) % 12)
                for at, up in zip(range(start, start + BAR, 2), ups, strict=True)
            ),
            *(BandNote(Role.DRUMS, at, at + 1, HAT) for at in range(start, start + BAR, 2)),
            BandNote(Role.DRUMS, kick, kick + 1, KICK),
        ]
    return notes


def song(seed: int, *, bars: int = 8, made: frozenset[Role] = frozenset()) -> BandPiece:
    """Invented pop in any key, whose melody begins each bar on the root."""
    rng = np.random.default_rng(seed)
    key = int(rng.integers(12))
    roots = [(PROGRESSION[bar % 4] + key) % 12 for bar in range(bars)]
    melody = [
        BandNote(Role.MELODY, BAR * bar + at, BAR * bar + at + 4, 72 + (root + up) % 12)
        for bar, root in enumerate(roots)
        for at, up in zip((0, 4, 8, 12), (0, 7, 3 if bar % 4 == 1 else 4, 7), strict=True)
    ]
    return BandPiece(
        corpus="invented",
        name=f"invented/{seed}",
        genre="pop",
        notes=tuple(melody + band_around(roots, rng)),
        beats_per_bar=4,
        steps=BAR * bars,
        made=made,
    )


TRAIN = [song(seed) for seed in range(24)]
TEST = [song(seed) for seed in range(100, 108)]


def pop(**changes: Any) -> Genre:
    given: dict[str, Any] = {"train": TRAIN, "test": TEST, "has_drums": True, **changes}
    return Genre("pop", **given)


def rolls_of(melody: Melody, band: list[BandNote]) -> BandRolls:
    step = 480 // BAND_ENCODING.beat_resolution
    sung = [
        BandNote(Role.MELODY, note.start_ticks // step, note.end_ticks // step, note.pitch)
        for note in melody.notes
    ]
    bars = -(-melody.end_ticks // melody.ticks_per_bar)
    return band_rolls([*sung, *band], beats_per_bar=4, steps=BAR * bars)


def good_band(melody: Melody, *, seed: int, risk: float) -> BandRolls:
    """The same pop, around whatever is the first note of each bar."""
    bar = melody.ticks_per_bar
    first = {note.start_ticks // bar: note.pitch % 12 for note in reversed(melody.notes)}
    roots = [first[number] for number in sorted(first)]
    rng = np.random.default_rng([seed, sum(map(ord, melody.name))])
    wrong = (risk - 0.3) / 20
    return rolls_of(melody, band_around(roots, rng, wrong=wrong))


def noise(melody: Melody, *, seed: int, risk: float) -> BandRolls:
    empty = rolls_of(melody, [])
    rng = np.random.default_rng(seed)
    return BandRolls(
        melody=empty.melody,
        band=rng.random(empty.band.shape) < 0.02 * risk,
        drums=rng.random(empty.drums.shape) < 0.3,
        beats_per_bar=4,
    )


def deaf_band(melody: Melody, *, seed: int, risk: float) -> BandRolls:
    """Plays in C whatever is sung, and always the same."""
    del seed, risk
    bars = -(-melody.end_ticks // melody.ticks_per_bar)
    roots = [PROGRESSION[bar % 4] for bar in range(bars)]
    return rolls_of(melody, band_around(roots, np.random.default_rng(0)))


def measured(play: Any, genre: Genre | None = None, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"float_play": None, "advance": lambda *_: None, **changes}
    return figures_of_genre(genre or pop(), play, EFFORT, **given)


def failed(found: dict[str, Any]) -> set[str]:
    return {name for name, verdict in found["judged"].items() if not verdict["holds"]}


def test_a_band_like_the_corpus_holds_every_bar() -> None:
    found = measured(good_band)
    assert failed(found) == set()
    assert set(found["judged"]) == {
        *("empty_bars", "pitch_classes_per_bar", "qualified_notes", "eighth_notes"),
        *("drum_pattern", "tonal_distance", "groove_consistency", "onsets_on_grid"),
        *("consonance", "key_follow_rate", "take_distance", "equal_takes", "risks"),
    }
    assert found["key_follow_rate"] == 1.0
    assert found["consonance"] > found["consonance_shuffled"] + 0.1


def test_noise_fails() -> None:
    """All but what noise is good at: it varies, and the more is played the farther apart."""
    found = measured(noise)
    assert failed(found) >= {
        *("pitch_classes_per_bar", "eighth_notes", "drum_pattern"),
        *("onsets_on_grid", "consonance", "key_follow_rate", "tonal_distance"),
    }
    assert found["key_follow_rate"] < 0.4


def test_a_band_that_neither_listens_nor_varies_fails_at_that() -> None:
    found = measured(deaf_band)
    assert failed(found) == {
        *("consonance", "key_follow_rate", "take_distance", "equal_takes"),
        "tonal_distance",
    }
    assert found["key_follow_rate"] == 0.0
    assert found["take_distance"] == 0.0
    assert found["equal_takes"] == (figures.TAKES - 1) * EFFORT.varied
    assert found["judged"]["tonal_distance"]["worst"].startswith("melody-")


def test_silence_fails_and_can_be_written_as_json() -> None:
    found = measured(lambda melody, **_: rolls_of(melody, []))
    assert {"empty_bars", "pitch_classes_per_bar", "consonance", "key_follow_rate"} <= failed(found)
    assert found["pitch_classes_per_bar"] == {"bass": None, "harmony": None, "counter": None}
    json.dumps(found, allow_nan=False)


def test_every_figure_of_the_band_has_its_twin_and_its_bar() -> None:
    found = measured(good_band)
    for name in ("empty_bars", "tonal_distance", "eighth_notes"):
        assert (
            found[name].keys() == found[f"{name}_corpus"].keys() == found["held_out"][name].keys()
        )
    assert set(found["empty_bars"]) == {"bass", "harmony", "counter", "drums"}
    assert "melody-bass" in found["tonal_distance"]
    for verdict in found["judged"].values():
        assert verdict.keys() >= {"holds"}
    gap = abs(found["drum_pattern"] - found["drum_pattern_corpus"])
    real = abs(found["held_out"]["drum_pattern"] - found["drum_pattern_corpus"])
    expected = {"gap": gap, "bar": 0.03, "holds": True, "held_out_gap": real}
    assert found["judged"]["drum_pattern"] == expected


def test_the_true_number_of_held_out_bars_is_told() -> None:
    found = measured(good_band)
    assert (found["bars"], found["bars_held_out"], found["bars_corpus"]) == (96, 64, 192)


def test_the_network_that_was_trained_stands_beside() -> None:
    """And what holds of one alone is named."""
    same = measured(good_band, float_play=good_band)
    assert same["judged"]["float"] == {"crossed": [], "holds": True}
    assert same["float"]["empty_bars"] == same["empty_bars"]
    other = measured(deaf_band, float_play=good_band)
    assert set(other["judged"]["float"]["crossed"]) == failed(other) - {"float"}
    assert not other["judged"]["float"]["holds"]


def test_all_that_will_be_played_is_told_beforehand() -> None:
    told: list[tuple[int, int]] = []
    measured(good_band, float_play=good_band, advance=lambda *step: told.append(step))
    totals = {total for _, total in told}
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert totals == {len(told)}


def test_a_band_without_drums_is_not_judged_by_them() -> None:
    found = measured(good_band, pop(has_drums=False))
    assert set(found["empty_bars"]) == {"bass", "harmony", "counter"}
    assert "drum_pattern" not in found
    assert not failed(found)


def test_roles_that_nobody_wrote_for_a_piece_are_not_compared_with() -> None:
    """Half of the pieces with silent drums that were made: they do not count as empty bars."""
    made = frozenset({Role.DRUMS})
    silent = [
        BandPiece(
            corpus=piece.corpus,
            name=piece.name,
            genre=piece.genre,
            notes=tuple(note for note in piece.notes if note.role is not Role.DRUMS),
            beats_per_bar=4,
            steps=piece.steps,
            made=made,
        )
        for piece in TRAIN[:12]
    ]
    some = measured(good_band, pop(train=[*silent, *TRAIN[12:]]))
    assert some["empty_bars_corpus"]["drums"] == 0.0
    assert some["roles"] == ["bass", "harmony", "counter", "drums"]
    none = measured(good_band, pop(train=silent))
    assert none["roles"] == ["bass", "harmony", "counter"]
    assert "drum_pattern" not in none
    assert none["take_distance_real"] > 0


def test_a_role_that_is_real_in_other_pieces_only_is_judged_alone() -> None:
    """There is no piece in which bass and drums are both real: the whole band has no drums."""
    half = [song(seed, made=frozenset({Role.DRUMS})) for seed in range(12)]
    other = [song(seed, made=frozenset({Role.BASS})) for seed in range(12, 24)]
    genre = pop(train=[*half, *other])
    assert Role.DRUMS in genre.roles
    assert genre.together == (Role.BASS, Role.HARMONY, Role.COUNTER)
    assert len(genre.real.of(genre.together)) == 12


def test_melodies_that_nobody_wrote_are_not_accompanied() -> None:
    with pytest.raises(ConfigError, match="'pop' in the test shard"):
        pop(test=[song(1, made=frozenset({Role.MELODY}))])
    with pytest.raises(ConfigError, match="'pop' in the training shard"):
        pop(train=[])


def test_long_pieces_give_one_passage_each_before_any_gives_another() -> None:
    genre = pop(test=[song(1, bars=80), song(2, bars=40), song(3, bars=8)])
    found = genre.held_out(128)
    names = [passage.piece.name for passage in found]
    assert sorted(names[:3]) == ["invented/1", "invented/2", "invented/3"]
    assert sum(passage.bars for passage in found) == 128
    assert all(passage.bars <= 32 and not passage.is_transposed for passage in found)
    starts = {note.start_ticks for passage in found for note in passage.melody.notes[:1]}
    assert starts == {0}


def test_other_keys_come_when_all_has_been_played() -> None:
    genre = pop(test=[song(1), song(2)])
    found = genre.held_out(40)
    assert [passage.is_transposed for passage in found] == [False, False, True, True, True]
    first, third = found[0].melody, found[2].melody
    assert [note.pitch + 2 for note in first.notes] == [note.pitch for note in third.notes]
    assert genre.held_out(10_000)[-1].bars == 8
    assert sum(passage.bars for passage in genre.held_out(10_000)) == 12 * 16


def test_what_is_not_sung_at_either_end_is_no_part_of_a_passage() -> None:
    piece = song(1)
    sung = [n for n in piece.notes if n.role is not Role.MELODY or 2 * BAR <= n.start < 5 * BAR]
    quiet = BandPiece(
        corpus="invented",
        name="quiet",
        genre="pop",
        notes=tuple(sung),
        beats_per_bar=4,
        steps=piece.steps,
    )
    (passage,) = pop(test=[quiet]).held_out(3)
    assert passage.bars == 3
    assert passage.melody.notes[0].start_ticks == 0
    assert passage.piece.rolls().steps == 3 * BAR


def test_an_opening_is_of_whole_windows_from_the_first_bar_that_is_sung() -> None:
    beat = 480
    late = tuple(
        Note(start_ticks=(8 + 4 * n) * beat, pitch=60, duration_ticks=5 * beat) for n in range(6)
    )
    found = opening(Melody(notes=late), 1)
    assert [note.start_ticks // beat for note in found.notes] == [0, 4, 8, 12]
    assert found.end_ticks == 16 * beat
    three = opening(Melody(notes=late, beats_per_bar=3), 1)
    assert three.notes[0].start_ticks == 2 * beat
    assert three.end_ticks == 15 * beat


def test_transposing_stays_inside_of_midi() -> None:
    notes = tuple(
        Note(start_ticks=n, pitch=p, duration_ticks=1) for n, p in enumerate((1, 60, 126))
    )
    up, down = (transposed(Melody(notes=notes), by) for by in (5, -3))
    assert [note.pitch for note in up.notes] == [6, 65, 119]
    assert [note.pitch for note in down.notes] == [10, 57, 123]


def test_windows_are_whole_bars_and_the_last_one_what_is_left() -> None:
    rolls = song(1, bars=10).rolls()
    assert [window.steps for window in windows_of(rolls)] == [64, 64, 32]
    waltz = BandRolls(melody=rolls.melody, band=rolls.band, drums=rolls.drums, beats_per_bar=3)
    assert [window.steps for window in windows_of(waltz)] == [60, 60, 40]


def test_real_windows_are_of_different_pieces_and_of_one_length() -> None:
    waltzes = [
        BandPiece(
            corpus="invented",
            name=f"waltz/{n}",
            genre="pop",
            notes=song(n).notes,
            beats_per_bar=3,
            steps=120,
        )
        for n in range(4)
    ]
    genre = pop(train=[*TRAIN[:16], *waltzes])
    windows = genre.windows(16, seed=1)
    assert {window.steps for window in windows} == {64}
    assert len({window.band.tobytes() for window in windows}) == 16


RISING: Callable[[float], dict[str, float]] = lambda x: {  # noqa: E731
    "random_choices": x,
    "out_of_scale": x,
    "distance_from_safe": x,
}


@pytest.mark.parametrize("column", ["random_choices", "out_of_scale", "distance_from_safe"])
def test_one_column_that_falls_is_not_monotone(column: str) -> None:
    rows = [RISING(0.0), RISING(0.1), RISING(0.2)]
    assert is_monotone(rows)
    assert not is_monotone([*rows, RISING(0.3) | {column: 0.19}])


def test_risk_is_shown_from_the_safe_take_on() -> None:
    rows = measured(good_band)["risks"]
    assert [row["risk"] for row in rows] == list(figures.RISKS)
    assert rows[0]["distance_from_safe"] == rows[0]["out_of_scale"] == 0.0
    assert rows[-1]["out_of_scale"] > 0.01
    assert rows[0]["notes_per_bar"] == pytest.approx(2 + 3 + 8 + 9, abs=0.5)


def test_the_melody_is_what_the_shard_has() -> None:
    melody = melody_of(TEST[0])
    sung = [note for note in TEST[0].notes if note.role is Role.MELODY]
    assert [(n.start_ticks, n.duration_ticks, n.pitch) for n in melody.notes] == [
        (120 * n.start, 120 * (n.end - n.start), n.pitch) for n in sung
    ]
