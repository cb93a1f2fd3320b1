"""The figures' bands play by the technique's own code, on whatever model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.inference.band_habits import Habits
from firmware.music.band import BAND_ENCODING, BandNote, BandRolls, Role, band_rolls, window_inputs
from firmware.music.notes import Melody, Note
from training.band.batches import melody_shift, moved_home
from training.band.figures import Effort
from training.band.genre import melody_of
from training.band.play import BandJudged, FloatBand, band_parts, device_play, genre_of
from training.band.shards import BandPiece
from training.figures import figures

BAR = 16
EFFORT = Effort(bars=64, followed=32, varied=1, risked=1)
SURE = 8.0


def song(seed: int, *, genre: str = "pop") -> BandPiece:
    """Sixteen bars: four chords, a bass, an arpeggio, drums, and a tune."""
    key = int(np.random.default_rng(seed).integers(12))
    notes = []
    for bar in range(16):
        root, start = ((0, 9, 5, 7)[bar % 4] + key) % 12, BAR * bar
        chord = (0, 3 if bar % 4 == 1 else 4, 7)
        tune = (0, 7, chord[1], 7)
        notes += [
            BandNote(Role.BASS, start, start + 8, 36 + root),
            BandNote(Role.BASS, start + 8, start + 16, 36 + root),
            *(BandNote(Role.HARMONY, start, start + BAR, 60 + (root + up) % 12) for up in chord),
            *(
                BandNote(Role.COUNTER, start + 2 * n, start + 2 * n + 2, 72 + (root + up) % 12)
                for n, up in enumerate((*chord, 7, *chord, 7))
            ),
            *(BandNote(Role.DRUMS, start + 2 * n, start + 2 * n + 1, 2) for n in range(8)),
            *(
                BandNote(Role.MELODY, start + 4 * n, start + 4 * n + 4, 72 + (root + up) % 12)
                for n, up in enumerate(tune)
            ),
        ]
    return BandPiece(
        corpus="invented",
        name=f"invented/{seed}",
        genre=genre,
        notes=tuple(notes),
        beats_per_bar=4,
        steps=16 * BAR,
    )


TRAIN = tuple(song(seed) for seed in range(12))
TEST = tuple(song(seed) for seed in range(50, 54))


class RealModel:
    """Says of each window what was written there, at home as it is asked."""

    genres = ("bach", "pop")
    habits: Mapping[str, Habits] = {}

    def __init__(self, pieces: tuple[BandPiece, ...]) -> None:
        self._known = {
            window_inputs(rolls, start)["melody"].tobytes(): (rolls, start)
            for rolls in (_at_home(piece) for piece in pieces)
            for start in range(0, rolls.steps, BAND_ENCODING.time_steps)
        }
        self.asked: list[Mapping[str, NDArray[np.float32]]] = []

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What was written around this melody."""
        self.asked.append(inputs)
        rolls, start = self._known[inputs["melody"].tobytes()]
        steps = slice(start, start + BAND_ENCODING.time_steps)
        return _logits(rolls.band[steps]), _logits(rolls.drums[steps])


class NoiseModel:
    """Says anything."""

    genres = ("bach", "pop")
    habits: Mapping[str, Habits] = {}

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Noise, another one for other noise."""
        rng = np.random.default_rng(int(1000 * abs(inputs["noise"].sum())))
        band = rng.normal(-2.0, 1.5, (64, 64, 6))
        return band.astype(np.float32), rng.normal(-1.0, 1.5, (64, 9)).astype(np.float32)


def _at_home(piece: BandPiece) -> BandRolls:
    rolls = piece.rolls()
    return moved_home(rolls, melody_shift(rolls.melody))


def _logits(truth: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(truth, SURE, -SURE).astype(np.float32)


def measured(model: Any, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"train": TRAIN, "test": TEST, "network": None, **changes}
    judged = BandJudged(model=model, **given)
    (found,) = figures(judged, band_parts(("pop",), model.genres, EFFORT), lambda *_: None)
    assert set(found) == {"pop"}
    return dict(found["pop"])


def failed(found: dict[str, Any]) -> set[str]:
    return {name for name, verdict in found["judged"].items() if not verdict["holds"]}


def test_a_model_that_says_what_was_written_fails_only_at_other_takes() -> None:
    """Through the technique's own windows, decisions and ending."""
    found = measured(RealModel(TEST))
    assert failed(found) <= {"take_distance", "equal_takes", "risks"}
    assert found["equal_takes"] == 15
    assert found["key_follow_rate"] == 1.0
    assert found["bars"] == found["bars_held_out"] == 64


def test_a_model_of_noise_fails() -> None:
    found = measured(NoiseModel())
    assert failed(found) >= {"tonal_distance", "consonance", "drum_pattern"}
    assert found["key_follow_rate"] > 0.99, "all is played at home, even noise"
    assert found["equal_takes"] == 0


