"""Call and response: the answer to a phrase, by a model that remembers the conversation.

A conversation is read utterance by utterance: a phrase, the answer to it, the next phrase, each
in the beats of its own tempo, and each beginning in or after the beat in which the one before
ended or was broken off. The silence in between is left out.

The model remembers what it has read, and reads on from there. An answer is drawn one token after
the other, which leaves its mark in the model's memory; the model then goes back to the end of the
phrase and reads instead what was heard: that may be less than what was drawn. It costs a few
chunks, while the player plays. So the memory depends on what was said alone: a model that has
lost it, and reads the conversation anew, gives the same answer, token for token.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.inference.reader import KeepingModel, KeepingReader
from firmware.music.notes import Melody, Note
from firmware.music.tokens import (
    TOKEN_ENCODING,
    GridNote,
    Tokens,
    TokenSpec,
    encode,
    in_range,
    written,
)
from firmware.music.turns import Turn
from firmware.parameters import Parameters
from firmware.techniques.extend import Extension, chunks, writing
from firmware.techniques.progress import Generation, Progress
from firmware.techniques.prompt import Prompt, ending_by, prompt_of
from firmware.techniques.pulse import ticks_per_s

_NO_TOKENS: Final[Tokens] = np.array([], dtype=np.uint16)
_NOTHING_SAID: Final = np.array([], dtype=np.float32)

_LATE: Final = 6
"""A key struck a sixth of a beat late was meant for the place before."""

_Utterance = Melody | tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What was read, and the model's memory of it."""

    style: str
    said: tuple[_Utterance, ...]
    place: Any
    logits: NDArray[np.float32]


class Memory:
    """What a model remembers of a conversation.

    One place in one conversation is kept: the end of what was read last. Nothing is lost when
    the model does something else in between, or when reading is broken off.

    Args:
        model: A model of `TOKEN_ENCODING`.

    Attributes:
        model: As given.
    """

    def __init__(self, model: KeepingModel) -> None:
        self.model = model
        self._kept: _Kept | None = None
        self._reader: KeepingReader | None = None

    def read(self, turns: Sequence[Turn], *, style: str) -> Iterator[None]:
        """Read a conversation, as far as it is not read yet; yields after each chunk.

        It is read from its beginning if it does not go on from what was read before, or was
        read in another style.

        Args:
            turns: One or more, the oldest first. The last one may not be answered yet.
            style: One of `TokenSpec.styles`.

        Raises:
            ModelRuntimeError: If the model fails.
        """
        said, kept = _utterances(turns), self._kept
        known, logits = 0, _NOTHING_SAID
        if kept and kept.style == style and said[: len(kept.said)] == kept.said:
            known, logits = len(kept.said), kept.logits
            reader = self.model.go_on(kept.place)
        else:
            opening = _prompt_of_turn(turns, 0, style)
            index = TOKEN_ENCODING.styles.index(style)
            reader = self.model.begin(style=index, texture=_texture(opening))
        for number in range(known, len(said)):
            at, is_answer = divmod(number, 2)
            prompt = _prompt_of_turn(turns, at, style)
            reader.texture = _texture(prompt)
            if is_answer:
                tokens = answer_tokens(turns[at], prompt)
            elif at:
                tokens = _joined(turns[at - 1], _prompt_of_turn(turns, at - 1, style), prompt)
            else:
                tokens = prompt.tokens
            for chunk in chunks(tokens):
                logits = reader.read(chunk)
                yield
        self._kept = _Kept(style=style, said=said, place=reader.keep(), logits=logits)
        self._reader = reader

    def speak(self) -> tuple[KeepingReader, NDArray[np.float32]]:
        """Begin an answer to what was read last.

        Returns:
            What reads on from there, once, and (V,) logits of the first token.
        """
        assert self._kept is not None
        assert self._reader is not None
        reader, self._reader = self._reader, None
        return reader, self._kept.logits


def answer(
    melody: Melody,
    turns: Sequence[Turn],
    parameters: Parameters,
    memory: Memory,
    rng: np.random.Generator,
) -> Generation:
    """Answer a phrase.

    Args:
        melody: The phrase, at its own tempo; at least one note.
        turns: What was said before, the oldest first.
        parameters: Of `Technique.EXTEND`. The model hears the whole conversation, as far as its
            memory reaches, whatever `input_duration` says.
        memory: What the model remembers; how much of it makes no difference to the answer.
        rng: Source of all randomness: the same conversation, parameters, model and seed give
            the same answer.

    Returns:
        A generation like that of `extend`, of this phrase and what follows it.

    Raises:
        MusicError: If the phrase has no notes.
    """
    if not melody.notes:
        raise MusicError("there is nothing to answer", remedy="play a few notes first")
    return _answering(melody, turns, parameters, memory, rng)


