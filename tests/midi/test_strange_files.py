"""Files as others write them, byte by byte: what is read, and what is refused with which words.

A track's bytes are given without its header and, unless said otherwise, without its end; times
are in ticks of 96 a beat, so that one beat is `60` and two are `81 40`.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MidiFileError
from firmware.midi.files import read_composition, read_melody
from firmware.midi.standard_file import MAX_EVENTS
from firmware.music.notes import Melody

END = "00 ff 2f 00"
C_FOR_A_BEAT = "00 90 3c 50  60 80 3c 40"


def file(*tracks: str, kind: int = 1, division: str = "00 60", count: int | None = None) -> bytes:
    """A whole file of tracks in hexadecimal."""
    bodies = [bytes.fromhex(track) for track in tracks]
    header = kind.to_bytes(2) + (len(bodies) if count is None else count).to_bytes(2)
    chunks = [b"MTrk" + len(body).to_bytes(4) + body for body in bodies]
    return b"".join([b"MThd\0\0\0\x06", header, bytes.fromhex(division), *chunks])


def notes(content: bytes, *, has_pedal: bool = True) -> list[tuple[int, int, int]]:
    """(start, end, pitch) in ticks of 480 a beat."""
    melody = read_melody(content, name="", has_pedal=has_pedal)
    return [(note.start_ticks, note.end_ticks, note.pitch) for note in melody.notes]


READ = {
    "running status, and velocity 0 for off": (
        file(f"00 90 3c 50  60 3c 00  00 3e 50  60 3e 00 {END}", kind=0),
        [(0, 480, 60), (480, 960, 62)],
    ),
    "running status through a meta and a system exclusive event": (
        file(f"00 90 3c 50  30 ff 01 01 41  00 f0 02 7e f7  30 3c 00 {END}"),
        [(0, 480, 60)],
    ),
    "a repeated note whose second on comes before the first off": (
        file(f"00 90 3c 50  60 90 3c 50  00 80 3c 40  60 80 3c 40 {END}"),
        [(0, 480, 60), (480, 960, 60)],
    ),
    "a note struck again without an off": (
        file(f"00 90 3c 50  60 90 3c 50  60 80 3c 40 {END}"),
        [(0, 480, 60), (480, 960, 60)],
    ),
    "a note of no length lasts one tick": (
        file(f"60 90 3c 50  00 80 3c 40 {END}"),
        [(480, 481, 60)],
    ),
    "a note never closed ends with the last note": (
        file("00 90 3c 50  00 90 40 50  81 40 80 40 40  ff 7f ff 2f 00"),
        [(0, 960, 60), (0, 960, 64)],
    ),
    "a last note never closed lasts a beat": (
        file(f"60 90 3c 50  {END}"),
        [(480, 960, 60)],
    ),
    "an off without an on": (file(f"00 80 3c 40 {C_FOR_A_BEAT} {END}"), [(0, 480, 60)]),
    "the same pitch on two channels": (
        file(f"00 90 3c 50  00 91 3c 50  60 80 3c 40  60 81 3c 40 {END}", kind=0),
        [(0, 480, 60), (0, 960, 60)],
    ),
    "the same pitch in two tracks on one channel": (
        file(f"{C_FOR_A_BEAT} {END}", f"00 90 3c 50  81 40 80 3c 40 {END}"),
        [(0, 480, 60), (0, 960, 60)],
    ),
    "a key signature of nine sharps": (
        file(f"00 ff 59 02 09 00 {C_FOR_A_BEAT} {END}"),
        [(0, 480, 60)],
    ),
    "meta events of a wrong or no length": (
        file(f"00 ff 51 02 07 a1  00 ff 58 00  00 ff 59 00  00 ff 21 00 {C_FOR_A_BEAT} {END}"),
        [(0, 480, 60)],
    ),
    "a clock and a tune request that have no place in a file": (
        file(f"00 f8 00 f6 00 f2 01 02 {C_FOR_A_BEAT} {END}"),
        [(0, 480, 60)],
    ),
    "no end of the track": (file(C_FOR_A_BEAT), [(0, 480, 60)]),
    "an end of the track before the end of its chunk": (
        file(f"{C_FOR_A_BEAT} {END} 00 00 00", f"00 90 40 50 60 80 40 40 {END}"),
        [(0, 480, 60), (0, 480, 64)],
    ),
    "a wrong number of tracks": (file(f"{C_FOR_A_BEAT} {END}", count=9), [(0, 480, 60)]),
    "a chunk of an unknown kind between tracks": (
        file("")[:14] + b"XFIH\0\0\0\x03abc" + file(f"{C_FOR_A_BEAT} {END}")[14:],
        [(0, 480, 60)],
    ),
    "a track that says it is longer than the file": (
        file(f"{C_FOR_A_BEAT} {END}").replace(b"MTrk\0\0\0", b"MTrk\0\xff\xff"),
        [(0, 480, 60)],
    ),
    "a track that says it is shorter than it is": (
        file(f"{C_FOR_A_BEAT} {C_FOR_A_BEAT} {END}", C_FOR_A_BEAT).replace(b"\x14", b"\x08", 1),
        [(0, 480, 60), (0, 480, 60), (480, 960, 60)],
    ),
    "a RIFF wrapping": (
        b"RIFF\x2e\0\0\0RMIDdata\x22\0\0\0" + file(f"{C_FOR_A_BEAT} {END}"),
        [(0, 480, 60)],
    ),
    "type 2 with a single track": (file(f"{C_FOR_A_BEAT} {END}", kind=2), [(0, 480, 60)]),
    "a pause of weeks that no note follows": (
        file(f"{C_FOR_A_BEAT} ff ff ff 7f ff 2f 00"),
        [(0, 480, 60)],
    ),
    "ticks of 40 a millisecond: 25 frames of 40, which is 500 a beat at 120": (
        file(f"00 90 3c 50  83 74 80 3c 40 {END}", division="e7 28"),
        [(0, 480, 60)],
    ),
    "29.97 frames of 100, of which 1,498.5 are a beat: 1,499 last 480.16 of our ticks": (
        file(f"00 90 3c 50  8b 5b 80 3c 40 {END}", division="e3 64"),
        [(0, 480, 60)],
    ),
    "a beat of a single tick": (
        file(f"00 90 3c 50  02 80 3c 40 {END}", division="00 01"),
        [(0, 960, 60)],
    ),
    "more ticks to a beat than ours": (
        file(f"00 90 3c 50  87 40 80 3c 40 {END}", division="03 c0"),
        [(0, 480, 60)],
    ),
}


@pytest.mark.parametrize("habit", READ)
def test_strange_habits_are_understood(habit: str) -> None:
    content, expected = READ[habit]
    assert notes(content) == expected


REFUSED = {
    "nothing": (b"", "the file is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" * 100, "the file is not a MIDI file"),
    "half a header": (b"MThd\0\0\0\x06\0\x01", "it ends in its header"),
    "no tracks": (file(), "the file has no notes"),
    "an empty track": (file(END), "the file has no notes"),
    "a beat of no length": (file(C_FOR_A_BEAT, division="00 00"), "a beat has no length"),
    "seven frames a second": (file(C_FOR_A_BEAT, division="f9 28"), "40 ticks in each of 7 frames"),
    "a frame of no length": (file(C_FOR_A_BEAT, division="e7 00"), "0 ticks in each of 25 frames"),
    "several pieces": (file(C_FOR_A_BEAT, C_FOR_A_BEAT, kind=2), "several pieces at once"),
    "an unknown type": (file(C_FOR_A_BEAT, C_FOR_A_BEAT, kind=7), "unknown type 7"),
    "an end in the middle of a note": (file(C_FOR_A_BEAT)[:-1], "track 1 breaks off"),
    "an end in the middle of a time": (file(f"{C_FOR_A_BEAT} 81"), "track 1 breaks off"),
    "an end in the middle of a name": (file("00 ff 03 05 41"), "track 1 breaks off"),
    "data before any status": (file("00 3c 50"), "data where an event should begin"),
    "a track that reaches into the next": (
        file(C_FOR_A_BEAT[:-3], C_FOR_A_BEAT),
        "track 1 breaks off",
    ),
    "a status where a pitch should be": (file("00 90 90 50"), "impossible value"),
    "a status where a velocity should be": (file("00 90 3c 90"), "impossible value"),
    "an undefined event": (file("00 f4 00"), "unknown event"),
    "a time of five bytes": (file("ff ff ff ff 7f 90 3c 50"), "pause without end"),
    "a text as long as the world": (file("00 ff 01 ff ff ff 7f"), "breaks off"),
    "a text length without end": (file("00 ff 01" + " ff" * 90), "breaks off"),
}


@pytest.mark.parametrize("damage", REFUSED)
def test_damage_is_refused_in_words(damage: str) -> None:
    content, words = REFUSED[damage]
    with pytest.raises(MidiFileError) as caught:
        notes(content)
    assert words in caught.value.message
    assert caught.value.remedy


def test_a_file_of_too_many_events_is_refused_before_it_fills_the_memory() -> None:
    track = b"\0\xb0\x07\x00" + b"\0\x07\x00" * MAX_EVENTS
    content = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk" + len(track).to_bytes(4) + track
    with pytest.raises(MidiFileError, match="more than 1,000,000 events"):
        read_melody(content, name="")


PEDAL = f"00 b0 40 7f  00 90 3c 50  60 80 3c 40  60 b0 40 00 {END}"


def test_the_pedal_makes_notes_longer_unless_it_is_not_asked_for() -> None:
    assert notes(file(PEDAL)) == [(0, 960, 60)]
    assert notes(file(PEDAL), has_pedal=False) == [(0, 480, 60)]


def test_a_pedal_in_another_track_holds_for_its_channel() -> None:
    pedal = f"00 b0 40 7f  81 40 b0 40 00 {END}"
    assert notes(file(pedal, f"{C_FOR_A_BEAT} {END}")) == [(0, 960, 60)]
    on_channel_2 = f"00 91 3c 50  60 81 3c 40 {END}"
    assert notes(file(pedal, on_channel_2)) == [(0, 480, 60)]


def test_a_pedal_never_lifted_ends_with_the_last_note() -> None:
    events = "00 b0 40 7f  00 90 3c 50  60 80 3c 40  00 90 40 50  60 80 40 40"
    assert notes(file(f"{events} {END}")) == [(0, 960, 60), (480, 960, 64)]


def tempo_of(*events: str) -> float:
    """With a note of four beats."""
    track = f"{' '.join(events)} {END}"
    return read_composition(file(track, f"00 90 3c 50 83 00 80 3c 40 {END}")).tempo_bpm


def test_the_tempo_is_the_one_that_holds_longest() -> None:
    """500,000 microseconds a beat is 120 beats a minute, 1,000,000 is 60."""
    fast, slow = "ff 51 03 07 a1 20", "ff 51 03 0f 42 40"
    assert tempo_of() == 120.0
    assert tempo_of(f"00 {slow}", f"60 {fast}") == 120.0
    assert tempo_of(f"00 {fast}", f"60 {slow}", f"60 {fast}") == 120.0
    assert tempo_of(f"00 {fast}", f"60 {slow}") == 60.0
    assert tempo_of(f"00 {slow}", f"83 00 {fast}") == 60.0  # after the last note


def test_ticks_that_are_fractions_of_a_second_know_no_tempo() -> None:
    track = f"00 ff 51 03 0f 42 40 {C_FOR_A_BEAT} {END}"
    assert read_composition(file(track, division="e7 28")).tempo_bpm == 120.0


@pytest.mark.parametrize(
    ("microseconds", "tempo_bpm"), [("00 00 00", 120.0), ("00 00 01", 220.0), ("ff ff ff", 40.0)]
)
def test_an_impossible_tempo_is_ignored_and_an_extreme_one_brought_into_range(
    microseconds: str, tempo_bpm: float
) -> None:
    assert tempo_of(f"00 ff 51 03 {microseconds}") == tempo_bpm


@pytest.mark.parametrize(
    ("signature", "beats_per_bar"),
    [
        ("04 02", 4),
        ("03 02", 3),
        ("06 03", 3),  # six eighths are three quarters
        ("07 03", 4),  # seven eighths are three and a half
        ("02 01", 4),  # two halves
        ("01 06", 1),  # a sixty-fourth
        ("ff 00", 32),
        ("00 02", 1),
        ("04 ff", 4),  # a note value that does not exist: as if nothing were said
    ],
)
def test_bars_are_counted_in_quarters(signature: str, beats_per_bar: int) -> None:
    track = f"00 ff 58 04 {signature} 18 08 {C_FOR_A_BEAT} {END}"
    assert read_composition(file(track)).beats_per_bar == beats_per_bar


def test_a_program_set_in_another_track_holds_for_its_channel() -> None:
    programs = f"00 c0 28  00 c1 2a {END}"
    first, second = f"{C_FOR_A_BEAT} {END}", f"00 c1 05 00 91 40 50 60 81 40 40 {END}"
    found = [t.program for t in read_composition(file(programs, first, second)).tracks if t.notes]
    assert found == [0x28, 5]


def test_a_tracks_own_program_is_stronger_than_another_tracks_on_its_channel() -> None:
    first, second = f"00 c0 01 60 b0 07 00 {C_FOR_A_BEAT} {END}", f"00 c0 02 {C_FOR_A_BEAT} {END}"
    assert [t.program for t in read_composition(file(first, second)).tracks] == [1, 2]


def test_one_track_becomes_one_for_each_channel_and_program() -> None:
    track = (
        "00 ff 03 01 41  00 c0 01"
        f" {C_FOR_A_BEAT} 00 c0 02 {C_FOR_A_BEAT} 00 99 24 50 60 89 24 40 {END}"
    )
    found = read_composition(file(track, kind=0)).tracks
    assert [(t.name, t.program, t.is_drum, len(t.notes)) for t in found] == [
        ("A", 1, False, 1),
        ("A", 2, False, 1),
        ("A", 0, True, 1),
    ]


def test_a_note_belongs_to_the_program_that_struck_it() -> None:
    track = f"00 c0 01  00 90 3c 50  30 c0 02  30 80 3c 40 {END}"
    assert [t.program for t in read_composition(file(track)).tracks] == [1]


@pytest.mark.parametrize(
    ("encoded", "name"),
    [("46 6c c3 b6 74 65", "Flöte"), ("46 6c f6 74 65", "Flöte"), ("20 41 00 07 20", "A")],
)
def test_names_are_read_in_utf_8_or_latin_1_without_what_cannot_be_shown(
    encoded: str, name: str
) -> None:
    size = len(bytes.fromhex(encoded))
    track = f"00 ff 03 {size:02x} {encoded} {C_FOR_A_BEAT} {END}"
    composition = read_composition(file(track))
    assert (composition.name, composition.tracks[0].name) == (name, name)


@given(content=st.binary(max_size=100), kind=st.integers(0, 2))
def test_any_track_is_read_or_refused(content: bytes, kind: int) -> None:
    """Nothing but the one error comes out, even without the sandbox."""
    try:
        melody = read_melody(file(content.hex(), kind=kind), name="")
    except MidiFileError as error:
        assert error.message  # noqa: PT017 - either way is right
    else:
        assert isinstance(melody, Melody)
        assert melody.notes
