"""Strangers' MIDI files, read where they can do no harm.

A child process reads them under limits of time and memory; whatever a file does to it, the
caller gets a melody or one named error, and nothing else in the instrument notices. The child
serves one file after the other and is replaced when a file breaks it.
"""

import contextlib
import json
import os
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import firmware
from firmware.errors import MidiFileError
from firmware.library.import_child import FRAME_HEADER_BYTES, READY, frame
from firmware.music.notes import Melody, Note

MIB: Final = 1024 * 1024
START_SECONDS: Final = 20.0
"""For the child to start, on a slow card in a busy moment; not part of a file's time."""
_STOP_SECONDS: Final = 5.0
_REPLY_BYTES: Final = 32 * MIB
"""More than the most notes that a child hands out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """What one file may use.

    Attributes:
        seconds: Of real time, and of processor time.
        bytes: Of memory (address space of the child).
        file_bytes: Size of the file.
    """

    seconds: float = 2.0
    bytes: int = 256 * MIB
    file_bytes: int = 10 * MIB


def import_melody(
    source: Path | bytes, *, name: str | None = None, limits: ImportLimits | None = None
) -> Melody:
    """Read one MIDI file as a melody, in a child process of its own.

    Args:
        source: The file, or its content.
        name: What the player will see; by default the file's name without its ending.
        limits: What it may use.

    Raises:
        MidiFileError: If it cannot be read, for whatever reason.
    """
    with ImportSandbox(limits) as sandbox:
        return sandbox.import_melody(source, name=name)


class ImportSandbox:
    """A child process that reads MIDI files, started when needed and kept for the next one.

    May be used from several threads, which then wait for each other.

    Args:
        limits: What each file may use.
    """

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.children_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._end_child()

    def import_melody(self, source: Path | bytes, *, name: str | None = None) -> Melody:
        """Read one MIDI file as a melody.

        Args:
            source: The file, or its content.
            name: What the player will see; by default the file's name without its ending.

        Raises:
            MidiFileError: If it cannot be read, for whatever reason. Where the file is not to
                blame for its contents but broke a limit or the child, `__cause__` is the
                TimeoutError, MemoryError or ChildProcessError.
        """
        called = source.name if isinstance(source, Path) else name or "the melody"
        if name is None:
            name = source.stem if isinstance(source, Path) else ""
        with _naming(called):
            content = _read_file(source, self._limits) if isinstance(source, Path) else source
            _check_length(content, self._limits)
            with self._lock:
                return self._ask(name, content)

    def _ask(self, name: str, content: bytes) -> Melody:
        """Send a file to the child and wait for the answer, no longer than allowed."""
        request = frame(name.encode(errors="replace")) + frame(content)
        try:
            child = self._running_child()
        except (OSError, EOFError, ValueError) as error:
            self._end_child()
            raise MidiFileError(
                "the program that reads MIDI files did not start", remedy="try again"
            ) from ChildProcessError(str(error))
        try:
            reply = json.loads(_exchange(child, request, self._limits.seconds))
            refusal = _refusal(reply)
            melody = None if refusal else _melody(reply["melody"])
        except TimeoutError as error:
            self._end_child()
            raise MidiFileError(
                f"the file takes longer than {self._limits.seconds:g} seconds to read",
                remedy="cut it into pieces",
            ) from error
        except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
            self._end_child()
            raise MidiFileError("the file cannot be read: it made the reader stop") from (
                ChildProcessError(repr(error))
            )
        if melody is not None:
            return melody
        assert refusal is not None
        if isinstance(refusal.__cause__, MemoryError):
            self._end_child()  # what is left of its memory may not be enough for the next file
        raise refusal

    def _running_child(self) -> "subprocess.Popen[bytes]":
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end_child()
        self._child = self._start_child()
        return self._child

    def _start_child(self) -> "subprocess.Popen[bytes]":
        self.children_started += 1
        root = str(Path(firmware.__path__[0]).resolve().parent)
        # -S and -s: no site packages, which it does without and which take time to set up.
        command = [sys.executable, "-S", "-s", "-P", "-m", "firmware.library.import_child"]
        command += [str(self._limits.seconds), str(self._limits.bytes)]
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,  # an interrupt from the terminal is the parent's business
            bufsize=0,
        )
        self._child = child
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        if _exchange(child, b"", START_SECONDS) != READY:
            raise ChildProcessError("it did not say that it is ready")
        return child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        # A process that survives this is stuck in the kernel, and not ours to wait for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_STOP_SECONDS)


def read_midi(path: Path, limits: ImportLimits | None = None) -> bytes:
    """A MIDI file's content, not yet looked at.

    Raises:
        MidiFileError: If it cannot be read, is no file (a folder, a pipe, a device) or too large.
    """
    with _naming(str(path)):
        return _read_file(path, limits or ImportLimits())


def _read_file(path: Path, limits: ImportLimits) -> bytes:
    try:
        # Not blocking, so that opening a pipe which nobody writes to returns.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
            content = file.read(limits.file_bytes + 1) if kind == stat.S_IFREG else b""
    except IsADirectoryError as error:
        raise MidiFileError("it is a folder", remedy="choose a file in it") from error
    except FileNotFoundError as error:
        raise MidiFileError("there is no such file", remedy="check its name") from error
    except OSError as error:
        raise MidiFileError(f"the file cannot be opened: {error.strerror}") from error
    except ValueError as error:  # a name with a null character in it
        raise MidiFileError("this cannot be a file's name", remedy="check it") from error
    if kind != stat.S_IFREG:
        raise MidiFileError("it is a device, not a file", remedy="choose a file")
    _check_length(content, limits)
    return content


def _check_length(content: bytes, limits: ImportLimits) -> None:
    if len(content) > limits.file_bytes:
        raise MidiFileError(
            f"the file is larger than {limits.file_bytes / MIB:g} MiB",
            remedy="a MIDI file of many hours is smaller; is it another kind of file?",
        )


def _exchange(child: "subprocess.Popen[bytes]", request: bytes, seconds: float) -> bytes:
    """Write a request and read one frame.

    Raises:
        TimeoutError: If that takes too long.
        EOFError: If the child ends first.
        OSError: If a pipe breaks.
    """
    assert child.stdin is not None
    assert child.stdout is not None
    deadline = time.monotonic() + seconds
    unsent = memoryview(request)
    reply = bytearray()
    poll = select.poll()
    poll.register(child.stdout, select.POLLIN)
    if unsent:
        poll.register(child.stdin, select.POLLOUT)
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        for descriptor, _ in poll.poll(remaining * 1000):
            if descriptor == child.stdin.fileno():
                unsent = unsent[os.write(descriptor, unsent) :]
                if not unsent:
                    poll.unregister(descriptor)
                continue
            piece = os.read(descriptor, MIB)
            if not piece:
                raise EOFError("the child ended")
            reply += piece
        size = int.from_bytes(reply[:FRAME_HEADER_BYTES])
        if size > _REPLY_BYTES:
            raise ValueError("the answer is too long")
        if len(reply) == FRAME_HEADER_BYTES + size:
            return bytes(reply[FRAME_HEADER_BYTES:])


def _refusal(reply: dict[str, Any]) -> MidiFileError | None:
    """What the child has against the file, or None."""
    match reply:
        case {"refused": [message, remedy]}:
            return MidiFileError(message, remedy=remedy)
        case {"too_large": _}:
            error = MidiFileError("the file needs too much memory", remedy="cut it into pieces")
            error.__cause__ = MemoryError()
            return error
        case {"failed": what}:
            error = MidiFileError(
                "the file cannot be read: the reader has a fault",
                remedy="please report it with the file",
            )
            error.__cause__ = ChildProcessError(what)
            return error
        case _:
            return None


def _melody(fields: dict[str, Any]) -> Melody:
    notes = (
        Note(start_ticks=start, pitch=pitch, duration_ticks=duration, velocity=velocity)
        for start, pitch, duration, velocity in fields.pop("notes")
    )
    return Melody(notes=tuple(notes), **fields)


@contextlib.contextmanager
def _naming(called: str) -> Iterator[None]:
    """Put the file's name in front of what is wrong with it."""
    try:
        yield
    except MidiFileError as error:
        named = MidiFileError(f"{called}: {error.message}", remedy=error.remedy)
        raise named from error.__cause__