def _answering(
    melody: Melody,
    turns: Sequence[Turn],
    parameters: Parameters,
    memory: Memory,
    rng: np.random.Generator,
) -> Generation:
    style = parameters.choice("style")
    said = (*turns, Turn(melody=melody))
    prompt = _prompt_of_turn(said, len(turns), style)
    work = Extension(melody, parameters, prompt=prompt)
    start = Progress(done=0, total=work.total_steps)
    yield start
    for _ in memory.read(said, style=style):
        yield start
    reader, logits = memory.speak()
    return (yield from writing(work, reader, logits, rng))


@lru_cache(maxsize=4)  # to write a phrase means to look for its beat
def phrase_prompt(melody: Melody, *, style: str, is_opening: bool) -> Prompt:
    """A phrase as the model reads it: the whole of it.

    Args:
        melody: At least one note.
        style: One of `TokenSpec.styles`.
        is_opening: Whether the conversation begins with it.
    """
    duration_s = melody.end_ticks / ticks_per_s(melody) + 1.0
    return prompt_of(melody, duration_s=duration_s, style=style, is_opening=is_opening)


def answer_tokens(turn: Turn, prompt: Prompt, *, spec: TokenSpec = TOKEN_ENCODING) -> Tokens:
    """What was heard of an answer, as the model reads it after the phrase.

    Args:
        turn: Phrase and answer.
        prompt: Of the phrase.
        spec: The encoding.

    Returns:
        What follows the beat of the seam, which is the prompt's last, up to the last beat in
        which something sounded.
    """
    heard = _placed(turn.answer, prompt, spec)
    if not heard:
        return _NO_TOKENS
    resolution, seam_beat = spec.beat_resolution, prompt.seam // spec.beat_resolution
    beats = -(-max(note.end for note in heard) // resolution)
    bars = range(0)
    if prompt.beats_per_bar:
        bars = range(
            (prompt.first_bar_beat - seam_beat) % prompt.beats_per_bar * resolution,
            beats * resolution,
            prompt.beats_per_bar * resolution,
        )
    tokens = encode(
        [ending_by(note, beats * resolution, spec=spec) for note in written(heard, spec=spec)],
        bars=bars,
        beats=beats,
        spec=spec,
    )
    return tokens[1:]  # the beat of the seam is read already


def _joined(
    before: Turn, ended: Prompt, prompt: Prompt, *, spec: TokenSpec = TOKEN_ENCODING
) -> Tokens:
    """A phrase as it is read after another turn.

    It begins in the very beat in which that turn ended if there is room for it, which is so
    where the player broke in on the beats of the answer, also a little late; else with the
    next one.

    Args:
        before: The turn before.
        ended: What is read of that one's phrase.
        prompt: What is to be read of this phrase.
        spec: The encoding.
    """
    resolution = spec.beat_resolution
    heard = _placed(before.answer, ended, spec)
    read = np.concatenate([ended.tokens, answer_tokens(before, ended, spec=spec)])
    beat = read[(read == spec.beat) | (read == spec.bar)][-1]
    free_from = ended.seam % resolution
    if heard:
        beat_begins = (max(note.end for note in heard) - 1) // resolution * resolution
        latest = max(note.start for note in heard) - beat_begins
        ends = max(note.end for note in heard) - beat_begins
        free_from = max(ends - resolution // _LATE, latest + 1)
    first, following = prompt.tokens[:2].tolist()
    if following >= spec.first_pitch:
        begins = 0
    elif following >= spec.first_position:
        begins = following - spec.first_position + 1
    else:
        begins = resolution  # not in its first beat
    return prompt.tokens[1:] if first == beat and begins >= free_from else prompt.tokens


def _placed(notes: Sequence[Note], prompt: Prompt, spec: TokenSpec) -> list[GridNote]:
    """An answer on the grid, in time steps from the beat of the seam."""
    resolution, pulse = spec.beat_resolution, prompt.pulse
    seam_beat, after_beat = divmod(prompt.seam, resolution)
    begins = (prompt.first_beat + seam_beat) * resolution
    ticks = [(note.start_ticks, note.end_ticks) for note in notes]
    beats = pulse.beats_at(np.array(ticks, dtype=np.float64).reshape(-1))
    steps = np.floor(beats * resolution + 0.5).astype(np.int64).reshape(-1, 2) - begins
    return [
        GridNote(
            start=max(start, after_beat),
            pitch=in_range(note.pitch, spec=spec),
            duration=max(end - start, 1),
        )
        for note, (start, end) in zip(notes, steps.tolist(), strict=True)
    ]


def _utterances(turns: Sequence[Turn]) -> tuple[_Utterance, ...]:
    """Phrases and answers one after the other; the last answer is left out if there is none."""
    said = tuple(utterance for turn in turns for utterance in (turn.melody, turn.answer))
    return said if said[-1] else said[:-1]


def _prompt_of_turn(turns: Sequence[Turn], at: int, style: str) -> Prompt:
    return phrase_prompt(turns[at].melody, style=style, is_opening=at == 0)


def _texture(prompt: Prompt) -> int:
    return TOKEN_ENCODING.textures.index(prompt.texture)
