"""What the worker says, handed to whoever waits for it: the music on stage, or the next pass."""

from collections.abc import Callable

from firmware.engine.attendant import Attendant
from firmware.engine.messages import (
    Advanced,
    Cancelled,
    Died,
    Failed,
    Finished,
    Loaded,
    WorkerMessage,
)
from firmware.engine.mixer import Mixer
from firmware.engine.passes import Passes
from firmware.engine.schedule import schedule_of
from firmware.engine.stage import Stage
from firmware.music.notes import Composition
from firmware.panel.states import Trigger
from firmware.parameters import Parameters


def get_ready(message: WorkerMessage, mixer: Mixer) -> None:
    """Reckon where its music strikes, on the thread that hears of it: the owner need not wait.

    Args:
        message: Any.
        mixer: What the music is heard through.
    """
    match message:
        case Advanced(preview=Composition() as music) | Finished(composition=music):
            schedule_of(music)
            schedule_of(music, mixer.mix)
        case _:
            pass


class Reception:
    """One worker's.

    Args:
        stage: What is heard, and the generation at work.
        passes: The next pass.
        attendant: Looks after the worker.
        trigger: Lets something happen.
        tell: Tells the player: a sentence, and what helps.
    """

    def __init__(
        self,
        stage: Stage,
        passes: Passes,
        attendant: Attendant,
        *,
        trigger: Callable[[Trigger, int], None],
        tell: Callable[[str, str, int], None],
    ) -> None:
        self._stage = stage
        self._passes = passes
        self._attendant = attendant
        self._trigger = trigger
        self._tell = tell

    def take(self, message: WorkerMessage, parameters: Parameters, now_ns: int) -> None:
        """Take a message.

        Args:
            message: Any.
            parameters: What is set, for a worker that is started again.
            now_ns: The present.

        Raises:
            ContinuoError: If what follows cannot be done.
        """
        match message:
            case Loaded() | Cancelled():
                self._attendant.note_life()
            case Advanced():
                if not self._passes.take(message, now_ns) and self._stage.advance(message):
                    self._trigger(Trigger.PREVIEW, now_ns)
            case Finished():
                self._attendant.note_life()
                if not self._passes.take(message, now_ns) and self._stage.finish(message):
                    self._trigger(Trigger.FINISHED, now_ns)
            case Failed():
                self._fail(message, now_ns)
            case Died():
                self._bury(message, parameters, now_ns)

    def _fail(self, failed: Failed, now_ns: int) -> None:
        if self._passes.fail(failed, now_ns):
            return
        if failed.number is not None and not self._stage.is_present(failed.number):
            return
        self._tell(failed.message, failed.remedy, now_ns)
        if failed.number is not None:
            self._trigger(Trigger.FAILED, now_ns)

    def _bury(self, died: Died, parameters: Parameters, now_ns: int) -> None:
        if not self._attendant.reap(died):
            return
        self._passes.drop(is_lost=True)
        if self._stage.generating is not None:
            self._trigger(Trigger.FAILED, now_ns)
        self._tell(*self._attendant.revive(parameters), now_ns)
