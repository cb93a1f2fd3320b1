"""Everybody who works around the instrument, and who knows whom."""

import logging
from collections.abc import Callable
from functools import partial

from firmware.config import Config
from firmware.devices.board import Board
from firmware.engine.bundles import installed_values
from firmware.engine.choices import Choices
from firmware.engine.clerk import Clerk
from firmware.engine.clock import Clock
from firmware.engine.clocks import Clocks
from firmware.engine.control.desk import Around, Desk
from firmware.engine.control.facts import Seen
from firmware.engine.event_queue import EventQueue
from firmware.engine.events import (
    Brought,
    FromWorker,
    OutputFailed,
    SaveFailed,
    StopRequested,
    WiresMoved,
)
from firmware.engine.examiner import KEPT, Examiner
from firmware.engine.farewell import Farewell
from firmware.engine.findings import Nothing
from firmware.engine.gestures import Gestures
from firmware.engine.instrument import Instrument
from firmware.engine.keeper import Keeper
from firmware.engine.keyboards import Keyboards
from firmware.engine.librarian import Librarian
from firmware.engine.messages import WorkerMessage
from firmware.engine.meter import Meter
from firmware.engine.output import Output
from firmware.engine.outside import Outside
from firmware.engine.panel_control import PanelControl
from firmware.engine.panel_output import PanelOutput
from firmware.engine.performer import Hands, Performer
from firmware.engine.ports import Ports
from firmware.engine.reception import get_ready
from firmware.engine.remembered import Remembered
from firmware.engine.saver import Saver
from firmware.engine.shelves import Shelves
from firmware.engine.sound import Sound
from firmware.engine.sticks import StickWatch
from firmware.engine.viewing import Viewer
from firmware.engine.worker import InferenceWorker
from firmware.errors import ContinuoError
from firmware.library.names import MODELS_FOLDER
from firmware.library.notebook import Notebook
from firmware.library.store import Library
from firmware.version import installed_version

_LOG = logging.getLogger(__name__)


