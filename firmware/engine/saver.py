"""Saves on a thread of its own: a disk may take longer than the music can wait.

What could not be saved, since the disk is full for instance, is tried again until it can be.
"""

import logging
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic

from firmware.engine.events import Saved, SaveFailed
from firmware.errors import ContinuoError, LibraryError
from firmware.library.records import CompositionRecord

STOP_S = 10.0
"""How long the last saves may take when the instrument is switched off."""

AGAIN_S = 10.0
"""How long after a failure it is tried again, at the earliest."""
MOST_UNSAVED = 10
"""As many as there are takes; the oldest gives way."""

_LOG = logging.getLogger(__name__)
_WAITING = 16


class Saver:
    """One thread that saves what it is given, in order.

    Args:
        save: Saves a record and returns its name; raises `ContinuoError`.
        post: Takes `Saved` or `SaveFailed`; called on the saving thread.
        again_s: See `AGAIN_S`.
    """

    def __init__(
        self,
        save: Callable[[CompositionRecord], str],
        post: Callable[[Saved | SaveFailed], None],
        *,
        again_s: float = AGAIN_S,
    ) -> None:
        self._save = save
        self._post = post
        self._again_s = again_s
        self._unsaved: deque[CompositionRecord] = deque(maxlen=MOST_UNSAVED)
        self._again_at_s = 0.0
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
        while (job := self._next_job()) is not None:
            try:
                job()
            except Exception:  # the top of this thread
                _LOG.error("something was not saved\n%s", traceback.format_exc())
        self._save_again()

    def _next_job(self) -> Callable[[], None] | None:
        if not self._unsaved:
            return self._jobs.get()
        wait_s = self._again_at_s - monotonic()
        if wait_s <= 0:
            return self._save_again
        try:
            return self._jobs.get(timeout=wait_s)
        except queue.Empty:
            return self._save_again

    def _save_composition(self, record: CompositionRecord) -> None:
        try:
            name = self._save(record)
        except ContinuoError as error:
            self._put_off(record)
            self._post(SaveFailed(error.message, error.remedy))
        except Exception:  # whatever it was, the player must know
            _LOG.error("a composition was not saved\n%s", traceback.format_exc())
            self._post(SaveFailed("the composition was not saved", "the log says why"))
        else:
            self._post(Saved(name, record))

    def _save_again(self) -> None:
        """Save what was not, the oldest first."""
        for _ in range(len(self._unsaved)):
            record = self._unsaved.popleft()
            try:
                name = self._save(record)
            except ContinuoError as error:
                _LOG.info("still not saved: %s", error)
                self._put_off(record)
            else:
                self._post(Saved(name, record, is_late=True))

    def _put_off(self, record: CompositionRecord) -> None:
        self._unsaved.append(record)
        self._again_at_s = monotonic() + self._again_s
