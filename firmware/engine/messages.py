"""What the engine and its inference worker say to each other: frozen values on a pipe.

The engine imports this module and nothing that computes, so that it stays small and starts fast.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from firmware.music.notes import Composition, Melody
from firmware.music.turns import Turn
from firmware.parameters import Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """Everything that a composition depends on.

    Attributes:
        melody: What to work on.
        parameters: Technique and values.
        seed: Of the random numbers, 0 or more.
        bundle_folder: The model bundle.
        threads: Threads of the interpreter.
        turns: In a duet, what was said before the melody, which is the player's phrase then;
            the oldest first. Else None.
    """

    melody: Melody
    parameters: Parameters
    seed: int
    bundle_folder: Path
    threads: int = 1
    turns: tuple[Turn, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Get a bundle ready, so that the first generation does not wait for it."""

    bundle_folder: Path
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Work on a request.

    Attributes:
        number: Which generation it is; answers carry it, so that late ones are told apart.
        request: The work.
    """

    number: int
    request: GenerationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Read what was said in a duet, so that the next answer does not wait for it.

    Attributes:
        turns: The whole conversation, the oldest first.
        style: In which the next answer is likely to be asked for.
        bundle_folder: The model bundle.
        threads: Threads of the interpreter.
    """

    turns: tuple[Turn, ...]
    style: str
    bundle_folder: Path
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up a generation between two passes."""

    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process."""


Command = Load | Generate | Listen | Cancel | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A bundle is ready.

    Attributes:
        name: Its name.
    """

    name: str
    is_hint: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Alive:
    """It works and has nothing else to tell: when it is up, and often while it listens."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What was said in a duet is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """How far a generation is.

    Attributes:
        number: Which generation.
        done: Passes done.
        total: Passes in all.
        elapsed_s: Seconds since it began.
        preview: What there is so far, where it is worth hearing.
        written_ticks: Up to where the preview will not change any more, where it is written
            from its beginning to its end; else None.
    """

    number: int
    done: int
    total: int
    elapsed_s: float
    preview: Composition | None = None
    written_ticks: int | None = None

    @property
    def is_hint(self) -> bool:
        """A preview is waited for, mere progress is not."""
        return self.preview is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A generation is done.

    Attributes:
        number: Which generation.
        composition: The music.
        bundle: Name of the bundle.
        bundle_sha256: Hash of its model file.
        elapsed_s: Seconds it took.
    """

    number: int
    composition: Composition
    bundle: str
    bundle_sha256: str
    elapsed_s: float
    is_hint: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A generation, loading or listening came to nothing; the process lives.

    Attributes:
        number: Which generation, or None for loading and listening.
        message: One sentence.
        remedy: What helps.
    """

    number: int | None
    message: str
    remedy: str
    is_hint: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A generation was given up as asked."""

    number: int
    is_hint: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """The process is gone. Said by the engine's side of the pipe.

    Attributes:
        incarnation: Which start of the worker that died, so that a late word is told apart.
        exit_code: As `subprocess` reports it; negative for a signal.
    """

    incarnation: int
    exit_code: int
    is_hint: ClassVar[bool] = False


Answer = Loaded | Advanced | Finished | Failed | Cancelled
Sign = Alive | Listened
"""What only the engine's end of the pipe waits for."""

WorkerMessage = Answer | Died
