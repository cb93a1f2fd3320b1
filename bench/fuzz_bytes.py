"""Throw raw bytes at the parser of MIDI streams, beside a model that is simple and slow.

    python -m bench.fuzz_bytes --megabytes 10 --seed 1

The model looks at a whole stream at once: it takes the real-time bytes out, cuts the rest at its
status bytes, and puts the messages in order of their last byte. The parser gets the same stream
in pieces. Both must find the same messages, and the parser must never hold more than it may.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from firmware.midi.bytes import LONGEST_EXCLUSIVE, ByteParser

LONGEST_STREAM = 3 * LONGEST_EXCLUSIVE
_REALTIME = (0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF)


def expected(stream: bytes) -> list[bytes]:
    """The messages of a stream, by the model."""
    found = [(at, stream[at : at + 1]) for at, byte in enumerate(stream) if byte in _REALTIME]
    rest = [(at, byte) for at, byte in enumerate(stream) if byte < 0xF8]
    begins = [index for index, (_, byte) in enumerate(rest) if byte >= 0x80]
    for begin, end in pairwise([*begins, len(rest)]):
        status, data = rest[begin][1], rest[begin + 1 : end]
        if status == 0xF0:
            ends = end < len(rest) and rest[end][1] == 0xF7
            if ends and len(data) + 2 <= LONGEST_EXCLUSIVE:
                found.append((rest[end][0], bytes((0xF0, *(b for _, b in data), 0xF7))))
        elif status == 0xF6:
            found.append((rest[begin][0], b"\xf6"))
        elif status < 0xF0 or status in (0xF1, 0xF2, 0xF3):
            size = 1 if 0xC0 <= status < 0xE0 or status in (0xF1, 0xF3) else 2
            pieces = [data[i : i + size] for i in range(0, len(data) - size + 1, size)]
            found += (
                (piece[-1][0], bytes((status, *(b for _, b in piece))))
                for piece in (pieces if status < 0xF0 else pieces[:1])
            )
    return [message for _, message in sorted(found, key=lambda item: item[0])]


def streams(rng: random.Random) -> Iterator[bytes]:
    """Streams without end: pure noise, music, music with noise, and very long exclusives."""
    while True:
        pieces: list[bytes] = []
        length, most = 0, rng.choice((1, 40, 400, 4000, 40_000))
        while length < most:
            pieces.append(rng.choice(_PIECES)(rng))
            length += len(pieces[-1])
        stream = bytearray(b"".join(pieces)[:LONGEST_STREAM])
        for _ in range(rng.choice((0, 0, 1, 5, len(stream) // 20))):
            stream[rng.randrange(len(stream))] = rng.choice((rng.randrange(256), 0xF8, 0xFE, 0xF7))
        yield bytes(stream)


def heard(stream: bytes, rng: random.Random) -> list[bytes]:
    """The messages of a stream, by the parser, which gets it in pieces.

    Raises:
        AssertionError: If it holds more than it may.
    """
    parser = ByteParser()
    messages: list[bytes] = []
    at = 0
    while at < len(stream):
        size = rng.choice((1, 2, 3, 7, 64, 1024, LONGEST_STREAM))
        messages += parser.feed(stream[at : at + size])
        assert len(parser) <= LONGEST_EXCLUSIVE, f"it holds {len(parser)} bytes"
        at += size
    return messages


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fuzzer; 1 at the first stream that is read differently, else 0."""
    parser = argparse.ArgumentParser(prog="fuzz_bytes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=10.0, help="how much to try, in 10^6 B")
    parser.add_argument("--seed", type=int, default=1, help="of the streams")
    arguments = parser.parse_args(argv)
    rng = random.Random(arguments.seed)
    wanted, done, count, messages = int(arguments.megabytes * 1e6), 0, 0, 0
    began = time.perf_counter()
    columns = (TextColumn("raw bytes"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), TextColumn("left")) as progress:
        task = progress.add_task("", total=wanted)
        for stream in streams(rng):
            ours, theirs = heard(stream, rng), expected(stream)
            if ours != theirs:
                print(f"stream {count} (seed {arguments.seed}) is read differently: {stream!r}")
                return 1
            count, messages, done = count + 1, messages + len(ours), done + len(stream)
            progress.update(task, completed=done)
            if done >= wanted:
                break
    seconds = time.perf_counter() - began
    print(f"{done:,} bytes in {count:,} streams, {messages:,} messages, the same by both, ", end="")
    print(f"in {seconds:.0f} s, seed {arguments.seed}")
    return 0


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 3, 30, 300)))


def _data(rng: random.Random, count: int) -> bytes:
    return bytes(byte & 0x7F for byte in rng.randbytes(count))


def _running(rng: random.Random) -> bytes:
    return bytes((rng.randrange(0x80, 0xF0),)) + _data(rng, rng.choice((0, 1, 2, 3, 4, 20, 21)))


def _system(rng: random.Random) -> bytes:
    return bytes((rng.randrange(0xF1, 0xF8),)) + _data(rng, rng.choice((0, 1, 2, 3)))


def _real_time(rng: random.Random) -> bytes:
    return bytes((rng.randrange(0xF8, 0x100),))


def _exclusive(rng: random.Random) -> bytes:
    # Now and then just below, at and above the longest; the end may be missing.
    around = LONGEST_EXCLUSIVE - 2 + rng.choice((-1, 0, 1, 5))
    size = around if rng.random() < 0.01 else rng.choice((0, 1, 5, 200))
    return b"\xf0" + _data(rng, size) + rng.choice((b"\xf7", b"\xf7", b""))


_PIECES: Sequence[Callable[[random.Random], bytes]] = (
    *(_running, _running, _running),
    *(_noise, _system, _real_time, _exclusive),
)

if __name__ == "__main__":
    sys.exit(main())
