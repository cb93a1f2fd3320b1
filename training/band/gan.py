"""The learner of the band's networks: a generator, a critic and an encoder against each other.

The critic is a Wasserstein critic with a gradient penalty, of bars and of the phrase. It sees
binary rolls, real ones and the generator's, whose gradient goes straight through the threshold.
With `reconstruction`, `divergence`, `features`, `balance`, `variety` and `mismatch` at 0 that
is all, and this is a WGAN-GP.

A plain one needs more updates than a desktop makes in an hour. These mend it:

- Reconstruction: an encoder says what noise would have made the real band (a mean and a
  variance), and the generator must make that band of it; the divergence of what the encoder
  says from plain noise keeps it near what is drawn when nobody knows the band.
- Features: on average, the critic must find the same in generated bands as in real ones.
- Balance: a linear critic of written statistics (`statistics`), genre by genre. It needs no
  training: the best linear critic is the difference of the means, remembered over some windows.
- Variety: bands of the same melody and different noise must differ by a share of what they are.
- Mismatch: the critic is also shown real bands that are some semitones off. (Beside other
  melodies they would not do: whether a melody goes on from the known bar can be seen without
  the band, where no penalty bounds the critic.)

Letters: B batch, T time steps, P pitches, R planes of the pitched roles, O = R / 2 roles,
D drums, G genre slots, F statistics.

Reference:
    I. Gulrajani et al., "Improved Training of Wasserstein GANs" (NeurIPS 2017); A. Larsen et al.,
    "Autoencoding beyond pixels" (ICML 2016); J.-Y. Zhu et al., "Toward Multimodal Image-to-Image
    Translation" (NeurIPS 2017); T. Salimans et al., "Improved Techniques for Training GANs"
    (NeurIPS 2016), for the features; Q. Mao et al., "Mode Seeking GANs" (CVPR 2019), for the
    variety; S. Reed et al., "Generative Adversarial Text to Image Synthesis" (ICML 2016), for
    the mismatch; H.-W. Dong, Y.-H. Yang, "Convolutional GANs with Binary Neurons" (ISMIR 2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from firmware.errors import ConfigError
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandSpec
from training.autodiff import Tensor, autodiff
from training.band.statistics import statistics
from training.models.band_layers import CONDITIONS, OCTAVE

CRITIC_LOSSES: Final = ("critic", "wasserstein", "penalty", "mismatch")
GENERATOR_LOSSES: Final = (
    "generator",
    "adversarial",
    "reconstruction",
    "divergence",
    "features",
    "balance",
    "variety",
)

Rolls = tuple[Tensor, Tensor]
"""(B, T, P, R) of the band, and (B, T, D) of the drums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GanConfig:
    """How the networks learn from each other.

    Attributes:
        critic_updates: Updates of the critic, for each `generator_updates` of the generator.
        generator_updates: See there; the larger of both are updates at every step.
        penalty: Weight of the gradient penalty.
        neurons: How a probability becomes 0 or 1: `deterministic` where it is above one half,
            as the device does, `stochastic` as often as it says. Gradients go straight through.
        adversarial: Weight of the critic's score in the generator's loss.
        reconstruction: Weight of the nats a time step of a real band, made again of its noise.
        divergence: Weight of the nats a time step that the noise tells of it.
        sounding_weight: Weight of the cells that sound beside those that do not.
        features: Weight of the difference between the critic's mean features.
        balance: Weight of the difference between the means of written statistics.
        balance_windows: Over about how many windows of a genre those means go.
        variety: Weight of the variety.
        variety_share: What share of all that sounds in two takes should sound in one of them
            only.
        mismatch: Weight of the bands that are some semitones off in the critic's loss.
    """

    critic_updates: int = 1
    generator_updates: int = 1
    penalty: float = 10.0
    neurons: str = "deterministic"
    adversarial: float = 1.0
    reconstruction: float = 1.0
    divergence: float = 0.5
    sounding_weight: float = 1.5
    features: float = 1.0
    balance: float = 1.0
    balance_windows: int = 100
    variety: float = 2.0
    variety_share: float = 0.6
    mismatch: float = 0.5

    def __post_init__(self) -> None:
        if self.neurons not in {"deterministic", "stochastic"}:
            raise ConfigError(f"neurons must be deterministic or stochastic, got {self.neurons!r}")
        if min(self.critic_updates, self.generator_updates) < 1:
            raise ConfigError("both networks must be updated, at least once a round")


