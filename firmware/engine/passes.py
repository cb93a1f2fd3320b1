"""The next pass of what plays: a parameter is turned, and the same melody is made anew meanwhile.

It has the melody, the technique and the seed of the take that plays, and the values that are set.
It is begun when the knob has rested, and takes over at a bar line, in the same bar; where that is
not possible any more, it begins when what plays is over.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from firmware.engine.messages import Advanced, Failed, Finished, GenerationRequest
from firmware.engine.outside import Worker
from firmware.engine.player import Player
from firmware.engine.progress import Generating
from firmware.engine.schedule import schedule_of
from firmware.engine.stage import Stage
from firmware.errors import ContinuoError
from firmware.library.records import CompositionRecord
from firmware.music.timing import nanoseconds_of_ticks
from firmware.panel.states import State
from firmware.parameters import Parameters

REST_NS: Final = 300_000_000
"""How long a knob rests before its value is taken for what the player wants."""


class Passes:
    """At most one next pass, of the take that plays or is paused.

    Args:
        stage: Where that take is heard.
        player: Plays it.
        worker: Generates.
        request: The work for the melody of a composition, with its seed and other values.
        keep: Makes what is finished and heard a take.
        tell: Tells the player what went wrong: a sentence, and what helps.

    Attributes:
        coming: The pass that is made or waits for its bar, or None.
    """

    def __init__(
        self,
        stage: Stage,
        player: Player,
        worker: Worker,
        *,
        request: Callable[[CompositionRecord, Parameters], GenerationRequest],
        keep: Callable[[Generating, int], None],
        tell: Callable[[str, str, int], None],
    ) -> None:
        self._stage = stage
        self._player = player
        self._worker = worker
        self._request = request
        self._keep = keep
        self._tell = tell
        self._wish: tuple[CompositionRecord, Parameters] | None = None
        self._rests_ns = 0
        self.coming: Generating | None = None

    @property
    def due_ns(self) -> int | None:
        """When the knob will have rested, or None."""
        return self._rests_ns if self._wish else None

    @property
    def is_wanted(self) -> bool:
        """Whether there is a next pass, if only as a wish."""
        return self._wish is not None or self.coming is not None

    @property
    def is_made(self) -> bool:
        """Whether the worker is at work on it."""
        return self.coming is not None and self.coming.finished is None

    def want(self, record: CompositionRecord | None, parameters: Parameters, now_ns: int) -> None:
        """Something was turned: give up what is made with another value, and wish for this one.

        Args:
            record: The composition that plays, or None for other music.
            parameters: What is set now; of another technique they mean nothing to this one.
            now_ns: The present.
        """
        if self.coming is not None and self.coming.request.parameters == parameters:
            return
        self.drop()
        if record is None or record.technique is not parameters.technique:
            return
        if dict(record.parameters) != parameters.as_dict():
            self._wish, self._rests_ns = (record, parameters), now_ns + REST_NS

    def run_due(self, now_ns: int) -> None:
        """Have the worker begin, once the knob has rested."""
        if self._wish is not None and now_ns >= self._rests_ns:
            self._begin(now_ns)

    def drop(self, *, is_lost: bool = False) -> None:
        """Want no other pass any more; if it is lost the worker knows nothing of it."""
        coming, self.coming = self.coming, None
        self._wish = None
        self._player.cue(None)
        if coming is not None and coming.finished is None and not is_lost:
            self._worker.cancel(coming.number)

    def take(self, message: Advanced | Finished, now_ns: int) -> bool:
        """Take what the worker says; whether it is about the next pass."""
        if self.coming is None or message.number != self.coming.number:
            return False
        match message:
            case Advanced():
                self.coming = self.coming.advanced(message)
            case Finished():
                self.coming = replace(self.coming, finished=message)
        if self._player.cue_ticks is None:
            line = self._bar_line(now_ns)
            if self._is_far_enough(self.coming, line, now_ns):
                self._player.cue(line)
        return True

    def fail(self, message: Failed, now_ns: int) -> bool:
        """Take that something failed; whether it was the next pass. What plays goes on."""
        if self.coming is None or message.number != self.coming.number:
            return False
        self.drop(is_lost=True)
        self._tell(message.message, message.remedy, now_ns)
        return True

    def take_over(self, now_ns: int) -> State | None:
        """Go on with the next pass, at the player's cue; the state if it is still being written."""
        coming, cue = self.coming, self._player.cue_ticks
        assert coming is not None
        assert cue is not None
        self.coming = None
        finished, to_ticks = coming.finished, cue
        if finished is not None and cue >= schedule_of(finished.composition).end_ticks:
            to_ticks = _first_bar(coming.request)
        self._stage.take_over(coming, now_ns, to_ticks=to_ticks)
        if finished is None:
            return State.AUDITIONING
        self._keep(coming, now_ns)
        return None

    def follow_on(self, now_ns: int) -> State | None:
        """What plays is over: a next pass, if there is one, begins as soon as it can."""
        if self._wish is not None:  # without waiting for the knob to rest
            self._begin(now_ns)
        coming, self.coming = self.coming, None
        if coming is None:
            return None
        self._stage.follow(coming)
        if coming.preview is None:
            return State.GENERATING
        self._stage.audition(now_ns)
        return State.AUDITIONING

    def _begin(self, now_ns: int) -> None:
        assert self._wish is not None
        (record, parameters), self._wish = self._wish, None
        try:
            request = self._request(record, parameters)
            number = self._worker.generate(request)
        except ContinuoError as error:  # what plays goes on, whatever else fails
            self._tell(error.message, error.remedy, now_ns)
            return
        self.coming = Generating(number=number, request=request, parent=record.parent)

    def _bar_line(self, now_ns: int) -> int:
        """The next one."""
        assert self.coming is not None
        bar = self.coming.request.melody.ticks_per_bar
        return (self._player.position_ticks(now_ns) // bar + 1) * bar

    def _is_far_enough(self, coming: Generating, line: int, now_ns: int) -> bool:
        """Whether the music can take over at a bar line and will not wait for the worker then."""
        if coming.finished is not None:
            return True
        melody, written = coming.request.melody, coming.written_ticks
        if coming.preview is None or written is None or written < line + melody.ticks_per_bar:
            return False
        # Either goes on as fast as until now.
        first = melody.end_ticks if coming.request.parameters.technique.is_continuation else 0
        end_ticks = first + (written - first) * coming.total // max(coming.done, 1)
        left_ticks = end_ticks - self._player.position_ticks(now_ns)
        left_s = nanoseconds_of_ticks(max(left_ticks, 0), melody.tempo_bpm) / 1e9
        return coming.elapsed_s * (coming.total - coming.done) <= left_s * coming.done


def _first_bar(request: GenerationRequest) -> int:
    """Where one begins to listen: of a continuation in the bar in which the melody ends."""
    if not request.parameters.technique.is_continuation:
        return 0
    melody = request.melody
    return melody.end_ticks // melody.ticks_per_bar * melody.ticks_per_bar
