"""Figures of a band: by hand, beside muspy, and that they tell music from noise."""

import math
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandNote, BandRolls, Role, band_rolls
from training.band import metrics

BAR = 16
KICK, SNARE, HAT = 0, 1, 2


def rolls(*notes: tuple[Role, int, int, int], bars: int = 1, beats_per_bar: int = 4) -> BandRolls:
    """Role, start, end, pitch."""
    steps = bars * beats_per_bar * BAND_ENCODING.beat_resolution
    found = (BandNote(*note) for note in notes)
    return band_rolls(found, beats_per_bar=beats_per_bar, steps=steps)


def chords(pitches: Sequence[Sequence[int]], role: Role = Role.HARMONY) -> list[Any]:
    """A chord each beat."""
    return [
        (role, 4 * at, 4 * at + 4, pitch) for at, chord in enumerate(pitches) for pitch in chord
    ]


def test_a_bar_is_empty_where_nothing_of_the_role_sounds() -> None:
    """A note that is held into a bar fills it, one that ends at its line does not."""
    piece = rolls((Role.BASS, 8, 20, 40), (Role.HARMONY, 0, 16, 60), bars=4)
    assert metrics.empty_bars([piece], Role.BASS) == 0.5
    assert metrics.empty_bars([piece], Role.HARMONY) == 0.75
    assert metrics.empty_bars([piece], Role.COUNTER) == 1.0
    assert metrics.empty_bars([piece, rolls((Role.BASS, 0, 1, 40))], Role.BASS) == 0.4
    assert math.isnan(metrics.empty_bars([], Role.BASS))


def test_bars_are_as_long_as_the_metre_says() -> None:
    piece = rolls((Role.BASS, 11, 12, 40), bars=2, beats_per_bar=3)
    assert metrics.empty_bars([piece], Role.BASS) == 0.5


def test_octaves_are_one_pitch_class_and_empty_bars_are_left_out() -> None:
    bar = [(Role.COUNTER, 0, 4, 60), (Role.COUNTER, 4, 8, 72), (Role.COUNTER, 4, 8, 67)]
    piece = rolls(*bar, (Role.COUNTER, 16, 20, 61), bars=3)
    assert metrics.pitch_classes_per_bar([piece], Role.COUNTER) == 1.5
    assert math.isnan(metrics.pitch_classes_per_bar([piece], Role.BASS))


def test_the_lowest_pitch_of_a_role_has_its_own_pitch_class() -> None:
    for role in (Role.MELODY, *PITCHED_ROLES):
        counts = metrics.pitch_class_counts(rolls((role, 0, 1, 43)), role)
        assert np.flatnonzero(counts[0]).tolist() == [7]


def test_every_note_of_the_grid_is_as_long_as_musegan_asks() -> None:
    """Its three steps of 24 are half a step here."""
    assert metrics.QUALIFIED_STEPS == 1
    piece = rolls((Role.BASS, 0, 1, 40), (Role.BASS, 1, 3, 40))
    assert metrics.qualified_notes([piece], Role.BASS) == 1.0


def test_notes_of_at_least_an_eighth_are_told_from_fragments() -> None:
    """Also where one is struck again as another ends, and at the very end of the piece."""
    piece = rolls(
        (Role.BASS, 0, 1, 40),
        (Role.BASS, 1, 3, 40),
        (Role.BASS, 8, 12, 43),
        (Role.BASS, 15, 16, 45),
    )
    assert metrics.qualified_notes([piece], Role.BASS, least_steps=2) == 0.5
    assert metrics.qualified_notes([piece], Role.BASS, least_steps=3) == 0.25
    assert metrics.qualified_notes([piece], Role.BASS, least_steps=100) == 0.0
    assert math.isnan(metrics.qualified_notes([piece], Role.HARMONY, least_steps=2))


def test_drums_beside_the_eighths_count_a_tenth() -> None:
    piece = rolls(*((Role.DRUMS, step, step + 1, HAT) for step in (0, 2, 5, 7)))
    assert metrics.drum_pattern([piece]) == pytest.approx((1 + 1 + 0.1 + 0.1) / 4)
    assert math.isnan(metrics.drum_pattern([rolls()]))


