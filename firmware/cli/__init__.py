"""The `continuo` command: one module a subcommand, which alone is imported when it is called."""

import contextlib
import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser, UsageError
from firmware.errors import ContinuoError
from firmware.version import installed_version

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # subcommand, whose module is in this package: what it does
        "run": "start the instrument",
        "demo": "let a simulated player play, enhance and save a melody",
        "generate": "make one composition from a melody, without a panel",
        "library": "list, show, delete and export compositions",
        "models": "list, show, verify, install and remove model bundles",
        "render": "turn a MIDI file into a sound file",
        "status": "tell what the instrument does",
        "params": "show or set the parameters of the instrument that runs",
        "log": "show the last lines of the instrument's log",
        "doctor": "check wiring and system one by one, and say how to mend them",
        "backup": "keep compositions, presets, memory and settings in one archive",
        "restore": "bring a backup back",
        "update": "install a signed release, and return to the old one if it does not run",
        "ports": "list the MIDI ports of this machine",
        "selftest": "replay every model's golden arrays and time it; --panel tests the wiring",
        "completion": "complete commands and options at the Tab key",
        "stick": "copy every composition to a USB stick",
        "gadget": "be a USB device to a computer: MIDI, network, disk",
        "rescue": "show on the panel why the instrument does not start",
    }
)

EXIT_ERROR: Final = 2
EXIT_BUG: Final = 1
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141

_LAST_STANDARD_STREAM: Final = 2  # standard error

_EPILOG: Final = """
examples:
  continuo demo
  continuo generate my-melody.mid --seed 1 -o my-composition
  continuo generate ode-to-joy --set max_notes_added=20 --json
  continuo COMMAND --help
"""


class AnswerLostError(Exception):
    """Standard output does not take the answer."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; the process's own by default.

    Returns:
        0, 2 for an error that has been said in one line, 130 for Ctrl-C, 141 where nobody
        reads any more, 1 for a fault in Continuo itself.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in argv
    _fill_closed_streams()
    _accept_all_text()
    try:
        return _main(argv, as_json=as_json)
    except BrokenPipeError:
        _forget_stdout()
        return EXIT_BROKEN_PIPE
    except AnswerLostError as error:
        _forget_stdout()
        _complain(str(error))
        return EXIT_ERROR


def _main(argv: list[str], *, as_json: bool) -> int:
    try:
        answer = _dispatch(argv)
    except ContinuoError as error:
        return _refuse(error.message, error.remedy, as_json=as_json, code=EXIT_ERROR)
    except KeyboardInterrupt:
        return _refuse("stopped", "", as_json=as_json, code=EXIT_INTERRUPTED)
    except (BrokenPipeError, AnswerLostError):
        raise
    except Exception as error:  # the top of the process: say it, with everything needed to mend it
        traceback.print_exc()
        message = f"a fault in Continuo itself: {type(error).__name__}: {error}"
        return _refuse(message, "report it with the lines above", as_json=as_json, code=EXIT_BUG)
    if answer.problem and not as_json:
        _print(answer.lines)
        return _refuse(answer.problem, answer.remedy, as_json=False, code=EXIT_ERROR)
    _print([_json(answer)] if as_json else answer.lines)
    return EXIT_ERROR if answer.problem else 0


def _dispatch(argv: list[str]) -> Answer:
    if argv and argv[0] in COMMANDS:
        name, rest = argv[0], argv[1:]
        module = importlib.import_module(f"firmware.cli.{name}")
        parser = Parser(prog=f"continuo {name}", description=module.__doc__)
        module.add_arguments(parser)
        run: Callable[..., Answer] = module.run
        return run(parser.parse_args(rest))
    width = max(map(len, COMMANDS))
    table = "\n".join(f"  {name:<{width}}  {does}" for name, does in COMMANDS.items())
    parser = Parser(
        prog="continuo",
        usage="continuo COMMAND …",
        description="A music keyboard appliance: play a melody, and models on the device itself "
        f"turn it into music.\n\ncommands:\n{table}",
        epilog=_EPILOG,
        with_json=False,
    )
    parser.add_argument("--version", action="version", version=f"continuo {installed_version()}")
    _, rest = parser.parse_known_args(argv)
    names = [word for word in rest if not word.startswith("-")]
    raise UsageError(
        f"there is no command {names[0]!r}" if names else "which command?",
        remedy=f"one of {', '.join(COMMANDS)}; continuo --help",
    )


def _refuse(message: str, remedy: str, *, as_json: bool, code: int) -> int:
    if as_json:
        _print([json.dumps({"error": message, "remedy": remedy})])
    else:
        _complain(f"{message} ({remedy})" if remedy else message)
    return code


def _complain(text: str) -> None:
    if sys.stderr is not None:
        # Where not even this can be written, the exit code tells.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"continuo: {_shown(' '.join(text.split()))}\n")
            sys.stderr.flush()


def _json(answer: Answer) -> str:
    content = dict(answer.content)
    if answer.problem:
        content |= {"error": answer.problem, "remedy": answer.remedy}
    return json.dumps(content)  # in ASCII, which every terminal and pipe can carry


def _print(lines: Sequence[str]) -> None:
    if sys.stdout is None:
        raise AnswerLostError("the answer cannot be written: standard output is closed")
    try:
        for line in lines:
            sys.stdout.write(f"{_shown(line)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AnswerLostError(f"the answer cannot be written: {error.strerror}") from error


def _shown(line: str) -> str:
    """A line without what would command the terminal: names of files can hold anything."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _fill_closed_streams() -> None:
    """Let no file that is opened later take the number of a standard stream that is closed.

    What a library or a child process writes to that stream would land in the file.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD_STREAM:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)


def _accept_all_text() -> None:
    """Let no name and no locale end a command: what cannot be shown is spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    """Let the interpreter's own flush at exit succeed."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
