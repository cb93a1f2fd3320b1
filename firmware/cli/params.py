"""Show the parameters of the instrument that runs, or set some.

Values out of range are refused, naming the range. A knob of the panel takes over again when it has
been turned past the value that was set here.
"""

import argparse
from typing import Any

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser, UsageError, parameter_help
from firmware.cli.instrument import ask_instrument
from firmware.parameters import Technique


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        f"{parameter_help()}\n\n"
        "besides: technique=NAME (or duet), tempo_bpm=40..220, beats_per_bar=1..32\n\n"
        "examples:\n"
        "  continuo params\n"
        "  continuo params creative_risk=2 max_notes_added=20\n"
        "  continuo params technique=extend style=song\n"
        "  continuo params --technique accompany --json"
    )
    parser.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="what to set, all of it or nothing"
    )
    parser.add_argument(
        "--technique",
        choices=[str(technique) for technique in Technique],
        help="show another technique's parameters than the one that is set",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Ask, or set."""
    if not arguments.values:
        wanted = {"technique": arguments.technique} if arguments.technique else {}
        return _answer(ask_instrument("params", wanted))
    if arguments.technique:
        raise UsageError("--technique is for showing", remedy="set it with technique=NAME")
    values: dict[str, str] = {}
    for text in arguments.values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"params wants NAME=VALUE, got {text!r:.80}")
        values[name.strip()] = value.strip()
    return _answer(ask_instrument("set", {"values": values}))


def _answer(content: dict[str, Any]) -> Answer:
    rows = [
        [line["key"], line["text"], line["range"], str(line["default"])]
        for line in content["parameters"]
    ]
    technique = "duet" if content["is_duet"] else content["technique"]
    tempo = f"{content['tempo_bpm']:g} bpm, {content['beats_per_bar']} beats a bar"
    return Answer(
        content=content,
        lines=[
            f"{technique}{'' if content['is_set'] else ' (not set)'}, {tempo}",
            "",
            *table(["parameter", "value", "range", "default"], rows),
        ],
    )
