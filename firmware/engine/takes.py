"""The melody at hand and what was made of it: the last takes, to step through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from firmware.engine.messages import Finished, GenerationRequest
from firmware.errors import EngineStateError, ParameterError
from firmware.library.records import CompositionRecord
from firmware.music.notes import Composition, Melody
from firmware.parameters import PARAMETERS_BY_KEY, Technique

KEPT: Final = 10
"""How many takes there are at most; the oldest gives way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A melody, and a composition where one was made of it.

    Attributes:
        melody: What was played.
        record: The composition with all that it came from, or None.
        unfinished: What was written of a composition before its generation failed, or None.
        saved_as: The composition's name in the library, or None while it has none.
    """

    melody: Melody
    record: CompositionRecord | None = None
    unfinished: Composition | None = None
    saved_as: str | None = None

    @property
    def composition(self) -> Composition | None:
        """The composition, or None."""
        return self.record.composition if self.record else self.unfinished


def record_of(
    request: GenerationRequest,
    finished: Finished,
    *,
    created_at: str,
    parent: str | None = None,
) -> CompositionRecord:
    """What is kept of a composition.

    Args:
        request: What it was made from.
        finished: What came of it.
        created_at: When, ISO 8601 in UTC.
        parent: Name in the library of the composition that the melody was, or None.
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
        parent=parent,
    )


def facts_of(record: CompositionRecord) -> tuple[tuple[str, str], ...]:
    """How a composition was made, for a player to read: each value with its name."""
    facts = [("Technique", record.technique.capitalize())]
    for key, value in record.parameters.items():
        spec = PARAMETERS_BY_KEY.get(key)
        if spec is None:  # of another version
            facts.append((key, str(value)))
            continue
        try:
            facts.append((spec.label, spec.text(value)))
        except ParameterError:
            facts.append((spec.label, str(value)))
    return (*facts, ("Seed", str(record.seed)), ("Model", record.bundle))


class Takes:
    """The last takes, one of which is the present one."""

    def __init__(self) -> None:
        self._takes: list[Take] = []
        self._at = 0
        self._deleted: tuple[int, Take] | None = None

    def __len__(self) -> int:
        return len(self._takes)

    def __iter__(self) -> Iterator[Take]:
        return iter(self._takes)

    @property
    def current(self) -> Take | None:
        """The present take, or None if there is none."""
        return self._takes[self._at] if self._takes else None

    @property
    def number(self) -> int:
        """Which one the present take is, from 1; 0 if there is none."""
        return self._at + 1 if self._takes else 0

    @property
    def can_restore(self) -> bool:
        """Whether a take was deleted that can come back."""
        return self._deleted is not None

    def add(self, take: Take) -> None:
        """Make a take the last and the present one."""
        self._takes = [*self._takes, take][-KEPT:]
        self._at = len(self._takes) - 1

    def step(self, count: int) -> None:
        """Go to a later take, or with a negative number to an earlier one; the ends are stops.

        Raises:
            EngineStateError: If there is none.
        """
        self.melody()
        self._at = min(max(self._at + count, 0), len(self._takes) - 1)

    def delete(self) -> None:
        """Forget the present take; the one before it is present then.

        Raises:
            EngineStateError: If there is none.
        """
        self.melody()
        self._deleted = (self._at, self._takes.pop(self._at))
        self._at = max(self._at - 1, 0)

    def restore(self) -> None:
        """Bring back the take that was deleted last, where it was.

        Raises:
            EngineStateError: If there is none.
        """
        if self._deleted is None:
            raise EngineStateError("no take was deleted")
        (at, take), self._deleted = self._deleted, None
        at = min(at, len(self._takes))
        self._takes.insert(at, take)
        if len(self._takes) > KEPT:
            del self._takes[0]
            at = max(at - 1, 0)
        self._at = at

    def replace(self, take: Take) -> None:
        """Put another one in the place of the present one."""
        self._takes[self._at] = take

    def name_melody(self, name: str) -> None:
        """Give the melody of the present take another name.

        Raises:
            EngineStateError: If there is none.
        """
        melody = self.melody()
        assert self.current is not None
        self.replace(replace(self.current, melody=replace(melody, name=name)))

    def note_saved(self, record: CompositionRecord, name: str) -> None:
        """A composition was given a name in the library."""
        self._change(lambda t: replace(t, saved_as=name) if t.record is record else t)

    def name_kept(self, name: str, title: str) -> None:
        """A composition in the library has another title.

        Args:
            name: Its name there.
            title: What the player sees.
        """
        self._change(lambda take: _titled(take, title) if take.saved_as == name else take)

    def source(self, technique: Technique, *, on_heard: bool) -> tuple[Melody, str | None]:
        """What a technique works on.

        Args:
            technique: Which one.
            on_heard: Whether a composition that another technique made is to be worked on.

        Returns:
            The melody, and the name in the library of the composition that it was, or None.

        Raises:
            EngineStateError: If there is no take.
        """
        melody = self.melody()
        assert self.current is not None
        record = self.current.record
        if record is None:
            return melody, None
        if on_heard and record.technique is not technique:
            return record.composition.as_melody(), self.current.saved_as
        return melody, record.parent

    def _change(self, change: Callable[[Take], Take]) -> None:
        """Change all of them, and the one that was deleted."""
        self._takes = [change(take) for take in self._takes]
        if self._deleted is not None:
            at, take = self._deleted
            self._deleted = (at, change(take))

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


def _titled(take: Take, title: str) -> Take:
    assert take.record is not None
    melody = replace(take.melody, name=title)
    composition = replace(take.record.composition, name=title)
    return replace(
        take, melody=melody, record=replace(take.record, composition=composition, melody=melody)
    )
