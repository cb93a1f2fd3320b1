"""What is written is read back equal, by us and by others."""

import io
from collections import Counter
from dataclasses import replace
from typing import Any

import mido
import pretty_midi
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MidiFileError
from firmware.midi.files import read_composition, read_melody, write_composition, write_melody
from firmware.midi.messages import DRUM_CHANNEL
from firmware.music.notes import Composition, Melody, Note, Track

notes = st.builds(
    Note,
    start_ticks=st.integers(0, 8).map(lambda n: n * 120) | st.integers(0, 10**6),
    pitch=st.integers(60, 62) | st.integers(0, 127),
    duration_ticks=st.integers(1, 4).map(lambda n: n * 120) | st.integers(1, 10**5),
    velocity=st.integers(1, 127),
)
# Names as a player can read them: `read_composition` strips what cannot be shown.
names = st.text(max_size=12).map(lambda s: "".join(c for c in s if c.isprintable()).strip())
tempos = st.integers(40_000, 220_000).map(lambda millibpm: millibpm / 1000)
tracks = st.builds(
    Track,
    name=names,
    notes=st.lists(notes, max_size=12).map(tuple),
    program=st.integers(0, 127),
    is_drum=st.booleans(),
)
compositions = st.builds(
    Composition,
    tracks=st.lists(tracks, max_size=5).map(tuple),
    tempo_bpm=tempos,
    beats_per_bar=st.integers(1, 32),
    name=names,
)


def note(start_ticks: int, pitch: int, duration_ticks: int, velocity: int = 80) -> Note:
    return Note(
        start_ticks=start_ticks, pitch=pitch, duration_ticks=duration_ticks, velocity=velocity
    )


def sounding(piece: Composition) -> Counter[tuple[int, int, int, int]]:
    """Everything but the drums, whose ends nobody hears."""
    notes = (n for track in piece.tracks if not track.is_drum for n in track.notes)
    return Counter((n.start_ticks, n.end_ticks, n.pitch, n.velocity) for n in notes)


@given(composition=compositions)
def test_a_composition_is_read_back_equal(composition: Composition) -> None:
    """Notes, names, programs, drums, empty tracks, tempo and bars."""
    assert read_composition(write_composition(composition)) == composition


@given(
    melody=st.builds(
        Melody,
        notes=st.lists(notes, min_size=1, max_size=40).map(tuple),
        tempo_bpm=tempos,
        beats_per_bar=st.integers(1, 32),
        name=names,
    )
)
def test_a_melody_is_read_back_equal(melody: Melody) -> None:
    assert read_melody(write_melody(melody), name=melody.name) == melody


def test_unisons_of_different_lengths_survive() -> None:
    """On one channel the first note-off would end both: each needs a channel of its own."""
    melody = Melody(
        notes=(note(0, 60, 1920), note(0, 60, 480), note(480, 60, 240), note(0, 60, 480))
    )
    content = write_melody(melody)
    assert read_melody(content, name="") == melody
    channels = {
        m.channel for track in mido_file(content).tracks for m in track if m.type == "note_on"
    }
    assert len(channels) == 3


def test_a_repeated_note_stays_two_notes() -> None:
    melody = Melody(notes=(note(0, 60, 480), note(480, 60, 480)))
    assert read_melody(write_melody(melody), name="") == melody


def test_more_tracks_than_channels_survive() -> None:
    """Forty tracks on fifteen channels: the port says which is which."""
    composition = Composition(
        tracks=tuple(
            Track(name=f"voice {n}", notes=(note(n, n, 480),), program=n) for n in range(40)
        )
    )
    content = write_composition(composition)
    assert read_composition(content) == composition
    places = set()
    for track in mido_file(content).tracks[1:]:
        port = next((m.port for m in track if m.type == "midi_port"), 0)
        places.add((port, next(m.channel for m in track if m.type == "note_on")))
    assert len(places) == 40
    assert DRUM_CHANNEL not in {channel for _, channel in places}


@given(millibpm=st.integers(40_000, 220_000))
def test_a_tempo_survives_to_a_thousandth_of_a_beat(millibpm: int) -> None:
    composition = Composition(tracks=(), tempo_bpm=millibpm / 1000)
    assert read_composition(write_composition(composition)).tempo_bpm == millibpm / 1000


def test_a_pause_that_no_file_can_hold_is_refused() -> None:
    """Four bytes of seven bits: 559,240 beats, three days at 120 beats a minute."""
    longest = Melody(notes=(note(0x0FFF_FFFF, 60, 480),))
    assert read_melody(write_melody(longest), name="") == longest
    with pytest.raises(MidiFileError, match="cannot hold a pause of 559,240 beats"):
        write_melody(Melody(notes=(note(0x1000_0000, 60, 480),)))