def test_the_band_plays_what_the_model_says_up_to_the_last_bar() -> None:
    """In which the technique brings it to an end."""
    piece = TEST[0]
    played = device_play(RealModel(TEST), "pop")(melody_of(piece), seed=3, risk=1.0)
    written = piece.rolls()
    assert played.melody.tobytes() == written.melody.tobytes()
    assert np.array_equal(played.band[: -2 * BAR, :, ::2], written.band[: -2 * BAR, :, ::2])
    assert np.array_equal(played.drums[: -2 * BAR], written.drums[: -2 * BAR])


def test_the_model_is_asked_for_the_genre_and_another_seed_is_another_take() -> None:
    model = RealModel(TEST)
    play = device_play(model, "pop")
    melody = melody_of(TEST[0])
    for seed in (1, 1, 2, 1001):
        play(melody, seed=seed, risk=1.0)
    assert all(inputs["genre"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0] for inputs in model.asked)
    noises = [inputs["noise"].tobytes() for inputs in model.asked[::4]]
    assert noises[0] == noises[1]
    assert len(set(noises)) == 3


def test_a_swung_melody_is_heard_as_it_is_written() -> None:
    """Players of jazz swing: what is measured is the same grid that was learned."""
    rng = np.random.default_rng(0)
    steps = np.sort(rng.choice(64, 30, replace=False)).tolist()
    notes = [
        BandNote(Role.MELODY, start, end, int(rng.integers(60, 80)))
        for start, end in zip(steps, [*steps[1:], 64], strict=True)
        if start % 4 != 3
    ]
    piece = BandPiece(
        corpus="invented",
        name="swing",
        genre="jazz",
        notes=tuple(notes),
        beats_per_bar=4,
        steps=64,
    )
    melody = melody_of(piece, swings=True)
    half_beats = [note.start_ticks % 480 for note in melody.notes if note.start_ticks % 480]
    assert set(half_beats) == {160, 320}

    class Silent:
        genres = ("jazz",)
        habits: Mapping[str, Habits] = {}

        def said(self, inputs: Any) -> Any:
            del inputs
            return np.full((64, 64, 6), -9.0, np.float32), np.full((64, 9), -9.0, np.float32)

    played = device_play(Silent(), "jazz")(melody, seed=0, risk=1.0)
    assert np.array_equal(played.melody, piece.rolls().melody)
    assert genre_of("jazz", [song(1, genre="jazz")] * 8, [piece]).held_out(4)[0].melody == melody


def test_genres_without_drums_are_measured_without() -> None:
    pieces = tuple(song(seed, genre="bach") for seed in range(6))
    assert Role.DRUMS not in genre_of("bach", pieces, pieces).roles
    assert Role.DRUMS in genre_of("pop", TRAIN, TEST).roles


def test_a_genre_that_the_bundle_does_not_know_is_refused() -> None:
    assert list(band_parts((), ("bach", "pop"), EFFORT)) == ["bach", "pop"]
    with pytest.raises(ConfigError, match="knows no genre 'polka'") as caught:
        band_parts(("polka",), ("bach", "pop"), EFFORT)
    assert "bach, pop" in str(caught.value)


def test_the_float_network_is_asked_with_a_batch_axis() -> None:
    class Network:
        def predict_on_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            assert {values.shape[0] for values in batch.values()} == {1}
            return {
                "band": batch["noise"].sum() + np.zeros((1, 64, 64, 6)),
                "drums": np.ones((1, 64, 9)),
            }

    network: Any = Network()
    model = FloatBand(network, ["pop"])
    band, drums = model.said({"noise": np.ones((5, 32), np.float32)})
    assert (band.shape, drums.shape) == ((64, 64, 6), (64, 9))
    assert band[0, 0, 0] == 160.0
    assert model.genres == ("pop",)


def test_the_network_that_was_trained_plays_the_same_melodies() -> None:
    found = measured(RealModel(TEST), network=RealModel(TEST))
    assert found["judged"]["float"] == {"crossed": [], "holds": True}
    assert found["float"]["tonal_distance"] == found["tonal_distance"]


def test_notes_beyond_the_rolls_are_no_other_melody() -> None:
    """A melody above the grid is folded into it, as the technique does."""
    high = Melody(notes=(Note(start_ticks=0, pitch=110, duration_ticks=1920),))
    rolls: BandRolls = device_play(NoiseModel(), "pop")(high, seed=0, risk=1.0)
    expected = band_rolls([BandNote(Role.MELODY, 0, 16, 110)], beats_per_bar=4)
    assert np.array_equal(rolls.melody, expected.melody)
