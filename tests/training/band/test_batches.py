"""Training batches of the band: the same each time, on bar lines, in the melody's home key."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, BandNote, Role, band_rolls, moved
from firmware.music.home_key import way_back
from training.band.batches import (
    BandBatchConfig,
    BandPieces,
    BandSampler,
    Window,
    melody_shift,
    moved_home,
    window_batch,
)
from training.band.shards import BandPiece

GENRES = ("rock", "bach")
PLAIN = BandBatchConfig(batch_size=8, blank_share=0.0, noised_share=0.0, stray_share=0.0)


def _sampler(songs: Sequence[BandPiece], config: BandBatchConfig = PLAIN) -> BandSampler:
    return BandSampler(BandPieces(songs, genres=GENRES), genres=GENRES, config=config, seed=5)


def test_a_batch_is_the_same_each_time_and_none_is_like_another(
    band_songs: Sequence[BandPiece],
) -> None:
    """By its number and the seed, whatever was drawn before."""
    config = replace(PLAIN, noised_share=0.5, blank_share=0.2, stray_share=0.5)
    first, again = _sampler(band_songs, config), _sampler(band_songs, config)
    first.batch(0)
    for one, other in ((first.batch(3), again.batch(3)),):
        np.testing.assert_array_equal(one.band, other.band)
        np.testing.assert_array_equal(one.drums, other.drums)
        np.testing.assert_array_equal(one.weights, other.weights)
        for name, array in one.conditions.items():
            np.testing.assert_array_equal(array, other.conditions[name])
    assert (first.batch(3).band != first.batch(4).band).any()


def test_windows_begin_at_bar_lines_after_what_was_really_played_before(
    band_songs: Sequence[BandPiece],
) -> None:
    """The known bar and the window are one stretch of one piece, in one key."""
    batch = _sampler(band_songs).batch(1)
    features = dict(
        zip(BAND_ENCODING.features, batch.conditions["features"].transpose(2, 0, 1), strict=True)
    )
    assert (features["downbeat"][:, 16] == 1.0).all()
    whole = np.concatenate([batch.conditions["known"], batch.band], axis=1)
    found = 0
    for row in range(len(whole)):
        song_shifts = ((song, shift) for song in band_songs for shift in range(-6, 6))
        for song, shift in song_shifts:
            rolls = song.rolls()
            padded = np.concatenate([np.zeros((16, *rolls.band.shape[1:])), rolls.band])
            padded = np.concatenate([padded, np.zeros((64, *rolls.band.shape[1:]))])
            played = moved(padded[None].astype(np.float32), shift)[0]
            starts = range(0, song.steps, 16)
            found += any(np.array_equal(played[at : at + 80], whole[row]) for at in starts)
            if found > row:
                break
    assert found >= len(whole)


@pytest.mark.parametrize("shift", [-12, -6, -1, 3, 5, 12])
def test_moving_rolls_is_moving_notes(shift: int) -> None:
    """Rolls moved by semitones are the rolls of the moved notes, folded at the borders too."""
    notes = [
        BandNote(Role.BASS, 0, 4, 24),
        BandNote(Role.HARMONY, 2, 9, 60),
        BandNote(Role.COUNTER, 8, 16, 98),
        BandNote(Role.HARMONY, 9, 12, 60),
    ]
    rolls = band_rolls(notes, beats_per_bar=4).band
    shifted = [note._replace(pitch=note.pitch + shift) for note in notes]
    expected = band_rolls(shifted, beats_per_bar=4).band
    found = moved(rolls[None].astype(np.float32), shift)[0]
    np.testing.assert_array_equal(found.astype(np.bool_), expected)


def test_all_is_moved_home_together(band_songs: Sequence[BandPiece]) -> None:
    """The melody by its passage's shift, the band the short way, the tonality as the melody."""
    pieces = BandPieces(band_songs, genres=GENRES)
    batch = _sampler(band_songs).batch(2)
    for row in range(8):
        matches = []
        for piece in range(len(pieces)):
            for start in range(0, int(pieces.steps[piece]), 16):
                plain = window_batch(pieces, Window(piece=piece, start=start))
                # A passage may begin at any bar up to the window.
                for first in range(0, start + 1, 16):
                    shift = melody_shift(pieces.rolls(piece).melody, first, first + 512)
                    melody = moved(plain.conditions["melody"], shift)[0]
                    band = moved(plain.band, way_back(-shift))[0]
                    if np.array_equal(melody, batch.conditions["melody"][row]):
                        matches.append((plain, shift, np.array_equal(band, batch.band[row])))
        plain, shift, _ = next(match for match in matches if match[2])
        turned = plain.conditions["tonality"][0][(np.arange(64) - shift) % 12]
        np.testing.assert_allclose(batch.conditions["tonality"][row], turned)


