"""The child process that reads strangers' MIDI files, under limits that it puts on itself.

It imports as little as it can (no numpy, no mido): its memory limit counts address space, and
every import waits for it to start. Frames on its pipes are four bytes of length, then content.
It is asked with two frames, name and file, and answers with one, a JSON object with one key:
`melody`, `refused` (sentence and remedy), `too_large` or `failed` (what went wrong inside).
"""

import json
import math
import resource
import sys
from collections.abc import Mapping
from typing import BinaryIO, Final

from firmware.errors import MidiFileError
from firmware.midi.files import read_melody
from firmware.music.notes import Melody
from firmware.music.timing import nanoseconds_of_ticks

MAX_NOTES: Final = 100_000
MAX_HOURS: Final = 10
FRAME_HEADER_BYTES: Final = 4
READY: Final = b"ready"
"""The first frame, once the limits hold."""

Answer = Mapping[str, object]


def frame(content: bytes) -> bytes:
    """Content with its length before it."""
    return len(content).to_bytes(FRAME_HEADER_BYTES) + content


def main(arguments: list[str]) -> None:
    """Serve imports until the other side closes the pipe.

    Args:
        arguments: Seconds for each file, and bytes of address space.
    """
    seconds, memory_bytes = float(arguments[0]), int(arguments[1])
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _send(answers, READY)
    while (name := _receive(requests)) is not None:
        _limit_processor_time(seconds)
        content = _receive(requests)
        if content is None:
            return
        _send(answers, _answer(content, name.decode(errors="replace")))


def _answer(content: bytes, name: str) -> bytes:
    """The answer as JSON; whatever happens, there is one."""
    try:
        return json.dumps(_read(content, name)).encode()
    except MemoryError:
        return b'{"too_large": true}'
    except Exception as error:  # the top of a process; the parent reports it
        return json.dumps({"failed": repr(error)[:500]}).encode()


def _read(content: bytes, name: str) -> Answer:
    try:
        melody = read_melody(content, name=name)
        _check_size(melody)
    except MidiFileError as error:
        return {"refused": [error.message, error.remedy]}
    notes = [(n.start_ticks, n.pitch, n.duration_ticks, n.velocity) for n in melody.notes]
    return {
        "melody": {
            "notes": notes,
            "tempo_bpm": melody.tempo_bpm,
            "beats_per_bar": melody.beats_per_bar,
            "name": melody.name,
        }
    }


def _check_size(melody: Melody) -> None:
    if len(melody.notes) > MAX_NOTES:
        raise MidiFileError(
            f"the file has {len(melody.notes):,} notes, at most {MAX_NOTES:,} can be imported",
            remedy="cut it into pieces",
        )
    hours = nanoseconds_of_ticks(melody.end_ticks, melody.tempo_bpm) / 3.6e12
    if hours > MAX_HOURS:
        raise MidiFileError(
            f"the file lasts {hours:,.0f} hours, at most {MAX_HOURS} can be imported",
            remedy="cut it into pieces",
        )


def _limit(kind: int, value: int) -> None:
    """Set a limit for good, or keep the one that holds if that is lower."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _limit_processor_time(seconds: float) -> None:
    """Let the kernel end this process if the next file takes too long and nobody else does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def _receive(pipe: BinaryIO) -> bytes | None:
    header = pipe.read(FRAME_HEADER_BYTES)
    if len(header) < FRAME_HEADER_BYTES:
        return None
    return pipe.read(int.from_bytes(header))


def _send(pipe: BinaryIO, content: bytes) -> None:
    pipe.write(frame(content))
    pipe.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
