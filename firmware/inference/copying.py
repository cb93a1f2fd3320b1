"""Music repeats itself: where else the last few tokens stood, and what followed there.

A trail is a distance in time at which the music was as it is now, a whole number of beats ago.
It is taken up where the last `CONTEXT` tokens stood before, followed by time and not by tokens,
so that a note more or less does not lose it, and left when it has misled too often. What the
best trail suggests is what stands that long ago at this very place; how likely it is that the
music follows it, `firmware.inference.recall` says.

Everything that was read is remembered, however long ago. A token costs a few microseconds.

Reference:
    E. Grave et al., "Improving Neural Language Models with a Continuous Cache" (ICLR 2017), for
    the idea; M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression"
    (2005), for following one match and counting how often such a match is right.
"""

from bisect import bisect_left
from copy import copy
from dataclasses import dataclass, replace
from math import log2
from typing import Final, Self

from firmware.music.tokens import TOKEN_ENCODING, TokenSpec

CONTEXT: Final = 5
"""Tokens that must be alike for a trail to be taken up: two notes, as a rule."""

_TRAILS: Final = 8
_PLACES: Final = 16
"""Of the places where the last tokens stood before, so many of the latest are looked at."""

_LONGEST: Final = 64
"""Tokens back from such a place that are compared."""

_AFTER_A_MISS: Final = 0.5
"""What a miss leaves of a trail's score; below 1 it is left."""

_NOWHERE: Final = -1


