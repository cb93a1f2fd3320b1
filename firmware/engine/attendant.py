"""Looks after the inference worker: gets it ready, and gets it up again when it has died."""

import logging

from firmware.engine.messages import Died
from firmware.engine.outside import Outside
from firmware.errors import ContinuoError
from firmware.parameters import Parameters

_MOST_DEATHS = 3  # of the worker in a row, before it is left alone until it is needed

_LOG = logging.getLogger(__name__)


class Attendant:
    """One worker's.

    Args:
        outside: The worker, and where its models are.
        threads: Threads of its interpreter.
    """

    def __init__(self, outside: Outside, *, threads: int) -> None:
        self._outside = outside
        self._threads = threads
        self._deaths = 0

    def prepare(self, parameters: Parameters) -> None:
        """Start the worker and have it load the model, so that the first generation is quick.

        Raises:
            ContinuoError: If there is no model or no process.
        """
        folder = self._outside.choose_bundle(parameters)
        self._outside.worker.start(folder, threads=self._threads)

    def note_life(self) -> None:
        """The worker has done something: what it died of before is forgotten."""
        self._deaths = 0

    def reap(self, died: Died) -> bool:
        """Clear a dead process away; whether it was the present one."""
        if not self._outside.worker.reap(died):
            return False
        _LOG.warning("the inference worker died with exit code %s", died.exit_code)
        self._deaths += 1
        return True

    def revive(self, parameters: Parameters) -> tuple[str, str]:
        """Start it again, unless it keeps dying; the sentence and the remedy for the player."""
        if self._deaths >= _MOST_DEATHS:
            return "the model's process keeps stopping", "generate tries once more"
        try:
            self.prepare(parameters)
        except ContinuoError as error:
            return error.message, error.remedy
        return "the model's process stopped and was started again", "press generate again"
