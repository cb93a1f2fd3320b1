"""The instrument that runs, for commands that ask it."""

from collections.abc import Mapping
from typing import Any

from firmware.config import load_config
from firmware.engine.control.client import ControlClient, Report


def ask_instrument(
    name: str, arguments: Mapping[str, Any] | None = None, *, on_progress: Report | None = None
) -> dict[str, Any]:
    """Ask the instrument of these settings.

    Raises:
        InstrumentOffError: If it does not run.
        ControlError: If it refuses, or does not answer.
        ConfigError: If the settings cannot be read.
    """
    with ControlClient(load_config().control) as client:
        return client.ask(name, arguments, on_progress=on_progress)


def facts(rows: Mapping[str, object]) -> list[str]:
    """Lines of what is known, under one another; what is not is left out."""
    known = {key: str(value) for key, value in rows.items() if value not in (None, "")}
    width = max(map(len, known), default=0)
    return [f"{key:<{width}}  {value}" for key, value in known.items()]
