"""The engine: one queue, one owner thread, and the devices around the instrument.

Devices, the worker's listener and the saver post events from their own threads; everything that
changes state happens in `step`, on the thread that runs the engine.
"""

import gc
import logging
import sys
from collections.abc import Callable
from functools import partial

from firmware.config import Config
from firmware.devices.board import Board
from firmware.devices.loops import Loop
from firmware.engine.choices import Choices
from firmware.engine.clock import Clock
from firmware.engine.crew import Crew
from firmware.engine.event_queue import EventQueue
from firmware.engine.events import (
    Answered,
    Asked,
    Brought,
    ButtonHeld,
    ButtonPressed,
    Event,
    FromWorker,
    KnobTurned,
    MidiReceived,
    OutputFailed,
    PortsChanged,
    Saved,
    SaveFailed,
    StopRequested,
    TimeSet,
    WiresMoved,
)
from firmware.errors import ContinuoError
from firmware.library.notebook import Notebook
from firmware.library.store import Library
from firmware.panel.states import State

POLL_NS = 1_000_000_000
"""How often ports and screens that vanished are looked for, and a worker that hangs."""

LONGEST_WAIT_S = 0.25

SWITCH_INTERVAL_S = 0.0002
"""How long another thread may keep the owner from a note."""

_LOG = logging.getLogger(__name__)


