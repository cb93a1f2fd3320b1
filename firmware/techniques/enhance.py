"""Enhance: a melody in the manner of Bach's chorales, within the player's limits.

The player's notes are what the model must fit to. It dreams up all that is open in four
voices by annealed blocked Gibbs sampling; on the way it says which of the player's notes it
would not have expected, and the worst of them are opened too, as far as the player allows.
What is heard in the end is chosen among the dreamt notes, as many as the player allows.
"""

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from firmware.errors import MusicError
from firmware.inference.runtime import Model
from firmware.music.encoding import (
    ATTACK_HELD,
    ATTACK_STRUCK,
    ATTACK_UNKNOWN,
    CHORALE_ENCODING,
    CellMask,
)
from firmware.music.notes import Composition, Melody
from firmware.parameters import Parameters
from firmware.techniques.arrange import compose, count_replacements, proposals, select
from firmware.techniques.ensembles import ENSEMBLES
from firmware.techniques.gibbs import Pausing, Sampler, window_count
from firmware.techniques.listening import listen
from firmware.techniques.progress import Generation, Progress, Result
from firmware.techniques.schedule import DRAFT_ALONE, DRAFT_PASSES, Pass, draft, plan
from firmware.techniques.score import NOBODY, score_of
from firmware.techniques.voices import Casting, casting


def enhance(
    melody: Melody,
    parameters: Parameters,
    model: Model,
    rng: np.random.Generator,
) -> Generation:
    """Turn a melody into a composition in four voices.

    Args:
        melody: Any length, any polyphony, on or off the grid; at least one note.
        parameters: Of `Technique.ENHANCE`.
        model: A model of the chorale encoding.
        rng: Source of all randomness: the same melody, parameters, model and seed give the
            same composition.

    Returns:
        A generation that yields after every window of the model, if not more often, so that
        it can be cancelled within milliseconds; some of what it yields are previews.
        At most the allowed share of the melody's notes is missing from its result, at most
        the allowed number of notes is new, and all others are exactly as they were played.

    Raises:
        MusicError: If the melody has no notes.
    """
    if not melody.notes:
        raise MusicError("there is nothing to enhance", remedy="play or import a melody first")
    begin = partial(Enhancement, melody, parameters, model, rng)
    return _generation(melody, begin)


Reported = Generator[Progress, None, Result]
"""A part of the work with its reports."""

_OWN_SHARE: Final = 0.1
"""Of its cells that hold notes of the player's: from here on a voice counts as the player's."""

_REPAIR_WARMTH: Final = 0.3
"""Temperature of gaps in the player's voices, as a share of that of new voices."""

_WRONG_SURPRISE: Final = 2.7
"""At creative risk 1: a note that surprises so many times as much as the mean sounds wrong."""

_BREVITY: Final = 0.35
"""How much less a note shorter than a beat is suspected: by its length to this power."""


def _generation(melody: Melody, begin: "Callable[[Casting], Enhancement]") -> Generation:
    # Before the notes have voices nobody knows how much there is to do.
    at_first = Progress(done=0, total=1)
    work = begin((yield from _reported(casting(melody.notes), lambda _: at_first)))
    plan, done = work.plan, 0
    total = plan.passes + work.drafted
    # Windows are counted rather than passes, one of which takes seconds for a long melody.
    windows = window_count(work.score.sections, time_steps=CHORALE_ENCODING.time_steps)

    def report(preview: Composition | None = None, *, within: int = 0) -> Progress:
        return Progress(done=done * windows + within, total=total * windows, preview=preview)

    def reported(part: Generator[None, None, Result], passes: int = 0) -> Reported[Result]:
        return _reported(part, lambda seen: report(within=min(seen, passes * windows)))

    for step in work.first_draft:
        passes = 1 if work.drafted else 0
        yield from reported(work.write(step, work.first_window), passes)
        done += passes
    if work.first_draft:
        yield report((yield from reported(work.composition())))
    for looks in plan.voicing:
        yield from reported(work.choose_voices(looks), looks)
        done += looks
    for looks in plan.judging:
        yield from reported(work.judge(looks), looks)
        done += looks
    for step in plan.writing:
        yield from reported(work.write(step), 1)
        done += 1
        if step.preview and done < total:
            yield report((yield from reported(work.composition())))
    if total:
        yield report()
    yield from reported(work.finish())
    return (yield from reported(work.composition()))


