"""The engine: one queue, one owner thread, and the devices around the instrument.

Devices, the worker's listener and the saver post events from their own threads; everything that
changes state happens in `step`, on the thread that runs the engine.
"""

import gc
import logging
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType

from firmware.config import Config
from firmware.devices.board import Board
from firmware.devices.controls import Button, Led
from firmware.devices.host import Host, LinuxHost
from firmware.devices.loops import Loop
from firmware.engine.bundles import choose_bundle, installed_values
from firmware.engine.clock import Clock
from firmware.engine.clocks import Clocks
from firmware.engine.control_desk import Around, Desk
from firmware.engine.control_facts import Seen
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
from firmware.engine.examiner import KEPT, Examiner
from firmware.engine.findings import Nothing
from firmware.engine.instrument import Instrument
from firmware.engine.keeper import Keeper
from firmware.engine.keyboards import Keyboards
from firmware.engine.librarian import Librarian
from firmware.engine.messages import Advanced, Finished, WorkerMessage
from firmware.engine.meter import Meter
from firmware.engine.output import Output
from firmware.engine.outside import Outside
from firmware.engine.panel_control import PanelControl
from firmware.engine.performer import Hands, Performer
from firmware.engine.ports import Ports
from firmware.engine.remembered import Remembered
from firmware.engine.saver import Saver
from firmware.engine.schedule import schedule_of
from firmware.engine.shelves import Shelves
from firmware.engine.sound import Sound
from firmware.engine.viewing import Viewer
from firmware.engine.worker import STUDIO, InferenceWorker
from firmware.errors import ContinuoError, DeviceError
from firmware.library.names import MODELS_FOLDER
from firmware.library.notebook import Notebook
from firmware.library.store import Library
from firmware.midi.control_maps import ControlMap, MoveKnob, PressButton
from firmware.midi.messages import MidiMessage, Realtime
from firmware.music.notes import Composition
from firmware.panel.drawing import draw
from firmware.panel.keys import Dial, Key
from firmware.panel.states import State
from firmware.panel.views import View
from firmware.parameters import Parameters
from firmware.version import installed_version

FRAME_NS = 50_000_000
"""The panel is drawn no more often than this."""

POLL_NS = 1_000_000_000
"""How often ports and screens that vanished are looked for."""

LONGEST_WAIT_S = 0.25

SWITCH_INTERVAL_S = 0.0002
"""How long another thread may keep the owner from a note."""

_LOG = logging.getLogger(__name__)

_LEDS: Mapping[Led, frozenset[State]] = MappingProxyType(
    {
        Led.RECORD: frozenset({State.COUNT_IN, State.RECORDING}),
        Led.GENERATE: frozenset(
            {State.GENERATING, State.AUDITIONING, State.DUET_LISTENING, State.DUET_ANSWERING}
        ),
        Led.PLAY: frozenset({State.PLAYING, State.AUDITIONING, State.DUET_ANSWERING}),
    }
)


