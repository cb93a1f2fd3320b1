"""The keyboards of the board: which they are, what their knobs mean, whether they still speak."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from firmware.devices.buttons import LONG_PRESS_NS
from firmware.devices.midi_ports import MidiInput, PortChange, PortListener
from firmware.engine.remote import control_map_of
from firmware.midi.control_maps import (
    FIRST_CHANNEL_MODE,
    PRESSED_FROM,
    UNKNOWN,
    ControlMap,
    Learned,
)
from firmware.midi.messages import ControlChange, MidiMessage, Realtime
from firmware.midi.sensing import Sensing
from firmware.panel.keys import Key

Hear = Callable[[int, MidiMessage, int], None]
"""Takes a keyboard's index, what it said and when, on the keyboard's thread."""


class Keyboards:
    """Every keyboard there may be.

    Args:
        inputs: The board's.

    Attributes:
        learning: The button or parameter for which the next controller is learned, or None.
    """

    def __init__(self, inputs: Sequence[MidiInput]) -> None:
        self._inputs = tuple(inputs)
        self._sensing = tuple(Sensing() for _ in self._inputs)
        self._maps: list[ControlMap | None] = [None for _ in self._inputs]
        self._stop_since: dict[int, int] = {}  # keyboard to when its stop button went down
        self._learned: tuple[Learned, ...] = ()
        self.learning: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there."""
        return tuple(keyboard.name for keyboard in self._inputs if keyboard.name)

    @property
    def known(self) -> tuple[str, ...]:
        """Those whose knobs and buttons are known."""
        return tuple(known.name for known in self._maps if known)

    @property
    def learned(self) -> tuple[Learned, ...]:
        """Everything that was taught, of keyboards that are there and others: to be kept."""
        return self._learned

    def restore(self, learned: Iterable[Learned]) -> None:
        """Take back what was kept; an empty one forgets everything."""
        self._learned = tuple(learned)
        self.find_maps()

    def controls(self) -> Mapping[str, int]:
        """Which controller is what, of the keyboards that are there: target to number."""
        present = {self._key(keyboard) for keyboard in self._inputs}
        return {x.target: x.control for x in self._learned if x.keyboard in present}

    def open(self, hear: Hear, on_change: PortListener) -> None:
        """Connect them."""
        for index, keyboard in enumerate(self._inputs):
            keyboard.open(partial(self._hear, hear, index), on_change)
        self.find_maps()

    def find_maps(self) -> None:
        """See whose knobs and buttons are known of those that are there now."""
        self._maps = [self._map_of(keyboard) for keyboard in self._inputs]

    def is_music(self, keyboard: int, message: MidiMessage) -> bool:
        """Whether a message is for the synthesizer, and not for the panel or a lesson."""
        is_lesson = self.learning is not None and isinstance(message, ControlChange)
        return not is_lesson and self.panel_of(keyboard, message) is None

    def learn(self, keyboard: int, message: MidiMessage) -> Learned | None:
        """Take a controller for what is being learned.

        Returns:
            The lesson, or None if there is none or it is none that can be learned.
        """
        target = self.learning
        if target is None or not isinstance(message, ControlChange):
            return None
        is_button = target in set(Key)
        if message.control >= FIRST_CHANNEL_MODE or (is_button and message.value < PRESSED_FROM):
            return None
        key = self._key(self._inputs[keyboard])
        if key is None:  # it was unplugged meanwhile
            return None
        lesson = Learned(keyboard=key, control=message.control, target=target, is_button=is_button)
        others = (
            other
            for other in self._learned
            if other.keyboard != key or lesson.target != other.target
        )
        self.learning = None
        self.restore(o for o in (*others, lesson) if o is lesson or not _same_knob(o, lesson))
        return lesson

    def panel_of(self, keyboard: int, message: MidiMessage) -> ControlMap | None:
        """The keyboard's control map, if the message comes from its buttons and knobs."""
        control_map = self._maps[keyboard]
        return control_map if control_map and control_map.is_panel(message) else None

    def poll(self) -> Iterator[tuple[int, PortChange]]:
        """Which came or went since the last time."""
        for index, keyboard in enumerate(self._inputs):
            change = keyboard.poll()
            if change is not None:
                self._sensing[index].forget()
                self._stop_since.pop(index, None)
                self.find_maps()
                yield index, change

    def next_ns(self) -> int | None:
        """When one would be taken for gone, or its stop button for pressed long; or None."""
        times = [sensing.due_ns() for sensing in self._sensing]
        times += [since_ns + LONG_PRESS_NS for since_ns in self._stop_since.values()]
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def note_stop(self, keyboard: int, message: MidiMessage, at_ns: int) -> None:
        """Watch the stop button of a keyboard that is known to tell when it comes up."""
        control_map = self._maps[keyboard]
        if control_map is None or not control_map.usb_id or not isinstance(message, ControlChange):
            return
        if control_map.buttons.get(message.control) != Key.STOP:
            return
        if message.value >= PRESSED_FROM:
            self._stop_since[keyboard] = at_ns
        else:
            self._stop_since.pop(keyboard, None)

    def is_stop_held(self, now_ns: int) -> bool:
        """Whether a stop button has been down for as long as a long press takes; true once."""
        long = [k for k, at_ns in self._stop_since.items() if now_ns >= at_ns + LONG_PRESS_NS]
        for keyboard in long:
            del self._stop_since[keyboard]
        return bool(long)

    def fallen_silent(self, now_ns: int) -> Iterator[int]:
        """Those that said they would go on speaking, and did not."""
        for index, sensing in enumerate(self._sensing):
            if sensing.is_lost(now_ns):
                yield index

    def _key(self, keyboard: MidiInput) -> str | None:
        identity = keyboard.identity
        return identity.key if identity else keyboard.name

    def _map_of(self, keyboard: MidiInput) -> ControlMap | None:
        known = control_map_of(keyboard.name, keyboard.identity)
        lessons = [x for x in self._learned if x.keyboard == self._key(keyboard)]
        if not lessons:
            return known
        return (known or replace(UNKNOWN, name=keyboard.name or "")).with_learned(lessons)

    def _hear(self, hear: Hear, index: int, message: MidiMessage, at_ns: int) -> None:
        self._sensing[index].feed(message, at_ns)
        if message is not Realtime.ACTIVE_SENSING:  # thrice a second, and no news
            hear(index, message, at_ns)


def _same_knob(one: Learned, other: Learned) -> bool:
    return (one.keyboard, one.control) == (other.keyboard, other.control)
