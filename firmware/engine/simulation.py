"""A simulated player at a simulated instrument, on a clock that needs no real time."""

from collections.abc import Callable
from time import monotonic

from firmware.devices.board import SimulatedBoard
from firmware.devices.controls import Button, Knob
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.schedule import key_moves
from firmware.errors import ControlError, WorkerError
from firmware.music.notes import Melody
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks
from firmware.panel.views import ListView

SILENCE_S = 120.0
"""A worker or a disk that says nothing for this long is taken for hung."""

MOST_ROWS = 100
"""Of a page, as far as a hand turns."""

_FINGER_NS = 100_000_000  # between two things that a hand does
_LISTEN_S = 0.02


class Simulation:
    """Turns the clock for an engine and moves the hands of its player.

    Args:
        engine: The engine, opened.
        board: Its devices.
        clock: Its clock.
    """

    def __init__(self, engine: Engine, board: SimulatedBoard, clock: VirtualClock) -> None:
        self.engine = engine
        self.board = board
        self.clock = clock

    def advance_to(self, at_ns: int) -> None:
        """Let time pass, doing whatever is due on the way at its very instant."""
        self.engine.step()
        while (due_ns := self.engine.next_ns()) <= at_ns:
            self.clock.advance_to(due_ns)
            self.engine.step()
        self.clock.advance_to(at_ns)
        self.engine.step()

    def advance(self, duration_ns: int) -> None:
        """Let so much time pass."""
        self.advance_to(self.clock.now_ns() + duration_ns)

    def press(self, button: Button) -> int:
        """Press a button and take the finger off.

        Returns:
            The nanosecond of the press.
        """
        now_ns = self.clock.now_ns()
        self.board.buttons.press(button)
        self.advance(_FINGER_NS)
        return now_ns

    def turn(self, knob: Knob, clicks: int) -> None:
        """Turn a knob by so many detents."""
        if clicks:
            self.board.knobs.turn(knob, clicks)
            self.advance(_FINGER_NS)

    def open_page(self, label: str) -> None:
        """Go to the row of this label on the page that is seen, and enter it.

        Raises:
            ControlError: If there is none, or the page has no rows.
        """
        self.select(label)
        self.press(Button.ENTER)

    def select(self, label: str) -> None:
        """Turn the menu's dial until the row of this label is selected, as far as there are rows.

        Raises:
            ControlError: If there is none, or the page has no rows.
        """
        self.turn(Knob.SELECT, -MOST_ROWS)
        seen = 0
        while True:
            view = self.engine.panel.view(self.clock.now_ns())
            if not isinstance(view, ListView) or view.selected is None or seen >= view.total:
                raise ControlError(f"no row {label!r} is seen")
            if view.rows[view.selected][0] == label:
                return
            self.turn(Knob.SELECT, 1)
            seen += 1

    def strike(self, melody: Melody, origin_ns: int) -> None:
        """Play a melody on the keys, its first tick at an instant.

        Args:
            melody: Without two notes of one pitch that overlap.
            origin_ns: When it begins; not in the past.
        """
        for ticks, goes_down, pitch, velocity in key_moves(melody):
            self.advance_to(origin_ns + nanoseconds_of_ticks(ticks, melody.tempo_bpm))
            if goes_down:
                self.board.keyboard.strike(pitch, velocity=velocity)
            else:
                self.board.keyboard.release(pitch)
        self.engine.step()

    def bar_ns(self) -> int:
        """Length of a bar as it is set."""
        settings = self.engine.instrument.settings
        return nanoseconds_of_ticks(settings.beats_per_bar * TICKS_PER_BEAT, settings.tempo_bpm)

    def wait(self, is_done: Callable[[], bool], *, who: str = "the model") -> None:
        """Wait in real time for the worker or the disk, the simulated clock going along.

        Args:
            is_done: Whether it has come.
            who: Is waited for.

        Raises:
            WorkerError: If nothing happens for `SILENCE_S` seconds.
        """
        heard = last = monotonic()
        before: object = None
        while not is_done():
            self.engine.step(_LISTEN_S)
            now = monotonic()
            self.advance(int((now - last) * 1e9))
            last = now
            if self.engine.instrument.generating != before:
                before, heard = self.engine.instrument.generating, now
            if now - heard > SILENCE_S:
                raise WorkerError(f"{who} said nothing for {SILENCE_S:g} seconds")