def _reported(
    part: Generator[None, None, Result], report: Callable[[int], Progress]
) -> Reported[Result]:
    """Report at every pause of a part of the work; reports are made of the pauses so far."""
    pauses = 0
    while True:
        try:
            next(part)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        pauses += 1
        yield report(pauses)


class Enhancement:
    """One melody being enhanced.

    Attributes:
        score: The melody in rows and voices.
        sampler: The cells as they stand.
        first_window: Rows that the model sees at once from the beginning.
        first_draft: Passes that make the first window heard early.
        drafted: How many of them count as passes, because there is no more than this window.
        plan: The passes to take then.

    Args:
        melody: At least one note.
        parameters: Of `Technique.ENHANCE`.
        model: A model of the chorale encoding.
        rng: Source of all randomness.
        roles: Which voices its notes have at first.
    """

    def __init__(
        self,
        melody: Melody,
        parameters: Parameters,
        model: Model,
        rng: np.random.Generator,
        roles: Casting,
    ) -> None:
        risk = float(parameters["creative_risk"])
        passes = parameters.integer("sampling_iterations")
        self._removable = parameters.integer("max_input_notes_removed") * len(melody.notes) // 100
        self._addable = parameters.integer("max_notes_added")
        self._wrong = _WRONG_SURPRISE / np.sqrt(risk)
        self._melody = melody
        self._ensemble = ENSEMBLES[parameters.choice("ensemble")]
        self._model = model
        self._rng = rng
        self._begin(roles)
        self.first_window = self.score.sections[0][: CHORALE_ENCODING.time_steps]
        is_all = len(self.first_window) == len(self.score.steps)
        # Few passes over one window draft all there is soon enough.
        soon = is_all and passes <= DRAFT_ALONE
        self.first_draft = [] if soon else draft(min(DRAFT_PASSES, passes), risk)
        self.drafted = len(self.first_draft) if is_all else 0
        self.plan = plan(
            passes,
            risk,
            voicing=roles.lines > 2,
            judging=self._removable > 0,
            drafted=self.drafted,
        )
        if not self._addable:
            self._plan_without_writing()

    def _plan_without_writing(self) -> None:
        """Where nothing may be added, only listening can change anything."""
        self.plan = replace(self.plan, writing=())
        if not self.plan.passes:
            # What is drawn in a draft decides nothing but which notes are hidden together.
            self.first_draft, self.drafted = [], 0

    def _begin(self, roles: Casting) -> None:
        """Lay the melody out; nothing is written yet."""
        self.score = score_of(roles)
        self.sampler = Sampler(self.score, self._model, self._rng)
        self._removed: list[int] = []
        # (V,): gaps in a part that the player wrote are filled in, new parts are composed.
        coverage = (self.score.owners != NOBODY).mean(axis=0)
        self._warmth = np.where(coverage >= _OWN_SHARE, _REPAIR_WARMTH, 1.0).astype(np.float32)
        self._struck = np.zeros(self.sampler.cells.shape, dtype=np.bool_)
        # (N,): a passing note that is hardly heard may well surprise.
        steps = np.array([part.end - part.start for part in roles.parts])
        self._weights = np.minimum(steps / CHORALE_ENCODING.beat_resolution, 1.0) ** _BREVITY

    def choose_voices(self, looks: int) -> Pausing:
        """Let the model say which voices the notes belong to, and begin anew."""
        opinion = yield from listen(self.score, self.sampler, self._rng, looks=looks)
        self._begin((yield from casting(self._melody.notes, evidence=opinion.voices)))

    def judge(self, looks: int) -> Pausing:
        """Open the notes that sound wrong, the worst first, as many as the player allows."""
        opinion = yield from listen(self.score, self.sampler, self._rng, looks=looks)
        # Music of another style surprises all over; one nat more keeps a very plain tune from
        # being judged by trifles.
        surprise = opinion.surprise / (1.0 + opinion.surprise.mean()) * self._weights
        surprise[self._removed] = 0.0
        worst = np.argsort(-surprise, kind="stable")[: self._removable - len(self._removed)]
        worst = worst[surprise[worst] > self._wrong]
        self._removed += worst.tolist()
        self.sampler.free |= np.isin(self.score.owners, worst)

    def write(self, step: Pass, window: range | None = None) -> Pausing:
        """Take one pass that writes, over everything or over one window."""
        mask = self._chosen(step, window)
        logits = yield from self.sampler.look(mask, (window,) if window else None)
        temperatures = np.float32(step.temperature) * self._warmth
        yield from self.sampler.write(mask, logits, temperatures=temperatures)

    def finish(self) -> Pausing:
        """Keep the rhythm of a single line, and decide where a pitch is struck again."""
        if not self._addable:
            return
        if self.score.casting.lines == 1 and self._removed:
            yield from self._level_replacements()
        sampler, owners = self.sampler, self.score.owners
        attacks = np.full(owners.shape, ATTACK_STRUCK, dtype=np.int8)
        same = np.zeros(owners.shape, dtype=np.bool_)
        same[1:] = sampler.cells[1:] == sampler.cells[:-1]
        same &= self.score.linked[:, None]
        attacks[same & sampler.free] = ATTACK_UNKNOWN
        held = np.zeros_like(same)
        held[1:] = (owners[1:] == owners[:-1]) & ~sampler.free[1:]
        attacks[same & held] = ATTACK_HELD
        attacks[sampler.cells == CHORALE_ENCODING.rest] = ATTACK_UNKNOWN
        self._struck = (yield from sampler.struck_again(attacks)) > 0.0

    def _level_replacements(self) -> Pausing:
        """Give each removed note of a single line one pitch in its place."""
        sampler, removed = self.sampler, np.isin(self.score.owners, self._removed)
        logits = yield from sampler.look(removed)
        rows, voices = np.nonzero(removed)
        # The cells of a note of a single line follow each other.
        owners = self.score.owners[removed]
        firsts = np.flatnonzero(np.diff(owners, prepend=NOBODY))
        cells = {
            int(owners[first]): slice(int(first), int(stop))
            for first, stop in zip(firsts, [*firsts[1:], len(owners)], strict=True)
        }
        for note in self._removed:
            own = cells[note]
            place = slice(int(rows[own.start]), int(rows[own.stop - 1]) + 1)
            sampler.write_as_one(place, int(voices[own.start]), logits[own])
            yield

    def composition(self) -> Generator[None, None, Composition]:
        """What there is so far, within the limits."""
        sampler, score = self.sampler, self.score
        removed = list(self._removed)
        if not self._addable:
            # A wrong note is simply left out.
            return compose(self._melody, score, [], removed, self._ensemble)
        while removed:
            replacing = count_replacements(score, sampler.cells, self._struck, removed)
            yield
            if replacing <= self._addable:
                break
            # By halves, so that a thousand suspects do not take a thousand rounds.
            del removed[-max(1, (replacing - self._addable) // 2) :]
        offered = yield from proposals(
            score, sampler.cells, self._struck, sampler.confidence, removed
        )
        chosen = select(score, offered, self._addable)
        yield
        return compose(self._melody, score, chosen, removed, self._ensemble)

    def _chosen(self, step: Pass, window: range | None) -> CellMask:
        free = self.sampler.free
        if window is not None:
            free = free.copy()
            free[: window.start] = False
            free[window.stop :] = False
        if not step.confident:
            return np.asarray(free & (self._rng.random(free.shape) < step.share))
        doubt = np.where(free, self.sampler.confidence, np.inf)
        count = int(np.ceil(step.share * free.sum()))
        if not count:
            return np.zeros_like(free)
        return np.asarray(free & (doubt <= np.partition(doubt, count - 1, axis=None)[count - 1]))