@dataclass(slots=True)
class _Trail:
    """A distance in time at which the music is alike.

    Attributes:
        score: Tokens that it was right about, fewer with each miss.
        run: Tokens that it was right about since the last miss.
        at: Number of the token that it suggests, or `_NOWHERE` while it has none.
        since: Time step at which it began to be right.
    """

    score: float
    run: int
    at: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What would follow if the music went on as it did before.

    Attributes:
        token: The next one.
        score: Tokens that the trail was right about, fewer with each miss, logarithm to base 2.
        run: Tokens that it was right about since the last miss, logarithm to base 2 of 1 more.
        distance: Beats back to what is repeated, logarithm to base 2.
        rounds: How many times over that distance it has been repeated, logarithm of 1 more.
        off_bar: 1.0 if the distance is known not to be a whole number of bars, else 0.0.
        rivals: Trails that there are, logarithm to base 2.
    """

    token: int
    score: float
    run: float
    distance: float
    rounds: float
    off_bar: float
    rivals: float


class CopyMemory:
    """Reads tokens, and suggests what follows.

    Args:
        spec: The encoding.

    Attributes:
        time_step: Where the music stands; 0 is the first beat.
        silent_from: First time step after everything that was read.
    """

    def __init__(self, *, spec: TokenSpec = TOKEN_ENCODING) -> None:
        self.time_step = 0
        self.silent_from = 0
        self._spec = spec
        self._beat = -1
        self._bar_lines = (0, 0)  # the last two
        self._pitch: int | None = None  # its token, while it waits for its duration
        self._tokens: list[int] = []
        self._time_steps: list[int] = []  # after each token
        self._trails: dict[int, _Trail] = {}  # by their distance in time steps
        # Where the same context ended the time before, for the end of each; -1 for nowhere.
        self._before: list[int] = []
        self._latest: dict[tuple[int, ...], int] = {}

    def copy(self) -> Self:
        """The same memory, which goes on by itself."""
        other = copy(self)
        other.__dict__.update(
            _tokens=self._tokens.copy(),
            _time_steps=self._time_steps.copy(),
            _before=self._before.copy(),
            _latest=self._latest.copy(),
            _trails={distance: replace(trail) for distance, trail in self._trails.items()},
        )
        return other

    def read(self, token: int) -> None:
        """Take the next token."""
        waiting = self._pitch
        self._advance(token)
        self._tokens.append(token)
        self._time_steps.append(self.time_step)
        for distance, trail in list(self._trails.items()):
            self._follow(distance, trail, token, waiting)
        self._take_up_trails()

    @property
    def silence_beats(self) -> int:
        """Whole beats since the last note ended, at a beat's beginning; else 0."""
        if not self._tokens or self._tokens[-1] not in (self._spec.beat, self._spec.bar):
            return 0
        return max(self.time_step - self.silent_from, 0) // self._spec.beat_resolution

    def suggestion(self) -> Suggestion | None:
        """What follows on the best trail; of equally good ones on the shortest."""
        best = max(
            ((t.score, t.run, -d) for d, t in self._trails.items() if t.at != _NOWHERE),
            default=None,
        )
        if best is None:
            return None
        distance = -best[2]
        trail = self._trails[distance]
        bar = self._bar_lines[1] - self._bar_lines[0]
        return Suggestion(
            token=self._tokens[trail.at],
            score=log2(trail.score),
            run=log2(1 + trail.run),
            distance=log2(distance / self._spec.beat_resolution),
            rounds=log2(1 + (self.time_step - trail.since) / distance),
            off_bar=float(bar > 0 and distance % bar > 0),
            rivals=log2(len(self._trails)),
        )

    def _advance(self, token: int) -> None:
        spec = self._spec
        if token in (spec.beat, spec.bar):
            self._beat += 1
            self.time_step = self._beat * spec.beat_resolution
            if token == spec.bar:
                self._bar_lines = (self._bar_lines[1], self.time_step)
        elif spec.first_position <= token < spec.first_pitch:
            inside = token - spec.first_position + 1
            step = max(self._beat, 0) * spec.beat_resolution + inside
            self.time_step = max(step, self.time_step)  # never back, whatever is read
        elif token >= spec.first_duration and self._pitch not in (None, spec.rest):
            end = self.time_step + spec.durations[token - spec.first_duration]
            self.silent_from = max(self.silent_from, end)
        self._pitch = token if self._is_pitch(token) else None

    def _follow(self, distance: int, trail: _Trail, token: int, waiting: int | None) -> None:
        if trail.at != _NOWHERE and self._tokens[trail.at] == token:
            trail.score += 1
            trail.run += 1
            trail.at += 1
            return
        if trail.at != _NOWHERE:
            trail.score *= _AFTER_A_MISS
            trail.run = 0
        if trail.score < 1:
            del self._trails[distance]
        else:
            trail.at = self._place(self.time_step - distance, token, waiting)

    def _place(self, time_step: int, token: int, waiting: int | None) -> int:
        """Number of the token that followed at an earlier time step where the music is now."""
        spec, tokens, times = self._spec, self._tokens, self._time_steps
        at = bisect_left(times, time_step)
        if times[at] == time_step:
            at += 1  # behind the token that led there
        if self._pitch is not None:
            while times[at] == time_step:
                if tokens[at] == token:
                    return at + 1
                at += 1
            return _NOWHERE
        if token >= spec.first_duration and waiting is not None:
            # Notes that begin together are written from the highest down.
            while times[at] == time_step and not spec.first_pitch <= tokens[at] < waiting:
                at += 1
        return at

    def _take_up_trails(self) -> None:
        end = len(self._tokens)
        known = _NOWHERE
        if end >= CONTEXT and self._pitch is None:
            context = tuple(self._tokens[-CONTEXT:])
            known = self._latest.get(context, _NOWHERE)
            self._latest[context] = end
        self._before.append(known)
        for _ in range(_PLACES):
            if known == _NOWHERE:
                break
            distance = self.time_step - self._time_steps[known - 1]
            is_in_beats = distance > 0 and distance % self._spec.beat_resolution == 0
            if is_in_beats and distance not in self._trails:
                alike = self._alike(known, end)
                since = self._time_steps[end - alike]
                self._trails[distance] = _Trail(score=alike, run=alike, at=known, since=since)
            known = self._before[known - 1]
        if len(self._trails) > _TRAILS:
            ranked = sorted(self._trails.items(), key=lambda item: (-item[1].score, item[0]))
            self._trails = dict(ranked[:_TRAILS])

    def _alike(self, place: int, end: int) -> int:
        """How many tokens before two places are the same."""
        count = CONTEXT
        most = min(_LONGEST, place)
        while count < most and self._tokens[place - count - 1] == self._tokens[end - count - 1]:
            count += 1
        return count

    def _is_pitch(self, token: int) -> bool:
        return self._spec.first_pitch <= token <= self._spec.rest
