"""Show on the front panel why the instrument does not start, until a button is pressed.

systemd starts it when the instrument has failed too often; a button is another try.
"""

import argparse
import os

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.engine.rescue import real_panel, rescue


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = "example:\n  sudo systemctl start continuo-rescue"


def run(arguments: argparse.Namespace) -> Answer:
    """Show it."""
    del arguments
    rescue(os.environ, open_panel=real_panel)
    return Answer(content={"pressed": True}, lines=["another try"])