def test_the_tonal_distance_is_of_chroma_not_of_loudness_or_octave() -> None:
    same = rolls((Role.BASS, 0, 4, 36), (Role.HARMONY, 0, 2, 60), (Role.HARMONY, 0, 2, 72))
    pair = (Role.BASS, Role.HARMONY)
    assert metrics.tonal_distance([same], pair) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("semitones", "squared"),
    [
        # 2 r² (1 - cos) of each circle: a fifth is 210°·7, 270°·7 and 120°·7 round them.
        (7, 2 * (1 - math.cos(math.radians(30))) + 2 * (1 - 0) + 0.5 * (1 + 0.5)),
        (6, 2 * (1 + 1) + 2 * (1 + 1) + 0.5 * (1 - 1)),
        (4, 2 * (1 - math.cos(math.radians(120))) + 2 * (1 - 1) + 0.5 * (1 + 0.5)),
    ],
)
def test_the_tonal_distance_of_two_pitches_is_by_hand(semitones: int, squared: float) -> None:
    piece = rolls((Role.BASS, 0, 4, 40), (Role.COUNTER, 0, 4, 64 + semitones))
    found = metrics.tonal_distance([piece], (Role.BASS, Role.COUNTER))
    assert found == pytest.approx(math.sqrt(squared))


def test_beats_in_which_one_is_silent_have_no_tonal_distance() -> None:
    piece = rolls((Role.BASS, 0, 8, 36), (Role.HARMONY, 4, 8, 66))
    alone = rolls((Role.BASS, 4, 8, 36), (Role.HARMONY, 4, 8, 66))
    pair = (Role.BASS, Role.HARMONY)
    assert metrics.tonal_distance([piece], pair) == metrics.tonal_distance([alone], pair)
    assert math.isnan(metrics.tonal_distance([rolls((Role.BASS, 0, 8, 36))], pair))


@pytest.mark.parametrize("interval", range(-12, 13))
def test_consonances_are_the_four_classes_up_and_down(interval: int) -> None:
    piece = rolls((Role.MELODY, 0, 4, 60), (Role.HARMONY, 0, 4, 60 + interval))
    consonant = interval % 12 in {0, 3, 4, 5, 7, 8, 9}
    assert metrics.consonance([piece]) == float(consonant)


def test_an_interval_counts_for_as_long_as_it_sounds_and_drums_do_not() -> None:
    notes = [(Role.HARMONY, 0, 6, 64), (Role.BASS, 6, 8, 37), (Role.DRUMS, 0, 1, KICK)]
    piece = rolls((Role.MELODY, 0, 8, 60), *notes)
    assert metrics.consonance([piece]) == 0.75
    assert metrics.consonance([piece], (Role.BASS,)) == 0.0
    assert math.isnan(metrics.consonance([rolls((Role.MELODY, 0, 8, 60))]))


def test_shuffling_gives_every_melody_another_band() -> None:
    pieces = [
        rolls((Role.MELODY, 0, 4, 60 + n), (Role.BASS, 0, 4, 36 + n), bars=1 + n) for n in range(5)
    ]
    found = metrics.shuffled(pieces, np.random.default_rng(0))
    pairs = {
        tuple(
            int(np.flatnonzero(metrics.sounding(p, role)[0])[0])
            for role in (Role.MELODY, Role.BASS)
        )
        for p in found
    }
    assert {melody for melody, _ in pairs} == {24 + n for n in range(5)}
    assert {bass for _, bass in pairs} == {12 + n for n in range(5)}
    assert all(melody - 12 != bass for melody, bass in pairs)
    with pytest.raises(ValueError, match="single piece"):
        metrics.shuffled(pieces[:1], np.random.default_rng(0))


def test_the_groove_is_of_where_notes_begin() -> None:
    """Bars of 16 steps; two of the sixteen differ between the first two, none after."""
    first = [(Role.DRUMS, at, at + 1, KICK) for at in (0, 8, 17, 24, 33, 40)]
    piece = rolls(*first, bars=3)
    assert metrics.groove_consistency([piece], (Role.DRUMS,)) == 1 - (2 / 16 + 0) / 2
    bass = rolls(*first, (Role.BASS, 17, 18, 40), (Role.BASS, 33, 48, 40), bars=3)
    assert metrics.groove_consistency([bass], (Role.DRUMS, Role.BASS)) == 1 - (2 / 16) / 2
    assert math.isnan(metrics.groove_consistency([rolls(bars=1)], (Role.DRUMS,)))


def test_onsets_are_on_the_grid_on_eighths() -> None:
    notes = [(Role.BASS, at, at + 1, 40) for at in (0, 2, 5)]
    piece = rolls(*notes, (Role.DRUMS, 3, 4, SNARE))
    assert metrics.onsets_on_grid([piece], (Role.BASS,)) == pytest.approx(2 / 3)
    assert metrics.onsets_on_grid([piece], (Role.BASS, Role.DRUMS)) == 0.5


