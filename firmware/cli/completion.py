"""Print what a shell needs to complete commands and options at the Tab key."""

import argparse
from pathlib import Path
from typing import Final

import shtab

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.tree import whole_parser

SHELLS: Final = ("bash", "zsh")


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n"
        "  continuo completion bash | sudo tee /usr/share/bash-completion/completions/continuo\n"
        "  continuo completion zsh > ~/.zfunc/_continuo       with ~/.zfunc in fpath\n"
        '  eval "$(continuo completion bash)"                 for this shell alone'
    )
    parser.add_argument("shell", choices=SHELLS, help="whose")


def run(arguments: argparse.Namespace) -> Answer:
    """Write the script."""
    parser = whole_parser()
    _complete_paths(parser)
    script = shtab.complete(parser, shell=arguments.shell)
    return Answer(content={"shell": arguments.shell, "script": script}, lines=script.splitlines())


def _complete_paths(parser: argparse.ArgumentParser) -> None:
    """Offer files where a path is wanted."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to walk them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for sub in action.choices.values():
                _complete_paths(sub)
        elif action.type is Path or action.metavar in ("MELODY", "NAME_OR_DIR"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