def _numbered_takes() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"Take {next(numbers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is left to chance and to the calendar, so that tests and demos can decide it.

    Attributes:
        name_take: What the next recording is called.
        choose_seed: A seed for the next generation.
        wall_clock: Date and time, with time zone.
        choose_bundle: The model's folder for a technique and its values; None for the one
            that is configured or installed.
        studio: The worker's `Studio`.
        host: The computer.
    """

    name_take: Callable[[], str] = field(default_factory=_numbered_takes)
    choose_seed: Callable[[], int] = field(
        default_factory=lambda: lambda: random.SystemRandom().randrange(1000)
    )
    wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    choose_bundle: Callable[[Parameters], Path] | None = None
    studio: str = STUDIO
    host: Host = field(default_factory=LinuxHost)


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
        choices = choices or Choices()
        self._board = board
        self._clock = clock
        self._queue = EventQueue()
        self._output = Output(
            board.synthesizer,
            lambda error: self.post(OutputFailed(message=error.message, remedy=error.remedy)),
        )
        self._saver = Saver(library.save, self.post)
        self.worker = InferenceWorker(self._hear_worker, studio=choices.studio)
        choose = choices.choose_bundle or partial(_configured_bundle, config)
        self._meter = Meter(self._output.send, clock.now_ns)
        self.instrument = Instrument(
            config,
            Outside(
                send=self._meter.send,
                save=self._saver.save,
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
        self.saved: list[str] = []
        self.unsaved: list[SaveFailed] = []
        self._keyboards = Keyboards(board.keyboards)
        self._clocks = Clocks(self.instrument, self._output.send, clock.now_ns)
        self._sound = Sound(self._output.send)
        self._ports = Ports(
            synthesizer=board.synthesizer,
            keyboards=self._keyboards,
            clocks=self._clocks,
            instrument=self.instrument,
            output=self._output,
            sound=self._sound,
        )
        self._librarian = Librarian(library, choices.host, choose, self.post)
        self._shelves = Shelves()
        self._examiner = Examiner(
            board.wires,
            lambda: self.post(WiresMoved()),
            lambda: self.instrument.state,
            lambda text: self._guarded(lambda _: self._keep_wiring(notebook, text)),
        )
        self._performer = Performer(
            Hands(
                instrument=self.instrument,
                librarian=self._librarian,
                shelves=self._shelves,
                sound=self._sound,
                clocks=self._clocks,
                keyboards=self._keyboards,
                examiner=self._examiner,
                save=self._saver.save,
                stop=lambda: self.post(StopRequested()),
                offers=lambda: self._keeper,
            )
        )
        viewer = Viewer(
            self.instrument,
            self._shelves,
            self._sound,
            self._meter,
            lambda: self._ports.facts(clock.now_ns()),
            recovery=lambda: self._keeper.recovery if self._keeper else None,
            wiring=self._examiner.facts,
        )
        self.panel = PanelControl(self.instrument, viewer, self._performer, self._guarded)
        self._desk = Desk(
            Around(
                seen=Seen(
                    instrument=self.instrument,
                    worker=self.worker,
                    ports=self._ports,
                    sound=self._sound,
                    shelves=self._shelves,
                    began_ns=clock.now_ns(),
                    dropped=lambda: self.dropped,
                    is_safe=lambda: self._keeper is not None and self._keeper.is_safe,
                    library=str(library.root),
                    version=installed_version(),
                ),
                performer=self._performer,
                librarian=self._librarian,
                shelves=self._shelves,
                unsaved=lambda: len(self.unsaved),
            )
        )
        self._keeper: Keeper | None = None
        if notebook is not None:
            self._keeper = Keeper(
                notebook,
                library,
                Remembered(
                    instrument=self.instrument,
                    sound=self._sound,
                    keyboards=self._keyboards,
                    clocks=self._clocks,
                    panel=self.panel,
                ),
                run=self._saver.run,
                tell=lambda message, remedy: self.post(Brought(Nothing(message, remedy))),
                wants_safe=wants_safe,
            )
        self._shown: View | None = None
        self._draw_again_ns = 0
        self._poll_again_ns = 0
        self._lit: frozenset[Led] = frozenset()
        self._display_failed = False
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
        self._saver.start()
        self._librarian.start()
        self._ports.open(self._hear, lambda: self.post(PortsChanged()))
        self._board.buttons.open(
            lambda button, at_ns: self.post(ButtonPressed(button, at_ns)),
            lambda button, at_ns: self.post(ButtonHeld(button, at_ns)),
        )
        self._board.knobs.open(
            lambda knob, clicks, at_ns: self.post(KnobTurned(knob, clicks, at_ns))
        )
        now_ns = self._clock.now_ns()
        self._poll_again_ns = now_ns + POLL_NS
        if self._keeper is not None:
            self._keeper.begin(now_ns)
        if self._keeper is None or not self._keeper.is_safe:
            # Without a model it is still an instrument that plays and records.
            self._guarded(lambda _: self.instrument.prepare_worker())
        self._guarded(lambda _: self._librarian.list_models())
        parameters = self.instrument.settings.parameters()
        self._guarded(lambda _: self._librarian.check_model(parameters))
        self._refresh(now_ns)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Of the threads that the instrument hangs on, but for the owner's own."""
        return (self._clocks.loop, *self._board.loops)

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
            self._guarded(self.instrument.run_due)
            self._clocks.follow()
            self._desk.follow()
            event = self._queue.get(0.0)
        self._guarded(self.instrument.run_due)
        now_ns = self._clock.now_ns()
        self._ports.run_due(now_ns)
        self._examiner.run_due(now_ns)
        if not self.panel.shows_self_test:
            self._examiner.end()
        if now_ns >= self._poll_again_ns:
            self._poll(now_ns)
        if now_ns >= self._draw_again_ns:
            self._refresh(now_ns)

    def next_ns(self) -> int:
        """When there is something to do without an event."""
        examiner_ns = self._examiner.next_ns(self._clock.now_ns())
        due = (self.instrument.next_ns(), self._keyboards.next_ns(), examiner_ns)
        times = [self._poll_again_ns, *(due_ns for due_ns in due if due_ns is not None)]
        if self.instrument.state is not State.IDLE or self._meter.level(self._clock.now_ns()):
            times.append(self._draw_again_ns)
        return min(times)

    def close(self) -> None:
        """Silence everything, finish saving, end the worker and let go of the devices."""
        self._guarded(self.instrument.silence_everything)
        if self._keeper is not None and self.is_stopping:
            self._guarded(self._keeper.finish)
        for last in (
            self._clocks.close,
            self._librarian.stop,
            self._saver.stop,
            self.worker.stop,
            self._board.close,
        ):
            try:
                last()
            except ContinuoError as error:  # the others must still be ended
                _LOG.error("%s", error)
        if self._keeper is not None:
            self._keeper.close()

    def _wait_s(self) -> float:
        wait_s = (self.next_ns() - self._clock.now_ns()) / 1e9
        return min(max(wait_s, 0.0), LONGEST_WAIT_S)

    def _handle(self, event: Event) -> None:
        now_ns = self._clock.now_ns()
        instrument = self.instrument
        match event:
            case MidiReceived():
                self._take(event, now_ns)
            case ButtonPressed() | ButtonHeld() | KnobTurned() | WiresMoved():
                self._touch(event, now_ns)
            case PortsChanged():
                self._ports.poll(now_ns)
            case TimeSet():
                self._guarded(lambda _: instrument.set_time(event.tempo_bpm, event.beats_per_bar))
            case FromWorker():
                self._guarded(lambda at_ns: instrument.answer(event.message, at_ns))
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
            self._guarded(partial(self._performer.take, event.what))
        else:
            self._desk.handle(event, now_ns)

    def _touch(
        self, event: ButtonPressed | ButtonHeld | KnobTurned | WiresMoved, now_ns: int
    ) -> None:
        match event:
            case ButtonPressed(button=button):
                self.panel.press(Key(button.value), now_ns)
            case ButtonHeld(button=Button.STOP) if not self._examiner.is_asking:
                self._ports.panic(now_ns)
            case ButtonHeld():  # of another one; its press was all
                pass
            case KnobTurned(knob=knob, clicks=clicks):
                self.panel.turn(Dial(knob.value), clicks, now_ns)
            case WiresMoved():
                self._examiner.take(now_ns)

    def _keep_wiring(self, notebook: Notebook | None, text: str) -> None:
        if notebook is not None:
            self._saver.run(partial(notebook.write, KEPT, text))

    def _note_save(self, event: Saved | SaveFailed, now_ns: int) -> None:
        if isinstance(event, Saved):
            self.saved.append(event.name)
            self.instrument.takes.note_saved(event.record, event.name)
            return
        self.unsaved.append(event)
        self.instrument.tell(event.message, event.remedy, now_ns)

    def _hear(self, keyboard: int, message: MidiMessage, at_ns: int) -> None:
        """A key sounds here and now, on the keyboard's thread; the owner takes it later."""
        if self._keyboards.is_music(keyboard, message):
            self.instrument.thru.feed(message, keyboard)
        self.post(MidiReceived(message, at_ns, keyboard))

    def _take(self, event: MidiReceived, now_ns: int) -> None:
        if isinstance(event.message, Realtime):  # a clock is no hand
            self._clocks.hear(event.message, event.at_ns)
            return
        self._board.display.wake()
        lesson = self._keyboards.learn(event.keyboard, event.message)
        if lesson is not None:
            self.instrument.tell(f"Learned: controller {lesson.control}", "", now_ns)
            return
        self._keyboards.note_stop(event.keyboard, event.message, event.at_ns)
        panel = self._keyboards.panel_of(event.keyboard, event.message)
        if panel is None:
            self.instrument.hear(event.message, event.at_ns, event.keyboard)
        else:
            self._control(panel, event.message, now_ns)

    def _hear_worker(self, message: WorkerMessage) -> None:
        match message:
            case Advanced(preview=Composition() as music) | Finished(composition=music):
                # Here and now, so that the owner does not wait for it.
                schedule_of(music)
                schedule_of(music, self.instrument.stage.mixer.mix)
            case _:
                pass
        self.post(FromWorker(message))

    def _control(self, control_map: ControlMap, message: MidiMessage, now_ns: int) -> None:
        """The keyboard's own buttons and knobs."""
        match control_map.lookup(message):
            case PressButton(button=button):
                self.panel.press(Key(button), now_ns)
            case MoveKnob(parameters=keys, position=position):
                self.panel.move(keys, position, now_ns)
            case None:  # a button that comes up
                pass

    def _guarded(self, action: Callable[[int], None]) -> None:
        """Do something; what the player should know of its failure is put on the panel."""
        now_ns = self._clock.now_ns()
        try:
            action(now_ns)
        except ContinuoError as error:
            _LOG.info("%s", error)
            self.instrument.tell(error.message, error.remedy, now_ns)

    def _poll(self, now_ns: int) -> None:
        self._poll_again_ns = now_ns + POLL_NS
        self._ports.poll(now_ns)
        self._desk.run_due(now_ns)
        if self._keeper is not None:
            self._keeper.note(now_ns)
        if self.panel.shows_system:
            self._guarded(lambda _: self._librarian.look_at_system())
        if self._display_failed:
            self._shown = None  # have it set up and drawn again

    def _refresh(self, now_ns: int) -> None:
        """Draw the panel where it changed, and light the lights."""
        self._draw_again_ns = now_ns + FRAME_NS
        view = self.panel.view(now_ns)
        if view != self._shown:
            try:
                self._board.display.show(draw(view))
                self._display_failed = False
            except DeviceError as error:
                if not self._display_failed:
                    _LOG.warning("%s", error)
                self._display_failed = True
            self._shown = view
        lit = frozenset(led for led, states in _LEDS.items() if self.instrument.state in states)
        lit = self._examiner.lit if self._examiner.is_asking else lit
        if self.instrument.passes.is_made:
            lit |= {Led.GENERATE}
        for led in lit ^ self._lit:
            self._board.leds.light(led, on=led in lit)
        self._lit = lit


def _configured_bundle(config: Config, parameters: Parameters) -> Path:
    return choose_bundle(
        parameters.technique,
        parameters=parameters,
        preferred=config.bundle,
        own=config.library / MODELS_FOLDER,
    )