def test_some_windows_are_heard_in_a_neighbouring_key(band_songs: Sequence[BandPiece]) -> None:
    """A fifth up or down, melody and band alike."""
    plain = _sampler(band_songs).batch(5)
    strayed = _sampler(band_songs, replace(PLAIN, stray_share=1.0)).batch(5)
    for row in range(8):
        ours, theirs = (b.conditions["melody"][row] for b in (plain, strayed))
        found = [by for by in (-7, -5, 5, 7) if np.array_equal(moved(ours, by), theirs)]
        assert len(found) == 1
        classes = [
            np.array([b.band[row, :, pc::12, ::2].any(axis=1) for pc in range(12)])
            for b in (plain, strayed)
        ]
        shift = found[0]
        # 64 rows: the classes of rows go round in twelves.
        assert np.array_equal(np.roll(classes[0], shift, axis=0), classes[1])


def test_a_piece_is_moved_home_as_a_melody_is_on_the_device(
    band_songs: Sequence[BandPiece],
) -> None:
    for song in band_songs:
        rolls = song.rolls()
        shift = melody_shift(rolls.melody)
        home = moved_home(rolls, shift)
        assert melody_shift(home.melody) == 0
        assert home.drums is not rolls.drums
        assert np.array_equal(home.drums, rolls.drums)
        assert home.band.any() == rolls.band.any()
    silent = np.zeros_like(rolls.melody)
    assert melody_shift(silent) == 0


def test_genres_have_their_shares_and_their_slots(band_songs: Sequence[BandPiece]) -> None:
    """Shares that are named hold; the rest is shared alike."""
    config = replace(PLAIN, batch_size=400, shares=(("bach", 0.25),))
    genre = _sampler(band_songs, config).batch(0).conditions["genre"]
    assert genre.shape == (400, BAND_ENCODING.genre_slots)
    assert genre[:, 1].mean() == pytest.approx(0.25, abs=0.07)
    assert genre[:, 0].mean() + genre[:, 1].mean() == pytest.approx(1.0)


def test_roles_that_a_piece_does_not_have_weigh_nothing(band_songs: Sequence[BandPiece]) -> None:
    """The chorales have neither counter nor drums."""
    batch = _sampler(band_songs).batch(0)
    is_bach = batch.conditions["genre"][:, 1] == 1.0
    assert is_bach.any()
    assert not is_bach.all()
    assert (batch.weights[is_bach] == (1.0, 1.0, 0.0, 0.0)).all()
    assert (batch.weights[~is_bach] == 1.0).all()


def test_known_bars_may_be_hidden_or_faulty(band_songs: Sequence[BandPiece]) -> None:
    """As often as the configuration says; the window itself stays as it is."""
    plain = _sampler(band_songs).batch(6)
    hidden = _sampler(band_songs, replace(PLAIN, blank_share=1.0)).batch(6)
    assert plain.conditions["known"].any()
    assert not hidden.conditions["known"].any()
    assert not hidden.conditions["known_drums"].any()
    np.testing.assert_array_equal(hidden.band, plain.band)
    pieces = BandPieces(band_songs, genres=GENRES)
    sampler = BandSampler(pieces, genres=GENRES, config=replace(PLAIN, noised_share=1.0), seed=5)
    faulty = sampler.batch(6).conditions["known"]
    assert faulty.any()
    # What is struck sounds, whatever the faults.
    assert (faulty[..., 1::2] <= faulty[..., ::2]).all()


def test_a_genre_without_pieces_and_shares_beyond_one_are_refused(
    band_songs: Sequence[BandPiece],
) -> None:
    """Each says what is wrong."""
    genres = ("rock", "polka")
    with pytest.raises(ConfigError, match="polka"):
        BandSampler(BandPieces(band_songs, genres=genres), genres=genres, config=PLAIN, seed=1)
    with pytest.raises(ConfigError, match="shares"):
        _sampler(band_songs, replace(PLAIN, shares=(("rock", 1.2),)))


def test_windows_of_a_piece_hop_by_whole_bars(band_songs: Sequence[BandPiece]) -> None:
    """A waltz hops by five bars."""
    waltz = replace(band_songs[0], beats_per_bar=3, steps=144)
    pieces = BandPieces([waltz], genres=("rock",))
    assert [window.start for window in pieces.windows(0)] == [0, 60, 120]