def test_notes_are_out_of_the_scale_of_the_melody() -> None:
    scale = [(Role.MELODY, at, at + 1, 62 + up) for at, up in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]
    d_major = rolls(*scale, (Role.BASS, 0, 4, 42), (Role.HARMONY, 0, 4, 65))
    assert metrics.out_of_scale([d_major]) == 0.5
    assert metrics.out_of_scale([d_major], (Role.BASS,)) == 0.0
    assert math.isnan(metrics.out_of_scale([rolls((Role.BASS, 0, 4, 42))]))


def test_a_band_that_goes_along_follows_and_one_that_stays_does_not() -> None:
    counts = np.zeros(12)
    counts[[0, 4, 7]] = (3.0, 1.0, 2.0)
    for semitones in (2, 5, -3):
        assert metrics.followed(counts, np.roll(counts, semitones), semitones) == 1.0
        assert metrics.followed(counts, counts, semitones) == 0.0


def test_a_band_that_plays_everything_follows_nothing() -> None:
    assert metrics.followed(np.ones(12), np.ones(12), 5) == pytest.approx(1 / 12)
    augmented = np.zeros(12)
    augmented[[0, 4, 8]] = 1.0
    assert metrics.followed(augmented, np.roll(augmented, 5), 5) == pytest.approx(1 / 3)


def test_silence_after_music_does_not_follow() -> None:
    silence, music = np.zeros(12), np.eye(12)[0]
    assert metrics.followed(music, silence, 2) == metrics.followed(silence, music, 2) == 0.0
    assert math.isnan(metrics.followed(silence, silence, 2))


def test_takes_are_compared_pair_by_pair() -> None:
    """Three takes of four cells: distances 1/4, 2/4 and 3/4."""
    one, two, three = (
        np.array(cells, np.bool_) for cells in ((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 1, 0))
    )
    assert metrics.take_distance([one, two, three]) == pytest.approx((0.25 + 0.5 + 0.75) / 3)
    assert metrics.equal_takes([one, two, three]) == 0
    assert metrics.equal_takes([one, two, one, one]) == 2
    assert math.isnan(metrics.take_distance([one]))


def test_what_is_played_has_the_onsets_too() -> None:
    held = rolls((Role.BASS, 0, 8, 40))
    twice = rolls((Role.BASS, 0, 4, 40), (Role.BASS, 4, 8, 40))
    takes = [metrics.played(piece, (Role.BASS,)) for piece in (held, twice)]
    assert metrics.take_distance(takes) == pytest.approx(1 / (2 * BAR * BAND_ENCODING.pitches))
    assert not metrics.played(held, (Role.DRUMS,)).any()


def scores(seed: int = 0, count: int = 12) -> list[BandRolls]:
    """Invented pop: four chords, a bass on roots, arpeggios, a beat and a tune of chord tones."""
    rng = np.random.default_rng(seed)
    pieces = []
    for _ in range(count):
        key = int(rng.integers(12))
        notes: list[tuple[Role, int, int, int]] = []
        for bar in range(8):
            root, start = (0, 9, 5, 7)[bar % 4] + key, BAR * bar
            third = 3 if bar % 4 == 1 else 4
            notes += [(Role.BASS, start + 8 * n, start + 8 * n + 6, 36 + root % 12) for n in (0, 1)]
            notes += [
                (Role.HARMONY, start, start + 16, 48 + (root + up) % 12) for up in (0, third, 7)
            ]
            notes += [
                (Role.COUNTER, start + 2 * n, start + 2 * n + 2, 60 + (root + up) % 12)
                for n, up in enumerate(rng.choice((0, third, 7), 8))
            ]
            notes += [(Role.DRUMS, start + 2 * n, start + 2 * n + 1, HAT) for n in range(8)]
            notes += [(Role.DRUMS, start + n, start + n + 1, KICK) for n in (0, 7, 8)]
            for at in range(0, BAR, 4):
                up = int(rng.choice((0, third, 7)))
                notes.append((Role.MELODY, start + at, start + at + 4, 72 + (root + up) % 12))
        pieces.append(rolls(*notes, bars=8))
    return pieces


def noise(pieces: Sequence[BandRolls]) -> list[BandRolls]:
    """The same melodies, and a band that plays anything."""
    rng = np.random.default_rng(1)
    return [
        BandRolls(
            melody=piece.melody,
            band=rng.random(piece.band.shape) < 0.1,
            drums=rng.random(piece.drums.shape) < 0.3,
            beats_per_bar=4,
        )
        for piece in pieces
    ]


