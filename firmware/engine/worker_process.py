"""The inference worker's own process: `python -m firmware.engine.worker_process FD STUDIO`.

It loads a bundle once and keeps it, works on one request at a time, and between two passes looks
whether it is to give up or to end. When the engine is gone, so is the pipe, and it ends as well.
"""

import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from firmware.engine.messages import (
    Advanced,
    Alive,
    Answer,
    Cancel,
    Cancelled,
    Command,
    Failed,
    Finished,
    Generate,
    GenerationRequest,
    Listen,
    Listened,
    Load,
    Loaded,
    Sign,
    Stop,
)
from firmware.errors import ContinuoError
from firmware.inference.bundle import Bundle, read_bundle
from firmware.inference.ring import RingModel
from firmware.inference.runtime import LoadedModel
from firmware.music.notes import Composition
from firmware.techniques.progress import Generation

if TYPE_CHECKING:
    from firmware.techniques.conversation import Memory

PROGRESS_S = 0.05
"""Progress is told no more often than this; previews always."""

ALIVE_S = 1.0
"""While it listens, it says that it lives no more often than this."""

_LOG = logging.getLogger(__name__)


class Studio(Protocol):
    """Where the work is done: makes models and generations. Tests have one of their own."""

    def load(self, folder: Path, threads: int) -> tuple[str, str, LoadedModel]:
        """A bundle's name, the hash of its model, and the model."""
        ...

    def start(self, request: GenerationRequest, model: LoadedModel) -> Generation:
        """Begin a generation."""
        ...

    def listen(self, duet: Listen, model: LoadedModel) -> Iterator[None]:
        """Read what was said in a duet; yields often."""
        ...


class BundleStudio:
    """The real one."""

    def __init__(self) -> None:
        self._memory: Memory | None = None

    def load(self, folder: Path, threads: int) -> tuple[str, str, LoadedModel]:
        """See `Studio.load`."""
        self._memory = None  # it holds on to the model before
        bundle: Bundle = read_bundle(folder)
        return bundle.manifest.name, bundle.manifest.sha256, bundle.load(threads=threads)

    def start(self, request: GenerationRequest, model: LoadedModel) -> Generation:
        """See `Studio.start`."""
        # Imported late: the process answers its pipe before the techniques are there.
        from firmware.engine.generation import start  # noqa: PLC0415

        memory = None if request.turns is None else self._memory_of(model)
        return start(request, model=model, memory=memory)

    def listen(self, duet: Listen, model: LoadedModel) -> Iterator[None]:
        """See `Studio.listen`."""
        return self._memory_of(model).read(duet.turns, style=duet.style)

    def _memory_of(self, model: LoadedModel) -> "Memory":
        from firmware.techniques.conversation import Memory  # noqa: PLC0415 - as in `start`

        assert isinstance(model, RingModel)  # a duet asks for the bundle of extend
        if self._memory is None:
            self._memory = Memory(model)
        return self._memory


class _StopAsked(Exception):  # noqa: N818 - no error
    """The engine asked the process to end."""


