"""Somebody who listens to a worker."""

import queue
from pathlib import Path
from typing import Final

from firmware.engine.messages import Advanced, Listen, Loaded, WorkerMessage
from firmware.engine.worker import SILENT_S, InferenceWorker

PATIENCE_S = 20.0
FOLDER: Final = Path("somewhere/fake")
LISTEN: Final = Listen(turns=(), style="piano", bundle_folder=FOLDER)


class Listener:
    """A worker with a studio of `fake_studio`, and what it says."""

    def __init__(self, studio: str, *, silent_s: float = SILENT_S) -> None:
        self.said: queue.Queue[WorkerMessage] = queue.Queue()
        self.worker = InferenceWorker(
            self.said.put, studio=f"fake_studio:{studio}", silent_s=silent_s
        )

    def next(self, kind: type) -> WorkerMessage:
        """The next message of a kind; progress is passed over."""
        while True:
            message = self.said.get(timeout=PATIENCE_S)
            if isinstance(message, kind):
                return message
            assert isinstance(message, Advanced | Loaded), message
