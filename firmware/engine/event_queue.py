"""The one queue: bounded, with its drop policy written here.

While there is room, every event is taken, in order. When the queue is full:

1. A newcomer pushes out the oldest event of the lowest urgency below its own.
2. If nothing waiting is less urgent, a newcomer that is not vital is refused.
3. A vital newcomer is taken beyond the capacity, and takes the place of the same event (but for
   its time) if that waits already: nothing but vital events waits then, no note-on among them,
   so that one off for a note says as much as two.

So no note-off is ever lost on its note, and the queue holds at most its capacity, one note-off
for each key of each channel, one event for each position of the pedals, one for the ports, the
answers of the worker and the disk, and the long presses of a finger or two.
"""

import threading
from collections import deque

from firmware.engine.events import Event, MidiReceived, Urgency

CAPACITY = 1024


class EventQueue:
    """Many threads post, one thread gets.

    Args:
        capacity: Events that may wait before something has to give.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._waiting = dict.fromkeys(Urgency, 0)
        # A condition's own lock is reentrant: a signal handler may post on the very thread
        # that is getting.
        self._changed = threading.Condition()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def post(self, event: Event) -> None:
        """Add an event; never blocks, may drop by the policy above and counts it."""
        with self._changed:
            if len(self._events) >= self._capacity and not self._make_room(event):
                self.dropped += 1
                return
            self._events.append(event)
            self._waiting[event.urgency] += 1
            self._changed.notify()

    def get(self, timeout_s: float) -> Event | None:
        """The oldest event, waiting for one if need be.

        Args:
            timeout_s: How long to wait at most, in seconds of real time.

        Returns:
            The event, or None if none came.
        """
        with self._changed:
            if not self._events and timeout_s > 0:
                self._changed.wait(timeout_s)
            if not self._events:
                return None
            event = self._events.popleft()
            self._waiting[event.urgency] -= 1
            return event

    def _make_room(self, newcomer: Event) -> bool:
        """Apply the policy to a full queue; whether the newcomer is to be added."""
        weakest = min(urgency for urgency, count in self._waiting.items() if count)
        if weakest < newcomer.urgency:
            self._drop(next(i for i, e in enumerate(self._events) if e.urgency == weakest))
            return True
        if newcomer.urgency is not Urgency.VITAL:
            return False
        twin = next((i for i, e in enumerate(self._events) if _same(e, newcomer)), None)
        if twin is not None:
            self._drop(twin)
        return True

    def _drop(self, index: int) -> None:
        self._waiting[self._events[index].urgency] -= 1
        del self._events[index]
        self.dropped += 1


def _same(event: Event, other: Event) -> bool:
    if isinstance(event, MidiReceived) and isinstance(other, MidiReceived):
        return (event.message, event.keyboard) == (other.message, other.keyboard)
    return event == other
