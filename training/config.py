"""Configurations: frozen dataclasses to and from JSON, with unknown keys refused."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from firmware.errors import ConfigError
from training.batches import BatchConfig
from training.models.arcnn import ArcnnConfig

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training, from the first step to the last.

    Attributes:
        name: Name of the recipe.
        steps: Batches to learn from.
        learning_rate: Highest rate; it rises over `warmup_steps` and then falls to zero
            along a cosine.
        warmup_steps: Steps until the highest rate.
        weight_decay: Of AdamW.
        attack_weight: Weight of the attack loss beside the pitch loss.
        precision: `float32`, or `mixed_bfloat16` on a GPU.
        dense: Compute separable convolutions as dense ones (faster on a GPU).
        seed: Start of all randomness.
        validate_every: Steps between two looks at the validation split.
        checkpoint_every: Steps between two checkpoints to resume from.
        batches: How batches are drawn.
        net: What the network looks like.
    """

    name: str
    steps: int = 12_000
    learning_rate: float = 1e-2
    warmup_steps: int = 500
    weight_decay: float = 1e-3
    attack_weight: float = 0.2
    precision: str = "float32"
    dense: bool = False
    seed: int = 1
    validate_every: int = 250
    checkpoint_every: int = 250
    batches: BatchConfig = field(default_factory=BatchConfig)
    net: ArcnnConfig = field(default_factory=ArcnnConfig)


RECIPES: Final[Mapping[str, TrainConfig]] = {
    recipe.name: recipe
    for recipe in (
        TrainConfig(name="bach-arcnn"),
        TrainConfig(
            name="bach-arcnn-large",
            net=ArcnnConfig(
                width=64,
                context_width=144,
                context_blocks=(1, 3, 4),
                context_dilations=((1, 2), (4, 8), (16, 1)),
            ),
        ),
    )
}
"""What `python -m training train NAME` can make."""


def recipe(name: str) -> TrainConfig:
    """Find a recipe by name.

    Raises:
        ConfigError: If there is none of that name.
    """
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


def with_settings(config: TrainConfig, settings: Mapping[str, str]) -> TrainConfig:
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
    return from_json(TrainConfig, plain)


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
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, types.UnionType) or isinstance(value, hint):
        return value
    raise ConfigError(f"{key} must be of type {hint.__name__}, got {value!r}")
