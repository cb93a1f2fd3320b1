"""What extend makes of held-out music, beside what its composer went on with.

A prompt is the first half of a passage, and the passage at most a minute at the tempo that all
are played at. What follows in the piece, as long as the extension, is the human continuation.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.inference.reader import TokenModel
from firmware.inference.sampling import SAMPLING_TECHNIQUES
from firmware.music.metrics import empty_measure_rate, groove_consistency, scale_consistency
from firmware.music.notes import MAX_PITCH, Composition, Melody, Note, Track
from firmware.music.timing import TICKS_PER_BEAT
from firmware.music.tokens import (
    REST_PITCH,
    TOKEN_ENCODING,
    GridNote,
    TokenSpec,
    decode,
    played,
    written,
)
from firmware.parameters import Technique, parameters_for
from firmware.techniques.extend import EXTENSION_TRACK, extend
from firmware.techniques.progress import finish
from training.shards import TokenPiece
from training.token_batches import kind_of

Advance = Callable[[int, int], None]
"""Told how many extensions of how many are done."""

STYLES: Final = ("chorale", "piano", "song", "quartet")
"""Those that are offered to the player."""

PASSAGES: Final[Mapping[str, int]] = {
    "chorale:full": 50,
    "piano:full": 25,
    "piano:line": 25,
    "song:full": 25,
    "song:line": 25,
    "quartet:full": 25,
    "quartet:line": 25,
}
"""How many prompts there are of each style and texture."""

TEMPO_BPM: Final = 100.0
_LONGEST_BEATS: Final = 50  # 30 s
_SHORTEST_BEATS: Final = 20
_FEWEST_NOTES: Final = 8
_BEATS_OF_UNKNOWN_BAR: Final = 4
_PATTERN_BARS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A prompt and what follows it.

    Attributes:
        style: Name of the style.
        prompt: The melody that is extended; it begins with a bar.
        human: What its composer went on with.
        duration_s: How long that is.
    """

    style: str
    prompt: Melody
    human: tuple[Note, ...]
    duration_s: float


def passages(
    pieces: Sequence[TokenPiece],
    *,
    share: float = 1.0,
    seed: int = 0,
    spec: TokenSpec = TOKEN_ENCODING,
) -> list[Passage]:
    """Choose prompts of the styles and textures of `PASSAGES`.

    The pieces are shuffled, and each gives its first passage before any gives its second.

    Args:
        pieces: The test split.
        share: Of the numbers in `PASSAGES`; at least one of each is chosen.
        seed: Of the choice.
        spec: The encoding.
    """
    rng = np.random.default_rng(seed)
    chosen: list[Passage] = []
    for kind, count in PASSAGES.items():
        mine = [piece for piece in pieces if kind_of(piece, spec) == kind]
        shuffled = [mine[number] for number in rng.permutation(len(mine))]
        rounds = zip_longest(*(_passages_of(piece, spec) for piece in shuffled))
        found = (passage for one in rounds for passage in one if passage is not None)
        chosen += islice(found, max(round(count * share), 1))
    return chosen


def continuations(
    model: TokenModel,
    pieces: Sequence[TokenPiece],
    *,
    share: float = 1.0,
    seed: int = 0,
    advance: Advance | None = None,
) -> dict[str, Any]:
    """Extensions beside human continuations, for each sampling technique at its defaults.

    Args:
        model: A model of tokens.
        pieces: The test split.
        share: Of the 200 prompts; of each style and texture at least one.
        seed: Of the choice and of the sampling.
        advance: Told of the progress.

    Returns:
        By sampling technique: `extensions`, how many there are, and for each statistic
        `extension`, `human`, `difference` (relative to the human value) and `error` (the
        standard error of the difference). Statistics that each continuation has are averaged
        over those where both can be told:

        - `repeated_patterns`: share of the four bars in a row (at each bar) whose starts and
          pitches were all heard before, in prompt or continuation; `repeated_rhythms`: of the
          starts alone;
        - `empty_measures`, `notes_in_scale` (of the best scale), `groove_consistency`: as in
          `firmware.music.metrics`;
        - `empty_measures_between`: of the bars from that of the first note on. A prompt ends with
          its last note before some bar line, and bar lines fall into rests the more often the
          longer these are: what follows a prompt begins with a rest because of where it was cut,
          which nobody who goes on from the note can know;
        - `starts_changed`: how many starts a bar has that its neighbour has not. That is what
          groove consistency sets against all ticks of a bar, beside which any music looks alike.

        `pitches` and `durations` are the overlapped area of the histograms of all notes of all
        continuations with the human ones, whose own is 1.
    """
    chosen = passages(pieces, share=share, seed=seed)
    table: dict[str, Any] = {}
    total = len(chosen) * len(SAMPLING_TECHNIQUES)
    for round_number, sampling in enumerate(SAMPLING_TECHNIQUES):
        extensions = []
        for number, passage in enumerate(chosen):
            rng = np.random.default_rng((seed, round_number, number))
            extensions.append(_extended(passage, sampling, model, rng))
            if advance is not None:
                advance(round_number * len(chosen) + number + 1, total)
        table[sampling] = _compared(chosen, extensions)
    return table


