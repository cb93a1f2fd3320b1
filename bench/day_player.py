"""A player who plays for hours on a simulated clock, and counts what becomes of it.

A sequencer's clock, wheels and keys go on by themselves while the hands press, turn and leaf
through the pages: whatever lets time pass lets them play on.
"""

import random
from collections import Counter
from collections.abc import Callable
from heapq import heapify, heapreplace
from typing import Final

from bench.quick_studio import doubled
from firmware.devices.board import SimulatedBoard
from firmware.devices.controls import Button, Knob
from firmware.devices.midi_ports import SimulatedSynthesizer
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.schedule import KEYBOARD_CHANNEL, TRACK_CHANNELS, schedule_of
from firmware.engine.simulation import Simulation
from firmware.errors import WorkerError
from firmware.midi.messages import (
    ChannelPressure,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    Realtime,
    to_bytes,
)
from firmware.panel.keys import Dial, spec_of
from firmware.panel.states import State
from firmware.panel.views import ListView

TEMPO_BPM: Final = 120.0
"""Of the sequencer whose clock is heard."""

MS_NS: Final = 1_000_000
SECOND_NS: Final = 1000 * MS_NS

PAGES: Final = ("Parameters", "Melodies", "Sound", "MIDI", "Models", "System")
"""Beside the compositions, which are looked at now and then only: there are many in the end."""

_TICK_NS: Final = round(60 * SECOND_NS / (TEMPO_BPM * 24))
_WHEEL_NS: Final = 15 * MS_NS
_HELD_NS, _LIFTED_NS = 100 * MS_NS, 25 * MS_NS
_MODULATION: Final = 1
_LONGEST_S: Final = 600.0
_SIXTEEN_S: Final = 16.0


