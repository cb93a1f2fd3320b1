"""Plays a composition: note by note, when each is due, and never leaves one sounding.

The player holds what sounds now as a set of strikes, and every way out (the end, stop, pause,
another composition) lets go of that set. When something is due is computed from the integer
tick and the instant the music began, so that nothing adds up to a drift.

Music may be played while it is still being written. Where nothing is written yet the player
holds its place: what sounds there ends in its own time, and nothing that comes late is skipped.

A cue is a place at which other music takes over. The player comes to it and begins nothing beyond,
even past the end of the music, until it is given what follows.
"""

from bisect import bisect_left
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from firmware.engine.schedule import AS_WRITTEN, Mix, Schedule, Strike, schedule_of, silence
from firmware.midi.clock import Beat
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
        self._begins = 0  # the tick at which it was begun
        self._written: int | None = None  # what lies from this tick on is still to come
        self._cue: int | None = None  # where other music is to take over
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

    @property
    def cue_ticks(self) -> int | None:
        """Where other music is to take over, or None."""
        return self._cue

    @property
    def beat(self) -> Beat | None:
        """For whoever is to keep time with the music, while it runs."""
        if not self.is_running:
            return None
        return Beat(origin_ns=self._origin_ns, tempo_bpm=self._schedule.tempo_bpm)

    def position_ticks(self, now_ns: int) -> int:
        """Where the music is."""
        if not self.is_running:
            return self._position
        passed = ticks_of_nanoseconds(now_ns - self._origin_ns, self._schedule.tempo_bpm)
        return min(max(passed, self._begins), self._limit)

    def play(
        self,
        composition: Composition,
        now_ns: int,
        *,
        from_ticks: int = 0,
        written_ticks: int | None = None,
        at_ns: int | None = None,
        mix: Mix = AS_WRITTEN,
    ) -> None:
        """Begin a composition in place of whatever plays.

        Args:
            composition: The music, or the beginning of it.
            now_ns: The present.
            from_ticks: Where to begin.
            written_ticks: Up to where it will not change any more, if more follows; the music
                does not end then before it is swapped for the whole. None if it is whole.
            at_ns: When to begin, or None for at once. What sounds there since before is left
                out if it is later.
            mix: How its tracks are to sound.
        """
        self.stop(now_ns)
        self._schedule, self._written = schedule_of(composition, mix), written_ticks
        self._start(now_ns if at_ns is None else max(at_ns, now_ns), from_ticks)
        if at_ns is None:
            self._strike_chord(from_ticks)

    def swap(
        self,
        composition: Composition,
        now_ns: int,
        *,
        written_ticks: int | None = None,
        mix: Mix = AS_WRITTEN,
    ) -> None:
        """Go on with another composition at the same place in the music.

        A note that sounds in both there sounds on, until the new one's end; one that only the
        old has is let go; one that only the new has is not begun in its middle. Beyond the new
        one's end the music ends. Where the place was held, the music goes on from it.

        Args:
            composition: The music, or the beginning of it.
            now_ns: The present.
            written_ticks: As for `play`.
            mix: As for `play`.
        """
        self._cue = None
        self._swap(schedule_of(composition, mix), now_ns, written_ticks)

    def cue(self, ticks: int | None) -> None:
        """Wait at a tick for other music, until `take_over`; None waits no more.

        It is forgotten with what plays.
        """
        self._cue = ticks

    def is_cued(self, now_ns: int) -> bool:
        """Whether the music has come to the cue, where it waits for what follows."""
        if self._cue is None or not self.is_running:
            return False
        return self._ns_of(self._cue) <= now_ns

    def take_over(
        self,
        composition: Composition,
        now_ns: int,
        *,
        to_ticks: int,
        written_ticks: int | None = None,
        mix: Mix = AS_WRITTEN,
    ) -> None:
        """Go on at the cue, in its very instant, with another composition.

        At the same place a note that sounds in both there sounds on, until the new one's end. Any
        other ends; what the new one strikes there is struck, and what it has struck before is not.

        Args:
            composition: The music, or the beginning of it.
            now_ns: The present, at the cue or later.
            to_ticks: Where in it to go on.
            written_ticks: As for `play`.
            mix: As for `play`.
        """
        assert self._cue is not None
        self._send_due(now_ns)
        cue, self._cue = self._cue, None
        schedule = schedule_of(composition, mix)
        at_ns = self._ns_of(cue)
        self._origin_ns = at_ns - nanoseconds_of_ticks(to_ticks, schedule.tempo_bpm)
        self._begins = to_ticks
        self._schedule, self._written = schedule, written_ticks
        held = schedule.at(to_ticks) if to_ticks == cue else {}
        programs = {program.channel: program.program for program in schedule.programs}
        self._adopt(
            {
                key: strike
                for key, strike in held.items()
                if strike.start_ticks < to_ticks
                and programs.get(strike.channel) == self._programs.get(strike.channel)
            }
        )
        self._seek(to_ticks)
        self._send_programs()
        self._send_due(now_ns)  # what is late is not skipped

    def _swap(self, schedule: Schedule, now_ns: int, written_ticks: int | None) -> None:
        if not self.is_running:
            self._schedule, self._written = schedule, written_ticks
            self._position = min(self._position, self._limit)
            return
        self._send_due(now_ns)  # what is late is not skipped
        position = self.position_ticks(now_ns)
        is_held = position == self._written
        if is_held or schedule.tempo_bpm != self._schedule.tempo_bpm:
            self._origin_ns = now_ns - nanoseconds_of_ticks(position, schedule.tempo_bpm)
        self._schedule, self._written = schedule, written_ticks
        self._adopt(schedule.at(position))
        self._seek(position)
        self._send_programs()

    def remix(
        self,
        composition: Composition,
        now_ns: int,
        mix: Mix,
        *,
        written_ticks: int | None = None,
    ) -> None:
        """Go on with the same composition at the same place, its tracks sounding otherwise.

        What becomes silent is let go at once; what is to be heard is struck at once, in its
        middle if need be, and so is what another program plays from now on.

        Args:
            composition: What plays.
            now_ns: The present.
            mix: How its tracks are to sound.
            written_ticks: As for `play`.
        """
        if self.is_running:
            self._send_due(now_ns)
            wanted = {p.channel: p.program for p in schedule_of(composition, mix).programs}
            self._adopt(
                {
                    key: strike
                    for key, strike in self._sounding.items()
                    if wanted.get(strike.channel) == self._programs.get(strike.channel)
                }
            )
        self._swap(schedule_of(composition, mix), now_ns, written_ticks)
        if self.is_running:
            self._strike_chord(self.position_ticks(now_ns))

    def pause(self, now_ns: int) -> None:
        """Be silent and remember the place."""
        self._position = self.position_ticks(now_ns)
        self._silence()

    def resume(self, now_ns: int) -> None:
        """Go on from where it was paused."""
        if not self.is_running:
            self._start(now_ns, self._position)
            self._strike_chord(self._position)

    def stop(self, now_ns: int) -> None:
        """Be silent, with nothing left to resume."""
        self.pause(now_ns)
        self._position = 0
        self._cue = None

    def renew(self) -> None:
        """Set the programs again, for a synthesizer that was away."""
        self._programs = {}
        if self.is_running:
            self._send_programs()

    def next_ns(self) -> int | None:
        """When something is due, or None while nothing runs or everything waits for more."""
        if not self.is_running:
            return None
        ticks = self._due_ticks()
        if ticks is None and self._cue is not None:
            ticks = self._cue
        elif ticks is None and self._written is None:
            ticks = self._schedule.end_ticks
        return None if ticks is None else self._ns_of(ticks)

    def run_due(self, now_ns: int) -> bool:
        """Send whatever is due, offs before ons.

        Returns:
            Whether the music ended in doing so.
        """
        if not self.is_running:
            return False
        self._send_due(now_ns)
        if self._cue is not None:
            return False
        # Only the end itself can be due still.
        due_ns = self.next_ns()
        if due_ns is None or due_ns > now_ns:
            return False
        self.is_running = False
        self._position = 0
        return True

    @property
    def _limit(self) -> int:
        """How far the music can be played."""
        end = self._schedule.end_ticks if self._written is None else self._written
        return max(end, self._cue or 0)

    @property
    def _next_strike(self) -> Strike | None:
        """The strike that follows, if it is written for good and not for other music to strike."""
        if self._next >= len(self._schedule.strikes):
            return None
        strike = self._schedule.strikes[self._next]
        ends = (self._written, self._cue)
        return strike if all(end is None or strike.start_ticks < end for end in ends) else None

    def _due_ticks(self) -> int | None:
        """The tick of the next on or off, or None if there is none before a cue."""
        strike = self._next_strike
        ticks = [strike.start_ticks] if strike else []
        ticks.extend(
            end_ticks
            for end_ticks, _, _ in self._offs[:1]
            if self._cue is None or end_ticks <= self._cue
        )
        return min(ticks, default=None)

    def _send_due(self, now_ns: int) -> None:
        while (ticks := self._due_ticks()) is not None and self._ns_of(ticks) <= now_ns:
            if self._offs and self._offs[0][0] == ticks:
                _, channel, pitch = heappop(self._offs)
                self._release(self._sounding[channel, pitch])
            else:
                self._strike(self._schedule.strikes[self._next])
                self._next += 1

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

    def _start(self, at_ns: int, from_ticks: int) -> None:
        position = min(from_ticks, self._limit)
        self._begins = position
        self._origin_ns = at_ns - nanoseconds_of_ticks(position, self._schedule.tempo_bpm)
        self._programs = {}  # another program may have been set elsewhere since
        self._send_programs()
        self._seek(position)
        self.is_running = True

    def _strike_chord(self, position: int) -> None:
        """Strike what sounds since before a place, as a pause cuts it short."""
        for strike in self._schedule.at(position).values():
            if strike.start_ticks < position:
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
