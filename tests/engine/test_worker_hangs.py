"""A worker's process that stands still holds nobody up, and is killed when it owes an answer."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from time import monotonic, sleep

import pytest

from firmware.engine import worker_line
from firmware.engine.messages import (
    Advanced,
    Died,
    Finished,
    GenerationRequest,
    Loaded,
)
from firmware.engine.worker import SILENT_S
from firmware.music.notes import Melody, Note
from firmware.parameters import Technique, parameters_for
from tests.engine.listener import FOLDER, LISTEN, PATIENCE_S, Listener

SHORT_S = 0.4
LOOK_S = 0.05


class Hanging(Listener):
    """A worker whose owner looks often whether it hangs."""

    def stop_process(self) -> None:
        """Have it stand still, as one that hangs."""
        assert self.worker.pid is not None
        os.kill(self.worker.pid, signal.SIGSTOP)

    def look_for(self, seconds: float) -> None:
        """Look again and again."""
        until_s = monotonic() + seconds
        while monotonic() < until_s and not self.has_died():
            self.worker.end_if_hung()
            sleep(LOOK_S)

    def has_died(self) -> bool:
        """Whether the last that was said is its end."""
        return any(isinstance(message, Died) for message in tuple(self.said.queue))

    def is_ended(self) -> bool:
        """Whether it is killed in time and its end is told."""
        self.look_for(PATIENCE_S)
        died = self.next(Died)
        assert isinstance(died, Died)
        return died.exit_code == -signal.SIGKILL and self.worker.reap(died)


@pytest.fixture
def hanging() -> Iterator[Callable[..., Hanging]]:
    made: list[Hanging] = []

    def make(studio: str, *, silent_s: float = SHORT_S) -> Hanging:
        made.append(Hanging(studio, silent_s=silent_s))
        return made[-1]

    yield make
    for listener in made:
        if listener.worker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(listener.worker.pid, signal.SIGKILL)
        listener.worker.stop()


class Clock:
    """Time that passes when it is told to."""

    now_s = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(worker_line, "monotonic", lambda: clock.now_s)
    return clock


@pytest.fixture
def request_of(melody: Melody) -> GenerationRequest:
    return GenerationRequest(
        melody=melody,
        parameters=parameters_for(Technique.ENHANCE),
        seed=0,
        bundle_folder=FOLDER,
    )


MakeHanging = Callable[..., Hanging]


def test_a_generation_that_stands_still_is_ended_and_the_next_one_works(
    hanging: MakeHanging, request_of: GenerationRequest
) -> None:
    listener = hanging("SlowStudio")
    listener.worker.generate(request_of)
    listener.next(Advanced)
    pid = listener.worker.pid
    listener.stop_process()
    assert listener.is_ended()
    listener.worker.silent_s = SILENT_S  # the machine that tests this may be slow
    listener.worker.generate(request_of)
    listener.next(Finished)
    assert listener.worker.pid not in (None, pid)


def test_one_that_was_given_up_still_owes_the_last_word(
    hanging: MakeHanging, request_of: GenerationRequest
) -> None:
    listener = hanging("SlowStudio")
    number = listener.worker.generate(request_of)
    listener.next(Advanced)
    listener.stop_process()
    listener.worker.cancel(number)
    assert listener.is_ended()


def test_so_does_one_that_loads_or_listens(hanging: MakeHanging) -> None:
    listener = hanging("FakeStudio")
    listener.worker.start()
    listener.stop_process()
    listener.worker.start(FOLDER)
    assert listener.is_ended()
    listener.worker.silent_s = SILENT_S
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    listener.stop_process()
    listener.worker.silent_s = SHORT_S
    listener.worker.listen(LISTEN)
    assert listener.is_ended()


def test_one_that_owes_nothing_is_left_alone_and_its_silence_counts_from_the_next_request(
    hanging: MakeHanging, request_of: GenerationRequest, clock: Clock
) -> None:
    listener = hanging("FakeStudio", silent_s=SILENT_S)
    listener.worker.start(FOLDER)
    listener.worker.listen(LISTEN)
    listener.worker.generate(request_of)
    listener.next(Finished)
    clock.now_s += 2 * SILENT_S
    listener.worker.end_if_hung()
    listener.worker.generate(request_of)
    listener.worker.end_if_hung()
    listener.next(Finished)


def test_one_that_is_slow_but_speaks_is_left_alone(
    hanging: MakeHanging, request_of: GenerationRequest, clock: Clock
) -> None:
    listener = hanging("SlowStudio", silent_s=SILENT_S)
    listener.worker.generate(request_of)
    for _ in range(4):
        clock.now_s += SILENT_S - 1
        while not listener.said.empty():
            listener.next(Advanced)
        for _ in range(2):  # the second was certainly said since then
            listener.next(Advanced)
        listener.worker.end_if_hung()
    listener.next(Finished)


def test_one_that_stands_still_in_the_middle_of_a_word_is_ended(
    hanging: MakeHanging, request_of: GenerationRequest
) -> None:
    """Whoever listens waits for the rest of it, and so cannot be the one who looks."""
    listener = hanging("MidWordStudio", silent_s=SILENT_S)
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    listener.worker.silent_s = SHORT_S
    listener.worker.generate(request_of)
    assert listener.is_ended()


def test_telling_one_that_stands_still_a_lot_holds_nobody_up(
    hanging: MakeHanging, request_of: GenerationRequest
) -> None:
    """Each of the melodies is larger than what a socket takes without a reader."""
    listener = hanging("FakeStudio")
    listener.worker.start()
    listener.stop_process()
    notes = tuple(Note(start_ticks=i, pitch=60, duration_ticks=1) for i in range(20_000))
    long = replace(request_of, melody=request_of.melody.with_notes(notes))

    def tell() -> None:
        for _ in range(3):
            listener.worker.cancel(listener.worker.generate(long))

    owner = threading.Thread(target=tell, daemon=True)
    owner.start()
    owner.join(SHORT_S * 10)
    assert not owner.is_alive()
    assert listener.is_ended()
    assert not [t for t in threading.enumerate() if t.name.startswith("continuo-worker")]
