"""What an engine leaves to its surroundings, so that tests and demos can decide it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from firmware.config import Config
from firmware.devices.host import Host, LinuxHost
from firmware.engine.bundles import choose_bundle
from firmware.engine.machine import Machine
from firmware.engine.service_switches import SshSwitch
from firmware.engine.worker import STUDIO
from firmware.library.names import MODELS_FOLDER
from firmware.parameters import Parameters


def _numbered_takes() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"Take {next(numbers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is left to chance and to the calendar, so that tests and demos can decide it.

    Attributes:
        name_take: What the next recording is called.
        choose_seed: A seed for the next generation.
        wall_clock: Date and time, with time zone.
        choose_bundle: The model's folder for a technique and its values; None for the one
            that is configured or installed.
        studio: The worker's `Studio`.
        host: The computer.
        sticks: A folder with one for each stick that is plugged in, or None where nothing sees to
            sticks.
        ssh: The switch of SSH, or None where there is none.
        loses_power: Whether the computer is switched off with the instrument.
    """

    name_take: Callable[[], str] = field(default_factory=_numbered_takes)
    choose_seed: Callable[[], int] = field(
        default_factory=lambda: lambda: random.SystemRandom().randrange(1000)
    )
    wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    choose_bundle: Callable[[Parameters], Path] | None = None
    studio: str = STUDIO
    host: Host = field(default_factory=LinuxHost)
    sticks: Path | None = None
    ssh: SshSwitch | None = None
    loses_power: bool = False

    @property
    def machine(self) -> Machine:
        """The computer, with what only an appliance has."""
        return Machine(
            host=self.host, sticks=self.sticks, ssh=self.ssh, loses_power=self.loses_power
        )

    def bundle_chooser(self, config: Config) -> Callable[[Parameters], Path]:
        """Finds the model's folder for a technique and its values."""
        return self.choose_bundle or partial(_configured_bundle, config)


def _configured_bundle(config: Config, parameters: Parameters) -> Path:
    return choose_bundle(
        parameters.technique,
        parameters=parameters,
        preferred=config.bundle,
        own=config.library / MODELS_FOLDER,
    )
