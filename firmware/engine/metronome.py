"""Clicks: a woodblock on the beat, a higher one on the first beat of a bar."""

from collections.abc import Callable

from firmware.midi.messages import DRUM_CHANNEL, MidiMessage, NoteOff, NoteOn
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks

HIGH_WOODBLOCK = 76
LOW_WOODBLOCK = 77
_CLICK_TICKS = TICKS_PER_BEAT // 8


class Metronome:
    """Counts beats from an instant on.

    Args:
        send: Where the clicks go; must not block.
    """

    def __init__(self, send: Callable[[MidiMessage], None]) -> None:
        self._send = send
        self._origin_ns = 0
        self._tempo_bpm = 120.0
        self._beats_per_bar = 4
        self._beat = 0  # the next one to click
        self._on: int | None = None  # pitch that sounds
        self.is_running = False

    def start(self, now_ns: int, *, tempo_bpm: float, beats_per_bar: int) -> None:
        """Click now and on every beat that follows."""
        self.stop()
        self._origin_ns = now_ns
        self._tempo_bpm = tempo_bpm
        self._beats_per_bar = beats_per_bar
        self._beat = 0
        self.is_running = True

    def stop(self) -> None:
        """Be silent."""
        self._release()
        self.is_running = False

    def next_ns(self) -> int | None:
        """When something is due, or None while it is off."""
        if not self.is_running:
            return None
        if self._on is not None:
            return self._ns_of((self._beat - 1) * TICKS_PER_BEAT + _CLICK_TICKS)
        return self._ns_of(self._beat * TICKS_PER_BEAT)

    def run_due(self, now_ns: int) -> None:
        """Send what is due."""
        while (due_ns := self.next_ns()) is not None and due_ns <= now_ns:
            if self._on is not None:
                self._release()
            else:
                self._click(accent=self._beat % self._beats_per_bar == 0)
                self._beat += 1

    def _click(self, *, accent: bool) -> None:
        self._on = HIGH_WOODBLOCK if accent else LOW_WOODBLOCK
        velocity = 110 if accent else 80
        self._send(NoteOn(pitch=self._on, velocity=velocity, channel=DRUM_CHANNEL))

    def _release(self) -> None:
        if self._on is not None:
            self._send(NoteOff(pitch=self._on, channel=DRUM_CHANNEL))
            self._on = None

    def _ns_of(self, ticks: int) -> int:
        return self._origin_ns + nanoseconds_of_ticks(ticks, self._tempo_bpm)