class BandGan:
    """Generator, critic and encoder, and how a step changes them.

    Args:
        generator: Of `training.models.musegan` or `band_unet`, compiled with an optimizer.
        critic: Of `training.models.band_critic`, compiled with one.
        encoder: The encoder of the same file, compiled with one.
        config: How they learn.
        spec: The encoding.
    """

    def __init__(
        self,
        *,
        generator: keras.Model,
        critic: keras.Model,
        encoder: keras.Model,
        config: GanConfig,
        spec: BandSpec = BAND_ENCODING,
    ) -> None:
        self.generator, self.critic, self.encoder = generator, critic, encoder
        self._config, self._spec = config, spec
        self.balance, self._gaps = _memory(spec)
        networks = (generator, critic, encoder)
        for network in networks:
            network.optimizer.build(network.trainable_variables)
        variables = [variable for network in networks for variable in network.variables]
        variables += [variable for network in networks for variable in network.optimizer.variables]
        variables += self.balance.variables
        self._backend = autodiff(variables)
        self._critic_step = self._backend.compiled(self._learn_critic)
        self._generator_step = self._backend.compiled(self._learn_generator)

    def train_on_batch(
        self,
        inputs: Mapping[str, NDArray[np.float32]],
        targets: Mapping[str, NDArray[np.float32]],
        *,
        return_dict: bool = True,
    ) -> dict[str, float]:
        """Learn from one batch.

        Args:
            inputs: Of an even number of windows the conditions, and what `draws` says.
            targets: `band`, `drums` and `weights` of `training.band.batches.BandBatch`.
            return_dict: As in Keras; there is nothing else to return.

        Returns:
            The losses of those networks that were updated.
        """
        if not return_dict:
            raise ValueError("losses are returned by name")
        config = self._config
        most = max(config.critic_updates, config.generator_updates)
        step = int(targets["step"])
        losses: dict[str, Tensor] = {}
        arrays = dict(inputs) | {name: targets[name] for name in ("band", "drums", "weights")}
        arrays = {name: ops.convert_to_tensor(array) for name, array in arrays.items()}
        if _is_due(step, config.critic_updates, most):
            losses |= self._critic_step(arrays)
        if _is_due(step, config.generator_updates, most):
            losses |= self._generator_step(arrays)
        return {name: float(value) for name, value in losses.items()}

    def _learn_critic(self, arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
        told = _conditions(arrays)
        masks = self._masks(arrays)
        said = self.generator(told | {"noise": arrays["noise"]}, training=True)
        fake = _masked(self._binary(said, arrays["thresholds"]), masks)
        fake = (ops.stop_gradient(fake[0]), ops.stop_gradient(fake[1]))
        real = _masked((arrays["band"], arrays["drums"]), masks)
        variables = self.critic.trainable_variables

        def loss() -> tuple[Tensor, dict[str, Tensor]]:
            return self._critic_loss(told, real, fake, arrays)

        losses, gradients = self._backend.gradients(loss, variables)
        self.critic.optimizer.apply(gradients, variables)
        return dict(losses)

    def _critic_loss(
        self,
        told: Mapping[str, Tensor],
        real: Rolls,
        fake: Rolls,
        arrays: Mapping[str, Tensor],
    ) -> tuple[Tensor, dict[str, Tensor]]:
        # In one pass: real bands, generated ones, and real ones that are some semitones off.
        size = ops.shape(real[0])[0]
        versions, false = [(told, real), (told, fake)], fake
        if self._config.mismatch:
            off = (_turned(real[0], arrays["turns"]), real[1])
            versions.append((told, off))
            # The penalty is for the way to either, half of the windows each.
            is_off = arrays["turns"][:, 0]
            band, drums = (
                one + _shaped(is_off, one) * (other - one)
                for one, other in zip(fake, off, strict=True)
            )
            false = (band, drums)
        score = _score(self.critic(_stacked(versions), training=True))
        wasserstein = ops.mean(score[:size]) - ops.mean(score[size : 2 * size])
        penalty = self._penalty(told, real, false, arrays["mix"])
        mismatch = ops.zeros(())
        if self._config.mismatch:
            mismatch = ops.mean(score[:size]) - ops.mean(score[2 * size :])
        total = -wasserstein - self._config.mismatch * mismatch + self._config.penalty * penalty
        return total, {
            "critic": total,
            "wasserstein": wasserstein,
            "penalty": penalty,
            "mismatch": mismatch,
        }

    def _penalty(
        self, told: Mapping[str, Tensor], real: Rolls, false: Rolls, mix: Tensor
    ) -> Tensor:
        """How far the critic's slope is from 1 between real bands and others."""
        between = [
            _shaped(mix, one) * one + (1.0 - _shaped(mix, one)) * two
            for one, two in zip(real, false, strict=True)
        ]

        def score(band: Tensor, drums: Tensor) -> Tensor:
            return _score(self.critic(dict(told) | {"band": band, "drums": drums}, training=True))

        return gradient_penalty(self._backend.slopes(score, between))

    def _learn_generator(self, arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
        networks = [self.generator, self.encoder]
        variables = [variable for network in networks for variable in network.trainable_variables]

        def loss() -> tuple[Tensor, tuple[dict[str, Tensor], tuple[Tensor, Tensor]]]:
            return self._generator_loss(arrays)

        (losses, found), gradients = self._backend.gradients(loss, variables)
        first = len(self.generator.trainable_variables)
        self.generator.optimizer.apply(gradients[:first], self.generator.trainable_variables)
        if self._config.reconstruction:
            self.encoder.optimizer.apply(gradients[first:], self.encoder.trainable_variables)
        self._remember(*found)
        return dict(losses)

    def _generator_loss(
        self, arrays: Mapping[str, Tensor]
    ) -> tuple[Tensor, tuple[dict[str, Tensor], tuple[Tensor, Tensor]]]:
        config, noise = self._config, arrays["noise"]
        # Of half of the windows two takes, so that variety can be seen.
        half = int(noise.shape[0]) // 2
        taken = {name: ops.concatenate([array[:half]] * 2) for name, array in arrays.items()}
        told, masks = _conditions(taken), self._masks(taken)
        real = _masked((taken["band"], taken["drums"]), masks)
        divergence, reconstruction = ops.zeros(()), ops.zeros(())
        if config.reconstruction:
            said, divergence, reconstruction = self._again(arrays, told)
        else:
            said = self.generator(told | {"noise": noise}, training=True)
        fake = _masked(self._binary(said, taken["thresholds"]), masks)
        first, second = (
            (fake[0][part], fake[1][part]) for part in (slice(half), slice(half, None))
        )
        variety = ops.relu(config.variety_share - _difference(first, second))
        judged = self.critic(_stacked([(told, fake), (told, real)]), training=False)
        adversarial = -ops.mean(_score(judged)[: 2 * half])
        features = _feature_gap(judged["features"], 2 * half)
        melody = told["melody"][:, self._spec.known_steps :]
        made = statistics(*fake, melody, told["tonality"])
        true = ops.stop_gradient(statistics(*real, melody, told["tonality"]))
        # No statistic weighs more than all others, however far it is off.
        weights = ops.clip(ops.matmul(told["genre"], self._gaps), -1.0, 1.0)
        balance = ops.mean(ops.sum(weights * made, axis=-1))
        total = (
            config.adversarial * adversarial
            + config.reconstruction * reconstruction
            + config.divergence * divergence
            + config.features * features
            + config.balance * balance
            + config.variety * variety
        )
        losses = {
            "generator": total,
            "adversarial": adversarial,
            "reconstruction": reconstruction,
            "divergence": divergence,
            "features": features,
            "balance": ops.mean(ops.sum(ops.square(weights), axis=-1)),
            "variety": variety,
        }
        return total, (losses, (told["genre"], ops.stop_gradient(made) - true))

    def _again(
        self, arrays: Mapping[str, Tensor], taken: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Make the real bands again of what the encoder finds, and others of plain noise.

        Args:
            arrays: The batch.
            taken: What the generator is told for the others.

        Returns:
            The logits of the others; the divergence and the reconstruction, in nats a step.
        """
        told, masks = _conditions(arrays), self._masks(arrays)
        real = _masked((arrays["band"], arrays["drums"]), masks)
        found = self.encoder(dict(told) | {"band": real[0], "drums": real[1]}, training=True)
        mean, spread = found["mean"], ops.clip(found["log_variance"], -8.0, 4.0)
        noise = mean + ops.exp(0.5 * spread) * arrays["encoder_noise"]
        size = int(noise.shape[0])
        # One pass for both.
        twice = {name: ops.concatenate([told[name], taken[name]]) for name in CONDITIONS}
        said = self.generator(
            twice | {"noise": ops.concatenate([noise, arrays["noise"]])}, training=True
        )
        nats = reconstruction_nats(
            {name: array[:size] for name, array in said.items()},
            real,
            masks,
            _inside_steps(told, self._spec),
            self._config.sounding_weight,
        )
        others = {name: array[size:] for name, array in said.items()}
        return others, _divergence(mean, spread) / self._spec.time_steps, nats

    def _remember(self, genre: Tensor, gaps: Tensor) -> None:
        """Let the memory of each genre's gaps follow: (B, G) and (B, F)."""
        share = genre / self._config.balance_windows
        # (G, B) x (B, F) -> (G, F)
        old = self._gaps * (1.0 - ops.sum(share, axis=0))[:, None]
        self._gaps.assign(old + ops.matmul(ops.transpose(share), gaps))

    def _binary(self, said: Mapping[str, Tensor], thresholds: Tensor) -> Rolls:
        """Logits to rolls of 0 and 1; what does not sound is not struck."""
        band = _through(ops.sigmoid(said["band"]), _shaped(thresholds, said["band"]))
        drums = _through(ops.sigmoid(said["drums"]), _shaped(thresholds, said["drums"]))
        sounding = band[..., ::2]
        # (B, T, P, O, 2) -> (B, T, P, R)
        planes = ops.stack([sounding, sounding * band[..., 1::2]], axis=-1)
        return ops.reshape(planes, ops.shape(band)), drums

    def _masks(self, arrays: Mapping[str, Tensor]) -> Rolls:
        """Where a window has something to say: in the piece, and roles that the piece has."""
        inside, weights = _inside_steps(arrays, self._spec), arrays["weights"]
        pitched = ops.repeat(weights[:, : len(PITCHED_ROLES)], 2, axis=-1)
        band = inside[:, :, None, None] * pitched[:, None, None, :]
        return band, inside[:, :, None] * weights[:, None, -1:]


def draws(
    rng: np.random.Generator, size: int, config: GanConfig, *, spec: BandSpec = BAND_ENCODING
) -> dict[str, NDArray[np.float32]]:
    """All randomness of a step on a batch: a batch that is made again is learned from alike.

    Returns:
        `noise` and `encoder_noise` (B, S, Z), `mix` (B,) between real bands and others,
        `thresholds` (B, T) of the neurons, and `turns` (B, 12): 1 at how many semitones a band
        is off, and at 0 for half of the windows.
    """
    shape = (size, *spec.noise_shape)
    thresholds = np.full((size, spec.time_steps), 0.5)
    if config.neurons == "stochastic":
        thresholds = rng.random((size, spec.time_steps))
    turns = np.eye(OCTAVE)[rng.integers(1, OCTAVE, size=size)]
    turns[:, 0] = rng.random(size) < 0.5
    arrays = {
        "turns": turns,
        "noise": rng.standard_normal(shape),
        "encoder_noise": rng.standard_normal(shape),
        "mix": rng.random(size),
        "thresholds": thresholds,
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def gradient_penalty(slopes: list[Tensor]) -> Tensor:
    """Mean square of how far the norm of each window's slope is from 1.

    Args:
        slopes: Gradients of a critic's score by its inputs, each (B, …).
    """
    squares = [
        ops.sum(ops.square(slope), axis=tuple(range(1, len(slope.shape)))) for slope in slopes
    ]
    norm = ops.sqrt(sum(squares) + 1e-12)
    return ops.mean(ops.square(norm - 1.0))


def reconstruction_nats(
    said: Mapping[str, Tensor],
    real: Rolls,
    masks: Rolls,
    inside: Tensor,
    sounding_weight: float,
) -> Tensor:
    """Nats a time step of the real rolls, given the logits.

    Args:
        said: Logits `band` and `drums`.
        real: What they should have been.
        masks: Where they count.
        inside: (B, T), time steps in the piece.
        sounding_weight: Weight of what sounds.
    """
    logits, (band, drums) = said["band"], real
    sounding = _nats(band[..., ::2], logits[..., ::2], sounding_weight)
    # Only of what sounds is there anything to say about being struck.
    struck = band[..., ::2] * _nats(band[..., 1::2], logits[..., 1::2], 1.0)
    hit = _nats(drums, said["drums"], sounding_weight)
    total = ops.sum((sounding + struck) * masks[0][..., ::2]) + ops.sum(hit * masks[1])
    return total / ops.maximum(ops.sum(inside), 1.0)


def _nats(truth: Tensor, logits: Tensor, weight_of_one: float) -> Tensor:
    return weight_of_one * truth * ops.softplus(-logits) + (1.0 - truth) * ops.softplus(logits)


def _divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Nats a window, from the standard normal distribution."""
    each = 0.5 * (ops.square(mean) + ops.exp(log_variance) - log_variance - 1.0)
    return ops.mean(ops.sum(each, axis=(1, 2)))


def _difference(first: Rolls, second: Rolls) -> Tensor:
    """Share of what sounds or is struck in either that is not in both."""
    apart = sum(ops.sum(ops.abs(a - b)) for a, b in zip(first, second, strict=True))
    among = sum(ops.sum(a) + ops.sum(b) for a, b in zip(first, second, strict=True))
    return apart / ops.maximum(ops.stop_gradient(among), 1.0)


def _feature_gap(features: Tensor, size: Tensor) -> Tensor:
    """Mean square between the mean features of the first `size` bands and of the others."""
    made, real = ops.mean(features[:size], axis=(0, 1)), ops.mean(features[size:], axis=(0, 1))
    return ops.mean(ops.square(made - ops.stop_gradient(real)))


def _through(probability: Tensor, threshold: Tensor) -> Tensor:
    """1 above the threshold, else 0; the gradient is the probability's."""
    chosen = ops.cast(probability > threshold, probability.dtype)
    return probability + ops.stop_gradient(chosen - probability)


def _score(judged: Mapping[str, Tensor]) -> Tensor:
    """(B,): of the phrase and of its bars."""
    return (judged["phrase"][:, 0] + ops.mean(judged["bars"], axis=-1)) / 2.0


def _conditions(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: arrays[name] for name in CONDITIONS}


def _turned(band: Tensor, turns: Tensor) -> Tensor:
    """Each window's band (B, T, P, R) moved by the number of semitones that `turns` (B, 12) has."""
    pitches = int(band.shape[2])
    row = np.arange(pitches)
    shifts = [(row[:, None] - row - turn) % pitches == 0 for turn in range(1, OCTAVE)]
    # (B, 11) x (11, P, P) -> (B, P, P), and that x (B, T, P, R).
    moves = ops.tensordot(turns[:, 1:], np.stack(shifts).astype(np.float32), axes=1)
    return ops.matmul(moves[:, None], band)


def _stacked(versions: list[tuple[Mapping[str, Tensor], Rolls]]) -> dict[str, Tensor]:
    """Several batches of bands and what they were told, one behind the other."""
    arrays = [dict(told) | {"band": band, "drums": drums} for told, (band, drums) in versions]
    return {name: ops.concatenate([one[name] for one in arrays]) for name in arrays[0]}


def _masked(rolls: Rolls, masks: Rolls) -> Rolls:
    return rolls[0] * masks[0], rolls[1] * masks[1]


def _inside_steps(arrays: Mapping[str, Tensor], spec: BandSpec) -> Tensor:
    """(B, T): which time steps of the window are in the piece."""
    return arrays["features"][:, spec.known_steps :, spec.features.index("inside")]


def _shaped(values: Tensor, like: Tensor) -> Tensor:
    """(B,) or (B, T) -> with as many axes as `like` has."""
    return ops.reshape(values, (*values.shape, *[1] * (len(like.shape) - len(values.shape))))


def _is_due(step: int, updates: int, most: int) -> bool:
    """Whether a network that learns `updates` times in `most` steps learns at this one."""
    return step * updates // most < (step + 1) * updates // most


def _memory(spec: BandSpec) -> tuple[keras.Model, Any]:
    """A model whose one weight is the remembered gaps (G, F), and that weight."""
    steps, pitches = spec.time_steps, spec.pitches
    count = statistics(
        ops.zeros((1, steps, pitches, spec.planes)),
        ops.zeros((1, steps, len(spec.drums))),
        ops.zeros((1, steps, pitches, 2)),
        ops.zeros((1, pitches)),
    ).shape[-1]
    genre = keras.Input((spec.genre_slots,), name="genre")
    layer = layers.Dense(
        count, use_bias=False, trainable=False, kernel_initializer="zeros", name="gaps"
    )
    return keras.Model(genre, layer(genre), name="balance"), layer.kernel
