"""Plays a composition: note by note, when each is due, and never leaves one sounding.

The player holds what sounds now as a set of strikes, and every way out (the end, stop, pause,
another composition) lets go of that set. When something is due is computed from the integer
tick and the instant the music began, so that nothing adds up to a drift.
"""

from bisect import bisect_left
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from firmware.engine.schedule import Schedule, Strike, schedule_of, silence
from firmware.midi.messages import MidiMessage
from firmware.music.notes import Composition
from firmware.music.timing import nanoseconds_of_ticks, ticks_of_nanoseconds

_EMPTY = Schedule(strikes=(), programs=(), tempo_bpm=120.0, end_ticks=0)


class Player:
    """One composition at a time, on one output.

    Args:
        send: Where messages go; must not block.
    """

    def __init__(self, send: Callable[[MidiMessage], None]) -> None:
        self._send = send
        self._schedule = _EMPTY
        self._next = 0  # index of the strike that follows
        self._sounding: dict[tuple[int, int], Strike] = {}
        self._offs: list[tuple[int, int, int]] = []  # heap of (end_ticks, channel, pitch)
        self._origin_ns = 0  # when tick 0 is or would have been
        self._position = 0  # while nothing runs
        self._programs: dict[int, int] = {}
        self._channels: set[int] = set()
        self.is_running = False

    @property
    def sounding(self) -> frozenset[tuple[int, int]]:
        """(channel, pitch) of every note that is on."""
        return frozenset(self._sounding)

    @property
    def end_ticks(self) -> int:
        """Where the music ends."""
        return self._schedule.end_ticks

    def position_ticks(self, now_ns: int) -> int:
        """Where the music is."""
        if not self.is_running:
            return self._position
        passed = ticks_of_nanoseconds(now_ns - self._origin_ns, self._schedule.tempo_bpm)
        return min(max(passed, 0), self._schedule.end_ticks)

    def play(self, composition: Composition, now_ns: int, *, from_ticks: int = 0) -> None:
        """Begin a composition at once, in place of whatever plays."""
        self.stop(now_ns)
        self._schedule = schedule_of(composition)
        self._start(now_ns, from_ticks)

    def swap(self, composition: Composition, now_ns: int) -> None:
        """Go on with another composition at the same place in the music.

        A note that sounds in both there sounds on, until the new one's end; one that only the
        old has is let go; one that only the new has is not begun in its middle. Beyond the new
        one's end the music ends.
        """
        position = self.position_ticks(now_ns)
        schedule = schedule_of(composition)
        if not self.is_running:
            self._schedule = schedule
            self._position = min(position, schedule.end_ticks)
            return
        if schedule.tempo_bpm != self._schedule.tempo_bpm:
            self._origin_ns = now_ns - nanoseconds_of_ticks(position, schedule.tempo_bpm)
        self._schedule = schedule
        self._adopt(schedule.at(position))
        self._seek(position)
        self._send_programs()

    def pause(self, now_ns: int) -> None:
        """Be silent and remember the place."""
        self._position = self.position_ticks(now_ns)
        self._silence()

    def resume(self, now_ns: int) -> None:
        """Go on from where it was paused."""
        if not self.is_running:
            self._start(now_ns, self._position)

    def stop(self, now_ns: int) -> None:
        """Be silent, with nothing left to resume."""
        self.pause(now_ns)
        self._position = 0

    def renew(self) -> None:
        """Set the programs again, for a synthesizer that was away."""
        self._programs = {}
        if self.is_running:
            self._send_programs()

    def next_ns(self) -> int | None:
        """When something is due, or None while nothing runs."""
        if not self.is_running:
            return None
        ticks = [self._schedule.end_ticks]
        if self._next < len(self._schedule.strikes):
            ticks.append(self._schedule.strikes[self._next].start_ticks)
        if self._offs:
            ticks.append(self._offs[0][0])
        return self._ns_of(min(ticks))

    def run_due(self, now_ns: int) -> bool:
        """Send whatever is due, offs before ons.

        Returns:
            Whether the music ended in doing so.
        """
        while self.is_running:
            due_ns = self.next_ns()
            if due_ns is None or due_ns > now_ns:
                return False
            self._run_one()
        return True

    def _run_one(self) -> None:
        strikes = self._schedule.strikes
        on_ticks = strikes[self._next].start_ticks if self._next < len(strikes) else None
        if self._offs and (on_ticks is None or self._offs[0][0] <= on_ticks):
            _, channel, pitch = heappop(self._offs)
            self._release(self._sounding[channel, pitch])
        elif on_ticks is not None:
            self._strike(strikes[self._next])
            self._next += 1
        else:
            self.is_running = False
            self._position = 0

    def _strike(self, strike: Strike) -> None:
        if self._sounding.get((strike.channel, strike.pitch)) == strike:
            return  # it sounds since before a swap
        self._send(strike.on)
        self._sounding[strike.channel, strike.pitch] = strike
        heappush(self._offs, (strike.end_ticks, strike.channel, strike.pitch))

    def _release(self, strike: Strike) -> None:
        self._send(strike.off)
        del self._sounding[strike.channel, strike.pitch]

    def _adopt(self, strikes: dict[tuple[int, int], Strike]) -> None:
        """Let what sounds go on as another schedule has it, and end the rest."""
        for key, strike in list(self._sounding.items()):
            if key in strikes:
                self._sounding[key] = strikes[key]
            else:
                self._release(strike)
        self._offs = [(s.end_ticks, s.channel, s.pitch) for s in self._sounding.values()]
        heapify(self._offs)

    def _start(self, now_ns: int, from_ticks: int) -> None:
        position = min(from_ticks, self._schedule.end_ticks)
        self._origin_ns = now_ns - nanoseconds_of_ticks(position, self._schedule.tempo_bpm)
        self._programs = {}  # another program may have been set elsewhere since
        self._send_programs()
        self._seek(position)
        self.is_running = True
        for strike in self._schedule.at(position).values():
            if strike.start_ticks < position:  # a chord that the pause cut short
                self._strike(strike)

    def _seek(self, position: int) -> None:
        self._next = bisect_left(self._schedule.strikes, position, key=lambda s: s.start_ticks)

    def _send_programs(self) -> None:
        for program in self._schedule.programs:
            self._channels.add(program.channel)
            if self._programs.get(program.channel) != program.program:
                self._programs[program.channel] = program.program
                self._send(program)

    def _silence(self) -> None:
        for strike in list(self._sounding.values()):
            self._release(strike)
        self._offs.clear()
        for channel in sorted(self._channels):
            for message in silence(channel):
                self._send(message)
        self._channels.clear()
        self.is_running = False

    def _ns_of(self, ticks: int) -> int:
        return self._origin_ns + nanoseconds_of_ticks(ticks, self._schedule.tempo_bpm)
