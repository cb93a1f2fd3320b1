"""Saves on a thread of its own: a disk may take longer than the music can wait."""

import logging
import queue
import threading
import traceback
from collections.abc import Callable
from functools import partial

from firmware.engine.events import Saved, SaveFailed
from firmware.errors import ContinuoError, LibraryError
from firmware.library.records import CompositionRecord

STOP_S = 10.0
"""How long the last saves may take when the instrument is switched off."""

_LOG = logging.getLogger(__name__)
_WAITING = 16


class Saver:
    """One thread that saves what it is given, in order.

    Args:
        save: Saves a record and returns its name; raises `ContinuoError`.
        post: Takes `Saved` or `SaveFailed`; called on the saving thread.
    """

    def __init__(
        self,
        save: Callable[[CompositionRecord], str],
        post: Callable[[Saved | SaveFailed], None],
    ) -> None:
        self._save = save
        self._post = post
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name="continuo-saver")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def save(self, record: CompositionRecord) -> None:
        """Have a composition saved.

        Raises:
            LibraryError: If the disk is so slow that too many wait already.
        """
        self.run(partial(self._save_composition, record))

    def run(self, job: Callable[[], None]) -> None:
        """Have anything else written, which sees to its own failures.

        Raises:
            LibraryError: If the disk is so slow that too many wait already.
        """
        try:
            self._jobs.put_nowait(job)
        except queue.Full as error:
            raise LibraryError("the disk is too slow to save this composition") from error

    def stop(self) -> None:
        """Finish what waits, for `STOP_S` seconds at most.

        Raises:
            LibraryError: If it takes longer.
        """
        try:
            self._jobs.put(None, timeout=STOP_S)
        except queue.Full as error:
            raise LibraryError("the disk did not take the last compositions") from error
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise LibraryError("the disk did not take the last composition in time")

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # the top of this thread
                _LOG.error("something was not saved\n%s", traceback.format_exc())

    def _save_composition(self, record: CompositionRecord) -> None:
        try:
            name = self._save(record)
        except ContinuoError as error:
            self._post(SaveFailed(error.message, error.remedy))
        except Exception:  # whatever it was, the player must know
            _LOG.error("a composition was not saved\n%s", traceback.format_exc())
            self._post(SaveFailed("the composition was not saved", "the log says why"))
        else:
            self._post(Saved(name, record))
