"""The queue's policy: what is dropped when it is full, and that a note-off never is."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from firmware.devices.controls import Button, Knob
from firmware.engine.event_queue import EventQueue
from firmware.engine.events import (
    ButtonPressed,
    Event,
    FromWorker,
    KnobTurned,
    MidiReceived,
    StopRequested,
    Urgency,
)
from firmware.engine.messages import Advanced, Cancelled
from firmware.midi.messages import ControlChange, NoteOff, NoteOn


def on(pitch: int, at_ns: int = 0) -> Event:
    return MidiReceived(NoteOn(pitch=pitch, velocity=80), at_ns)


def off(pitch: int, at_ns: int = 0) -> Event:
    return MidiReceived(NoteOff(pitch=pitch), at_ns)


def wheel(value: int) -> Event:
    return MidiReceived(ControlChange(control=1, value=value), 0)


def pedal(value: int) -> Event:
    return MidiReceived(ControlChange(control=64, value=value), 0)


def drained(queue: EventQueue) -> list[Event]:
    events: list[Event] = []
    while (event := queue.get(0.0)) is not None:
        events.append(event)
    return events


def filled(*events: Event, capacity: int) -> EventQueue:
    queue = EventQueue(capacity)
    for event in events:
        queue.post(event)
    return queue


def test_events_come_out_in_the_order_in_which_they_went_in() -> None:
    events = [on(60), wheel(3), off(60), StopRequested()]
    assert drained(filled(*events, capacity=10)) == events


def test_a_note_pushes_out_the_oldest_hint() -> None:
    queue = filled(on(60), wheel(1), wheel(2), on(61), capacity=3)
    assert drained(queue) == [on(60), wheel(2), on(61)]
    assert queue.dropped == 1


def test_a_hint_is_refused_by_a_full_queue_of_notes() -> None:
    queue = filled(on(60), on(61), wheel(1), KnobTurned(Knob.VALUE, 1, 0), capacity=2)
    assert drained(queue) == [on(60), on(61)]
    assert queue.dropped == 2


def test_a_note_off_pushes_out_the_oldest_note_on() -> None:
    assert drained(filled(on(60), on(61), off(59), capacity=2)) == [on(61), off(59)]


def test_a_note_off_is_taken_by_a_queue_full_of_note_offs() -> None:
    queue = filled(off(60), off(61), off(62), capacity=2)
    assert drained(queue) == [off(60), off(61), off(62)]
    assert queue.dropped == 0


def test_of_the_pedal_the_last_position_is_kept() -> None:
    """Down, up, down, up on a full queue must not end with the pedal down."""
    queue = filled(off(1), off(2), pedal(0), pedal(127), pedal(0), capacity=2)
    assert drained(queue)[-1] == pedal(0)


def test_answers_are_vital_and_mere_progress_is_a_hint() -> None:
    progress = FromWorker(Advanced(number=1, done=1, total=2, elapsed_s=0.1))
    assert progress.urgency is Urgency.HINT
    assert FromWorker(Cancelled(number=1)).urgency is Urgency.VITAL
    queue = filled(progress, on(60), FromWorker(Cancelled(number=1)), capacity=2)
    assert drained(queue) == [on(60), FromWorker(Cancelled(number=1))]


@given(
    keys=st.lists(
        st.one_of(
            st.tuples(st.sampled_from((on, off)), st.integers(40, 50)),
            st.tuples(st.sampled_from((wheel, pedal)), st.integers(0, 127)),
        ),
        max_size=300,
    ),
    capacity=st.integers(1, 20),
)
def test_no_flood_leaves_a_note_on_without_its_off(
    keys: list[tuple[object, int]], capacity: int
) -> None:
    """Whatever is lost, a key that is up in the end is up for the listener as well."""
    queue = EventQueue(capacity)
    is_down: dict[int, bool] = {}
    for make, value in keys:
        queue.post(make(value))  # type: ignore[operator]
        if make in (on, off):
            is_down[value] = make is on
    heard: set[int] = set()
    for event in drained(queue):
        assert isinstance(event, MidiReceived)
        match event.message:
            case NoteOn(pitch=pitch):
                heard.add(pitch)
            case NoteOff(pitch=pitch):
                heard.discard(pitch)
            case _:
                pass
    assert all(is_down[pitch] for pitch in heard)


@given(
    pitches=st.lists(st.integers(0, 127), min_size=150, max_size=150),
    capacity=st.integers(1, 8),
)
def test_the_queue_is_bounded_whatever_is_posted(pitches: list[int], capacity: int) -> None:
    queue = EventQueue(capacity)
    for pitch in pitches:
        queue.post(on(pitch))
        queue.post(off(pitch))
    assert len(queue) <= capacity + 128


def test_a_getter_that_waits_is_woken_by_a_post() -> None:
    queue = EventQueue()
    poster = threading.Timer(0.01, lambda: queue.post(ButtonPressed(Button.PLAY, 0)))
    poster.start()
    assert queue.get(5.0) == ButtonPressed(Button.PLAY, 0)
    poster.join()
