"""How fast extend reads and writes, beside a GPT-2 of its size and the bounds asked for.

Each peer runs in a process of its own on one thread (`bench.extend_peers`), within the same
run. A peer that is not installed has no figure, and its row says why.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np

from bench.peers import ask
from bench.processes import resident_mb
from bench.row import Row
from firmware.engine.bundles import choose_bundle
from firmware.engine.messages import Died, Failed, Finished, GenerationRequest, WorkerMessage
from firmware.engine.worker import InferenceWorker
from firmware.errors import WorkerError
from firmware.inference.bundle import read_bundle
from firmware.inference.reader import KeepingModel, TokenModel, TokenReader, recall_of
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import TICKS_PER_BEAT
from firmware.music.tokens import TOKEN_ENCODING, Texture
from firmware.music.turns import Turn
from firmware.parameters import Parameters, Technique, parameters_for
from firmware.techniques.conversation import Memory, answer, phrase_prompt
from firmware.techniques.extend import EXTENSION_TRACK, Extension, chunks, extend
from firmware.techniques.progress import finish
from firmware.techniques.pulse import ticks_per_s

DECODING_LIMIT: Final = 800.0
"""Tokens a second."""

GPT2_FACTOR: Final = 3.0
PROMPT_LIMIT_MS: Final = 150.0
FIRST_NOTE_LIMIT_MS: Final = 300.0
REAL_TIME_FACTOR: Final = 10.0
CANCEL_LIMIT_MS: Final = 50.0
MEMORY_LIMIT_MB: Final = 150.0

TOKENS: Final = 512
"""What is decoded from an empty cache: a GPT-2 then has half of them before it on average."""

PEERS: Final = {
    "cache": "GPT-2 of transformers with its cache",
    "generate": "GPT-2 of transformers, generate()",
}
"""What `bench.extend_peers` can run, and what it is called in the table."""

_STYLE: Final = "chorale"
_TEMPO_BPM: Final = 84.0
_PROMPT_BARS: Final = 11  # 31 s
_MELODY_BARS: Final = 8
_TURNS: Final = 10
_PHRASE_BARS: Final = 2
_ANSWER_S: Final = 8.0
_RUNS: Final = 5
_SEEDS: Final = 3
_RUNS_OF_SEED: Final = 2
_PATIENCE_S: Final = 120.0

# Bass, tenor, alto and the two eighths of the soprano, for each beat of four bars.
_CHORDS: Final = (
    *((48, 55, 64, 72, 74), (52, 55, 60, 76, 74), (53, 57, 60, 72, 74), (55, 59, 62, 74, 71)),
    *((57, 60, 64, 72, 71), (53, 57, 62, 69, 71), (55, 59, 62, 71, 74), (48, 55, 64, 72, 76)),
    *((50, 57, 65, 74, 77), (53, 57, 62, 74, 72), (55, 59, 62, 71, 69), (55, 59, 65, 67, 71)),
    *((57, 60, 64, 72, 74), (50, 57, 65, 77, 74), (55, 59, 65, 74, 71), (48, 55, 64, 72, 67)),
)


def rows() -> list[Row]:
    """Measure all of it."""
    parameters = parameters_for(Technique.EXTEND, {"style": _STYLE})
    bundle = read_bundle(choose_bundle(Technique.EXTEND, parameters=parameters))
    model = bundle.load_ring(threads=1)
    model.rehearse()
    return [
        *_decoding_rows(model, bundle.folder),
        *_generation_rows(model),
        _duet_row(model),
        Row(
            name=f"extend: worker's resident memory with {bundle.manifest.name} after a generation",
            unit="MB",
            ours=worker_mb(bundle.folder),
            peer_name="bound asked for",
            peer=MEMORY_LIMIT_MB,
        ),
    ]


def four_voices(bars: int) -> Melody:
    """Chords of C major, the soprano in eighths, and the alto in every other beat."""
    half = TICKS_PER_BEAT // 2
    notes = []
    for beat in range(4 * bars):
        bass, tenor, alto, *soprano = _CHORDS[beat % len(_CHORDS)]
        altos = (alto, alto) if beat % 2 else (alto,)
        for pitches in ((bass,), (tenor,), altos, soprano):
            length = TICKS_PER_BEAT // len(pitches)
            notes += [
                Note(
                    start_ticks=beat * TICKS_PER_BEAT + half * number,
                    pitch=pitch,
                    duration_ticks=length,
                )
                for number, pitch in enumerate(pitches)
            ]
    return Melody(notes=tuple(sorted(notes)), tempo_bpm=_TEMPO_BPM, beats_per_bar=4)


def prompt_tokens() -> list[int]:
    """30 s of four voices as the model reads them."""
    tokens: list[int] = Extension(four_voices(_PROMPT_BARS), _parameters()).prompt.tokens.tolist()
    return tokens


def decoding_tokens() -> list[int]:
    """`TOKENS` tokens of four voices, which ours and the peers read one after the other."""
    return prompt_tokens()[:TOKENS]


def tokens_per_s(model: TokenModel, tokens: Sequence[int]) -> float:
    """Tokens a second, one after the other, and the likeliest next one after each."""
    reader = _begin(model)
    began = time.perf_counter()
    for token in tokens:
        int(reader.read((token,)).argmax())
    return len(tokens) / (time.perf_counter() - began)


def prompt_s(model: TokenModel) -> float:
    """Seconds from a melody to what the model says after its last 30 s."""
    melody, parameters = four_voices(_PROMPT_BARS), _parameters()
    began = time.perf_counter()
    work = Extension(melody, parameters)
    reader = model.begin(style=work.style, texture=work.texture)
    for chunk in chunks(work.prompt.tokens):
        reader.read(chunk)
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a generation went.

    Attributes:
        first_preview_s: Until there was something to play.
        longest_pause_s: The longest time in which it could not be cancelled.
        total_s: Until it was done.
        music_s: How much music was added.
        voices: How many of the added notes sound at once, in the mean.
    """

    first_preview_s: float
    longest_pause_s: float
    total_s: float
    music_s: float
    voices: float


