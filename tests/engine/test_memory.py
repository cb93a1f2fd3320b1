"""What is remembered is read back equal, or refused in one sentence."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.engine.memory import (
    Memory,
    Piece,
    Pieces,
    earlier_from_json,
    earlier_to_json,
    memory_from_json,
    memory_to_json,
    pieces_from_json,
    pieces_to_json,
    runs_from_json,
    runs_to_json,
)
from firmware.engine.mixer import Fader
from firmware.errors import LibraryError
from firmware.midi.control_maps import Learned
from firmware.music.notes import Melody, Note
from firmware.panel.bookmark import PAGES, Bookmark
from firmware.panel.keys import Key
from firmware.panel.settings import Settings
from firmware.parameters import PARAMETERS_BY_KEY, ParameterSpec, Technique, Value, specs_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROWS = st.integers(0, 40)


def _value(spec: ParameterSpec) -> st.SearchStrategy[Value]:
    return st.floats(0, 1).map(spec.at)


def _values(technique: Technique) -> st.SearchStrategy[Mapping[str, Value]]:
    return st.fixed_dictionaries(
        {}, optional={spec.key: _value(spec) for spec in specs_of(technique)}
    )


SETTINGS = st.builds(
    Settings,
    technique=st.sampled_from(Technique),
    values=st.fixed_dictionaries({}, optional={t: _values(t) for t in Technique}),
    tempo_bpm=st.floats(40, 220),
    beats_per_bar=st.integers(1, 32),
) | st.builds(Settings, technique=st.just(Technique.EXTEND), is_duet=st.booleans())
PROGRAMS = st.integers(0, 127)
LESSONS = st.builds(
    Learned,
    keyboard=TEXTS,
    control=st.integers(0, 119),
    target=st.sampled_from(Key).map(str),
    is_button=st.just(True),  # noqa: FBT003 - it takes no keyword
) | st.builds(
    Learned,
    keyboard=TEXTS,
    control=st.integers(0, 119),
    target=st.sampled_from(sorted(PARAMETERS_BY_KEY)),
    is_button=st.just(False),  # noqa: FBT003 - it takes no keyword
)
MEMORIES = st.builds(
    Memory,
    settings=SETTINGS,
    volume=st.integers(0, 100),
    program=PROGRAMS,
    is_metronome_on=st.booleans(),
    is_thru_on=st.booleans(),
    keyboard_channel=st.integers(0, 15).filter(lambda channel: channel != 9),
    is_clock_out_on=st.booleans(),
    is_clock_in_on=st.booleans(),
    learned=st.lists(LESSONS, max_size=3).map(tuple),
    mix=st.lists(
        st.tuples(
            TEXTS,
            st.builds(
                Fader,
                is_muted=st.booleans(),
                is_soloed=st.booleans(),
                program=st.none() | PROGRAMS,
            ),
        ),
        max_size=5,
    ).map(tuple),
    bookmark=st.builds(
        Bookmark,
        home=ROWS,
        pages=st.lists(st.tuples(st.sampled_from(sorted(PAGES)), ROWS), max_size=4).map(tuple),
    ),
)
NOTES = st.builds(
    Note,
    start_ticks=st.integers(0, 10**7),
    pitch=st.integers(0, 127),
    duration_ticks=st.integers(1, 10**6),
    velocity=st.integers(1, 127),
)
PIECES = st.builds(
    Piece,
    melody=st.builds(
        Melody,
        notes=st.lists(NOTES, min_size=1, max_size=8).map(tuple),
        tempo_bpm=st.floats(40, 220),
        beats_per_bar=st.integers(1, 32),
        name=TEXTS,
    ),
    composition=st.none() | TEXTS,
)

MEMORY = Memory(
    settings=Settings(values={Technique.ENHANCE: {"creative_risk": 1.2}}),
    learned=(Learned(keyboard="k", control=7, target="play", is_button=True),),
    mix=(("bass", Fader(program=32)),),
    bookmark=Bookmark(home=1, pages=(("sound", 2),)),
)
PIECE = Piece(melody=Melody(notes=(Note(start_ticks=0, pitch=60, duration_ticks=480),), name="A"))


@given(memory=MEMORIES)
def test_a_memory_is_read_back_equal_and_written_the_same_again(memory: Memory) -> None:
    text = memory_to_json(memory)
    read = memory_from_json(text, file="f")
    assert read == memory
    assert memory_to_json(read) == text


@given(take=st.none() | PIECES, playing=st.none() | PIECES)
def test_the_last_music_is_read_back_equal(take: Piece | None, playing: Piece | None) -> None:
    pieces = Pieces(take=take, playing=playing)
    text = pieces_to_json(pieces)
    assert pieces_from_json(text, file="f") == pieces
    earlier = tuple(piece for piece in (take, playing) if piece is not None)
    assert earlier_from_json(earlier_to_json(earlier), file="f") == earlier


def test_what_models_bring_is_not_remembered() -> None:
    settings = Settings(installed={"genre": ("my-own",)})
    assert memory_from_json(memory_to_json(Memory(settings=settings)), file="f") == Memory()


def test_a_name_that_is_no_text_is_remembered_as_far_as_it_is() -> None:
    melody = Melody(notes=PIECE.melody.notes, name="caf\udce9")
    pieces = Pieces(take=Piece(melody=melody))
    assert pieces_from_json(pieces_to_json(pieces), file="f") == pieces
    assert pieces.take is not None
    assert pieces.take.melody.name == "caf?"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("format",), 2, "another format"),
        (("technique",), "dance", "no technique 'dance'"),
        (("is_duet",), True, "a duet is no way to enhance"),
        (("parameters", "enhance", "creative_risk"), 99, "creative_risk must be a number in"),
        (("parameters", "enhance", "creative_risk"), float("nan"), "creative_risk must be"),
        (("parameters", "enhance", "volume"), 1, "enhance has no parameter 'volume'"),
        (("parameters", "dance"), {}, "no technique 'dance'"),
        (("tempo_bpm",), 1e9, "tempo must be in 40..220"),
        (("tempo_bpm",), 10**400, "f: "),
        (("beats_per_bar",), 4.0, "beats_per_bar is missing or of a wrong kind"),
        (("volume",), 101, "volume must be in 0..100"),
        (("program",), True, "program is missing or of a wrong kind"),
        (("is_thru_on",), None, "is_thru_on is missing"),
        (("keyboard_channel",), 16, "keyboard_channel must be in 0..15"),
        (("keyboard_channel",), 9, "cannot have the drums' channel"),
        (("learned", 0, "control"), 120, "a controller must be in 0..119"),
        (("learned", 0, "target"), "creative_risk", "nothing to be learned"),
        (("learned", 0, "is_button"), False, "nothing to be learned"),
        (("mix", 0, "program"), 128, "mix.program must be in 0..127"),
        (("mix",), {}, "mix is missing or of a wrong kind"),
        (("home",), -1, "home must be in 0.."),
        (("pages", 0), "sound", "pages is not an object"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    path: tuple[str | int, ...], value: object, said: str
) -> None:
    content = json.loads(memory_to_json(MEMORY))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(LibraryError, match=said) as caught:
        memory_from_json(json.dumps(content), file="f")
    assert caught.value.message.startswith("f")
    assert "\n" not in caught.value.message


def test_a_memory_of_before_the_keyboards_channel_could_be_set_is_read() -> None:
    content = json.loads(memory_to_json(MEMORY))
    del content["keyboard_channel"]
    assert memory_from_json(json.dumps(content), file="f") == MEMORY


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([0, 60, 480], "no note"),
        ([0, 60, 480, True], "no note"),
        ([0, 128, 480, 80], "pitch must be in 0..127"),
        ([-1, 60, 480, 80], "start_ticks must be 0 or more"),
        ("note", "no note"),
    ],
)
def test_a_note_that_cannot_be_is_named(row: object, said: str) -> None:
    content = json.loads(pieces_to_json(Pieces(take=PIECE)))
    content["take"]["notes"] = [row]
    with pytest.raises(LibraryError, match=said):
        pieces_from_json(json.dumps(content), file="f")
    content["take"]["notes"] = []
    with pytest.raises(LibraryError, match="has no notes"):
        pieces_from_json(json.dumps(content), file="f")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\0", "[" * 100_000, "1" * 5000])
def test_what_is_no_memory_at_all_is_one_sentence(text: str) -> None:
    for read in (memory_from_json, pieces_from_json, earlier_from_json, runs_from_json):
        with pytest.raises(LibraryError, match=r"^f"):
            read(text, file="f")


@given(runs_s=st.lists(st.floats(0, 1e6), max_size=4).map(tuple))
def test_times_are_read_back_equal(runs_s: tuple[float, ...]) -> None:
    assert runs_from_json(runs_to_json(runs_s), file="f") == runs_s


@pytest.mark.parametrize("run_s", [-1, "1", None, True, float("inf"), float("nan")])
def test_what_is_no_time_is_refused(run_s: object) -> None:
    text = json.dumps({"format": 1, "ran_s": [1.0, run_s]})
    with pytest.raises(LibraryError, match="no time"):
        runs_from_json(text, file="f")
