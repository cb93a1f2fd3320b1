"""A duet in the worker with a shipped model: what it remembers, and what it loses."""

import queue
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from firmware.engine.generation import start
from firmware.engine.messages import Finished, GenerationRequest, Listen, WorkerMessage
from firmware.engine.worker import InferenceWorker
from firmware.engine.worker_process import BundleStudio
from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.inference.ring import RingModel, RingReader
from firmware.music.notes import Composition, Melody, Note
from firmware.music.turns import Turn
from firmware.parameters import Technique, parameters_for
from firmware.techniques.progress import finish

FOLDER = next(
    folder
    for folder in shipped_bundles().values()
    if read_bundle(folder).manifest.technique is Technique.EXTEND
)
PATIENCE_S = 60.0


def asked(turns: tuple[Turn, ...], number: int, **values: Any) -> GenerationRequest:
    """Another phrase in each turn, and another seed."""
    notes = tuple(
        Note(start_ticks=240 * at, pitch=60 + (7 * at + 5 * number) % 24, duration_ticks=240)
        for at in range(24)
    )
    return GenerationRequest(
        melody=Melody(notes=notes, tempo_bpm=100.0 + number, name="Duet"),
        parameters=parameters_for(Technique.EXTEND, {"track_extension_duration": 3.0, **values}),
        seed=number,
        bundle_folder=FOLDER,
        turns=turns,
    )


def half_heard(request: GenerationRequest, made: Composition) -> Turn:
    """The player comes in after two beats."""
    until_ticks = request.melody.end_ticks + 960
    answer = [note for note in made.tracks[1].notes if note.start_ticks < until_ticks]
    return Turn(melody=request.melody, answer=tuple(answer))


def listen(turns: tuple[Turn, ...], style: str = "piano") -> Listen:
    return Listen(turns=turns, style=style, bundle_folder=FOLDER)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens were read at once, whenever any are."""
    sizes: list[int] = []
    run = RingModel.run

    def counting(model: RingModel, reader: RingReader, tokens: Sequence[int]) -> Any:
        sizes.append(len(tokens))
        return run(model, reader, tokens)

    monkeypatch.setattr(RingModel, "run", counting)
    return sizes


def test_the_process_answers_from_memory_what_it_answers_anew() -> None:
    """Whether it listened in between, did something else or was started again."""
    said: queue.Queue[WorkerMessage] = queue.Queue()
    worker = InferenceWorker(said.put)
    turns: tuple[Turn, ...] = ()
    try:
        for number in range(4):
            request = asked(turns, number)
            worker.generate(request)
            while not isinstance(message := said.get(timeout=PATIENCE_S), Finished):
                assert type(message).__name__ == "Advanced", message
            assert message.composition == finish(start(request))
            turns = (*turns, half_heard(request, message.composition))
            match number:
                case 0:
                    worker.listen(listen(turns))
                case 1:
                    worker.stop()
                    said = queue.Queue()
                    worker = InferenceWorker(said.put)
                case 2:
                    worker.generate(replace(asked((), 9), turns=None))
                    while not isinstance(said.get(timeout=PATIENCE_S), Finished):
                        pass
    finally:
        worker.stop()


def test_what_was_listened_to_is_not_read_again(read: list[int]) -> None:
    """Another generation in between does no harm; another bundle does, and the answer is one."""
    studio = BundleStudio()
    _, _, model = studio.load(FOLDER, 1)
    first = asked((), 0)
    turns = (half_heard(first, finish(studio.start(first, model))),)
    for _ in studio.listen(listen(turns), model):
        pass
    finish(studio.start(replace(first, turns=None), model))
    request = asked(turns, 1, creative_risk=0.9)
    read.clear()
    carried = finish(studio.start(request, model))
    from_memory = _before_it_wrote(read)
    _, _, model = studio.load(FOLDER, 1)
    read.clear()
    assert finish(studio.start(request, model)) == carried
    assert _before_it_wrote(read) > 2 * from_memory


def _before_it_wrote(read: list[int]) -> int:
    """Tokens of chunks: what is written is read one by one."""
    return sum(size for size in read if size > 1)
