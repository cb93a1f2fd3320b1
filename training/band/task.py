"""Learning to put a band around a melody: MuseGAN and U-Net of Accompany.

It reads nothing but band shards, so a machine that trains needs no corpora.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from firmware.music.band import BAND_ENCODING
from training.band.batches import BandPieces, BandSampler
from training.band.gan import CRITIC_LOSSES, GENERATOR_LOSSES, BandGan, draws
from training.band.judge import BandJudge, Figures, gaps, mean_gap, together
from training.band.report import remarks, write_report, write_samples
from training.band.shards import read_band_shard
from training.config import BandTrainConfig
from training.models import band_critic
from training.reports import Curves, read_metrics
from training.runs import METRICS_FILE, build_band
from training.shards import shard_path
from training.train import Batch, adamw

_JUDGE_SEED: Final = 11
_TAKES: Final = 2
_DRAWS_SEED: Final = 3


class BandTask:
    """A `training.train.Task`.

    Args:
        config: What to train.
        shards: Folder of the band shards.

    Raises:
        ConfigError: If there are no shards, or none of a genre that the configuration asks for.
    """

    losses: Final[Mapping[str, str]] = {
        name: f"train_{name}" for name in (*CRITIC_LOSSES, *GENERATOR_LOSSES)
    }
    curves = Curves(
        train="train_features",
        valid="valid_gap",
        unit="of the allowed gap to the corpus",
        limits=(0.0, 4.0),
    )

    def __init__(self, config: BandTrainConfig, shards: Path) -> None:
        self.config = config
        self.encoding = BAND_ENCODING.fingerprint()
        train = read_band_shard(shard_path(shards, "train"))
        self.corpora = tuple(
            sorted({piece.corpus for piece in train if piece.genre in config.genres})
        )
        self._sampler = BandSampler(
            BandPieces(train, genres=config.genres),
            genres=config.genres,
            config=config.batches,
            seed=config.seed,
        )
        del train
        self._judge = BandJudge(
            BandPieces(read_band_shard(shard_path(shards, "valid")), genres=config.genres),
            genres=config.genres,
            chains=config.judged_chains,
            links=config.judged_links,
            seed=_JUDGE_SEED,
        )
        keras.utils.set_random_seed(config.seed)
        keras.config.set_dtype_policy(config.precision)
        try:
            self.begins_with = build_band(config)
            # The averaged weights live in a network of their own.
            self.kept = build_band(config)
            encoder = band_critic.build_encoder(config.encoder)
        finally:
            keras.config.set_dtype_policy("float32")
        # A slope's norm is no matter for half precision.
        critic = band_critic.build(config.critic)
        self._compile(self.begins_with, encoder, critic)
        self.model = BandGan(
            generator=self.begins_with, critic=critic, encoder=encoder, config=config.gan
        )
        self.checkpointed = {
            "generator": self.begins_with,
            "critic": critic,
            "encoder": encoder,
            "balance": self.model.balance,
            "average": self.kept,
        }
        self._figures: dict[str, Figures] = {}

    def batch(self, number: int) -> Batch:
        """Batch `number` of windows, and all that is left to chance in learning from it."""
        batch = self._sampler.batch(number)
        rng = np.random.default_rng((self.config.seed, number, _DRAWS_SEED))
        drawn = draws(rng, len(batch.band), self.config.gan)
        targets: dict[str, Any] = {
            "band": batch.band,
            "drums": batch.drums,
            "weights": batch.weights,
            "step": number,
        }
        return dict(batch.conditions) | drawn, targets

    def after_step(self, step: int) -> None:
        """Let the averaged weights follow; the first step's are copied."""
        updates, rest = divmod(step - 1, self.config.average_every)
        if rest:
            return
        # A young average follows quickly, or the first weights would stay in it.
        keep = min(self.config.averaging, updates / (updates + 10.0))
        pairs = zip(self.kept.get_weights(), self.begins_with.get_weights(), strict=True)
        self.kept.set_weights([keep * old + (1.0 - keep) * fresh for old, fresh in pairs])

    def validate(self) -> dict[str, float]:
        """The mean gap to the corpus, that of each genre, and what was measured."""
        takes = [self._judge.play(self._predict, take=take) for take in range(_TAKES)]
        self._played = takes[0]
        self._figures = self._judge.figures(takes)
        by_genre = {
            f"gap {genre}": float(np.mean(list(gaps(one).values())))
            for genre, one in self._figures.items()
        }
        return {self.curves.valid: mean_gap(self._figures)} | by_genre | together(self._figures)

    def report(self, run: Path, step: int) -> tuple[str, ...]:
        """Write samples and the report; say what is wrong, if anything is."""
        rows = read_metrics(run / METRICS_FILE)
        if step % self.config.sample_every == 0 or step == self.config.steps:
            write_samples(run, step, self._judge, self._played)
        said = remarks(rows, self.curves.valid)
        write_report(run, self.config, rows, self._figures, said)
        return said

    def _compile(self, generator: keras.Model, encoder: keras.Model, critic: keras.Model) -> None:
        config, gan = self.config, self.config.gan
        most = max(gan.critic_updates, gan.generator_updates)

        def rated(updates: int, rate: float) -> keras.optimizers.Optimizer:
            # The rate goes by updates, not by steps.
            mine = replace(
                config,
                learning_rate=rate,
                steps=max(config.steps * updates // most, 1),
                warmup_steps=config.warmup_steps * updates // most,
            )
            return adamw(mine, beta_1=0.5, beta_2=0.99, last_share=0.05)

        generator.compile(optimizer=rated(gan.generator_updates, config.learning_rate))
        encoder.compile(optimizer=rated(gan.generator_updates, config.learning_rate))
        critic.compile(optimizer=rated(gan.critic_updates, config.critic_rate))

    def _predict(
        self, told: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        said = self.kept.predict_on_batch(dict(told))
        return np.asarray(said["band"]), np.asarray(said["drums"])