def generation(model: TokenModel, *, seed: int, music_s: float = 20.0) -> Timing:
    """Extend eight bars of four voices, as the instrument does."""
    melody = four_voices(_MELODY_BARS)
    rng = np.random.default_rng(seed)
    previews, pauses = [], []
    began = before = time.perf_counter()
    work = extend(melody, _parameters(music_s), model, rng)
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            composition: Composition = stop.value
            break
        finally:
            now = time.perf_counter()
            pauses.append(now - before)
            before = now
        if progress.preview is not None:
            previews.append(now - began)
    (added,) = (track.notes for track in composition.tracks if track.name == EXTENSION_TRACK)
    span = composition.end_ticks - melody.end_ticks
    if not previews or not span:
        raise WorkerError("the model wrote no note")
    return Timing(
        first_preview_s=previews[0],
        longest_pause_s=max(pauses),
        total_s=now - began,
        music_s=span / ticks_per_s(melody),
        voices=sum(note.duration_ticks for note in added) / span,
    )


def duet(model: KeepingModel) -> tuple[Turn, ...]:
    """Phrases of two bars and answers of eight seconds, all but the last of ten turns."""
    memory, turns = Memory(model), list[Turn]()
    phrase, parameters = four_voices(_PHRASE_BARS), _parameters(_ANSWER_S)
    for seed in range(_TURNS - 1):
        rng = np.random.default_rng(seed)
        _, added = finish(answer(phrase, turns, parameters, memory, rng)).tracks
        turns.append(Turn(melody=phrase, answer=added.notes))
    return tuple(turns)


def first_token_s(memory: Memory, turns: Sequence[Turn]) -> float:
    """Seconds from the end of one more phrase to the first token of the answer."""
    phrase, parameters = four_voices(_PHRASE_BARS), _parameters(_ANSWER_S)
    rng = np.random.default_rng(0)
    phrase_prompt.cache_clear()
    began = time.perf_counter()
    prompt = phrase_prompt(phrase, style=_STYLE, is_opening=not turns)
    work = Extension(phrase, parameters, prompt=prompt)
    for _ in memory.read((*turns, Turn(melody=phrase)), style=_STYLE):
        pass
    reader, logits = memory.speak()
    work.draw(logits, rng, recall=recall_of(reader))
    return time.perf_counter() - began


def duet_s(model: KeepingModel, turns: Sequence[Turn]) -> tuple[float, float]:
    """`first_token_s` of a model that remembers the turns before, and of one that does not."""
    carried, anew = list[float](), list[float]()
    for _ in range(_RUNS):
        anew.append(first_token_s(Memory(model), turns))
        memory = Memory(model)
        for _ in memory.read(turns, style=_STYLE):
            pass
        carried.append(first_token_s(memory, turns))
    return min(carried), min(anew)


