"""The engine's line to the process of one inference worker: whoever speaks on it never waits.

A process that stands still reads nothing, and what it was told would fill its socket's buffer
until the teller waits for it: so that is a thread of its own. Another one listens, to the process
and to its standard error. How long a process is silent that owes an answer is for the owner to ask.
"""

import logging
import os
import queue
import subprocess
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Final

from firmware.engine.messages import (
    Answer,
    Cancelled,
    Command,
    Died,
    Failed,
    Finished,
    Generate,
    Listen,
    Listened,
    Load,
    Loaded,
    Sign,
    WorkerMessage,
)
from firmware.errors import WorkerError

END_S: Final = 2.0
"""How long threads, and a process whose pipes are closed, may take to end."""

# Each of these is answered by one of those.
_WORK = Load | Generate | Listen
_LAST_WORDS = Loaded | Listened | Finished | Failed | Cancelled

_LOG = logging.getLogger(__name__)


class Line:
    """One process's. Its threads end with the process.

    Args:
        process: Has a pipe at its standard error.
        connection: Our end of its socket.
        post: Takes what it says, and `Died` when it is gone; called on the listening thread.
        incarnation: Which start of the worker it is.
    """

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        connection: Connection,
        post: Callable[[WorkerMessage], None],
        incarnation: int,
    ) -> None:
        self._process = process
        self._connection = connection
        self._post = post
        self._incarnation = incarnation
        self._debt = _Debt()
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._threads = (
            threading.Thread(target=self._speak, name="continuo-worker-teller"),
            threading.Thread(target=self._listen, name="continuo-worker-listener"),
        )
        for thread in self._threads:
            thread.start()

    def tell(self, command: Command) -> None:
        """Tell the process something, whether it reads or not; returns at once."""
        self._debt.owe(command)
        self._commands.put(command)

    def is_silent(self, for_s: float) -> bool:
        """Whether the process owes an answer and has said nothing for some seconds."""
        # What lies there unread was said: it was this process that did not listen.
        return self._debt.silent_s() >= for_s and not self._connection.poll()

    def close(self) -> None:
        """Clear away, when the process has ended.

        Raises:
            WorkerError: If a thread does not end even so.
        """
        self._commands.put(None)
        for thread in self._threads:
            thread.join(END_S)
            if thread.is_alive():
                raise WorkerError(f"the thread {thread.name} of the model's process does not end")
        self._connection.close()

    def _speak(self) -> None:
        while (command := self._commands.get()) is not None:
            try:
                self._connection.send(command)
            except OSError:
                # It died a moment ago; the listener says so, and that is acted on.
                _LOG.info("the worker was gone when it was told %s", type(command).__name__)

    def _listen(self) -> None:
        """Hand on answers, and log what is written to standard error, until the process is gone."""
        process, connection = self._process, self._connection
        assert process.stderr is not None
        log = _Log()
        with process.stderr:
            errors = process.stderr.fileno()
            streams: list[Connection | int] = [connection, errors]
            while streams:
                # With the socket closed the process has no more to do than to end.
                ready = wait(streams, None if connection in streams else END_S)
                if not ready:
                    break
                if errors in ready and not log.feed(os.read(errors, 65536)):
                    streams.remove(errors)
                if connection in ready:
                    try:
                        self._hear(connection.recv())
                    except (EOFError, OSError):
                        streams.remove(connection)
        try:
            exit_code = process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its socket is closed, so nothing can come of it any more
            exit_code = process.wait(END_S)
        self._post(Died(incarnation=self._incarnation, exit_code=exit_code))

    def _hear(self, said: Answer | Sign) -> None:
        self._debt.hear(said)
        if not isinstance(said, Sign):
            self._post(said)


class _Debt:
    """What is still to be answered, and since when nothing was heard. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers = 0
        self._since_s = monotonic()

    def owe(self, command: Command) -> None:
        """Work was asked for."""
        with self._lock:
            if not self._answers:
                self._since_s = monotonic()
            self._answers += isinstance(command, _WORK)

    def hear(self, said: Answer | Sign) -> None:
        """Something was heard."""
        with self._lock:
            self._since_s = monotonic()
            self._answers -= isinstance(said, _LAST_WORDS)

    def silent_s(self) -> float:
        """Seconds without a word, 0 while nothing is owed."""
        with self._lock:
            return monotonic() - self._since_s if self._answers else 0.0


class _Log:
    """Lines of a process's standard error, as log records."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, content: bytes) -> bool:
        """Log whole lines, and at the end of the stream the rest; whether there can be more."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        if not content and self._rest:
            lines.append(self._rest)
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            # The interpreter says on every start which kernels it took.
            _LOG.log(logging.INFO if text.startswith("INFO:") else logging.WARNING, "%s", text)
        return bool(content)
