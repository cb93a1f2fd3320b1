"""All commands as one parser: what completion walks through. It imports every one of them."""

import importlib

from firmware.cli import COMMANDS
from firmware.cli.arguments import Parser


def whole_parser() -> Parser:
    """The command line with every command and option."""
    parser = Parser(prog="continuo", with_json=False)
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    for name, does in COMMANDS.items():
        module = importlib.import_module(f"firmware.cli.{name}")
        command = commands.add_parser(name, help=does)
        module.add_arguments(command)
    return parser
