"""Forks a process that writes a text without end, and kills it, many times.

Run by `test_notebook.py` as a process of its own. Prints what was wrong, how many writes were
told of, and how many kills left a write in the middle.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from firmware.library.notebook import Notebook

NAME = "memory.json"


def text(number: int) -> str:
    """A text of some kilobytes that says itself whether it is whole."""
    return f"{number} " * (500 + number % 1500) + "end"


def live(folder: Path, first: int, told: int) -> NoReturn:
    """Write, and tell what is written, until killed."""
    notebook = Notebook(folder)
    notebook.open()
    os.write(told, b"*\n")
    number = first
    while True:
        notebook.write(NAME, text(number))
        os.write(told, f"{number}\n".encode())
        number += 1


def kill_once(folder: Path, first: int, life_s: float) -> int:
    """Let a process live for so many seconds; the last number it told, or the one before."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        live(folder, first, writing)
    os.close(writing)
    os.read(reading, 2)
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().split()
    return int(lines[-1]) if lines else first - 1


def main() -> None:
    """Kill as often as the command line says."""
    folder, kills = Path(sys.argv[1]) / "notes", int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]))
    notebook = Notebook(folder)
    notebook.open()
    notebook.write(NAME, text(0))
    notebook.close()
    last = cut = writes = 0
    faults: list[str] = []
    for _ in range(kills):
        told = kill_once(folder, last + 1, rng.uniform(0, 0.01))
        writes += told - last
        found = (folder / NAME).read_text()
        if found not in (text(told), text(told + 1)):
            faults.append(f"{found[:10]} after {told}")
        last = told + (found == text(told + 1))
        cut += any(path.name.startswith(".") for path in folder.iterdir())
    notebook.open()
    faults += [path.name for path in folder.iterdir() if path.name != NAME]
    sys.stdout.write(f"{faults}\n{writes}\n{cut}\n")


if __name__ == "__main__":
    main()
