"""The bands of the genres."""

import pytest

from firmware.music.band import BAND_ENCODING, PITCHED_ROLES
from firmware.techniques.bands import BANDS, DRUM_LEVELS, Band, band_of


@pytest.mark.parametrize("genre", BANDS)
def test_every_band_can_be_told_apart_by_ear_and_by_name(genre: str) -> None:
    """Three instruments, none of them the player's own, each quieter than the player."""
    band = BANDS[genre]
    assert list(band.parts) == list(PITCHED_ROLES)
    assert len({part.name for part in band.parts.values()}) == 3
    programs = [part.program for part in band.parts.values()]
    assert len(set(programs)) == 3
    assert all(0 < program <= 127 for program in programs)
    assert all(0.4 < part.level < 1.0 for part in band.parts.values())


def test_who_drums_and_who_swings() -> None:
    assert {genre for genre, band in BANDS.items() if band.has_drums} == {"jazz", "pop", "rock"}
    assert {genre for genre, band in BANDS.items() if band.swings} == {"jazz"}
    assert tuple(BANDS) == ("symphony", "jazz", "pop", "rock", "songwriter", "bach")


def test_a_genre_that_nobody_knows_has_a_band_too() -> None:
    band = band_of("polka")
    assert isinstance(band, Band)
    assert band.has_drums
    assert band_of("rock") is BANDS["rock"]


def test_every_drum_has_its_loudness() -> None:
    assert set(DRUM_LEVELS) == set(BAND_ENCODING.drums)
    assert max(DRUM_LEVELS.values()) == 1.0
