"""Start the instrument, until Ctrl-C or SIGTERM switches it off.

With --simulate its front panel is drawn in the terminal and its buttons and keys obey typed
commands (type help); MIDI ports are real where the machine has any.
"""

import argparse
import logging
import sys

from firmware.cli import AnswerLostError
from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.config import load_config
from firmware.engine.run import run as run_instrument
from firmware.errors import ContinuoError


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n  continuo run --simulate\n  CONTINUO_CONFIG=my.toml continuo run --verbose"
    )
    parser.add_argument(
        "--simulate", action="store_true", help="without the instrument's own hardware"
    )
    parser.add_argument("--verbose", action="store_true", help="log what happens")


def run(arguments: argparse.Namespace) -> Answer:
    """Play until switched off."""
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING)
    config = load_config()
    # Standard output belongs to the one object where a program asked for it.
    output = sys.stderr if arguments.json else sys.stdout
    try:
        run_instrument(config, simulate=arguments.simulate, output=output)
    except (ContinuoError, BrokenPipeError):
        raise
    except OSError as error:
        raise AnswerLostError(f"the panel cannot be shown: {error.strerror or error}") from error
    return Answer(content={"library": str(config.library)}, lines=[])
