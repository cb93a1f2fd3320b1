"""A generation that a program asked for, from its first pass to its place in the library."""

from collections.abc import Callable

from firmware.engine.control.exchange import Exchange
from firmware.engine.instrument import Instrument
from firmware.errors import EngineStateError, LibraryError
from firmware.library.records import CompositionRecord


class Watch:
    """Tells a program how far its generation is, which has just begun.

    Args:
        exchange: Who asked.
        instrument: What generates.
        unsaved: How many compositions could not be saved so far.
    """

    def __init__(
        self, exchange: Exchange, instrument: Instrument, unsaved: Callable[[], int]
    ) -> None:
        assert instrument.generating is not None
        self._exchange = exchange
        self._instrument = instrument
        self._unsaved = unsaved
        self._unsaved_before = unsaved()
        self._number = instrument.generating.number
        self._before = tuple(instrument.takes)
        self._done = -1
        self._elapsed_s = 0.0
        self._record: CompositionRecord | None = None

    def follow(self) -> bool:
        """See how far it is; whether it is over and told."""
        if self._record is not None:
            return self._follow_save(self._record)
        generating = self._instrument.generating
        if generating is not None and generating.number == self._number:
            self._elapsed_s = generating.elapsed_s
            if generating.done > self._done:
                self._done = generating.done
                self._exchange.tell(
                    {
                        "done": generating.done,
                        "total": generating.total,
                        "elapsed_s": round(generating.elapsed_s, 3),
                    }
                )
            return False
        take = self._instrument.takes.current
        is_new = take is not None and all(take is not other for other in self._before)
        if take is None or take.record is None or not is_new:
            self._exchange.refuse(self._why_not())
            return True
        self._record = take.record
        return self._follow_save(take.record)

    def _follow_save(self, record: CompositionRecord) -> bool:
        if self._unsaved() > self._unsaved_before:
            notice = self._instrument.notice
            sentence = notice.sentence if notice else "the composition was not saved"
            remedy = notice.remedy if notice else "continuo log says more"
            self._exchange.refuse(LibraryError(sentence, remedy=remedy))
            return True
        takes = tuple(self._instrument.takes)
        take = next((take for take in takes if take.record is record), None)
        if take is not None and take.saved_as is None:
            return False
        self._exchange.finish(
            {
                "name": take.saved_as if take else None,
                "technique": record.technique,
                "parameters": dict(record.parameters),
                "seed": record.seed,
                "bundle": record.bundle,
                "generation_s": round(self._elapsed_s, 3),
                "state": self._instrument.state,
            }
        )
        return True

    def _why_not(self) -> EngineStateError:
        notice = self._instrument.notice
        if notice is None:
            return EngineStateError("the generation was cancelled on the instrument")
        return EngineStateError(notice.sentence, remedy=notice.remedy)
