"""Throw damaged MIDI files at the importer and count what becomes of them.

    python -m bench.fuzz_midi --count 20000 --seed 1 [FOLDER ...]

Every file must be accepted as a melody or refused with a `MidiFileError`; anything else is
fatal, and so is an importer that no longer works afterwards. The corpus that is damaged is made
here; files of other folders are added to it. The same seed and corpus give the same files.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from firmware.errors import MidiFileError
from firmware.library.importing import ImportLimits, ImportSandbox
from firmware.midi.files import write_composition
from firmware.music.notes import Composition, Melody, Note, Track

LARGEST_BYTES = 11 * 1024 * 1024
"""A little more than the importer takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file.

    Attributes:
        verdict: `accepted`, `refused`, `slow`, `hungry` (too much memory), `fault` (a mistake in
            the reader, contained by its process) or `fatal`.
        detail: Notes read, or what was said.
        seconds: How long it took.
    """

    verdict: str
    detail: str
    seconds: float


def seed_corpus(rng: random.Random) -> list[bytes]:
    """Files of many kinds to start from: our own writer's, and others' habits."""
    return [
        *(write_composition(_random_piece(rng)) for _ in range(24)),
        _file(0, 480, _RUNNING_STATUS),
        _file(0, 0xE250, _RUNNING_STATUS),  # SMPTE: 30 frames of 80 ticks
        _file(0, 1, _SYSTEM_EXCLUSIVE),
        _file(1, 96, _META_EVENTS, _RUNNING_STATUS, _PEDAL),
        _file(2, 96, _RUNNING_STATUS, _PEDAL),
        _file(1, 32767, *[_PEDAL] * 40),
        b"RIFF\x60\x00\x00\x00RMIDdata\x54\x00\x00\x00" + _file(0, 480, _PEDAL),
    ]


def mutations(corpus: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    """Damaged files without end."""
    while True:
        content = bytearray(rng.choice(corpus))
        for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 12))):
            rng.choice(_MUTATORS)(content, corpus, rng)
        yield bytes(content[:LARGEST_BYTES])


def try_one(sandbox: ImportSandbox, content: bytes) -> Outcome:
    """Import one file and judge what comes of it."""
    began = time.perf_counter()
    try:
        melody = sandbox.import_melody(content, name="fuzz")
        problem = "" if isinstance(melody, Melody) else f"got {melody!r}"
        verdict, detail = "accepted", f"{len(melody.notes)} notes"
    except MidiFileError as error:
        problem = "" if error.message else "an error without a sentence"
        verdict = next((v for k, v in _CAUSES.items() if isinstance(error.__cause__, k)), "refused")
        detail = f"{error} {error.__cause__ or ''}".strip()
    except Exception as error:  # everything else is what we look for
        problem = repr(error)
    if problem:
        verdict, detail = "fatal", problem
    return Outcome(verdict=verdict, detail=detail, seconds=time.perf_counter() - began)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fuzzer and print the table; 1 if anything was fatal, else 0."""
    arguments = _arguments(argv)
    rng = random.Random(arguments.seed)
    corpus = seed_corpus(rng) + [p.read_bytes() for f in arguments.folders for p in _midi_files(f)]
    healthy = corpus[0]
    counts: Counter[str] = Counter()
    reported: list[str] = []
    slowest = 0.0
    began = time.perf_counter()
    columns = (TextColumn("damaged files"), BarColumn(), MofNCompleteColumn())
    with (
        ImportSandbox(ImportLimits(seconds=arguments.seconds)) as sandbox,
        Progress(*columns, TimeRemainingColumn(), TextColumn("left")) as progress,
    ):
        expected = sandbox.import_melody(healthy, name="healthy")
        task = progress.add_task("", total=arguments.count)
        for number, content in enumerate(mutations(corpus, rng), start=1):
            outcome = try_one(sandbox, content)
            counts[outcome.verdict] += 1
            slowest = max(slowest, outcome.seconds)
            if outcome.verdict in {"fault", "fatal"}:
                reported.append(f"file {number}: {outcome.verdict}: {outcome.detail}")
                _keep(arguments.keep, number, content)
            progress.advance(task)
            if number >= arguments.count:
                break
        if sandbox.import_melody(healthy, name="healthy") != expected:
            counts["fatal"] += 1
            reported.append("afterwards a healthy file was read differently")
        children = sandbox.children_started
    for line in reported[:20]:
        print(line)
    seconds = time.perf_counter() - began
    print(f"{arguments.count:,} damaged files from {len(corpus)} in {seconds:.0f} s, ", end="")
    print(f"seed {arguments.seed}, {children} children, slowest {slowest:.2f} s")
    for verdict in ("accepted", "refused", "slow", "hungry", "fault", "fatal"):
        print(f"{verdict:>10} {counts[verdict]:>8,}")
    return 1 if counts["fatal"] else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz_midi", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="more to damage")
    parser.add_argument("--count", type=int, default=20_000, help="files to try")
    parser.add_argument("--seed", type=int, default=1, help="of the damage")
    parser.add_argument("--seconds", type=float, default=2.0, help="limit for each file")
    parser.add_argument("--keep", type=Path, help="folder for files that show a mistake")
    return parser.parse_args(argv)


def _midi_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"})


