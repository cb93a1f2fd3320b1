"""MIDI clock in the engine: ours for others on a thread of its own, and theirs for our tempo."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from firmware.devices.loops import Loop
from firmware.engine.instrument import Instrument
from firmware.errors import ControlError
from firmware.midi.clock import Beat, ClockReader, ClockWriter
from firmware.midi.messages import MidiMessage, Realtime
from firmware.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM

STOP_S: Final = 2.0

_STEP_BPM: Final = 0.3
"""Less is jitter: the tempo stands still as long as the clock does."""

PRIORITY: Final = 5
"""Of the thread in real time, where that is allowed: below every sound server's."""

_MOMENT_NS: Final = 300_000
"""A sleep ends when the system pleases: that much before a tick the thread is awake and watches."""

_MOST_LOOKS: Final = 5_000
"""At a clock in that moment; one that a program turns by hand may stand still."""

_LOG = logging.getLogger(__name__)


class ClockOut:
    """Ticks on a thread of its own, since the owner may just be drawing.

    Args:
        send: Where messages go, from any thread.
        now_ns: The clock.

    Attributes:
        loop: Of the thread.
    """

    def __init__(self, send: Callable[[MidiMessage], None], now_ns: Callable[[], int]) -> None:
        self._send = send
        self._now_ns = now_ns
        self._writer = ClockWriter()
        self._changed = threading.Condition()
        self._beat: Beat | None = None
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self.loop = Loop("the MIDI clock", now_ns)

    def follow(self, beat: Beat | None) -> None:
        """Go with what runs now; None for nothing."""
        if beat == self._beat:  # almost always; only the owner sets it
            return
        with self._changed:
            self._beat = beat
            self._send_all(self._writer.follow(beat, self._now_ns()))
            self._send_all(self._writer.run_due(self._now_ns()))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="continuo-clock")
                self._thread.start()
            self._changed.notify()

    def run_due(self) -> None:
        """Send what is due."""
        with self._changed:
            self._send_all(self._writer.run_due(self._now_ns()))

    def close(self) -> None:
        """Stop others, and end.

        Raises:
            ControlError: If the thread does not end.
        """
        if self._thread is None:
            return
        self.follow(None)
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise ControlError("the thread of the MIDI clock does not end")

    def _work(self) -> None:
        _hurry()
        try:
            with self._changed:
                while not self._is_closing:
                    self._await_tick()
                    self._send_all(self._writer.run_due(self._now_ns()))
            self.loop.rest()
        except Exception:  # the top of the thread
            _LOG.exception("the MIDI clock ended")

    def _await_tick(self) -> None:
        """Wait until a tick is due, or for a while, or until there is something else to do."""
        self.loop.begin()
        due_ns = self._writer.next_ns()
        if due_ns is None:
            self._wait(None)
            return
        wait_ns = due_ns - self._now_ns() - _MOMENT_NS
        if wait_ns > 0:
            self._wait(wait_ns / 1e9)
        elif not any(self._now_ns() >= due_ns for _ in range(_MOST_LOOKS)):
            self._wait(_MOMENT_NS / 1e9)

    def _wait(self, timeout_s: float | None) -> None:
        with self.loop.resting():
            self._changed.wait(timeout_s)

    def _send_all(self, messages: tuple[MidiMessage, ...]) -> None:
        for message in messages:
            self._send(message)


class Clocks:
    """Both directions, each as it is switched.

    Args:
        instrument: What runs, and whose tempo follows.
        send: Where our clock goes, from any thread.
        now_ns: The clock.

    Attributes:
        is_out: Whether others are kept in time.
        is_in: Whether their clock sets the tempo.
    """

    def __init__(
        self,
        instrument: Instrument,
        send: Callable[[MidiMessage], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._instrument = instrument
        self._out = ClockOut(send, now_ns)
        self._reader = ClockReader()
        self.is_out = False
        self.is_in = False

    @property
    def loop(self) -> Loop:
        """Of the thread that ticks."""
        return self._out.loop

    def switch(self, *, is_out: bool | None = None, is_in: bool | None = None) -> None:
        """Switch one or the other; None leaves it."""
        if is_out is not None:
            self.is_out = is_out
            self.follow()
        if is_in is not None:
            self.is_in = is_in
            self._reader = ClockReader()

    def follow(self) -> None:
        """Let our clock go with what the instrument does; cheap, and to be called often."""
        self._out.follow(beat_of(self._instrument) if self.is_out else None)

    def hear(self, message: Realtime, at_ns: int) -> None:
        """Take a keyboard's or a sequencer's clock."""
        if not self.is_in or message is not Realtime.CLOCK:
            return
        self._reader.feed(at_ns)
        settings = self._instrument.settings
        tempo_bpm = self._reader.tempo_bpm(at_ns)
        if tempo_bpm is None or abs(tempo_bpm - settings.tempo_bpm) < _STEP_BPM:
            return
        tempo_bpm = min(max(round(tempo_bpm, 1), MIN_TEMPO_BPM), MAX_TEMPO_BPM)
        self._instrument.set_time(float(tempo_bpm), settings.beats_per_bar)

    def tempo_bpm(self, now_ns: int) -> float | None:
        """Of the clock that is heard, or None."""
        return self._reader.tempo_bpm(now_ns) if self.is_in else None

    def close(self) -> None:
        """Stop others.

        Raises:
            ControlError: If the thread does not end.
        """
        self._out.close()


def _hurry() -> None:
    """Let the present thread go before others that are ready, where the system allows it."""
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def beat_of(instrument: Instrument) -> Beat | None:
    """What others are to keep time with: a recording from its count-in on, else what plays."""
    booth = instrument.booth
    if booth.recorder is not None:
        return Beat(origin_ns=booth.began_ns, tempo_bpm=booth.recorder.tempo_bpm)
    return instrument.player.beat