def test_noise_is_told_from_music_by_every_figure() -> None:
    music, other, random = scores(), scores(7), noise(scores())
    roles = (*PITCHED_ROLES, Role.DRUMS)

    def figures(pieces: list[BandRolls]) -> dict[str, float]:
        return {
            "pitch classes": metrics.pitch_classes_per_bar(pieces, Role.HARMONY),
            "eighths": metrics.qualified_notes(pieces, Role.HARMONY, least_steps=2),
            "drums": metrics.drum_pattern(pieces),
            "tonal distance": metrics.tonal_distance(pieces, (Role.BASS, Role.HARMONY)),
            "consonance": metrics.consonance(pieces),
            "groove": metrics.groove_consistency(pieces, (Role.DRUMS,)),
            "grid": metrics.onsets_on_grid(pieces, roles),
            "scale": metrics.out_of_scale(pieces),
        }

    ours, theirs, wrong = figures(music), figures(other), figures(random)
    for name, value in ours.items():
        assert abs(value - theirs[name]) < 0.2 * abs(value - wrong[name]), name
    shuffled = metrics.consonance(metrics.shuffled(music, np.random.default_rng(0)))
    assert shuffled < ours["consonance"] - 0.1


@pytest.fixture(scope="module")
def muspy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The real muspy; what it and matplotlib write at import goes to a folder of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        home = str(tmp_path_factory.mktemp("home"))
        for variable in ("HOME", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(variable, home)
        yield pytest.importorskip("muspy", reason="muspy, the metrics' oracle, is not installed")


def as_muspy(muspy: ModuleType, notes: Sequence[tuple[int, int, int]], *, drums: bool) -> Any:
    """Start, end and pitch, on a grid of four time steps a beat."""
    found = [
        muspy.Note(time=start, pitch=pitch, duration=end - start) for start, end, pitch in notes
    ]
    return muspy.Music(resolution=4, tracks=[muspy.Track(is_drum=drums, notes=found)])


def random_notes(seed: int, bars: int) -> list[tuple[int, int, int]]:
    """The last one ends inside of the last bar, where muspy's bars are ours."""
    rng = np.random.default_rng(seed)
    last = bars * BAR - 2
    found = [
        (int(start), int(min(start + rng.integers(1, 9), last)), int(rng.integers(48, 84)))
        for start in rng.integers(0, last - 1, 6 * bars)
    ]
    return [*found, (last, last + 1, 60)]


@pytest.mark.parametrize("seed", range(8))
def test_groove_and_pitch_classes_are_muspys(seed: int, muspy: ModuleType) -> None:
    notes = random_notes(seed, bars=5)
    piece = rolls(*((Role.COUNTER, *note) for note in notes), bars=5)
    theirs = as_muspy(muspy, notes, drums=False)
    ours = metrics.groove_consistency([piece], (Role.COUNTER,))
    assert ours == pytest.approx(muspy.groove_consistency(theirs, BAR))
    one_bar = random_notes(seed, bars=1)
    bar = rolls(*((Role.COUNTER, *note) for note in one_bar))
    used = muspy.n_pitch_classes_used(as_muspy(muspy, one_bar, drums=False))
    assert metrics.pitch_classes_per_bar([bar], Role.COUNTER) == used


@pytest.mark.parametrize("seed", range(4))
def test_empty_bars_are_muspys(seed: int, muspy: ModuleType) -> None:
    """With notes that end before a bar line, for by muspy one at the line fills the next bar."""
    rng = np.random.default_rng(seed)
    notes = [(BAR * bar + 3, BAR * bar + 9, 60) for bar in rng.choice(12, 5, replace=False)]
    notes.append((12 * BAR, 12 * BAR + 1, 60))
    piece = rolls(*((Role.BASS, *note) for note in notes), bars=13)
    expected = muspy.empty_measure_rate(as_muspy(muspy, notes, drums=False), BAR)
    assert metrics.empty_bars([piece], Role.BASS) == pytest.approx(expected)


def test_drums_on_eighths_are_what_muspy_finds_there(muspy: ModuleType) -> None:
    """And a tenth of the rest is added."""
    notes = [(at, at + 1, 36) for at in (0, 1, 2, 6, 7, 8, 11, 14)]
    piece = rolls(*((Role.DRUMS, start, end, KICK) for start, end, _ in notes))
    # With 16 steps a beat muspy's pattern is every fourth step: every second one, doubled.
    music = as_muspy(
        muspy, [(2 * start, 2 * end, pitch) for start, end, pitch in notes], drums=True
    )
    music.resolution = 16
    on_eighths = muspy.drum_in_pattern_rate(music, "duple")
    assert metrics.drum_pattern([piece]) == pytest.approx(on_eighths + 0.1 * (1 - on_eighths))