def _extended(
    passage: Passage, sampling: str, model: TokenModel, rng: np.random.Generator
) -> tuple[Note, ...]:
    parameters = parameters_for(
        Technique.EXTEND,
        {
            "style": passage.style,
            "sampling_technique": sampling,
            "track_extension_duration": passage.duration_s,
        },
    )
    made = finish(extend(passage.prompt, parameters, model, rng))
    return next(track.notes for track in made.tracks if track.name == EXTENSION_TRACK)


def _compared(chosen: Sequence[Passage], extensions: Sequence[tuple[Note, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {"extensions": len(extensions)}
    pairs = list(zip(chosen, extensions, strict=True))
    for name, measure in MEASURES.items():
        values = np.array(
            [
                [measure(passage.prompt, extension), measure(passage.prompt, passage.human)]
                for passage, extension in pairs
            ]
        ).reshape(-1, 2)
        found[name] = _difference(values[~np.isnan(values).any(axis=1)])
    for name, histogram in _HISTOGRAMS.items():
        ours = histogram([note for extension in extensions for note in extension])
        theirs = histogram([note for passage in chosen for note in passage.human])
        area = float(np.minimum(ours, theirs).sum())
        found[name] = {"extension": area, "human": 1.0, "difference": area - 1.0}
    return found


def _difference(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Sum up (n, 2) values of extensions and humans; nothing is relative to zero."""
    if not len(values):
        return dict.fromkeys(("extension", "human", "difference", "error"))
    extension, human = values.mean(axis=0).tolist()
    found = {"extension": extension, "human": human, "difference": None, "error": None}
    if human:
        noise = float(np.std(values[:, 0] - values[:, 1])) / np.sqrt(len(values))
        found |= {"difference": extension / human - 1.0, "error": float(noise / human)}
    return found


def repeated(prompt: Melody, notes: Sequence[Note], *, with_pitch: bool = True) -> float:
    """Share of the patterns of four bars in a continuation that were heard before.

    A pattern begins with each bar; those that are silent do not count.

    Args:
        prompt: What the notes follow.
        notes: The continuation.
        with_pitch: Whether pitches matter, or the starts alone.

    Returns:
        The share, or not-a-number for less than four bars.
    """
    bar_ticks = prompt.ticks_per_bar
    bars: dict[int, set[tuple[int, int]]] = {}
    for note in (*prompt.notes, *notes):
        bar, start = divmod(note.start_ticks, bar_ticks)
        bars.setdefault(bar, set()).add((start, note.pitch if with_pitch else 0))
    heard, again = set(), []
    for first in range(max(bars) - _PATTERN_BARS + 2):
        own = [frozenset(bars.get(first + n, ())) for n in range(_PATTERN_BARS)]
        pattern = tuple(own)
        if any(own):
            if first >= prompt.end_ticks // bar_ticks:
                again.append(pattern in heard)
            heard.add(pattern)
    return float(np.mean(again)) if again else np.nan


def _alone(prompt: Melody, notes: Sequence[Note]) -> Composition:
    """A continuation without its prompt, from the bar on in which it begins."""
    return _since(prompt.end_ticks, prompt, notes)


def _since_begun(prompt: Melody, notes: Sequence[Note]) -> Composition:
    """A continuation without its prompt, from the bar on in which its first note begins."""
    return _since(min((note.start_ticks for note in notes), default=0), prompt, notes)


def _since(tick: int, prompt: Melody, notes: Sequence[Note]) -> Composition:
    before = tick // prompt.ticks_per_bar * prompt.ticks_per_bar
    moved = tuple(replace(note, start_ticks=note.start_ticks - before) for note in notes)
    return Composition(
        tracks=(Track(name=EXTENSION_TRACK, notes=moved),), beats_per_bar=prompt.beats_per_bar
    )


MEASURES: Final[Mapping[str, Callable[[Melody, Sequence[Note]], float]]] = {
    "repeated_patterns": repeated,
    "repeated_rhythms": lambda prompt, notes: repeated(prompt, notes, with_pitch=False),
    "empty_measures": lambda prompt, notes: empty_measure_rate(_alone(prompt, notes)),
    "empty_measures_between": lambda prompt, notes: empty_measure_rate(_since_begun(prompt, notes)),
    "notes_in_scale": lambda prompt, notes: scale_consistency(_alone(prompt, notes)),
    "groove_consistency": lambda prompt, notes: groove_consistency(_alone(prompt, notes)),
    "starts_changed": lambda prompt, notes: (
        (1.0 - groove_consistency(_alone(prompt, notes))) * prompt.ticks_per_bar
    ),
}


def _pitches(notes: Sequence[Note]) -> NDArray[np.float64]:
    return _shares([note.pitch for note in notes], MAX_PITCH)


def _durations(notes: Sequence[Note], *, spec: TokenSpec = TOKEN_ENCODING) -> NDArray[np.float64]:
    longest = spec.durations[-1]
    step = TICKS_PER_BEAT / spec.beat_resolution
    return _shares([min(round(note.duration_ticks / step), longest) for note in notes], longest)


def _shares(values: Sequence[int], highest: int) -> NDArray[np.float64]:
    counts = np.bincount(np.array(values, dtype=np.int64), minlength=highest + 1)
    return np.asarray(counts / max(counts.sum(), 1))


_HISTOGRAMS: Final[Mapping[str, Callable[[Sequence[Note]], NDArray[np.float64]]]] = {
    "pitches": _pitches,
    "durations": _durations,
}


def _passages_of(piece: TokenPiece, spec: TokenSpec) -> Iterator[Passage]:
    """A piece cut at bar lines."""
    resolution = spec.beat_resolution
    events, bars = decode(piece.tokens, spec=spec)
    notes = written((event for event in events if event.pitch != REST_PITCH), spec=spec)
    end = max((note.end for note in notes), default=0)
    bar = _bar_steps(bars, resolution)
    lines = bars or range(0, end, bar)
    at = 0
    while at < end:
        start = next((line for line in lines if line >= at), end)
        at = max(start, at) + 2 * _LONGEST_BEATS * resolution
        passage = _passage(notes, range(start, min(at, end)), bar, spec.styles[piece.style], spec)
        if passage is not None:
            yield passage


def _bar_steps(bars: Sequence[int], resolution: int) -> int:
    lengths = Counter(np.diff(bars).tolist())
    return lengths.most_common(1)[0][0] if lengths else _BEATS_OF_UNKNOWN_BAR * resolution


def _passage(
    notes: Sequence[GridNote], steps: range, bar: int, style: str, spec: TokenSpec
) -> Passage | None:
    """The notes of some time steps as a passage, or None where there is not enough music."""
    resolution = spec.beat_resolution
    bars = min(len(steps) // 2, _LONGEST_BEATS * resolution) // bar
    seam = steps.start + bars * bar
    prompt = _cut(notes, range(steps.start, seam))
    if len(prompt) < _FEWEST_NOTES:
        return None
    # The extension begins where the last note ends, which may be before the bar line.
    seam = max(note.end for note in prompt)
    stop = min(seam + _LONGEST_BEATS * resolution, steps.stop)
    human = _cut(notes, range(seam, stop))
    if stop - seam < _SHORTEST_BEATS * resolution or len(human) < _FEWEST_NOTES:
        return None

    def in_ticks(those: Sequence[GridNote]) -> tuple[Note, ...]:
        return played((n._replace(start=n.start - steps.start) for n in those), spec=spec)

    return Passage(
        style=style,
        prompt=Melody(notes=in_ticks(prompt), tempo_bpm=TEMPO_BPM, beats_per_bar=bar // resolution),
        human=in_ticks(human),
        duration_s=(stop - seam) / resolution * 60 / TEMPO_BPM,
    )


def _cut(notes: Sequence[GridNote], steps: range) -> list[GridNote]:
    """The notes that begin in some time steps, none longer than these."""
    return [
        note._replace(duration=min(note.duration, steps.stop - note.start))
        for note in notes
        if note.start in steps
    ]