class Server:
    """Answers the commands on a pipe.

    Args:
        connection: The pipe.
        studio: Where the work is done.
    """

    def __init__(self, connection: Connection, studio: Studio) -> None:
        self._connection = connection
        self._studio = studio
        self._key: tuple[Path, int] | None = None
        self._bundle: tuple[str, str, LoadedModel] | None = None
        self._waiting: list[Command] = []

    def serve(self) -> None:
        """Work until the pipe is closed or the engine asks to stop.

        Every `Load`, `Generate` and `Listen` is answered by one last word, unless it ends before.
        """
        self._say(Alive())
        while True:
            command = self._waiting.pop(0) if self._waiting else self._connection.recv()
            match command:
                case Load():
                    with self._failures(None):
                        name, _, _ = self._loaded(command.bundle_folder, command.threads)
                        self._say(Loaded(name=name))
                case Generate():
                    with self._failures(command.number):
                        self._generate(command)
                case Listen():
                    with self._failures(None):
                        self._listen(command)
                case Stop():
                    return
                case Cancel():
                    pass  # it crossed the answer on its way

    def _generate(self, command: Generate) -> None:
        began = monotonic()
        request = command.request
        name, sha256, model = self._loaded(request.bundle_folder, request.threads)
        generation = self._studio.start(request, model)
        composition = self._finish(generation, command.number, began)
        if composition is None:
            self._say(Cancelled(number=command.number))
            return
        self._say(
            Finished(
                number=command.number,
                composition=composition,
                bundle=name,
                bundle_sha256=sha256,
                elapsed_s=monotonic() - began,
            )
        )

    def _listen(self, command: Listen) -> None:
        _, _, model = self._loaded(command.bundle_folder, command.threads)
        told = monotonic()
        for _ in self._studio.listen(command, model):
            self._look_up()
            if monotonic() - told >= ALIVE_S:
                told = monotonic()
                self._say(Alive())
        self._say(Listened())

    def _finish(self, generation: Generation, number: int, began: float) -> Composition | None:
        """Run a generation to its end, or to None where it is cancelled."""
        told = began - PROGRESS_S
        while True:
            if self._is_cancelled(number):
                generation.close()
                return None
            try:
                progress = next(generation)
            except StopIteration as stop:
                composition: Composition = stop.value
                return composition
            now = monotonic()
            if progress.preview is None and now - told < PROGRESS_S:
                continue
            told = now
            self._say(
                Advanced(
                    number=number,
                    done=progress.done,
                    total=progress.total,
                    elapsed_s=now - began,
                    preview=progress.preview,
                    written_ticks=progress.written_ticks,
                )
            )

    def _is_cancelled(self, number: int) -> bool:
        self._look_up()
        # Also one that came while something else was done, before this was begun.
        return Cancel(number) in self._waiting

    def _look_up(self) -> None:
        """See what came meanwhile."""
        while self._connection.poll():
            command: Command = self._connection.recv()
            if isinstance(command, Stop):
                raise _StopAsked
            self._waiting.append(command)

    def _loaded(self, folder: Path, threads: int) -> tuple[str, str, LoadedModel]:
        if self._bundle is None or self._key != (folder, threads):
            self._bundle = None  # two models at once may be more than a small board has
            self._bundle = self._studio.load(folder, threads)
            self._key = (folder, threads)
        return self._bundle

    @contextmanager
    def _failures(self, number: int | None) -> Iterator[None]:
        """Tell the engine what went wrong, and live on."""
        try:
            yield
        except (EOFError, OSError, _StopAsked) as error:
            if not isinstance(error, ContinuoError):  # some of ours are OSErrors as well
                raise
            self._say(Failed(number=number, message=error.message, remedy=error.remedy))
        except ContinuoError as error:
            self._say(Failed(number=number, message=error.message, remedy=error.remedy))
        except Exception:  # the top of this process
            _LOG.error("a generation failed\n%s", traceback.format_exc())
            self._say(
                Failed(
                    number=number,
                    message="the model failed in a way nobody foresaw",
                    remedy="try another seed; the log has the details",
                )
            )

    def _say(self, said: Answer | Sign) -> None:
        self._connection.send(said)


def main(arguments: list[str]) -> int:
    """Serve the pipe whose descriptor is the first argument, with the studio named second."""
    # An interrupt that reaches it all the same is the engine's matter: this ends with its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(format="%(name)s: %(message)s")
    module, _, name = arguments[1].partition(":")
    studio: Studio = getattr(importlib.import_module(module), name)()
    # What is played matters more than what is computed: less of the processor where it is short,
    # and none of it in the instant in which something else wakes up.
    os.nice(5)
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with Connection(int(arguments[0])) as connection:
        try:
            Server(connection, studio).serve()
        except (EOFError, BrokenPipeError, ConnectionResetError, _StopAsked):
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
