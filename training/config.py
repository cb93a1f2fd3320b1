"""Configurations: frozen dataclasses to and from JSON, with unknown keys refused."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from firmware.errors import ConfigError
from training.band.batches import BandBatchConfig
from training.band.gan import GanConfig
from training.batches import BatchConfig
from training.models.arcnn import ArcnnConfig
from training.models.band_critic import BandCriticConfig
from training.models.band_unet import BandUnetConfig
from training.models.musegan import MuseganConfig
from training.models.transformer_xl import TransformerConfig
from training.token_batches import TokenBatchConfig

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training, from the first step to the last, whatever is trained.

    Attributes:
        name: Name of the recipe.
        steps: Batches to learn from.
        learning_rate: Highest rate; it rises over `warmup_steps` and then falls along a
            cosine.
        warmup_steps: Steps until the highest rate.
        weight_decay: Of AdamW.
        precision: `float32`, or `mixed_bfloat16` on a GPU.
        seed: Start of all randomness.
        validate_every: Steps between two looks at the validation split.
        checkpoint_every: Steps between two checkpoints to resume from.
        starts_from: Run folder whose weights it begins with; empty for random ones.
    """

    name: str
    steps: int = 12_000
    learning_rate: float = 1e-2
    warmup_steps: int = 500
    weight_decay: float = 1e-3
    precision: str = "float32"
    seed: int = 1
    validate_every: int = 250
    checkpoint_every: int = 250
    starts_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoraleTrainConfig(TrainConfig):
    """A training of the AR-CNN on chorales.

    Attributes:
        attack_weight: Weight of the attack loss beside the pitch loss.
        dense: Compute separable convolutions as dense ones (faster on a GPU).
        batches: How batches are drawn.
        net: What the network looks like.
    """

    attack_weight: float = 0.2
    dense: bool = False
    batches: BatchConfig = field(default_factory=BatchConfig)
    net: ArcnnConfig = field(default_factory=ArcnnConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTrainConfig(TrainConfig):
    """A training of the Transformer-XL on token shards.

    Attributes:
        averaging: Share of the old averaged weights that remains at each update; the
            averaged weights are judged and kept.
        average_every: Steps between two updates of the averaged weights.
        judged_by: Styles and textures (`style:texture`) whose nats per token, each
            weighing alike, choose the weights.
        batches: How windows are drawn.
        net: What the network looks like.
    """

    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    validate_every: int = 500
    checkpoint_every: int = 500
    averaging: float = 0.98
    average_every: int = 20
    judged_by: tuple[str, ...] = (
        "chorale:full",
        "piano:full",
        "piano:line",
        "song:full",
        "song:line",
        "quartet:full",
        "folk:line",
    )
    batches: TokenBatchConfig = field(default_factory=TokenBatchConfig)
    net: TransformerConfig = field(default_factory=TransformerConfig)


GENRES: Final = ("symphony", "jazz", "pop", "rock", "songwriter", "bach")
"""Genres of the bands that ship, in the order of the models' slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandTrainConfig(TrainConfig):
    """A training of a network that puts a band around a melody.

    Attributes:
        genres: Names of the genres, in the order of the model's slots.
        critic_rate: Highest learning rate of the critic; it goes as the generator's does.
        averaging: Share of the old averaged weights that remains at each update; the
            averaged weights are judged and kept.
        average_every: Steps between two updates of the averaged weights.
        judged_chains: Passages of each genre that weights are judged by.
        judged_links: Windows of a passage; each goes on from what was said of the one before.
        sample_every: Steps between two samples; a multiple of `validate_every`.
        gan: How the networks learn from each other.
        batches: How windows are drawn.
        net: What the generator looks like.
        critic: What the critic looks like.
        encoder: What the encoder looks like, where there is one.
    """

    steps: int = 9_000
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    weight_decay: float = 1e-3
    precision: str = "mixed_bfloat16"
    validate_every: int = 300
    checkpoint_every: int = 300
    genres: tuple[str, ...] = GENRES
    critic_rate: float = 5e-4
    averaging: float = 0.95
    average_every: int = 10
    judged_chains: int = 8
    judged_links: int = 3
    sample_every: int = 300
    gan: GanConfig = field(default_factory=GanConfig)
    batches: BandBatchConfig = field(default_factory=BandBatchConfig)
    net: BandUnetConfig | MuseganConfig = field(default_factory=BandUnetConfig)
    critic: BandCriticConfig = field(default_factory=BandCriticConfig)
    encoder: BandCriticConfig = field(default_factory=BandCriticConfig)

    def __post_init__(self) -> None:
        if not self.genres or len(set(self.genres)) < len(self.genres):
            raise ConfigError(f"genres must be named, each once, got {self.genres}")
        size = self.batches.batch_size
        if size % 2:
            raise ConfigError(f"batches.batch_size must be even, for two takes each, got {size}")
        if self.sample_every % self.validate_every:
            raise ConfigError(
                "sample_every must be a multiple of validate_every, "
                f"got {self.sample_every} and {self.validate_every}"
            )


Recipe = ChoraleTrainConfig | TokenTrainConfig | BandTrainConfig
"""Every kind of training that there is."""

RECIPES: Final[Mapping[str, Recipe]] = {
    recipe.name: recipe
    for recipe in (
        ChoraleTrainConfig(name="bach-arcnn"),
        ChoraleTrainConfig(
            name="bach-arcnn-large",
            net=ArcnnConfig(
                width=64,
                context_width=144,
                context_blocks=(1, 3, 4),
                context_dilations=((1, 2), (4, 8), (16, 1)),
            ),
        ),
        TokenTrainConfig(name="extend-xl"),
        TokenTrainConfig(
            name="extend-xl-small",
            batches=TokenBatchConfig(window=768),
            net=TransformerConfig(
                layers=4, width=192, heads=6, inner=768, memory=256, dropout=0.05
            ),
        ),
        # The chorales are few, and deserve the last word.
        TokenTrainConfig(
            name="extend-xl-chorale",
            starts_from="runs/extend-xl",
            steps=1_500,
            learning_rate=3e-4,
            warmup_steps=50,
            averaging=0.9,
            validate_every=100,
            checkpoint_every=100,
            judged_by=("chorale:full",),
            batches=TokenBatchConfig(
                shares=(
                    ("chorale:full", 0.55),
                    ("chorale:line", 0.05),
                    ("synthetic:full", 0.2),
                    ("piano:full", 0.1),
                    ("quartet:full", 0.1),
                ),
                from_start_share=0.5,
            ),
            net=TransformerConfig(dropout=0.2),
        ),
        BandTrainConfig(name="musegan", net=MuseganConfig()),
        BandTrainConfig(name="unet"),
    )
}
"""What `python -m training train NAME` can make."""


def recipe(name: str) -> Recipe:
    """Find a recipe by name.

    A name of a band's recipe and a genre's, such as `musegan-rock`, is that recipe for the
    genre alone.

    Raises:
        ConfigError: If there is none of that name.
    """
    base, _, genre = name.partition("-")
    found = RECIPES.get(base)
    if genre and isinstance(found, BandTrainConfig):
        return replace(found, name=name, genres=(genre,))
    if name not in RECIPES:
        raise ConfigError(f"there is no recipe {name!r}", remedy=f"there is {', '.join(RECIPES)}")
    return RECIPES[name]


def to_json(config: object) -> dict[str, typing.Any]:
    """A configuration as plain JSON values."""
    plain: dict[str, typing.Any] = json.loads(
        json.dumps(dataclasses.asdict(config))  # type: ignore[call-overload]
    )
    return plain


def from_json(kind: type[Config], values: Mapping[str, typing.Any]) -> Config:
    """Build a configuration from JSON values.

    Raises:
        ConfigError: If a key is unknown, missing or of the wrong kind.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{kind.__name__} must be an object, got {values!r}")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(
            f"{kind.__name__} has no key {unknown[0]!r}", remedy=f"it has {', '.join(hints)}"
        )
    try:
        return kind(**{key: _value(hints[key], value, key) for key, value in values.items()})
    except TypeError as error:
        raise ConfigError(f"{kind.__name__}: {error}") from error


