"""Check wiring and system one by one, and say how to mend what is wrong.

Nothing is changed, and nothing is taken from an instrument that runs. What this computer has not,
and need not have, is "not here".
"""

import argparse

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.progress import LATE_S, progress_bar
from firmware.config import load_config
from firmware.maintenance.doctor import CHECKS, examine
from firmware.maintenance.findings import Found, Verdict
from firmware.maintenance.probe import Probe


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "The exit code is 2 if anything is a fault, else 0.\n\n"
        "examples:\n"
        "  continuo doctor\n"
        "  continuo doctor --only i2c --only display\n"
        "  sudo continuo doctor --json"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(CHECKS),
        metavar="NAME",
        help=f"only this check; may be given several times: {', '.join(CHECKS)}",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Examine the patient."""
    names = list(dict.fromkeys(arguments.only or CHECKS))
    config = load_config()
    found: dict[str, Found] = {}
    with progress_bar("doctor", after_s=LATE_S) as report:
        for name, finding in examine(Probe(), config, names):
            found[name] = finding
            report(len(found), len(names))
    faults = [name for name, finding in found.items() if finding.verdict is Verdict.FAULT]
    return Answer(
        content={
            "checks": [
                {
                    "name": name,
                    "verdict": finding.verdict,
                    "sentence": finding.sentence,
                    "remedy": finding.remedy,
                }
                for name, finding in found.items()
            ]
        },
        lines=[line for name, finding in found.items() for line in _lines(name, finding)],
        problem=f"{len(faults)} of {len(found)} checks found a fault" if faults else "",
        remedy="the lines above say how to mend it" if faults else "",
    )


def _lines(name: str, finding: Found) -> list[str]:
    width = max(map(len, CHECKS))
    line = f"{name:<{width}}  {finding.verdict:<8}  {finding.sentence}"
    indent = " " * (width + 12)
    return [line, f"{indent}→ {finding.remedy}"] if finding.remedy else [line]
