"""Fingers on the guest's GPIO lines, as `gpio-sim` has them: contacts that close and open."""

from dataclasses import dataclass
from typing import Final

from tests.system.checks.programs import put_program
from tests.system.machine import Guest

LINES: Final = "/sys/devices/platform/gpio-sim.0/gpiochip0"
SHORT_MS, LONG_MS = 80, 1000
QUARTER_MS: Final = 5
"""Between two edges of an encoder: a knob that is spun, 50 detents a second.

At 2 ms none is lost either on a quiet machine. On one that others are on as well, a processor of
the guest's stands still for longer than that.
"""

_FINGERS: Final = f"""
import os, sys, time
from contextlib import ExitStack
from pathlib import Path

# On a machine that others are on as well, each of the guest's processors stands still now and then,
# while fingers on the other one would go on. The kernel looks at a line when its own thread is on:
# here that goes first, on the processor of the fingers, which are on time themselves. With its
# first edge such a thread is told anew where it may run.
HERE = {{1}}

def come_together():
    for thread in Path("/proc").glob("[0-9]*/comm"):
        if thread.read_text().startswith("irq/") and "-continu" in thread.read_text():
            os.sched_setaffinity(int(thread.parent.name), HERE)
    os.sched_setaffinity(0, HERE)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))

def spun(a, b, detents, each_ms):
    first, second = (a, b) if detents > 0 else (b, a)
    for _ in range(abs(detents)):
        for pin, closed in ((first, 1), (second, 1), (first, 0), (second, 0)):
            yield pin, closed, each_ms

verb, *numbers = sys.argv[1:]
numbers = list(map(int, numbers))
if verb == "press":
    moves = [(numbers[0], 1, numbers[1]), (numbers[0], 0, numbers[1])]
else:
    moves = list(spun(*numbers))
with ExitStack() as stack:
    pulls = {{
        pin: stack.enter_context(open(f"{LINES}/sim_gpio{{pin}}/pull", "w", buffering=1))
        for pin, _, _ in moves
    }}
    def move(pin, closed, for_ms):
        pulls[pin].write("pull-down\\n" if closed else "pull-up\\n")
        time.sleep(for_ms / 1000)

    if verb == "turn":
        for pin in pulls:  # to and fro is no step
            move(pin, 1, 20)
            move(pin, 0, 20)
    come_together()
    for each in moves:
        move(*each)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """A knob with a button in it.

    Attributes:
        a: Line of the contact that leads clockwise.
        b: Of the other one.
        push: Of the button.
    """

    a: int
    b: int
    push: int


class Header:
    """The lines of a guest.

    Args:
        guest: Whose.
    """

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._fingers = put_program(guest, "fingers", _FINGERS)

    def press(self, pin: int, for_ms: int = SHORT_MS) -> None:
        """Press a button, and let it go."""
        self._guest.run(f"{self._fingers} press {pin} {for_ms}")

    def turn(self, encoder: Encoder, detents: int, each_ms: int = QUARTER_MS) -> None:
        """Turn a knob clockwise, or back where it is negative."""
        self._guest.run(f"{self._fingers} turn {encoder.a} {encoder.b} {detents} {each_ms}")

    def is_lit(self, pin: int) -> bool:
        """Whether a light shines."""
        return self._guest.run(f"cat {LINES}/sim_gpio{pin}/value").strip() == "1"
