"""A composition that the instrument that runs makes, asked for from the command line."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

from firmware.cli.answer import Answer
from firmware.cli.arguments import UsageError, settings
from firmware.cli.instrument import ask_instrument
from firmware.cli.progress import LATE_S, progress_bar

_NOT_THERE: Final = (
    "seed", "output", "picture", "sound", "bundle", "trim", "tempo", "rhythm_assist", "transpose",
    "preset", "keep_preset",
)  # fmt: skip
"""Options that the instrument has its own way for, or none."""


def generate_there(arguments: argparse.Namespace) -> Answer:
    """Have it generated, heard and kept there.

    Raises:
        UsageError: If an option is given that has no meaning there.
        ControlError: If no instrument runs, or it refuses.
    """
    for name in _NOT_THERE:
        if vars(arguments)[name]:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} has no meaning with --instrument", remedy="leave one of them out"
            )
    values: dict[str, Any] = settings(arguments)
    if arguments.technique:
        values = {"technique": arguments.technique, **values}
    asked: dict[str, Any] = {"values": values} if values else {}
    if arguments.melody is not None:
        asked["melody"] = arguments.melody
    with progress_bar("generate", after_s=LATE_S) as report:

        def on_progress(content: Mapping[str, Any]) -> None:
            report(int(content["done"]), int(content["total"]))

        made = ask_instrument("generate", asked, on_progress=on_progress)
        report(1, 1)
    return Answer(
        content=made,
        lines=[
            f"{made['technique']} with {made['bundle']}, seed {made['seed']}, "
            f"in {made['generation_s']:.1f} s; it is {made['state']} now",
            f"composition  {made['name'] or 'is being saved'}",
        ],
    )
