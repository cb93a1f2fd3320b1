"""The melody at hand and what was made of it, with one step back."""

from dataclasses import dataclass

from firmware.engine.messages import Finished, GenerationRequest
from firmware.errors import EngineStateError
from firmware.library.records import CompositionRecord
from firmware.music.notes import Composition, Melody


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A melody, and a composition where one was made of it.

    Attributes:
        melody: What was played.
        record: The composition with all that it came from, or None.
        unfinished: What was written of a composition before its generation failed, or None.
    """

    melody: Melody
    record: CompositionRecord | None = None
    unfinished: Composition | None = None

    @property
    def composition(self) -> Composition | None:
        """The composition, or None."""
        return self.record.composition if self.record else self.unfinished


def record_of(
    request: GenerationRequest, finished: Finished, *, created_at: str
) -> CompositionRecord:
    """What is kept of a composition.

    Args:
        request: What it was made from.
        finished: What came of it.
        created_at: When, ISO 8601 in UTC.
    """
    return CompositionRecord(
        composition=finished.composition,
        melody=request.melody,
        technique=request.parameters.technique,
        parameters=request.parameters.as_dict(),
        seed=request.seed,
        bundle=finished.bundle,
        bundle_sha256=finished.bundle_sha256,
        created_at=created_at,
    )


class Takes:
    """The present take and the one before it."""

    def __init__(self) -> None:
        self.current: Take | None = None
        self._before: Take | None = None

    def add(self, take: Take) -> None:
        """Make a take the present one."""
        self._before, self.current = self.current, take

    def swap(self) -> Take:
        """Go back to the take before, or forth again.

        Raises:
            EngineStateError: If there is none.
        """
        if self.current is None or self._before is None:
            raise EngineStateError("there is nothing to go back to", remedy="generate again first")
        self._before, self.current = self.current, self._before
        return self.current

    def melody(self) -> Melody:
        """The melody at hand.

        Raises:
            EngineStateError: If there is none.
        """
        if self.current is None:
            raise EngineStateError(
                "there is no melody yet", remedy="press record and play, or keep what you played"
            )
        return self.current.melody
