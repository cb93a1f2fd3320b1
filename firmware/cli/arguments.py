"""An argument parser whose errors are Continuo's, and the help that parameters give of themselves.

argparse is the choice because it is there: the commands are few and flat, its help is good
enough, and a library more on the device would be loaded before every command.
"""

import argparse
from pathlib import Path
from typing import Final, NoReturn

from firmware.errors import ContinuoError
from firmware.parameters import Technique, specs_of

MAX_DIGITS: Final = 18
"""More are no number that anything here counts, and Python takes long to read very many."""


SHORT_OPTIONS: Final = ("genre", "model")
"""Parameters that have an option of their own: what most people choose about a band."""


class UsageError(ContinuoError, ValueError):
    """The command line makes no sense."""


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse would print and exit.

    Args:
        prog: What the user typed so far.
        usage: First line of the help, where argparse's own would mislead.
        description: First paragraph of the help; line breaks are kept.
        epilog: Last paragraph of the help; line breaks are kept.
        with_json: Whether there is a `--json`.
    """

    def __init__(
        self,
        *,
        prog: str,
        usage: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        with_json: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if with_json:
            self.add_argument(
                "--json", action="store_true", help="print one JSON object for programs"
            )

    def error(self, message: str) -> NoReturn:
        """Say it as one of ours."""
        raise UsageError(message, remedy=f"{self.prog} --help")


def add_technique_options(parser: Parser, *, set_help: str) -> None:
    """Declare `--technique`, `--genre`, `--model` and `--set`, for `settings` to read.

    Args:
        parser: Of a command that works on a melody.
        set_help: What setting a parameter means there.
    """
    parser.add_argument(
        "--technique",
        choices=[str(t) for t in Technique],
        help=f"what to do to the melody (default: {Technique.ENHANCE})",
    )
    for name in SHORT_OPTIONS:
        parser.add_argument(f"--{name}", metavar="NAME", help=f"the same as --set {name}=NAME")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=set_help)


def chosen_technique(arguments: argparse.Namespace) -> Technique:
    """What `--technique` says, or the default."""
    return Technique(arguments.technique or Technique.ENHANCE)


def parameter_help() -> str:
    """Names, ranges, defaults and meanings of all parameters, technique by technique."""
    lines: list[str] = []
    for technique in Technique:
        lines.append(f"parameters of {technique}, for --set NAME=VALUE:")
        for spec in specs_of(technique):
            default = spec.text(spec.default)
            lines.append(f"  {spec.key:<24} {spec.range_text}, default {default}")
            lines.append(f"  {'':<24} {spec.meaning}")
    return "\n".join(lines)


def settings(arguments: argparse.Namespace) -> dict[str, str]:
    """What parameters are set to, by `--set` or else by an option of their own.

    Of two `--set` with one name the later counts.

    Raises:
        UsageError: If one has no `=`.
    """
    values = {name: vars(arguments)[name] for name in SHORT_OPTIONS if vars(arguments)[name]}
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--set wants NAME=VALUE, got {text!r}", remedy="--set max_notes_added=20"
            )
        values[name.strip()] = value.strip()
    return values


def bar_range(text: str) -> tuple[int, int]:
    """Read `FIRST:LAST`, bars counted from 1, both of them kept.

    Raises:
        UsageError: If it is no such range.
    """
    first_text, colon, last_text = text.partition(":")
    first, last = whole_number(first_text), whole_number(last_text)
    if not colon or first is None or last is None or not 1 <= first <= last:
        raise UsageError(
            f"--trim wants FIRST:LAST, bars counted from 1, got {text:.80}",
            remedy="--trim 1:8 keeps the first eight bars",
        )
    return first, last


def whole_number(text: str) -> int | None:
    """What the digits say, or None if it is anything but a few digits."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


def checked_count(option: str, text: str, low: int, high: int) -> int:
    """Read what an option counts.

    Raises:
        UsageError: If it is no whole number from low to high.
    """
    number = whole_number(text)
    if number is None or not low <= number <= high:
        raise UsageError(f"{option} must be a whole number in {low}..{high}, got {text:.80}")
    return number


def is_same_file(a: Path, b: Path) -> bool:
    """Whether two paths lead to one file, which is there."""
    try:
        return a.samefile(b)
    except OSError:
        return False
