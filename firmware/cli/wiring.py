"""`continuo selftest --panel`: the wiring's own test, asked in the terminal."""

import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from firmware.cli import AnswerLostError
from firmware.cli.answer import Answer
from firmware.config import Config
from firmware.devices.board_file import load_board
from firmware.devices.selftest.parts import chosen_parts, parts_of
from firmware.devices.selftest.verdicts import Outcome, Result
from firmware.engine.clock import SystemClock
from firmware.maintenance.doctor import examine
from firmware.maintenance.probe import Probe
from firmware.maintenance.wiring_dialogue import TypedLines, ask_maker, opened_panel

DISPLAY = "display"
"""What the maker cannot be asked on it: whether it answers, the doctor says."""

Row = tuple[str, str, str, str]
"""Name, verdict, sentence, remedy."""


def ask_for_parts(config: Config, names: Sequence[str], *, output: TextIO) -> Answer:
    """Ask for the parts of the panel, one after the other.

    Args:
        config: Says which board.
        names: Of the parts: `display`, `buttons`, `encoders.menu`; all if there are none.
        output: Where questions are printed.

    Raises:
        ContinuoError: If there is no panel, or no part of a name.
    """
    board, clock = load_board(config.board), SystemClock()
    asked = [name for name in names if name != DISPLAY]
    chosen_parts(parts_of(board), asked)  # a slip is told before anything is opened

    def say(text: str) -> None:
        try:
            output.write(f"{text}\n")
            output.flush()
        except OSError as error:
            raise AnswerLostError(f"nobody can be asked: {error.strerror or error}") from error

    rows: list[Row] = []
    if not names or DISPLAY in names:
        rows += [_display(config)]
    if asked or not names:
        for line in _lines(rows):
            say(line)
        with opened_panel(board, clock.now_ns) as panel:
            typed = TypedLines(_descriptor(sys.stdin))
            results = ask_maker(panel, asked, say, typed.read, clock.now_ns)
        rows += [_row(result) for result in results]
    return answer(rows)


def answer(rows: Sequence[Row]) -> Answer:
    """All verdicts, each with its remedy."""
    faults = sum(verdict == Outcome.FAULT for _, verdict, _, _ in rows)
    return Answer(
        content={
            "parts": [
                {"name": name, "verdict": verdict, "sentence": sentence, "remedy": remedy}
                for name, verdict, sentence, remedy in rows
            ]
        },
        lines=_lines(rows),
        problem=f"{faults} of {len(rows)} parts have a fault" if faults else "",
        remedy="the lines above say how to mend it" if faults else "",
    )


def _display(config: Config) -> Row:
    ((name, found),) = examine(Probe(), config, [DISPLAY])
    return name, str(found.verdict), found.sentence, found.remedy


def _row(result: Result) -> Row:
    return result.part.key, str(result.outcome), result.sentence, result.remedy


def _lines(rows: Sequence[Row]) -> list[str]:
    """As the doctor writes them."""
    width = max((len(name) for name, *_ in rows), default=0)
    lines: list[str] = []
    for name, verdict, sentence, remedy in rows:
        lines.append(f"{name:<{width}}  {verdict:<9}  {sentence}")
        if remedy:
            lines.append(f"{' ' * (width + 13)}→ {remedy}")
    return lines


def _descriptor(file: TextIO | None) -> int | None:
    """Where answers can be read, or None if there is nobody."""
    if file is None:
        return None
    with suppress(io.UnsupportedOperation, ValueError):
        return file.fileno()
    return None
