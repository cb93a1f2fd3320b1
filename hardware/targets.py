"""What only a real Raspberry Pi can show, with the figure to beat."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to measure.

    Attributes:
        name: What it is.
        section: Heading of its procedure in `measuring.md`.
        limits: The figure to beat by Raspberry Pi; under an empty name, for all others.
    """

    name: str
    section: str
    limits: Mapping[str, str] = field(default_factory=dict)

    def limit(self, model: str) -> str:
        """The figure to beat on a Raspberry Pi, or an empty string if it has none."""
        return self.limits.get(model, self.limits.get("", ""))


TARGETS: tuple[Target, ...] = (
    Target(name="Key to sound", section="Key to sound", limits={"": "≤ 12 ms"}),
    Target(
        name="Power to playable",
        section="Power to playable",
        limits={"": "≤ 10 s", "Raspberry Pi Zero 2 W": "≤ 15 s"},
    ),
    Target(
        name="Enhance, 100 passes",
        section="Enhance",
        limits={
            "Raspberry Pi 4": "< 5 s",
            "Raspberry Pi 5": "< 5 s",
            "Raspberry Pi Zero 2 W": "write it down",
        },
    ),
    Target(
        name="An hour of play and generating",
        section="Heat",
        limits={"": "no throttling: `throttled=0x0`"},
    ),
    Target(
        name="Display at 400 kHz",
        section="The bus of the display",
        limits={"": "1,000 frames, no error"},
    ),
    Target(
        name="USB-C as a MIDI device, a keyboard attached",
        section="USB-C gadget with a keyboard attached",
        limits={
            "": "10,000 messages each way, none lost, no undervoltage",
            "Raspberry Pi Zero 2 W": "not both: it has one socket for either",
        },
    ),
    Target(
        name="Current while generating",
        section="Current",
        limits={"": "below the supply's, no undervoltage"},
    ),
)
