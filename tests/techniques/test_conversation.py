"""An answer depends on what was said, and not on what the model happens to remember of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.errors import MusicError
from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.music.notes import Composition, Melody, Note
from firmware.music.timing import TICKS_PER_BEAT as BEAT
from firmware.music.tokens import TOKEN_ENCODING as SPEC
from firmware.music.tokens import GridNote, Texture, decode
from firmware.music.turns import Turn
from firmware.parameters import Parameters, Technique, parameters_for
from firmware.techniques.conversation import Memory, answer
from firmware.techniques.extend import extend
from firmware.techniques.progress import finish

TABLE = np.random.default_rng(5).normal(0.0, 3.0, (997, SPEC.vocabulary)).astype(np.float32)


@dataclass(frozen=True)
class Place:
    """Where a `RollingModel` was."""

    mark: int
    texture: int
    tokens: tuple[int, ...]


class RollingModel:
    """Says something else after all that it has read, in whatever pieces and textures it did.

    Attributes:
        begun: Styles of the pieces that were begun.
        reads: How many tokens were read at once, one number for each time.
    """

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.reads: list[int] = []
        self.present: RollingReader | None = None

    def begin(self, *, style: int, texture: int) -> "RollingReader":
        """Begin."""
        self.begun.append(style)
        self.present = RollingReader(self, Place(mark=style, texture=texture, tokens=()))
        return self.present

    def go_on(self, place: Place) -> "RollingReader":
        """Go on."""
        self.present = RollingReader(self, place)
        return self.present


class RollingReader:
    """See `RollingModel`."""

    def __init__(self, model: RollingModel, place: Place) -> None:
        self._model = model
        self._mark = place.mark
        self.texture = place.texture
        self.tokens = list(place.tokens)
        self.textures: list[int] = []

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        assert self._model.present is self
        assert len(tokens)
        self._model.reads.append(len(tokens))
        self.tokens.extend(tokens)
        self._mark = hash((self._mark, self.texture, *tokens))
        row: NDArray[np.float32] = TABLE[self._mark % len(TABLE)]
        return row

    def keep(self) -> Place:
        """Keep the place."""
        assert self._model.present is self
        return Place(mark=self._mark, texture=self.texture, tokens=tuple(self.tokens))


def parameters(**values: Any) -> Parameters:
    chosen = {"track_extension_duration": 2.0, "style": "piano", **values}
    return parameters_for(Technique.EXTEND, chosen)


def answered(
    memory: Memory, turns: Sequence[Turn], phrase: Melody, *, seed: int = 0, **values: Any
) -> Composition:
    return finish(answer(phrase, turns, parameters(**values), memory, np.random.default_rng(seed)))


def line(*pitches: int, start: float = 0.0, tempo_bpm: float = 120.0) -> Melody:
    """A note a beat."""
    notes = (
        Note(start_ticks=round((start + at) * BEAT), pitch=pitch, duration_ticks=BEAT)
        for at, pitch in enumerate(pitches)
    )
    return Melody(notes=tuple(notes), tempo_bpm=tempo_bpm)


def heard_until(composition: Composition, until_ticks: int) -> Turn:
    """A turn of which the answer was broken off at a tick."""
    melody, added = composition.tracks
    return Turn(
        melody=Melody(
            notes=melody.notes,
            tempo_bpm=composition.tempo_bpm,
            beats_per_bar=composition.beats_per_bar,
        ),
        answer=tuple(
            replace(note, duration_ticks=min(note.end_ticks, until_ticks) - note.start_ticks)
            for note in added.notes
            if note.start_ticks < until_ticks
        ),
    )


def read(turns: Sequence[Turn], style: str = "piano") -> tuple[int, ...]:
    """The tokens of a conversation."""
    model = RollingModel()
    memory = Memory(model)
    for _ in memory.read(turns, style=style):
        pass
    assert model.present is not None
    return model.present.keep().tokens


phrases = st.builds(
    lambda pitches, length, misses, tempo_bpm, beats_per_bar, chord: Melody(
        notes=tuple(
            Note(
                start_ticks=max(at * length + misses[at % len(misses)], 0),
                pitch=pitch + more,
                duration_ticks=length,
            )
            for at, pitch in enumerate(pitches)
            for more in ((0, 4, 7) if chord else (0,))
        ),
        tempo_bpm=tempo_bpm,
        beats_per_bar=beats_per_bar,
    ),
    pitches=st.lists(st.integers(30, 90), min_size=1, max_size=20),
    length=st.sampled_from((160, 240, 333, 480)),
    misses=st.lists(st.integers(-20, 40), min_size=1, max_size=5) | st.just([0]),
    tempo_bpm=st.floats(40.0, 220.0),
    beats_per_bar=st.integers(2, 5),
    chord=st.booleans(),
)
spoken = st.fixed_dictionaries(
    {
        "phrase": phrases,
        "until": st.floats(0.0, 1.0),  # share of the answer that is heard
        "creative_risk": st.floats(0.3, 3.0),
        "sampling_technique": st.sampled_from(("TopK", "Nucleus", "Random")),
        "is_read_at_once": st.booleans(),  # while the player plays
        "happens": st.sampled_from(("nothing",) * 4 + ("lost", "another", "broken off", "style")),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversation=st.lists(spoken, min_size=1, max_size=7))
def test_carried_or_read_anew_the_answer_is_the_same(conversation: list[dict[str, Any]]) -> None:
    """Token for token, wherever the player breaks in and whatever happens in between."""
    model = RollingModel()
    memory, style = Memory(model), "piano"
    turns: tuple[Turn, ...] = ()
    for seed, said in enumerate(conversation):
        chosen = {key: said[key] for key in ("creative_risk", "sampling_technique")}
        match said["happens"]:
            case "lost":
                memory = Memory(model)
            case "another":
                finish(extend(line(60, 62), parameters(), model, np.random.default_rng(seed)))
            case "broken off":
                rng = np.random.default_rng(99)
                generation = answer(said["phrase"], turns, parameters(), memory, rng)
                for _ in range(1 + 3 * seed):
                    next(generation, None)
                generation.close()
            case "style":
                style = "song" if style == "piano" else "piano"
        carried = answered(memory, turns, said["phrase"], seed=seed, style=style, **chosen)
        fresh = Memory(RollingModel())
        anew = answered(fresh, turns, said["phrase"], seed=seed, style=style, **chosen)
        assert carried == anew
        assert carried.tracks[0].notes == said["phrase"].notes
        assert carried.tracks[1].notes[0].start_ticks >= said["phrase"].end_ticks
        begins, ends = said["phrase"].end_ticks, carried.end_ticks
        until_ticks = begins + round(said["until"] * (ends - begins))
        turns = (*turns, heard_until(carried, until_ticks))
        if said["is_read_at_once"]:
            for _ in memory.read(turns, style=style):
                pass


@pytest.mark.parametrize("is_read_at_once", [False, True])
def test_what_is_remembered_is_not_read_again(*, is_read_at_once: bool) -> None:
    """In each turn the new phrase alone, and once what was heard of the answer."""
    model, known = RollingModel(), 0
    memory = Memory(model)
    turns: tuple[Turn, ...] = ()
    for at in range(6):
        said = (*turns, Turn(melody=line(60, 62, 64, 65 + at)))
        model.reads = []
        composition = answered(memory, turns, said[-1].melody, seed=at)
        drawn = len(model.reads) - next(n for n, read in enumerate(model.reads) if read == 1)
        assert sum(model.reads) - drawn == len(read(said)) - known
        known = len(read(said))
        turns = (*turns, heard_until(composition, composition.end_ticks - 700))
        if is_read_at_once:
            model.reads = []
            for _ in memory.read(turns, style="piano"):
                pass
            assert sum(model.reads) == len(read(turns)) - known
            known = len(read(turns))
    assert model.begun == [SPEC.styles.index("piano")]


def test_a_key_struck_a_little_late_is_on_the_beat_that_it_was_meant_for() -> None:
    """A held note was broken off two steps into the bar with which the phrase begins."""
    held = Note(start_ticks=3 * BEAT, pitch=72, duration_ticks=BEAT + BEAT // 6)
    turns = [Turn(melody=line(60, 62, 64), answer=(held,)), Turn(melody=line(67, 69))]
    notes, bars = decode(read(turns))
    assert [note.start for note in notes] == [0, 12, 24, 36, 48, 60]
    assert bars == (0, 48)


def test_other_values_leave_the_memory_alone_and_another_style_does_not() -> None:
    model = RollingModel()
    memory = Memory(model)
    turns = [heard_until(answered(memory, (), line(60, 62, 64)), 9 * BEAT)]
    values: list[dict[str, Any]] = [
        {"creative_risk": 2.0},
        {"sampling_technique": "TopK", "sampling_threshold": 0.2},
        {"max_rest_time": 0.5, "max_note_length": 1.0, "track_extension_duration": 2.0},
        {"input_duration": 1.0},
    ]
    for each in values:
        made = answered(memory, turns, line(64, 62), **each)
        turns.append(heard_until(made, made.end_ticks))
    assert model.begun == [SPEC.styles.index("piano")]
    answered(memory, turns, line(64, 62), style="song")
    assert model.begun == [SPEC.styles.index("piano"), SPEC.styles.index("song")]


def test_a_conversation_is_read_as_one_piece_in_the_beats_of_each_turn() -> None:
    """The player broke in on the answer's half beat, and played slower afterwards."""
    turns = [
        Turn(
            melody=line(60, 62, 64),
            answer=(
                Note(start_ticks=3 * BEAT, pitch=72, duration_ticks=BEAT),
                Note(start_ticks=4 * BEAT, pitch=74, duration_ticks=BEAT // 2),
            ),
        ),
        Turn(melody=line(67, 69, start=0.5, tempo_bpm=72.0)),
        Turn(melody=line(50, 52, start=2.0)),
    ]
    tokens = read(turns)
    assert tokens[:2] == (SPEC.start, SPEC.bar)
    notes, bars = decode(tokens)
    assert notes == (
        *(GridNote(12 * at, pitch, 12) for at, pitch in enumerate((60, 62, 64, 72))),
        GridNote(48, 74, 6),
        GridNote(54, 67, 12),
        GridNote(66, 69, 12),
        GridNote(84, 50, 12),  # the next beat after that turn's end
        GridNote(96, 52, 12),
    )
    assert bars == (0, 48, 108)  # the third phrase has bars of its own
    assert tokens.count(SPEC.start) == 1


@pytest.mark.parametrize(
    ("broken_off", "begins"),
    [(1, 42), (5, 42), (6, 42), (8, 42), (9, 54), (12, 54), (13, 66), (15, 66)],
)
def test_a_phrase_begins_where_it_finds_room(broken_off: int, begins: int) -> None:
    """In the beat of the last note's end, or in the next one where that is a good deal earlier.

    The fifth beat is a bar's first, which the phrase's is not: it begins after that one.
    """
    step = BEAT // SPEC.beat_resolution
    held = Note(start_ticks=3 * BEAT, pitch=72, duration_ticks=broken_off * step)
    turns = [
        Turn(melody=line(60, 62, 64), answer=(held,)),
        Turn(melody=line(67, start=3.5)),
    ]
    notes, _ = decode(read(turns))
    assert notes[3] == GridNote(36, 72, broken_off if broken_off != 13 else 12)
    assert notes[4] == GridNote(begins, 67, 12)


def test_chorales_have_no_bar_lines_in_a_conversation_either() -> None:
    turns = [heard_until(answered(Memory(RollingModel()), (), line(60, 62)), 8 * BEAT)]
    assert SPEC.bar in read([*turns, Turn(melody=line(60, 62))])
    assert SPEC.bar not in read([*turns, Turn(melody=line(60, 62))], style="chorale")


def test_each_turn_is_read_in_its_texture_and_answered_in_it() -> None:
    chords = Melody(notes=tuple(n for at in (60, 64, 67) for n in line(at, at + 2).notes))
    model = RollingModel()
    memory = Memory(model)
    made = answered(memory, (), line(60, 62, 64))
    assert model.present is not None
    assert model.present.texture == SPEC.textures.index(Texture.LINE)
    turns = [heard_until(made, made.end_ticks)]
    made = answered(memory, turns, chords)
    assert model.present.texture == SPEC.textures.index(Texture.FULL)
    turns.append(heard_until(made, made.end_ticks))
    made = answered(memory, turns, line(60, 62, 64))
    assert model.present.texture == SPEC.textures.index(Texture.LINE)
    assert model.begun == [SPEC.styles.index("piano")]
    added = made.tracks[1].notes
    assert all(a.end_ticks <= b.start_ticks for a, b in pairwise(added))


def test_the_answer_begins_where_the_phrase_ended_at_its_tempo() -> None:
    memory = Memory(RollingModel())
    made = answered(memory, (), line(60, 62, 64))
    phrase = line(60, 62, start=2.0, tempo_bpm=63.0)
    made = answered(memory, [heard_until(made, 6 * BEAT)], phrase, max_rest_time=0.25)
    assert made.tempo_bpm == 63.0
    assert made.tracks[0].notes == phrase.notes
    assert phrase.end_ticks <= made.tracks[1].notes[0].start_ticks <= phrase.end_ticks + BEAT // 2


def test_a_phrase_without_notes_is_a_sentence() -> None:
    with pytest.raises(MusicError, match="nothing to answer"):
        answered(Memory(RollingModel()), (), Melody(notes=()))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, folder in shipped_bundles().items()
        if read_bundle(folder).manifest.technique is Technique.EXTEND
    ],
)
def test_a_real_model_answers_the_same_from_memory_and_anew(name: str) -> None:
    """Bit for bit, where the ring was written over several times."""
    bundle = read_bundle(shipped_bundles()[name])
    model, other = bundle.load_ring(), bundle.load_ring()
    memory, rng = Memory(model), np.random.default_rng(7)
    turns: tuple[Turn, ...] = ()
    for seed in range(9):
        pitches = rng.integers(48, 80, size=24).tolist()
        phrase = line(*pitches, tempo_bpm=float(rng.integers(80, 200)))
        carried = answered(memory, turns, phrase, seed=seed, track_extension_duration=8.0)
        anew = answered(Memory(other), turns, phrase, seed=seed, track_extension_duration=8.0)
        assert carried == anew
        until_ticks = int(rng.integers(phrase.end_ticks, carried.end_ticks))
        turns = (*turns, heard_until(carried, until_ticks))
    assert len(read(turns)) > 2 * model.memory
    kept, read_anew = (_logits(memory_of, turns) for memory_of in (memory, Memory(other)))
    np.testing.assert_array_equal(kept, read_anew)


def _logits(memory: Memory, turns: Sequence[Turn]) -> NDArray[np.float32]:
    for _ in memory.read(turns, style="piano"):
        pass
    return memory.speak()[1]
