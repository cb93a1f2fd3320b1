"""Start the instrument, until Ctrl-C or SIGTERM switches it off.

With --terminal it is played on this computer: its screen is drawn live, and the computer's keys are
its own. With --simulate it obeys typed lines instead (type help), from a file or a pipe as well.
MIDI ports are real where the machine has any.
"""

import argparse
import logging
import sys

from firmware.cli import AnswerLostError
from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.config import load_config
from firmware.engine.live import run_live
from firmware.engine.run import run as run_instrument
from firmware.errors import ContinuoError


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n  continuo run --terminal\n  continuo run --simulate < commands\n"
        "  CONTINUO_CONFIG=my.toml continuo run --verbose"
    )
    fronts = parser.add_mutually_exclusive_group()
    fronts.add_argument(
        "--terminal", action="store_true", help="played with this computer's keys, drawn live"
    )
    fronts.add_argument(
        "--simulate", action="store_true", help="played with typed lines, for scripts"
    )
    parser.add_argument(
        "--safe", action="store_true", help="with defaults, and no model loaded ahead"
    )
    parser.add_argument("--verbose", action="store_true", help="log what happens")


def run(arguments: argparse.Namespace) -> Answer:
    """Play until switched off."""
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING)
    config = load_config()
    # Standard output belongs to the one object where a program asked for it.
    output = sys.stderr if arguments.json else sys.stdout
    try:
        if arguments.terminal:
            run_live(config, safe=arguments.safe)
        else:
            run_instrument(config, simulate=arguments.simulate, safe=arguments.safe, output=output)
    except (ContinuoError, BrokenPipeError):
        raise
    except OSError as error:
        raise AnswerLostError(f"the panel cannot be shown: {error.strerror or error}") from error
    return Answer(content={"library": str(config.library)}, lines=[])