def with_settings(config: Config, settings: Mapping[str, str]) -> Config:
    """Change single values, named with dots (`net.width`), given as JSON.

    Raises:
        ConfigError: If a name or value does not fit.
    """
    plain = to_json(config)
    for name, text in settings.items():
        *path, last = name.split(".")
        place = plain
        for part in path:
            place = place.get(part, {})
        if not isinstance(place, dict) or last not in place:
            raise ConfigError(f"the configuration has no key {name!r}")
        try:
            place[last] = json.loads(text)
        except json.JSONDecodeError:
            place[last] = text
    return from_json(type(config), plain)


def _value(hint: typing.Any, value: typing.Any, key: str) -> typing.Any:
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type[typing.Any], hint), value)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{key} must be a list, got {value!r}")
        kinds = typing.get_args(hint)
        if kinds[-1] is Ellipsis:
            return tuple(_value(kinds[0], item, key) for item in value)
        if len(kinds) != len(value):
            raise ConfigError(f"{key} must have {len(kinds)} values, got {value!r}")
        return tuple(_value(kind, item, key) for kind, item in zip(kinds, value, strict=True))
    if isinstance(hint, types.UnionType):
        # The kind that knows most of the keys; it will name one that it does not know.
        kinds = typing.get_args(hint)
        return _value(
            min(kinds, key=lambda kind: len(set(value) - set(typing.get_type_hints(kind)))),
            value,
            key,
        )
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint):
        return value
    raise ConfigError(f"{key} must be of type {hint.__name__}, got {value!r}")
