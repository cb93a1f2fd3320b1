"""The inference worker as a real process: answers, cancelling, dying and being ended."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from firmware.engine import worker as worker_module
from firmware.engine.messages import (
    Advanced,
    Cancelled,
    Died,
    Failed,
    Finished,
    GenerationRequest,
    Loaded,
)
from firmware.errors import WorkerError
from firmware.music.notes import Composition, Melody, Note
from firmware.parameters import Technique, parameters_for
from tests.engine.listener import FOLDER, LISTEN, PATIENCE_S, Listener


class Watch:
    """Tells whether a process has ended, its own or somebody else's child."""

    def __init__(self, pid: int | None) -> None:
        assert pid is not None
        self._descriptor = os.pidfd_open(pid)

    def has_ended(self, *, within_s: float = 0.0) -> bool:
        """Wait for its end; the watch is over then."""
        ready, _, _ = select.select([self._descriptor], [], [], within_s)
        os.close(self._descriptor)
        return bool(ready)


class MakeWorker(Protocol):
    """Makes a worker that is stopped after the test."""

    def __call__(self, studio: str = "FakeStudio") -> Listener:
        """Make one with a studio of `fake_studio`."""
        ...


@pytest.fixture
def make_worker() -> Iterator[MakeWorker]:
    made: list[Listener] = []

    def make(studio: str = "FakeStudio") -> Listener:
        made.append(Listener(studio))
        return made[-1]

    yield make
    for listener in made:
        listener.worker.stop()


@pytest.fixture
def request_of(melody: Melody) -> Callable[..., GenerationRequest]:
    def make(seed: int = 0, folder: Path = FOLDER) -> GenerationRequest:
        return GenerationRequest(
            melody=melody,
            parameters=parameters_for(Technique.ENHANCE),
            seed=seed,
            bundle_folder=folder,
        )

    return make


RequestOf = Callable[..., GenerationRequest]


def test_a_generation_is_told_pass_by_pass_and_finished(
    make_worker: MakeWorker, request_of: RequestOf, octaves: Callable[..., Composition]
) -> None:
    listener = make_worker("PreviewStudio")
    listener.worker.start(FOLDER)
    number = listener.worker.generate(request_of(seed=3))
    assert listener.said.get(timeout=PATIENCE_S) == Loaded(name="fake")
    progress: list[Advanced] = []
    while isinstance(message := listener.said.get(timeout=PATIENCE_S), Advanced):
        progress.append(message)
    melody = request_of().melody
    assert isinstance(message, Finished)
    assert message.composition == octaves(melody, below=15)
    assert (message.number, message.bundle, message.bundle_sha256) == (number, "fake", "ab" * 32)
    assert {p.total for p in progress} == {20}
    assert [p.done for p in progress] == sorted({p.done for p in progress})
    previews = [p for p in progress if p.preview is not None]
    assert [p.done for p in previews] == [2, 10]
    assert previews[0].preview == octaves(melody, below=7)


