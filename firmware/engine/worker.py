"""The engine's end of the inference worker: starts it, talks to it, and notices when it dies.

The worker is a plain child process with a socket, not one of `multiprocessing`: nothing of the
parent's main module is imported again in it, and no resource tracker stands beside it, which
together is half of what a worker with its model weighs.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path

import firmware
from firmware.engine.messages import (
    Cancel,
    Command,
    Died,
    Generate,
    GenerationRequest,
    Listen,
    Load,
    Stop,
    WorkerMessage,
)
from firmware.errors import WorkerError

STUDIO = "firmware.engine.worker_process:BundleStudio"
STOP_S = 2.0
"""How long each of asking, terminating and killing may take."""

# One thread: more would take the cores from the music, and each takes memory of its own.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

_LOG = logging.getLogger(__name__)


class InferenceWorker:
    """One child process that generates, and a thread that listens to it.

    All methods belong to the engine's thread; `post` is called on the listening one.

    Args:
        post: Takes what the worker says, and `Died` when it is gone; returns at once.
        studio: `module:class` of the `Studio` in the process.
    """

    def __init__(self, post: Callable[[WorkerMessage], None], *, studio: str = STUDIO) -> None:
        self._post = post
        self._studio = studio
        self._environment = {**os.environ, **_ENVIRONMENT}
        # Found again wherever the parent found it, installed or not.
        roots = [str(Path(firmware.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._environment["PYTHONPATH"] = os.pathsep.join(root for root in roots if root)
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._listener: threading.Thread | None = None
        self._numbers = 0
        self.incarnation = 0

    @property
    def pid(self) -> int | None:
        """The process, or None while there is none."""
        return self._process.pid if self._process else None

    def start(self, bundle_folder: Path | None = None, *, threads: int = 1) -> None:
        """Start the process if there is none, and have it load a bundle in the background.

        Raises:
            WorkerError: If the process cannot be started.
        """
        if self._process is None:
            self._spawn()
        if bundle_folder is not None:
            self._tell(Load(bundle_folder=bundle_folder, threads=threads))

    def generate(self, request: GenerationRequest) -> int:
        """Begin a generation, starting the process if there is none.

        Returns:
            The number that its answers carry.

        Raises:
            WorkerError: If there is no process and none can be started.
        """
        if self._process is None:
            self._spawn()
        self._numbers += 1
        self._tell(Generate(number=self._numbers, request=request))
        return self._numbers

    def listen(self, duet: Listen) -> None:
        """Have a process, if there is one, read what was said in a duet in the background."""
        if self._process is not None:
            self._tell(duet)

    def cancel(self, number: int) -> None:
        """Give up a generation between two of its passes."""
        self._tell(Cancel(number))

    def reap(self, died: Died) -> bool:
        """Clear away a process that died; whether it was the present one."""
        if died.incarnation != self.incarnation or self._process is None:
            return False
        self._end()
        return True

    def stop(self) -> None:
        """End the process: ask, then terminate, then kill, each for `STOP_S` seconds at most.

        Raises:
            WorkerError: If it does not die even so.
        """
        if self._process is not None:
            self._tell(Stop())
            self._end()

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        command = [
            sys.executable,
            "-m",
            "firmware.engine.worker_process",
            str(theirs.fileno()),
            self._studio,
        ]
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    command,
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=self._environment,
                    # Out of a terminal's reach: the engine alone decides when it ends.
                    process_group=0,
                )
        except OSError as error:
            ours.close()
            raise WorkerError(f"the model's process cannot be started: {error.strerror}") from error
        self._connection = Connection(ours.detach())
        self.incarnation += 1
        self._listener = threading.Thread(
            target=_listen,
            args=(self._process, self._connection, self._post, self.incarnation),
            name="continuo-worker-listener",
        )
        self._listener.start()

    def _tell(self, command: Command) -> None:
        assert self._connection is not None
        try:
            self._connection.send(command)
        except OSError:
            # It died a moment ago; the listener says so on the queue, and that is acted on.
            _LOG.info("the worker was gone when it was told %s", type(command).__name__)

    def _end(self) -> None:
        process, connection, listener = self._process, self._connection, self._listener
        assert process is not None
        assert connection is not None
        assert listener is not None
        for more in (None, process.terminate, process.kill):
            if more is not None:
                more()
            try:
                process.wait(STOP_S)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            raise WorkerError(f"the model's process {process.pid} does not die")
        listener.join(STOP_S)
        if listener.is_alive():
            raise WorkerError("the thread that listens to the model's process does not end")
        connection.close()
        self._process = self._connection = self._listener = None


def _listen(
    process: subprocess.Popen[bytes],
    connection: Connection,
    post: Callable[[WorkerMessage], None],
    incarnation: int,
) -> None:
    """Hand on answers, and log what the process writes to its standard error, until it is gone."""
    assert process.stderr is not None
    log = _Log()
    with process.stderr:
        errors = process.stderr.fileno()
        streams: list[Connection | int] = [connection, errors]
        while streams:
            # With the pipe closed the process has no more to do than to end.
            ready = wait(streams, None if connection in streams else STOP_S)
            if not ready:
                break
            if errors in ready and not log.feed(os.read(errors, 65536)):
                streams.remove(errors)
            if connection in ready:
                try:
                    post(connection.recv())
                except (EOFError, OSError):
                    streams.remove(connection)
    try:
        exit_code = process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()  # its pipe is closed, so nothing can come of it any more
        exit_code = process.wait(STOP_S)
    post(Died(incarnation=incarnation, exit_code=exit_code))


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
