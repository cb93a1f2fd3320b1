"""MIDI clock: the messages that keep others in time with our music, and our tempo from theirs.

Reference:
    MIDI 1.0 Detailed Specification 4.2, pages 27 (song position) and 30 (timing clock).
"""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final

from firmware.midi.messages import MidiMessage, Realtime, SongPosition

PER_BEAT: Final = 24
"""Ticks of the clock to a quarter note."""

_PER_SIXTEENTH: Final = PER_BEAT // 4
_MINUTE_NS: Final = 60_000_000_000
_LAST_SIXTEENTH: Final = (1 << 14) - 1
_BEHIND: Final = PER_BEAT  # ticks: after a longer hold-up it begins anew, in time
_SILENCE_NS: Final = 500_000_000  # a clock of 40 beats a minute ticks every 63 ms
_KEPT: Final = 2 * PER_BEAT
_FEWEST: Final = PER_BEAT // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Music that runs.

    Attributes:
        origin_ns: When its beginning is, or would have been.
        tempo_bpm: Quarter notes a minute.
    """

    origin_ns: int
    tempo_bpm: float

    def ns_of(self, tick: int) -> int:
        """When a tick of the clock is due, without any error that adds up."""
        return self.origin_ns + round(tick * _MINUTE_NS / (self.tempo_bpm * PER_BEAT))

    def tick_at(self, at_ns: int) -> int:
        """The first tick that is not before an instant."""
        tick = int((at_ns - self.origin_ns) * self.tempo_bpm * PER_BEAT / _MINUTE_NS) - 1
        while self.ns_of(tick) < at_ns:
            tick += 1
        return tick


class ClockWriter:
    """Says what others need to run along: where, when, and every twenty-fourth of a beat."""

    def __init__(self) -> None:
        self._beat: Beat | None = None
        self._tick = 0  # the next one

    def follow(self, beat: Beat | None, now_ns: int) -> tuple[MidiMessage, ...]:
        """Begin, end, or go on otherwise.

        Music that has just begun is started; in its middle others are told the next sixteenth,
        at which they go on with the first tick that follows.

        Args:
            beat: What runs, or None.
            now_ns: The present.

        Returns:
            What is to be sent at once.
        """
        if beat == self._beat:
            return ()
        stop: tuple[MidiMessage, ...] = (Realtime.STOP,) if self._beat is not None else ()
        self._beat = beat
        return stop if beat is None else stop + self._begin(beat, now_ns)

    def next_ns(self) -> int | None:
        """When the next tick is due, or None while nothing runs."""
        return None if self._beat is None else self._beat.ns_of(self._tick)

    def run_due(self, now_ns: int) -> tuple[MidiMessage, ...]:
        """The ticks that are due.

        Late ones follow at once, as whoever counts them would be wrong for ever after; but after
        a long hold-up others are sent to where the music is.
        """
        beat = self._beat
        if beat is None:
            return ()
        after = beat.tick_at(now_ns + 1)
        if after - self._tick > _BEHIND:
            return (Realtime.STOP, *self._begin(beat, now_ns))
        ticks = (Realtime.CLOCK,) * max(after - self._tick, 0)
        self._tick += len(ticks)
        return ticks

    def _begin(self, beat: Beat, now_ns: int) -> tuple[MidiMessage, ...]:
        tick = beat.tick_at(now_ns)
        if tick <= 1:
            self._tick = 0
            return (Realtime.START,)
        sixteenth = min(-(-tick // _PER_SIXTEENTH), _LAST_SIXTEENTH)
        self._tick = max(sixteenth * _PER_SIXTEENTH, tick)
        return SongPosition(sixteenths=sixteenth), Realtime.CONTINUE


class ClockReader:
    """The tempo of someone else's clock.

    Each estimate is the median of many slopes, each a beat long: what one tick is late counts
    little, and nothing at all if only some are. Ticks that were lost are noticed and counted.
    """

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, int]] = deque(maxlen=_KEPT)  # (number, nanosecond)
        self._had_gap = False

    def feed(self, at_ns: int) -> None:
        """Take a tick.

        Args:
            at_ns: When it arrived.
        """
        number, last_ns = self._ticks[-1] if self._ticks else (0, at_ns)
        count = self._count(at_ns - last_ns)
        is_gap = count > 1
        # Two gaps in a row are no lost ticks, but a slower clock: it is learned anew.
        if not 0 <= at_ns - last_ns < _SILENCE_NS or (is_gap and self._had_gap):
            self._ticks.clear()
            is_gap = False
        self._had_gap = is_gap
        self._ticks.append((number + count, at_ns))

    def tempo_bpm(self, now_ns: int) -> float | None:
        """Quarter notes a minute; None before half a beat of it, and after a silence."""
        ticks = self._ticks
        if len(ticks) < _FEWEST or now_ns - ticks[-1][1] >= _SILENCE_NS:
            return None
        tick_ns = self._tick_ns()
        return _MINUTE_NS / (tick_ns * PER_BEAT) if tick_ns else None

    def _tick_ns(self) -> float:
        ticks = tuple(self._ticks)
        half = len(ticks) // 2
        pairs = zip(ticks, ticks[half:], strict=False)
        return median((b_ns - a_ns) / (b - a) for (a, a_ns), (b, b_ns) in pairs)

    def _count(self, interval_ns: int) -> int:
        """How many ticks an interval stands for: mostly one."""
        if len(self._ticks) < _FEWEST:
            return 1
        tick_ns = self._tick_ns()
        # Only a clear gap: a tick that comes late makes the next interval short.
        return max(round(interval_ns / tick_ns), 1) if interval_ns > 1.7 * tick_ns > 0 else 1