def test_a_name_that_is_no_unicode_is_written_all_the_same() -> None:
    """File names on Linux can hold anything; Python carries it as lone surrogates."""
    content = write_melody(Melody(notes=(note(0, 60, 1),), name="caf\udce9"))
    assert read_composition(content).name == "caf?"


@given(composition=compositions)
def test_mido_reads_the_same_notes(composition: Composition) -> None:
    found: Counter[tuple[int, int, int, int]] = Counter()
    file = mido_file(write_composition(composition))
    assert (file.type, file.ticks_per_beat) == (1, 480)
    for track in file.tracks:
        now = 0
        struck: dict[tuple[int, int], tuple[int, int]] = {}
        for message in track:
            now += message.time
            if message.type == "note_on":
                assert (message.channel, message.note) not in struck
                struck[message.channel, message.note] = (now, message.velocity)
            elif message.type == "note_off":
                start, velocity = struck.pop((message.channel, message.note))
                if message.channel != DRUM_CHANNEL:
                    found[start, now, message.note, velocity] += 1
        assert not struck
    assert found == sounding(composition)


@given(composition=compositions)
def test_pretty_midi_reads_the_same_notes_tempo_programs_and_drums(
    composition: Composition,
) -> None:
    file = pretty_midi.PrettyMIDI(io.BytesIO(write_composition(composition)))
    found = Counter(
        (file.time_to_tick(n.start), file.time_to_tick(n.end), n.pitch, n.velocity)
        for instrument in file.instruments
        if not instrument.is_drum
        for n in instrument.notes
    )
    assert found == sounding(composition)
    assert file.get_tempo_changes()[1][0] == pytest.approx(composition.tempo_bpm, abs=5e-4)
    programs = {(t.program, t.is_drum) for t in composition.tracks if t.notes}
    assert {(i.program, i.is_drum) for i in file.instruments if i.notes} == programs


@given(composition=compositions)
def test_symusic_reads_the_same_notes_tempo_programs_and_drums(composition: Composition) -> None:
    score: Any = symusic.Score.from_midi(write_composition(composition))
    assert score.ticks_per_quarter == 480
    found = Counter(
        (n.start, n.end, n.pitch, n.velocity)
        for track in score.tracks
        if not track.is_drum
        for n in track.notes
    )
    assert found == sounding(composition)
    if composition.notes:
        assert score.tempos[0].qpm == pytest.approx(composition.tempo_bpm, abs=5e-4)
        assert score.time_signatures[0].numerator == composition.beats_per_bar
    programs = {(t.program, t.is_drum) for t in composition.tracks if t.notes}
    assert {(t.program, t.is_drum) for t in score.tracks if t.notes} == programs


@given(composition=compositions)
def test_a_file_of_another_program_is_read_as_it_is_meant(composition: Composition) -> None:
    """The same music through mido's writer, with its running status and its note-offs."""
    file = mido_file(write_composition(composition))
    for track in file.tracks:
        for index, message in enumerate(track):
            if message.type == "note_off":
                track[index] = mido.Message(
                    "note_on",
                    note=message.note,
                    velocity=0,
                    channel=message.channel,
                    time=message.time,
                )
    content = io.BytesIO()
    file.save(file=content)
    assert read_composition(content.getvalue()) == composition


def test_a_melody_has_no_drums_and_the_name_it_is_given() -> None:
    drums = Track(name="kit", notes=(note(0, 36, 120),), is_drum=True)
    lead = Track(name="lead", notes=(note(0, 60, 480),), program=73)
    content = write_composition(Composition(tracks=(drums, lead), name="inside"))
    assert read_melody(content, name="outside") == Melody(notes=lead.notes, name="outside")


@pytest.mark.parametrize(
    ("tracks", "sentence"),
    [
        ((), "the file has no notes"),
        ((Track(name="", notes=(), program=3),), "the file has no notes"),
        (
            (Track(name="", notes=(note(0, 36, 9),), is_drum=True),),
            "the file has no notes but drums",
        ),
    ],
)
def test_a_file_without_a_melody_is_refused_as_one(
    tracks: tuple[Track, ...], sentence: str
) -> None:
    """As a composition it is read: a technique may have left nothing."""
    content = write_composition(Composition(tracks=tracks))
    assert read_composition(content).tracks == tracks
    with pytest.raises(MidiFileError) as caught:
        read_melody(content, name="x")
    assert caught.value.message == sentence


def test_a_track_renamed_by_nobody_keeps_its_blanks_out() -> None:
    """Old programs fill names up with blanks and null characters."""
    named = Track(name="  Violin\x00\x00 ", notes=(note(0, 60, 1),))
    content = write_composition(Composition(tracks=(named,)))
    assert read_composition(content).tracks == (replace(named, name="Violin"),)


def mido_file(content: bytes) -> "mido.MidiFile":
    return mido.MidiFile(file=io.BytesIO(content), charset="utf-8")
