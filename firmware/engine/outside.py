"""What the instrument leaves to others: sending, saving, generating, chance and the calendar."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from firmware.engine.messages import Died, GenerationRequest, Listen
from firmware.library.records import CompositionRecord
from firmware.midi.messages import MidiMessage
from firmware.parameters import Parameters


class Worker(Protocol):
    """What the instrument needs of the inference worker."""

    def start(self, bundle_folder: Path | None = None, *, threads: int = 1) -> None:
        """Start the process, and have it load a bundle."""
        ...

    def generate(self, request: GenerationRequest) -> int:
        """Begin a generation; its number."""
        ...

    def listen(self, duet: Listen) -> None:
        """Have it read what was said in a duet."""
        ...

    def cancel(self, number: int) -> None:
        """Give a generation up."""
        ...

    def reap(self, died: Died) -> bool:
        """Clear away a dead process; whether it was the present one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the instrument cannot do by itself.

    Attributes:
        send: Sends a message to the synthesizer.
        save: Has a composition saved in the background.
        worker: The inference worker.
        choose_bundle: The model's folder for a technique and its values.
        name_take: What the next recording is called.
        choose_seed: A seed that nobody chose.
        wall_clock: Date and time, with time zone.
        installed: Values that models bring, by `ParameterSpec.key`.
    """

    send: Callable[[MidiMessage], None]
    save: Callable[[CompositionRecord], None]
    worker: Worker
    choose_bundle: Callable[[Parameters], Path]
    name_take: Callable[[], str]
    choose_seed: Callable[[], int]
    wall_clock: Callable[[], datetime]
    installed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