class Engine:
    """The instrument with its devices.

    Args:
        board: The devices.
        library: Where compositions are kept.
        clock: The time.
        config: The maker's settings.
        choices: What is left to chance.
        notebook: Where it remembers what was set and played; None for an instrument that forgets.
        wants_safe: Whether it begins in safe mode, whatever was before.

    Attributes:
        crew: Everybody around the instrument.
        instrument: Plays, records and generates.
        panel: Where the player is, and what they do there.
        worker: Runs the models.
        saved: Names of the compositions that were saved so far.
        unsaved: What could not be.
        is_stopping: Whether it was asked to end.
    """

    def __init__(
        self,
        board: Board,
        library: Library,
        clock: Clock,
        config: Config,
        choices: Choices | None = None,
        *,
        notebook: Notebook | None = None,
        wants_safe: bool = False,
    ) -> None:
        self._board = board
        self._clock = clock
        self._queue = EventQueue()
        self.crew = Crew(
            board=board,
            library=library,
            clock=clock,
            config=config,
            choices=choices or Choices(),
            queue=self._queue,
            notebook=notebook,
            wants_safe=wants_safe,
        )
        self.instrument = self.crew.instrument
        self.panel = self.crew.panel
        self.worker = self.crew.worker
        self.saved = self.crew.saved
        self.unsaved = self.crew.unsaved
        self._poll_again_ns = 0
        self.is_stopping = False

    @property
    def dropped(self) -> int:
        """Events that a full queue had to give up."""
        return self._queue.dropped

    def post(self, event: Event) -> None:
        """Have an event handled; from any thread, returns at once."""
        self._queue.post(event)

    def open(self) -> None:
        """Connect the devices and start the helpers; the instrument can be played afterwards.

        Raises:
            ContinuoError: If a device that must be there is not.
        """
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self.crew.saver.start()
        self.crew.librarian.start()
        self.crew.gestures.open()
        now_ns = self._clock.now_ns()
        self._poll_again_ns = now_ns + POLL_NS
        if self.crew.keeper is not None:
            self.crew.keeper.begin(now_ns)
        if self.crew.keeper is None or not self.crew.keeper.is_safe:
            # Without a model it is still an instrument that plays and records.
            self.crew.guarded(lambda _: self.instrument.prepare_worker())
        self.crew.guarded(lambda _: self.crew.librarian.list_models())
        parameters = self.instrument.settings.parameters()
        self.crew.guarded(lambda _: self.crew.librarian.check_model(parameters))
        self.crew.panel_output.refresh(now_ns)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Of the threads that the instrument hangs on, but for the owner's own."""
        return (self.crew.clocks.loop, *self._board.loops)

    def run(self, on_turn: Callable[[], None] = lambda: None) -> None:
        """Play until `StopRequested`; silent in the end, whatever happens.

        Args:
            on_turn: Called after every turn of the owner's loop, several times a second.
        """
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.freeze()  # what was loaded so far stays, and is no longer looked through
        try:
            while not self.is_stopping:
                self.step(self._wait_s())
                on_turn()
        finally:
            self.close()

    def step(self, wait_s: float = 0.0) -> None:
        """Wait for an event, handle all that there are, and do what is due.

        Args:
            wait_s: How long to wait at most, in seconds of real time.
        """
        event = self._queue.get(wait_s)
        while event is not None and not self.is_stopping:
            self._handle(event)
            self.panel.follow(self._clock.now_ns())  # before what was begun may have ended
            self.crew.guarded(self.instrument.run_due)
            self.crew.clocks.follow()
            self.crew.desk.follow()
            event = self._queue.get(0.0)
        self.crew.guarded(self.instrument.run_due)
        now_ns = self._clock.now_ns()
        self.crew.ports.run_due(now_ns)
        self.crew.examiner.run_due(now_ns)
        self.crew.farewell.run_due(now_ns)
        if not self.panel.shows_self_test:
            self.crew.examiner.end()
        if now_ns >= self._poll_again_ns:
            self._poll(now_ns)
        if now_ns >= self.crew.panel_output.due_ns:
            self.crew.panel_output.refresh(now_ns)

    def next_ns(self) -> int:
        """When there is something to do without an event."""
        examiner_ns = self.crew.examiner.next_ns(self._clock.now_ns())
        due = (
            self.instrument.next_ns(),
            self.crew.keyboards.next_ns(),
            examiner_ns,
            self.crew.farewell.next_ns(),
        )
        times = [self._poll_again_ns, *(due_ns for due_ns in due if due_ns is not None)]
        if self.instrument.state is not State.IDLE or self.crew.meter.level(self._clock.now_ns()):
            times.append(self.crew.panel_output.due_ns)
        return min(times)

    def close(self) -> None:
        """Silence everything, finish saving, end the worker and let go of the devices."""
        self.crew.guarded(self.instrument.silence_everything)
        if self.crew.keeper is not None and self.is_stopping:
            self.crew.guarded(self.crew.keeper.finish)
        for last in (
            self.crew.clocks.close,
            self.crew.librarian.stop,
            self.crew.saver.stop,
            self.worker.stop,
            self._board.close,
        ):
            try:
                last()
            except ContinuoError as error:  # the others must still be ended
                _LOG.error("%s", error)
        if self.crew.keeper is not None:
            self.crew.keeper.close()

    def _wait_s(self) -> float:
        wait_s = (self.next_ns() - self._clock.now_ns()) / 1e9
        return min(max(wait_s, 0.0), LONGEST_WAIT_S)

    def _handle(self, event: Event) -> None:
        now_ns = self._clock.now_ns()
        instrument = self.instrument
        match event:
            case MidiReceived() | ButtonPressed() | ButtonHeld() | KnobTurned() | WiresMoved():
                self.crew.gestures.take(event, now_ns)
            case PortsChanged():
                self.crew.ports.poll(now_ns)
            case TimeSet():
                self.crew.guarded(
                    lambda _: instrument.set_time(event.tempo_bpm, event.beats_per_bar)
                )
            case FromWorker():
                self.crew.guarded(lambda at_ns: instrument.answer(event.message, at_ns))
            case Saved() | SaveFailed():
                self._note_save(event, now_ns)
            case Brought() | Asked() | Answered():
                self._hand_on(event, now_ns)
            case OutputFailed():
                instrument.tell(event.message, event.remedy, now_ns)
            case StopRequested():
                self.is_stopping = True

    def _hand_on(self, event: Brought | Asked | Answered, now_ns: int) -> None:
        if isinstance(event, Brought):
            self.crew.guarded(partial(self.crew.performer.take, event.what))
        else:
            self.crew.desk.handle(event, now_ns)

    def _note_save(self, event: Saved | SaveFailed, now_ns: int) -> None:
        if isinstance(event, Saved):
            self.saved.append(event.name)
            self.instrument.takes.note_saved(event.record, event.name)
            if event.is_late:
                self.instrument.tell("The composition is saved now.", "", now_ns)
            return
        self.unsaved.append(event)
        self.instrument.tell(event.message, event.remedy, now_ns)

    def _poll(self, now_ns: int) -> None:
        self._poll_again_ns = now_ns + POLL_NS
        self.crew.ports.poll(now_ns)
        self.worker.end_if_hung()
        self.crew.desk.run_due(now_ns)
        self.crew.librarian.look_at_sticks()
        if self.crew.keeper is not None:
            self.crew.keeper.note(now_ns)
        if self.panel.shows_system:
            self.crew.guarded(lambda _: self.crew.librarian.look_at_system())
        self.crew.panel_output.retry()