def _keep(folder: Path | None, number: int, content: bytes) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:06}.mid").write_bytes(content)


def _random_piece(rng: random.Random) -> Composition:
    tracks = tuple(
        Track(
            name=rng.choice(("", "Soprano", "Flöte", "長笛")),
            notes=tuple(
                Note(
                    start_ticks=rng.randrange(0, 16 * 480, rng.choice((1, 120, 480))),
                    pitch=rng.randrange(128),
                    duration_ticks=rng.randrange(1, 1920),
                    velocity=rng.randrange(1, 128),
                )
                for _ in range(rng.choice((1, 3, 20, 80)))
            ),
            program=rng.randrange(128),
            is_drum=rng.random() < 0.2,
        )
        for _ in range(rng.choice((1, 1, 4, 17)))
    )
    return Composition(
        tracks=tracks, tempo_bpm=rng.uniform(40, 220), beats_per_bar=rng.randrange(1, 33)
    )


def _file(kind: int, division: int, *tracks: bytes) -> bytes:
    header = b"MThd\x00\x00\x00\x06" + b"".join(
        n.to_bytes(2, "big") for n in (kind, len(tracks), division)
    )
    return header + b"".join(b"MTrk" + len(t).to_bytes(4, "big") + t for t in tracks)


_END = b"\x00\xff\x2f\x00"
# A scale with one status byte for all of it, offs as note-ons of velocity 0.
_RUNNING_STATUS = (
    b"\x00\x90"
    + b"\x00".join(bytes((p, 0x50, 0x60, p, 0x00)) for p in (60, 62, 64, 65, 67, 69, 71, 72))
    + _END
)
_SYSTEM_EXCLUSIVE = (
    b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7"  # General MIDI on
    b"\x00\xf7\x03\x43\x12\x00"  # a piece of a longer one
    b"\x00\x90\x40\x40\x87\x40\x80\x40\x40" + _END
)
_META_EVENTS = (
    b"\x00\xff\x03\x04name"
    b"\x00\xff\x58\x04\x06\x03\x18\x08"  # six eighths
    b"\x00\xff\x59\x02\x09\x00"  # nine sharps, which do not exist
    b"\x00\xff\x51\x03\x07\xa1\x20"
    b"\x81\x00\xff\x51\x03\x00\x00\x00"  # a tempo of no time at all
    b"\x00\xff\x7f\x03\x00\x00\x41" + _END
)
_PEDAL = (
    b"\x00\xc1\x20\x00\xb1\x40\x7f\x00\x91\x30\x50\x40\x91\x34\x50"
    b"\x40\x81\x30\x40\x40\xb1\x40\x00\x40\x81\x34\x40" + _END
)

_CAUSES: Mapping[type[Exception], str] = MappingProxyType(
    {TimeoutError: "slow", MemoryError: "hungry", ChildProcessError: "fault"}
)
_INTERESTING = (0x00, 0x01, 0x2F, 0x3F, 0x40, 0x51, 0x7F, 0x80, 0x90, 0xB0, 0xC0, 0xF0, 0xF7, 0xFF)
Mutator = Callable[[bytearray, Sequence[bytes], random.Random], None]


def _flip(content: bytearray, _corpus: Sequence[bytes], rng: random.Random) -> None:
    for _ in range(rng.choice((1, 2, 8))):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _overwrite(content: bytearray, _corpus: Sequence[bytes], rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 4, 16))):
        if content:
            content[rng.randrange(len(content))] = rng.choice(_INTERESTING)


def _insert(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = bytes(rng.choice(_INTERESTING) for _ in range(rng.choice((1, 2, 7))))


def _remove(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    del content[at : at + rng.choice((1, 2, 4, 40))]


def _cut(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _repeat(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    piece = bytes(content[at : at + rng.choice((1, 4, 9, 64))])
    content[at:at] = piece * rng.choice((2, 2, 10, 300))


def _blow_up(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    """Now and then a file of megabytes."""
    if rng.random() < 0.02 and len(content) < LARGEST_BYTES:
        at = rng.randrange(len(content) + 1)
        piece = bytes(content[at : at + rng.choice((3, 4, 8, 400))])
        content[at:at] = piece * rng.choice((10_000, 200_000))


def _splice(content: bytearray, corpus: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(corpus)
    begin = rng.randrange(len(other))
    at = rng.randrange(len(content) + 1)
    content[at : at + rng.choice((0, 8, 100))] = other[begin : begin + rng.choice((4, 30, 400))]


def _lie_about_a_length(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    places = [i for i in range(len(content) - 8) if content[i : i + 2] == b"MT"]
    if places:
        at = rng.choice(places) + 4
        size = rng.choice((0, 1, 5, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(1 << 16)))
        content[at : at + 4] = size.to_bytes(4, "big")


def _change_the_header(content: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = rng.choice((8, 10, 12))
    content[at : at + 2] = rng.choice((0, 1, 2, 3, 255, 0x7FFF, 0x8000, 0xE728, 0xFFFF)).to_bytes(
        2, "big"
    )


_MUTATORS: Sequence[Mutator] = (
    _flip,
    _overwrite,
    _insert,
    _remove,
    _cut,
    _repeat,
    _blow_up,
    _splice,
    _lie_about_a_length,
    _change_the_header,
)

if __name__ == "__main__":
    sys.exit(main())
