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
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import firmware
from firmware.engine.messages import (
    Cancel,
    Died,
    Generate,
    GenerationRequest,
    Listen,
    Load,
    Stop,
    WorkerMessage,
)
from firmware.engine.worker_line import Line
from firmware.errors import WorkerError

STUDIO = "firmware.engine.worker_process:BundleStudio"
STOP_S = 2.0
"""How long each of asking, terminating and killing may take."""

SILENT_S = 60.0
"""A process that owes an answer and says nothing for this long hangs. It speaks after each pass of
a model, and the longest of them takes the slowest board a few seconds; so does loading one."""

# One thread: more would take the cores from the music, and each takes memory of its own.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

_LOG = logging.getLogger(__name__)


class InferenceWorker:
    """One child process that generates.

    All methods belong to the engine's thread and never wait for the process, but for `reap` and
    `stop`, which wait for its end; `post` is called on a thread that listens to it.

    Args:
        post: Takes what the worker says, and `Died` when it is gone; returns at once.
        studio: `module:class` of the `Studio` in the process.
        silent_s: For how long it may owe an answer without a word.

    Attributes:
        silent_s: As given.
        incarnation: How often it was started.
    """

    def __init__(
        self,
        post: Callable[[WorkerMessage], None],
        *,
        studio: str = STUDIO,
        silent_s: float = SILENT_S,
    ) -> None:
        self.silent_s = silent_s
        self._post = post
        self._studio = studio
        self._environment = {**os.environ, **_ENVIRONMENT}
        # Found again wherever the parent found it, installed or not.
        roots = [str(Path(firmware.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._environment["PYTHONPATH"] = os.pathsep.join(root for root in roots if root)
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None
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
        line = self._line or self._spawn()
        if bundle_folder is not None:
            line.tell(Load(bundle_folder=bundle_folder, threads=threads))

    def generate(self, request: GenerationRequest) -> int:
        """Begin a generation, starting the process if there is none.

        Returns:
            The number that its answers carry.

        Raises:
            WorkerError: If there is no process and none can be started.
        """
        line = self._line or self._spawn()
        self._numbers += 1
        line.tell(Generate(number=self._numbers, request=request))
        return self._numbers

    def listen(self, duet: Listen) -> None:
        """Have a process, if there is one, read what was said in a duet in the background."""
        if self._line is not None:
            self._line.tell(duet)

    def cancel(self, number: int) -> None:
        """Give up a generation between two of its passes."""
        if self._line is not None:
            self._line.tell(Cancel(number))

    def end_if_hung(self) -> None:
        """Kill a process that was silent for too long; to be called every second or so.

        Its end is told as any other is, with `Died`.
        """
        if self._process is None or self._line is None or not self._line.is_silent(self.silent_s):
            return
        if self._process.poll() is None:
            _LOG.error("the inference worker owes an answer and is silent: it is killed")
            self._process.kill()

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
        if self._line is not None:
            self._line.tell(Stop())
            self._end()

    def _spawn(self) -> Line:
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
        self.incarnation += 1
        self._line = Line(self._process, Connection(ours.detach()), self._post, self.incarnation)
        return self._line

    def _end(self) -> None:
        process, line = self._process, self._line
        assert process is not None
        assert line is not None
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
        line.close()
        self._process = self._line = None