class CountingSynthesizer(SimulatedSynthesizer):
    """Counts what it hears by what it is, and remembers none of it.

    Attributes:
        found: How often it heard what.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        super().__init__(now_ns)
        self.found: Counter[str] = Counter()

    def send(self, message: MidiMessage) -> None:
        """See `MidiOutput.send`."""
        match message:
            case NoteOn(channel=channel):
                self.found["keys struck" if channel == KEYBOARD_CHANNEL else "strikes"] += 1
            case NoteOff(channel=channel) if channel == KEYBOARD_CHANNEL:
                self.found["keys let go"] += 1
            # A wheel is never in its middle here: a reset puts it there.
            case PitchBend(bend=bend) if bend:
                self.found["wheels"] += 1
            case ControlChange(control=control) if control == _MODULATION:
                self.found["wheels"] += 1
            case ChannelPressure():
                self.found["wheels"] += 1
            case _:
                pass
        super().send(message)
        self.heard.clear()


class Player(Simulation):
    """Plays one round after the other.

    Args:
        engine: The engine, opened.
        board: Its devices, with a `CountingSynthesizer`.
        clock: Its clock.
        seed: Of what is played.

    Attributes:
        events: What the edges posted: messages of the keyboard, presses and clicks.
        done: What was done, by its kind.
        found: What of it was found done at the other edge, but for what the synthesizer counts.
    """

    def __init__(
        self, engine: Engine, board: SimulatedBoard, clock: VirtualClock, *, seed: int = 0
    ) -> None:
        super().__init__(engine, board, clock)
        assert isinstance(board.synthesizer, CountingSynthesizer)
        self._synthesizer = board.synthesizer
        self._rng = random.Random(seed)
        self.events = 0
        self.done: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self._held: int | None = None
        self._rests = True
        self._struck: list[tuple[int, int]] = []
        now_ns = clock.now_ns()
        self._streams: list[tuple[int, int, Callable[[], int]]] = [
            (now_ns + _TICK_NS, 0, self._tick),
            (now_ns + _WHEEL_NS, 1, self._wheel),
            (now_ns + _LIFTED_NS, 2, self._key),
        ]
        heapify(self._streams)

    def lost(self) -> dict[str, int]:
        """What was done and not found, or found and not done, by its kind."""
        found = self.found + self._synthesizer.found
        kinds = self.done.keys() | found.keys() - {"strikes"}
        missing = {kind: abs(self.done[kind] - found[kind]) for kind in kinds}
        missing["events given up by a full queue"] = self.engine.dropped
        return {kind: count for kind, count in missing.items() if count}

    def advance_to(self, at_ns: int) -> None:
        """See `Simulation.advance_to`; what goes on by itself does so."""
        while self._streams[0][0] <= at_ns:
            due_ns, number, act = self._streams[0]
            super().advance_to(due_ns)
            heapreplace(self._streams, (due_ns + act(), number, act))
        super().advance_to(at_ns)

    def press(self, button: Button) -> int:
        """See `Simulation.press`."""
        self.events += 1
        return super().press(button)

    def turn(self, knob: Knob, clicks: int) -> None:
        """See `Simulation.turn`."""
        self.events += abs(clicks)
        super().turn(knob, clicks)

    def begin(self) -> None:
        """Let the sequencer set the tempo, as a player would: on the page about MIDI."""
        self.open_page("MIDI")
        self.select("Clock in")
        self.turn(Knob.VALUE, 1)
        self._go_home()
        self.advance(SECOND_NS)

    def play_round(self, number: int) -> None:
        """Play, record, have it worked on, listen, leaf through the pages, and rest."""
        self._play(20.0)
        self._turn_knobs()
        self._keep()
        self._record()
        self._generate()
        self._listen(pauses=number % 4 == 3)
        self._leaf(("Compositions", *PAGES) if number % 10 == 0 else PAGES)
        if number % 5 == 4:
            self._unplug()
        if number % 7 == 6:
            self._panic()
        self._rest()
        self.advance(10 * SECOND_NS)
        self._check("tempo", self.engine.instrument.settings.tempo_bpm == TEMPO_BPM)

    def _play(self, seconds: float) -> None:
        self._rests = False
        self.advance(round(seconds * SECOND_NS))

    def _rest(self) -> None:
        self._rests = True
        if self._held is not None:
            self._lift()

    def _turn_knobs(self) -> None:
        """Every dial of the technique's, a few clicks there and back: each click is seen."""
        for knob in (Knob.RISK, Knob.FIRST, Knob.SECOND):
            settings = self.engine.instrument.settings
            spec = spec_of(Dial(knob.value), settings.specs)
            assert spec is not None
            for clicks in (3, -3):
                wanted = spec.turned(self.engine.instrument.settings.value(spec.key), clicks)
                self.turn(knob, clicks)
                self._check("turns", self.engine.instrument.settings.value(spec.key) == wanted)

    def _keep(self) -> None:
        """What was just played becomes a take, down to its last note."""
        self._rest()
        last = self._struck[-1]
        self.press(Button.KEEP)
        take = self.engine.instrument.takes.current
        kept = [(note.pitch, note.velocity) for note in take.melody.notes] if take else []
        self._check("phrases kept", kept[-1:] == [last])

    def _record(self) -> None:
        instrument = self.engine.instrument
        self._push(Button.RECORD, State.COUNT_IN)
        self.advance_to(instrument.booth.ends_ns)
        self._check("count-ins", instrument.state is State.RECORDING)
        self._struck.clear()
        self._play(_SIXTEEN_S)
        self._rest()
        self._push(Button.RECORD, State.IDLE)
        recorded = [(note.pitch, note.velocity) for note in instrument.takes.melody().notes]
        self.done["notes recorded"] += len(self._struck)
        self.found["notes recorded"] += sum(
            one == other for one, other in zip(recorded, self._struck, strict=False)
        )
        self._struck.clear()

    def _generate(self) -> None:
        """Have the recording worked on, and play along with what comes of it."""
        engine = self.engine
        before, melody = len(engine.saved), engine.instrument.takes.melody()
        self._push(Button.GENERATE, State.GENERATING, State.AUDITIONING, State.PLAYING)
        self.wait(lambda: engine.instrument.generating is None)
        take = engine.instrument.takes.current
        self._check("generations", take is not None and take.composition == doubled(melody))
        self.wait(lambda: len(engine.saved) > before, who="the disk")
        self._check("saves", len(engine.saved) == before + 1 and not engine.unsaved)
        self._rests = False
        self._until_idle()

    def _listen(self, *, pauses: bool) -> None:
        """Hear the take once more from its beginning, note by note; or with a pause in it."""
        take = self.engine.instrument.takes.current
        if take is None or take.composition is None:  # it is counted as lost already
            return
        before = self._synthesizer.found["strikes"]
        self._push(Button.PLAY, State.PLAYING)
        if pauses:
            self.advance(5 * SECOND_NS)
            self._push(Button.PLAY, State.PAUSED)
            self._push(Button.PLAY, State.PLAYING)
        self._until_idle()
        if not pauses:
            self.done["notes of the music"] += len(schedule_of(take.composition).strikes)
            self.found["notes of the music"] += self._synthesizer.found["strikes"] - before
        self._check(
            "silences", not any(c in TRACK_CHANNELS for c, _ in self.board.synthesizer.sounding)
        )

    def _leaf(self, pages: tuple[str, ...]) -> None:
        self._go_home()
        for label in pages:
            self.open_page(label)
            if label == "Compositions":
                self._look_for_saved()
            for clicks in (2, -1):
                self.turn(Knob.SELECT, clicks)
            self._push(Button.BACK, State.IDLE)
            self._check("pages left", len(self.engine.panel.navigation.stack) == 1)

    def _look_for_saved(self) -> None:
        """Every composition that was saved is on the page."""

        def are_listed() -> bool:
            view = self.engine.panel.view(self.clock.now_ns())
            return isinstance(view, ListView) and view.total >= len(self.engine.saved)

        self.wait(are_listed, who="the disk")

    def _unplug(self) -> None:
        """Pull the keyboard's cable with a key held: it is let go of, and plays again after."""
        self._rest()
        self._rests = False
        while self._held is None:
            self.advance(MS_NS)
        self.board.keyboard.unplug()
        self._held, self._rests = None, True
        self.done["keys let go"] += 1
        self.advance(100 * MS_NS)
        self._check("unplugs", not self.board.synthesizer.sounding)
        self.board.keyboard.plug_in()
        self.advance(SECOND_NS)

    def _panic(self) -> None:
        self._push(Button.PLAY, State.PLAYING)
        self.advance(SECOND_NS)
        self._rest()
        self.events += 2
        self.board.buttons.hold(Button.STOP)
        self.advance(SECOND_NS)
        self._check("panics", not self.board.synthesizer.sounding)

    def _push(self, button: Button, *states: State) -> None:
        """Press a button, and see that the instrument does what it is for."""
        self.press(button)
        self._check("presses", self.engine.instrument.state in states)

    def _go_home(self) -> None:
        while len(self.engine.panel.navigation.stack) > 1:
            self.press(Button.BACK)

    def _until_idle(self) -> None:
        last_ns = self.clock.now_ns() + round(_LONGEST_S * SECOND_NS)
        while self.engine.instrument.state is not State.IDLE:
            if self.clock.now_ns() > last_ns:
                raise WorkerError("the music does not end")
            self.advance(100 * MS_NS)

    def _check(self, kind: str, is_found: bool) -> None:  # noqa: FBT001 - it is what is counted
        self.done[kind] += 1
        self.found[kind] += is_found

    def _tick(self) -> int:
        self._say(to_bytes(Realtime.CLOCK))
        return _TICK_NS

    def _wheel(self) -> int:
        value = self._rng.randint(1, 127)
        wheels: tuple[MidiMessage, ...] = (
            PitchBend(bend=value),
            ControlChange(control=_MODULATION, value=value),
            ChannelPressure(pressure=value),
        )
        if self._say(to_bytes(self._rng.choice(wheels))):
            self.done["wheels"] += 1
        return _WHEEL_NS

    def _key(self) -> int:
        if self._held is not None:
            self._lift()
            return _LIFTED_NS
        if self._rests:
            return _LIFTED_NS
        self._held, velocity = self._rng.randint(41, 72), self._rng.randint(1, 127)
        self._struck.append((self._held, velocity))
        self.done["keys struck"] += 1
        self.events += 1
        self.board.keyboard.strike(self._held, velocity=velocity)
        return _HELD_NS

    def _lift(self) -> None:
        assert self._held is not None
        self.done["keys let go"] += 1
        self.events += 1
        self.board.keyboard.release(self._held)
        self._held = None

    def _say(self, content: bytes) -> bool:
        """Let the keyboard speak; whether its cable is in."""
        if self.board.keyboard.name is None:
            return False
        self.events += 1
        self.board.keyboard.say(content)
        return True