class Crew:
    """One engine's; nobody has begun to work yet.

    Args:
        board: The devices.
        library: Where compositions are kept.
        clock: The time.
        config: The maker's settings.
        choices: What is left to chance.
        queue: Where all of them post their events.
        notebook: Where it is remembered what was set and played; None for an instrument that
            forgets.
        wants_safe: Whether it begins in safe mode, whatever was before.

    Attributes:
        saver: Saves compositions.
        worker: Runs the models.
        meter: How much sounds.
        instrument: Plays, records and generates.
        keyboards: The board's.
        clocks: Keep time with others.
        sound: How it sounds.
        ports: What comes and goes.
        librarian: Looks things up.
        shelves: What was looked up.
        sticks: What is plugged in.
        farewell: The end that the player asks for.
        examiner: Tests what is wired.
        performer: Carries out what pages ask for, and programs.
        panel: Where the player is.
        panel_output: What the player sees.
        gestures: What hands do.
        desk: Answers programs.
        keeper: Remembers; None of an instrument that forgets.
        saved: Names of the compositions that were saved so far.
        unsaved: What could not be.
    """

    def __init__(
        self,
        *,
        board: Board,
        library: Library,
        clock: Clock,
        config: Config,
        choices: Choices,
        queue: EventQueue,
        notebook: Notebook | None,
        wants_safe: bool,
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._notebook = notebook
        self.saved: list[str] = []
        self.unsaved: list[SaveFailed] = []
        output = Output(
            board.synthesizer,
            lambda error: queue.post(OutputFailed(message=error.message, remedy=error.remedy)),
        )
        self.saver = Saver(library.save, queue.post)
        self.worker = InferenceWorker(self._hear_worker, studio=choices.studio)
        choose = choices.bundle_chooser(config)
        self.meter = Meter(output.send, clock.now_ns)
        self.instrument = Instrument(
            config,
            Outside(
                send=self.meter.send,
                save=self.saver.save,
                worker=self.worker,
                choose_bundle=choose,
                name_take=choices.name_take,
                choose_seed=choices.choose_seed,
                wall_clock=choices.wall_clock,
                installed=installed_values(
                    preferred=config.bundle, own=library.root / MODELS_FOLDER
                ),
            ),
        )
        self.keyboards = Keyboards(board.keyboards)
        self.clocks = Clocks(self.instrument, output.send, clock.now_ns)
        self.sound = Sound(output.send)
        self.ports = Ports(
            synthesizer=board.synthesizer,
            keyboards=self.keyboards,
            clocks=self.clocks,
            instrument=self.instrument,
            output=output,
            sound=self.sound,
        )
        self.librarian = Librarian(library, choices.machine, choose, queue.post)
        self.shelves = Shelves()
        self.sticks = StickWatch()
        self.farewell = Farewell(
            lambda: queue.post(StopRequested()),
            self.instrument.tell,
            loses_power=choices.loses_power,
        )
        self.examiner = Examiner(
            board.wires,
            lambda: queue.post(WiresMoved()),
            lambda: self.instrument.state,
            lambda text: self.guarded(lambda _: self._keep_wiring(text)),
        )
        self.performer = self._performer()
        self.panel = PanelControl(self.instrument, self._viewer(), self.performer, self.guarded)
        self.panel_output = PanelOutput(board, self.instrument, self.examiner, self.panel.view)
        self.gestures = Gestures(
            board=board,
            ports=self.ports,
            panel=self.panel,
            examiner=self.examiner,
            post=queue.post,
        )
        self.desk = self._desk(library)
        self.keeper: Keeper | None = None
        if notebook is not None:
            self.keeper = self._keeper(notebook, library, wants_safe=wants_safe)

    def guarded(self, action: Callable[[int], None]) -> None:
        """Do something; what the player should know of its failure is put on the panel."""
        now_ns = self._clock.now_ns()
        try:
            action(now_ns)
        except ContinuoError as error:
            _LOG.info("%s", error)
            self.instrument.tell(error.message, error.remedy, now_ns)

    def _hear_worker(self, message: WorkerMessage) -> None:
        get_ready(message, self.instrument.stage.mixer)
        self._queue.post(FromWorker(message))

    def _keep_wiring(self, text: str) -> None:
        if self._notebook is not None:
            self.saver.run(partial(self._notebook.write, KEPT, text))

    def _performer(self) -> Performer:
        return Performer(
            Hands(
                instrument=self.instrument,
                librarian=self.librarian,
                clerk=Clerk(self.librarian, self.shelves, self.sticks, self.instrument),
                sound=self.sound,
                clocks=self.clocks,
                keyboards=self.keyboards,
                examiner=self.examiner,
                save=self.saver.save,
                farewell=self.farewell,
                offers=lambda: self.keeper,
            )
        )

    def _viewer(self) -> Viewer:
        return Viewer(
            self.instrument,
            self.shelves,
            self.sound,
            self.meter,
            lambda: self.ports.facts(self._clock.now_ns()),
            sticks=lambda: self.sticks.lines,
            recovery=lambda: self.keeper.recovery if self.keeper else None,
            wiring=self.examiner.facts,
        )

    def _desk(self, library: Library) -> Desk:
        return Desk(
            Around(
                seen=Seen(
                    instrument=self.instrument,
                    worker=self.worker,
                    ports=self.ports,
                    sound=self.sound,
                    shelves=self.shelves,
                    began_ns=self._clock.now_ns(),
                    dropped=lambda: self._queue.dropped,
                    is_safe=lambda: self.keeper is not None and self.keeper.is_safe,
                    library=str(library.root),
                    version=installed_version(),
                ),
                performer=self.performer,
                librarian=self.librarian,
                shelves=self.shelves,
                unsaved=lambda: len(self.unsaved),
            )
        )

    def _keeper(self, notebook: Notebook, library: Library, *, wants_safe: bool) -> Keeper:
        return Keeper(
            notebook,
            library,
            Remembered(
                instrument=self.instrument,
                sound=self.sound,
                keyboards=self.keyboards,
                clocks=self.clocks,
                panel=self.panel,
            ),
            run=self.saver.run,
            tell=lambda message, remedy: self._queue.post(Brought(Nothing(message, remedy))),
            wants_safe=wants_safe,
        )
