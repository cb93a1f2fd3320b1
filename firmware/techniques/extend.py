"""Extend: the music goes on where the player stopped.

A model of tokens reads the end of the melody and writes what follows, one token after the
other, drawn among those that keep the music within the player's limits. What was played is
never touched, and what was heard of the extension is never taken back.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ModelRuntimeError, MusicError
from firmware.inference.reader import TokenModel, TokenReader, recall_of
from firmware.inference.recall import Recall, sharpened
from firmware.inference.sampling import SAMPLING_TECHNIQUES, draw, probabilities
from firmware.music.notes import MAX_VELOCITY, Composition, Melody, Note, Track
from firmware.music.token_state import Limits, TokenState
from firmware.music.tokens import TOKEN_ENCODING, GridNote, Texture, Tokens, TokenSpec
from firmware.parameters import Parameters
from firmware.techniques.progress import Generation, Progress
from firmware.techniques.prompt import Prompt, prompt_of
from firmware.techniques.pulse import ticks_per_s

MELODY_TRACK: Final = "melody"
EXTENSION_TRACK: Final = "extension"

_TOKENS_READ_AT_ONCE: Final = 128
_TOKENS_BETWEEN_PROGRESS: Final = 8
"""So that whoever cancels waits for few hundredths of a second, also on a slow board."""

_MOST_NOTES: Final = {"chorale": 4, "quartet": 8}
_MOST_NOTES_OF_HANDS: Final = 10
"""Notes that sound at once in a texture, by style: as many as there are to play them."""


def extend(
    melody: Melody, parameters: Parameters, model: TokenModel, rng: np.random.Generator
) -> Generation:
    """Let a melody go on.

    Args:
        melody: Any length, any polyphony, on or off the grid; at least one note.
        parameters: Of `Technique.EXTEND`.
        model: A model of `TOKEN_ENCODING`.
        rng: Source of all randomness: the same melody, parameters, model and seed give the
            same composition.

    Returns:
        A generation that counts time steps, with previews from the first beat on and after
        every bar. Its result has the melody as one track and the extension as another: this
        begins where the melody ends and lasts as long as the player wants, within one note,
        without a longer rest or note than the player allows.

    Raises:
        MusicError: If the melody has no notes.
    """
    if not melody.notes:
        raise MusicError("there is nothing to extend", remedy="play or import a melody first")
    return _generation(Extension(melody, parameters), model, rng)


def _generation(work: "Extension", model: TokenModel, rng: np.random.Generator) -> Generation:
    reader = model.begin(style=work.style, texture=work.texture)
    total = work.total_steps
    yield Progress(done=0, total=total)
    for chunk in chunks(work.prompt.tokens):
        logits = reader.read(chunk)
        yield Progress(done=0, total=total)
    return (yield from writing(work, reader, logits, rng))


def writing(
    work: "Extension", reader: TokenReader, logits: NDArray[np.float32], rng: np.random.Generator
) -> Generation:
    """Write what follows the prompt.

    Args:
        work: The extension, of which nothing is written yet.
        reader: What has read the prompt, and reads what is written.
        logits: (V,) what it said after the prompt.
        rng: Source of all randomness.
    """
    total, unseen = work.total_steps, 0
    recall = recall_of(reader)
    while True:
        token = work.draw(logits, rng, recall=recall)
        preview = work.write(token)
        if work.is_done:
            return work.composition()
        unseen += 1
        if preview or unseen >= _TOKENS_BETWEEN_PROGRESS:
            unseen = 0
            yield Progress(
                done=work.done_steps,
                total=total,
                preview=preview,
                written_ticks=work.written_ticks if preview else None,
            )
        logits = reader.read((token,))


def chunks(tokens: Tokens) -> Iterator[Sequence[int]]:
    """Tokens in pieces that are read quickly."""
    numbers = tokens.tolist()
    for at in range(0, len(numbers), _TOKENS_READ_AT_ONCE):
        yield numbers[at : at + _TOKENS_READ_AT_ONCE]


class Extension:
    """One melody being extended.

    Attributes:
        prompt: What the model reads first.
        limits: What the extension may not do, in time steps of the prompt.
        style: Index of the style.
        texture: Index of the texture.

    Args:
        melody: At least one note.
        parameters: Of `Technique.EXTEND`.
        prompt: What the model reads of the melody, or None for as much as the parameters say.
        spec: The encoding.
    """

    def __init__(
        self,
        melody: Melody,
        parameters: Parameters,
        *,
        prompt: Prompt | None = None,
        spec: TokenSpec = TOKEN_ENCODING,
    ) -> None:
        style = parameters.choice("style")
        self._melody, self._spec = melody, spec
        self._track = Track(name=MELODY_TRACK, notes=melody.notes)
        self._temperature = parameters.number("creative_risk")
        self._threshold = parameters.number("sampling_threshold")
        self._cut = SAMPLING_TECHNIQUES[parameters.choice("sampling_technique")]
        self.prompt = prompt or prompt_of(
            melody, duration_s=parameters.number("input_duration"), style=style, spec=spec
        )
        self.style = spec.styles.index(style)
        self.texture = spec.textures.index(self.prompt.texture)
        self.limits = _limits(melody, self.prompt, parameters, spec)
        self._state = TokenState(spec=spec)
        self._state.advance_all(self.prompt.tokens)
        self._written: list[Note] = []
        self._previewed = 0
        self._dynamics = _Dynamics(melody, self.prompt, spec)

    @property
    def total_steps(self) -> int:
        """Time steps of the extension."""
        return self.limits.end - self.limits.begin

    @property
    def done_steps(self) -> int:
        """Time steps that are written."""
        return min(max(self._state.time_step - self.limits.begin, 0), self.total_steps)

    @property
    def written_ticks(self) -> int:
        """The tick before which no more notes begin."""
        resolution, prompt = self._spec.beat_resolution, self.prompt
        step = prompt.first_beat * resolution + self._state.time_step
        return prompt.pulse.tick_of_step(step, resolution)

    @property
    def is_done(self) -> bool:
        """Whether the extension has reached its end."""
        return self._state.time_step >= self.limits.end

    def draw(
        self,
        logits: NDArray[np.float32],
        rng: np.random.Generator,
        *,
        recall: Recall | None = None,
    ) -> int:
        """Draw the next token among those that keep the limits.

        First it is drawn whether the music goes on repeating itself, and if not, what else
        follows. The sampling technique cuts off the improbable of that alone: how often
        repetitions go on and end is counted, and no tail of a distribution that a network is
        wrong about. Cut off as well, hardly a long one would ever end.

        Args:
            logits: (V,) what the model said.
            rng: Source of all randomness.
            recall: What has read the same as the model, or None.

        Raises:
            ModelRuntimeError: If a logit is not a number.
        """
        if not np.isfinite(logits).all():
            raise ModelRuntimeError(
                "the model's answer is not a number", remedy="copy the bundle again"
            )
        allowed = self._state.allowed(self.limits)
        said: NDArray[np.float32] | NDArray[np.float64] = logits
        if recall is not None:
            said = recall.rested(logits)
            copied = recall.copied(said, allowed)
            if copied is not None:
                if rng.random() < sharpened(copied.share, self._temperature):
                    return copied.token
                allowed[copied.token] = False
        shares = probabilities(said, self._temperature, allowed=allowed)
        return int(draw(self._cut(shares, self._threshold), rng=rng))

    def write(self, token: int) -> Composition | None:
        """Take the next token; returns what there is so far where that is worth hearing.

        That is at the end of the first beat that has a note, and then of every bar.
        """
        note = self._state.advance(token)
        if note is not None:
            self._written.append(self._played(note))
        written = len(self._written)
        if token not in (self._spec.beat, self._spec.bar) or written == self._previewed:
            return None
        in_bar = (self._state.beat - self.prompt.first_bar_beat) % self._melody.beats_per_bar
        if self._previewed and in_bar:
            return None
        self._previewed = written
        return self.composition()

    def composition(self) -> Composition:
        """The melody and what is written so far."""
        melody = self._melody
        return Composition(
            tracks=(self._track, Track(name=EXTENSION_TRACK, notes=tuple(self._written))),
            tempo_bpm=melody.tempo_bpm,
            beats_per_bar=melody.beats_per_bar,
            name=melody.name,
        )

    def _played(self, note: GridNote) -> Note:
        resolution, prompt = self._spec.beat_resolution, self.prompt
        before = prompt.first_beat * resolution
        start = prompt.pulse.tick_of_step(before + note.start, resolution)
        end = prompt.pulse.tick_of_step(before + note.end, resolution)
        return Note(
            start_ticks=start,
            pitch=note.pitch,
            duration_ticks=end - start,
            velocity=self._dynamics.velocity(is_on_beat=note.start % resolution == 0),
        )


def _limits(melody: Melody, prompt: Prompt, parameters: Parameters, spec: TokenSpec) -> Limits:
    resolution, pulse, seam = spec.beat_resolution, prompt.pulse, prompt.seam
    step_ticks = pulse.period_ticks / resolution

    def steps(key: str) -> int:
        # Where time steps lie between ticks both ends of a span are rounded: it can become as
        # long as the next whole number of ticks.
        ticks = int(parameters.number(key) * ticks_per_s(melody) + 1e-6)
        return max(int(ticks / step_ticks + 1e-9), 1)

    is_line = prompt.texture == Texture.LINE
    most_notes = _MOST_NOTES.get(parameters.choice("style"), _MOST_NOTES_OF_HANDS)
    seam_tick = pulse.tick_of_step(prompt.first_beat * resolution + seam, resolution)
    return Limits(
        begin=seam,
        end=seam + steps("track_extension_duration"),
        longest_note=steps("max_note_length"),
        longest_rest=steps("max_rest_time"),
        # The melody ends up to a step before the seam.
        rest_before=int(seam_tick > melody.end_ticks),
        most_notes=1 if is_line else most_notes,
        beats_per_bar=prompt.beats_per_bar,
        first_bar_beat=prompt.first_bar_beat,
    )


class _Dynamics:
    """How loud the player was at last, on beats and between them."""

    _LAST_S: Final = 8.0
    # A few notes on beats do not make an accent: so many of mean loudness are thought to
    # have been played as well.
    _DOUBT: Final = 4

    def __init__(self, melody: Melody, prompt: Prompt, spec: TokenSpec) -> None:
        starts = [note.start_ticks for note in melody.notes]
        since = starts[-1] - self._LAST_S * ticks_per_s(melody)
        first = bisect_left(starts, since)
        velocities = np.array([note.velocity for note in melody.notes[first:]], dtype=np.float64)
        beats = prompt.pulse.beats_at(np.array(starts[first:], dtype=np.float64))
        misses = np.abs(beats - np.floor(beats + 0.5)) * spec.beat_resolution
        self._on_beat = self._mean(velocities, misses <= 1.0)
        self._off_beat = self._mean(velocities, misses > 1.0)

    def velocity(self, *, is_on_beat: bool) -> int:
        """Loudness of a note, 1..127."""
        return self._on_beat if is_on_beat else self._off_beat

    def _mean(self, velocities: NDArray[np.float64], chosen: NDArray[np.bool_]) -> int:
        among = velocities[chosen]
        mean = (among.sum() + self._DOUBT * velocities.mean()) / (len(among) + self._DOUBT)
        return int(min(max(np.floor(mean + 0.5), 1), MAX_VELOCITY))