def worker_mb(folder: Path) -> float:
    """Megabytes of a worker process that has loaded a bundle and generated with it."""
    said: SimpleQueue[WorkerMessage] = SimpleQueue()
    worker = InferenceWorker(said.put)
    request = GenerationRequest(
        melody=four_voices(_MELODY_BARS), parameters=_parameters(), seed=0, bundle_folder=folder
    )
    try:
        worker.generate(request)
        _wait_for_end(said)
        return resident_mb(worker.pid)
    finally:
        worker.stop()


def _decoding_rows(model: TokenModel, folder: Path) -> list[Row]:
    tokens = decoding_tokens()
    ours = max(tokens_per_s(model, tokens) for _ in range(_RUNS))
    manifest = read_bundle(folder).manifest
    name = f"extend: decoding, {manifest.name} of {manifest.parameters:,} weights"

    def row(peer_name: str, peer: float | None) -> Row:
        return Row(
            name=name,
            unit="tokens/s",
            ours=ours,
            peer_name=peer_name,
            peer=peer,
            larger_is_better=True,
        )

    found = [row("bound asked for", DECODING_LIMIT)]
    for peer, called in PEERS.items():
        figures, reason = ask("bench.extend_peers", peer, str(folder))
        if figures is None:
            found.append(row(f"{called}: not measured, {reason}", None))
            continue
        theirs = figures["tokens_per_s"]
        found.append(row(f"{called}, {figures['weights']:,.0f} random weights", theirs))
        if peer == "cache":
            found.append(
                Row(
                    name="extend: decoding, times faster than the GPT-2 with its cache",
                    unit="times",
                    ours=ours / theirs,
                    peer_name="bound asked for",
                    peer=GPT2_FACTOR,
                    larger_is_better=True,
                )
            )
    return found


def _generation_rows(model: TokenModel) -> list[Row]:
    """Each seed writes other music: the slowest counts, each at its best."""
    timings = [
        [generation(model, seed=seed) for _ in range(_RUNS_OF_SEED)] for seed in range(_SEEDS)
    ]
    first_s = max(min(each.first_preview_s for each in runs) for runs in timings)
    pause_s = max(min(each.longest_pause_s for each in runs) for runs in timings)
    times = min(max(each.music_s / each.total_s for each in runs) for runs in timings)
    voices = np.mean([each.voices for runs in timings for each in runs])
    found = [
        Row(name=name, unit="ms", ours=1000 * seconds, peer_name="bound asked for", peer=limit_ms)
        for name, seconds, limit_ms in (
            (
                f"extend: 30 s of four voices read, {len(prompt_tokens())} tokens",
                min(prompt_s(model) for _ in range(_RUNS)),
                PROMPT_LIMIT_MS,
            ),
            (
                "extend: press to first note, eight bars of four voices",
                first_s,
                FIRST_NOTE_LIMIT_MS,
            ),
            ("extend: longest time in which it cannot be cancelled", pause_s, CANCEL_LIMIT_MS),
        )
    ]
    return [
        *found,
        Row(
            name=f"extend: faster than it is played, {voices:.1f} notes sounding in the mean",
            unit="times",
            ours=times,
            peer_name="bound asked for, of four voices",
            peer=REAL_TIME_FACTOR,
            larger_is_better=True,
        ),
    ]


def _duet_row(model: KeepingModel) -> Row:
    turns = duet(model)
    carried_s, anew_s = duet_s(model, turns)
    notes = sum(len(turn.melody.notes) + len(turn.answer) for turn in turns)
    return Row(
        name=f"extend: duet, end of phrase {_TURNS} to the first token of the answer, after "
        f"{notes} notes",
        unit="ms",
        ours=1000 * carried_s,
        peer_name="the same, with the conversation read anew",
        peer=1000 * anew_s,
    )


def _parameters(music_s: float = 20.0) -> Parameters:
    return parameters_for(Technique.EXTEND, {"style": _STYLE, "track_extension_duration": music_s})


def _begin(model: TokenModel) -> TokenReader:
    style, texture = (
        TOKEN_ENCODING.styles.index(_STYLE),
        TOKEN_ENCODING.textures.index(Texture.FULL),
    )
    return model.begin(style=style, texture=texture)


def _wait_for_end(said: "SimpleQueue[WorkerMessage]") -> None:
    """Wait until the worker has finished.

    Raises:
        WorkerError: If it fails, dies or takes too long.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            answer = said.get(timeout=max(deadline - time.monotonic(), 0.0))
        except Empty:
            raise WorkerError(f"the worker took more than {_PATIENCE_S:.0f} s") from None
        match answer:
            case Finished():
                return
            case Failed(message=message):
                raise WorkerError(message)
            case Died(exit_code=code):
                raise WorkerError(f"the worker died with exit code {code}")
