"""Forks a process that saves and deletes compositions without end, and kills it, many times.

Run by `test_kills.py` as a process of its own, so that a fork copies little and no thread.
Prints one JSON object: what was found after the kills.
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from firmware.errors import ContinuoError
from firmware.library.records import CompositionRecord
from firmware.library.store import Library
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.parameters import Technique

LONGEST_LIFE = 3
"""Of a process, in the time that a save and a delete take on this machine."""


def record(seed: int) -> CompositionRecord:
    """A composition of a few kilobytes whose every part depends on the seed."""
    notes = tuple(
        Note(start_ticks=120 * i, pitch=30 + (seed * 7 + i) % 60, duration_ticks=100 + seed)
        for i in range(50 + 100 * seed)
    )
    return CompositionRecord(
        composition=Composition(tracks=(Track(name=f"voice {seed}", notes=notes),)),
        melody=Melody(notes=notes[:40], name=f"melody {seed}"),
        technique=Technique.ENHANCE,
        parameters={"max_notes_added": seed},
        seed=seed,
        bundle="b",
        bundle_sha256="0",
        created_at="2025-11-20T14:02:11+00:00",
    )


READY = b"*\n"
RECORDS = [record(seed) for seed in range(3)]


def live(library: Library, told: int) -> NoReturn:
    """Save and delete, and tell what is done, until killed."""
    os.write(told, READY)
    number = 0
    while True:
        # A second a save, so that no name is given twice.
        at = datetime.fromtimestamp(number, tz=UTC).isoformat()
        name = library.save(replace(RECORDS[number % len(RECORDS)], created_at=at))
        os.write(told, f"+{name}\n".encode())
        if number % 2:
            os.write(told, f"?{name}\n".encode())
            library.delete(name)
            os.write(told, f"-{name}\n".encode())
        number += 1


def cycle_s(library: Library) -> float:
    """How long a save and a delete take, in seconds."""
    began = time.monotonic()
    for one in RECORDS:
        library.delete(library.save(one))
    return (time.monotonic() - began) / len(RECORDS)


def kill_once(library: Library, life_s: float) -> str:
    """Let a process live for so many seconds; returns what it told before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        live(library, writing)
    os.close(writing)
    os.read(reading, len(READY))
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode()


def faults_after(library: Library, told: str) -> list[str]:
    """What is wrong with the library after a kill."""
    faults: list[str] = []
    there = {entry.name for entry in library.list()}
    for name in there:
        try:
            found = replace(library.load(name), created_at=RECORDS[0].created_at)
            if found not in RECORDS:
                faults.append(f"{name} is half old")
        except ContinuoError as error:
            faults.append(f"{name}: {error}")
    lines = told.splitlines()
    saved, doubtful, deleted = ({line[1:] for line in lines if line[0] == k} for k in "+?-")
    faults += [f"{name} was saved and is lost" for name in saved - doubtful - there]
    faults += [f"{name} was deleted and is back" for name in deleted & there]
    return faults


def main() -> None:
    """Kill as often as the command line says."""
    library, kills = Library(Path(sys.argv[1])), int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]))
    saves = swept = 0
    faults: list[str] = []
    longest_s = LONGEST_LIFE * cycle_s(library)
    for _ in range(kills):
        told = kill_once(library, rng.uniform(0, longest_s))
        faults += faults_after(library, told)
        saves += sum(line[0] == "+" for line in told.splitlines())
        swept += library.sweep()
        left = [path.name for path in library.root.glob(".*")] if library.root.exists() else []
        faults += [f"{name} was not swept" for name in left]
        for entry in library.list():
            library.delete(entry.name)
    print(json.dumps({"saves": saves, "swept": swept, "faults": faults}))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main()