def test_a_generation_is_given_up_between_two_passes_and_the_next_one_works(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker("SlowStudio")
    number = listener.worker.generate(request_of())
    listener.next(Advanced)
    listener.worker.cancel(number)
    assert listener.next(Cancelled) == Cancelled(number=number)
    pid = listener.worker.pid
    following = listener.worker.generate(request_of())
    assert listener.next(Advanced).number == following  # type: ignore[union-attr]
    assert listener.worker.pid == pid


def test_a_request_that_comes_during_a_generation_is_next(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker("PreviewStudio")
    numbers = [listener.worker.generate(request_of()) for _ in range(2)]
    finished = [listener.next(Finished) for _ in numbers]
    assert [f.number for f in finished if isinstance(f, Finished)] == numbers


def test_a_cancel_that_crosses_the_answer_does_no_harm(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker()
    number = listener.worker.generate(request_of())
    listener.next(Finished)
    listener.worker.cancel(number)
    listener.worker.generate(request_of())
    listener.next(Finished)


@pytest.mark.parametrize(
    ("seed", "sentence"), [(0, "the model failed"), (1, "in a way nobody foresaw")]
)
def test_a_failure_is_a_sentence_and_the_process_lives_on(
    make_worker: MakeWorker, request_of: RequestOf, seed: int, sentence: str
) -> None:
    listener = make_worker("FailingStudio")
    number = listener.worker.generate(request_of(seed=seed))
    failed = listener.next(Failed)
    assert isinstance(failed, Failed)
    assert failed.number == number
    assert sentence in failed.message
    assert failed.remedy
    listener.worker.generate(request_of(seed=9))
    listener.next(Finished)


def test_a_bundle_that_cannot_be_used_is_a_sentence(make_worker: MakeWorker) -> None:
    listener = make_worker()
    listener.worker.start(Path("somewhere/broken"))
    assert listener.next(Failed) == Failed(
        number=None, message="the model is broken", remedy="copy it again"
    )


def test_a_melody_too_large_for_the_pipe_arrives(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker()
    notes = tuple(Note(start_ticks=i, pitch=60, duration_ticks=1) for i in range(20_000))
    request = request_of()
    listener.worker.generate(replace(request, melody=request.melody.with_notes(notes)))
    finished = listener.next(Finished)
    assert isinstance(finished, Finished)
    assert len(finished.composition.notes) == 40_000


def test_it_listens_to_a_duet_between_two_generations(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    """What is asked for meanwhile is done afterwards, and given up at once if nobody wants it."""
    listener = make_worker("SlowStudio")
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    listener.worker.listen(LISTEN)
    given_up, wanted = (listener.worker.generate(request_of()) for _ in range(2))
    listener.worker.cancel(given_up)
    assert listener.said.get(timeout=PATIENCE_S) == Cancelled(number=given_up)
    finished = listener.next(Finished)
    assert isinstance(finished, Finished)
    assert finished.number == wanted


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a process all the time it needs to end, as on a machine that has much else to do."""
    monkeypatch.setattr(worker_module, "STOP_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_a_process_that_listens_ends_when_asked_to(make_worker: MakeWorker) -> None:
    listener = make_worker("SlowStudio")
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    watch = Watch(listener.worker.pid)
    listener.worker.listen(LISTEN)
    listener.worker.stop()
    assert watch.has_ended()
    assert listener.next(Died) == Died(incarnation=1, exit_code=0)


def test_nobody_is_woken_to_listen_and_a_bundle_that_cannot_be_used_is_a_sentence(
    make_worker: MakeWorker,
) -> None:
    listener = make_worker()
    listener.worker.listen(LISTEN)
    assert listener.worker.pid is None
    listener.worker.start(FOLDER)
    listener.worker.listen(replace(LISTEN, bundle_folder=Path("somewhere/broken")))
    failed = listener.next(Failed)
    assert failed == Failed(number=None, message="the model is broken", remedy="copy it again")


def test_a_killed_process_is_noticed_cleared_away_and_replaced(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker("SlowStudio")
    listener.worker.generate(request_of())
    listener.next(Advanced)
    pid = listener.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    died = listener.next(Died)
    assert isinstance(died, Died)
    assert died == Died(incarnation=1, exit_code=-signal.SIGKILL)
    assert listener.worker.reap(died)
    assert listener.worker.pid is None
    assert not listener.worker.reap(died), "the same word twice clears nothing"
    listener.worker.generate(request_of())
    listener.next(Advanced)
    assert listener.worker.pid not in (None, pid)
    assert not listener.worker.reap(died), "a late word of the first must not end the second"


def test_telling_a_process_that_has_just_died_something_is_no_error(
    make_worker: MakeWorker, request_of: RequestOf
) -> None:
    listener = make_worker()
    listener.worker.generate(request_of())
    listener.next(Finished)
    assert listener.worker.pid is not None
    os.kill(listener.worker.pid, signal.SIGKILL)
    listener.next(Died)
    listener.worker.generate(request_of())
    listener.worker.cancel(1)


@pytest.mark.usefixtures("patient")
def test_stop_ends_process_and_thread(make_worker: MakeWorker) -> None:
    listener = make_worker()
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    watch = Watch(listener.worker.pid)
    listener.worker.stop()
    assert watch.has_ended()
    assert not [t for t in threading.enumerate() if t.name.startswith("continuo-worker")]
    assert listener.next(Died) == Died(incarnation=1, exit_code=0)


def test_a_process_that_hears_nothing_is_killed_in_the_end(
    make_worker: MakeWorker, request_of: RequestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ignores the request to stop and SIGTERM; each gets its time, and no more."""
    monkeypatch.setattr(worker_module, "STOP_S", 0.3)
    listener = make_worker("DeafStudio")
    listener.worker.start(FOLDER)
    listener.next(Loaded)
    listener.worker.generate(request_of())
    watch = Watch(listener.worker.pid)
    listener.worker.stop()
    assert watch.has_ended()


def test_a_process_whose_engine_is_gone_ends_by_itself(tmp_path: Path) -> None:
    """The engine is killed; nothing may be left behind."""
    script = (
        "import time\n"
        "from pathlib import Path\n"
        "from firmware.engine.worker import InferenceWorker\n"
        "worker = InferenceWorker(lambda m: None, studio='fake_studio:FakeStudio')\n"
        f"worker.start(Path({str(tmp_path)!r}))\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        watch = Watch(int(engine.stdout.readline()))
        engine.kill()
    assert watch.has_ended(within_s=PATIENCE_S)


def test_an_interrupt_from_the_terminal_is_the_engines_alone(tmp_path: Path) -> None:
    """Ctrl-C reaches every process of the group; the worker, still importing, answers after it."""
    script = (
        "import os, queue, signal\n"
        "from pathlib import Path\n"
        "from firmware.engine.worker import InferenceWorker\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "said = queue.Queue()\n"
        "worker = InferenceWorker(said.put, studio='fake_studio:FakeStudio')\n"
        f"worker.start(Path({str(tmp_path)!r}))\n"
        "os.killpg(0, signal.SIGINT)\n"
        "print(type(said.get()).__name__)\n"
        "worker.stop()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Loaded\n", "")


def test_without_an_interpreter_there_is_one_clear_error(
    make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkerError, match="cannot be started"):
        make_worker().worker.start()
