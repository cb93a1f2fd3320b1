"""What the panel says of work under way, and of what went wrong."""

from dataclasses import dataclass, replace

from firmware.engine.messages import Advanced, Finished, GenerationRequest
from firmware.music.notes import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Generating:
    """A generation at work.

    Attributes:
        number: The worker's number for it.
        request: What it works on.
        done: Passes done.
        total: Passes in all; 0 before the first answer.
        elapsed_s: Seconds since it began.
        preview: What there is so far, or None.
        written_ticks: Up to where the preview will not change any more, if it is written from
            its beginning to its end; else None.
        finished: The worker's last word, or None.
        parent: Name in the library of the composition that is worked on, or None.
    """

    number: int
    request: GenerationRequest
    done: int = 0
    total: int = 0
    elapsed_s: float = 0.0
    preview: Composition | None = None
    written_ticks: int | None = None
    finished: Finished | None = None
    parent: str | None = None

    def advanced(self, message: Advanced) -> "Generating":
        """The same, further on; what there is to hear stays until there is more."""
        latest = message if message.preview else self
        return replace(
            self,
            done=message.done,
            total=message.total,
            elapsed_s=message.elapsed_s,
            preview=latest.preview,
            written_ticks=latest.written_ticks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the player must know.

    Attributes:
        sentence: What is the matter.
        remedy: What helps, or "".
        until_ns: When it goes away by itself.
    """

    sentence: str
    remedy: str
    until_ns: int
