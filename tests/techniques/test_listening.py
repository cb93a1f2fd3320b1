"""What the model's opinion says about notes."""

from collections.abc import Callable

import numpy as np

from firmware.inference.runtime import Model
from firmware.music.notes import Note
from firmware.techniques.gibbs import Sampler
from firmware.techniques.listening import Opinion, listen
from firmware.techniques.progress import finish
from firmware.techniques.score import score_of
from firmware.techniques.voices import cast


def opinion(pitches: list[int], model: Model, *, looks: int = 3) -> Opinion:
    notes = [
        Note(start_ticks=480 * index, pitch=pitch, duration_ticks=480)
        for index, pitch in enumerate(pitches)
    ]
    score = score_of(cast(notes))
    rng = np.random.default_rng(0)
    return finish(listen(score, Sampler(score, model, rng), rng, looks=looks))


def test_a_pitch_that_the_model_does_not_like_surprises_it(
    liking: Callable[..., Model],
) -> None:
    """In every octave alike, and every note is heard."""
    found = opinion([60, 72, 61, 67, 60, 78], liking((0, 4, 7)))
    assert (found.surprise[[2, 5]] > found.surprise[[0, 1, 3, 4]].max() + 5.0).all()
    assert (found.surprise > 0.0).all()


def test_a_hidden_note_is_hidden_and_the_others_are_not(liking: Callable[..., Model]) -> None:
    """In two looks at two notes of the soprano, each is masked once; all else always."""
    model = liking((0,))
    opinion([60, 62], model, looks=2)
    masked = np.stack([planes[:8, 0, 4:8] for planes in model.planes])  # type: ignore[attr-defined]
    assert (masked[:, :, 1:] == 1.0).all()
    assert masked[:, :4, 0].mean(axis=1).tolist() in ([0.0, 1.0], [1.0, 0.0])
    assert (masked[:, :, 0].sum(axis=1) == 4.0).all()


def test_the_voice_that_would_sing_it_has_the_best_likelihood() -> None:
    """A model that wants C5 in the alto alone says so of a C5 of the soprano."""
    logits = np.zeros((128, 48, 4), dtype=np.float32)
    logits[:, 72 - 36, 1] = 9.0

    class AltoModel:
        def run(self, **_: object) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
            return {"pitch_logits": logits, "attack_logits": logits}

    found = opinion([72, 72, 72], AltoModel())
    assert (found.voices.argmax(axis=1) == 1).all()
