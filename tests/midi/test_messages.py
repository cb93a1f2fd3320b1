"""Messages to and from bytes, and the parser for raw streams, beside mido's encoder."""

from dataclasses import fields
from typing import Any

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import MusicError
from firmware.midi.bytes import DATA_BYTES
from firmware.midi.messages import (
    ChannelPressure,
    ControlChange,
    KeyPressure,
    MidiMessage,
    MidiParser,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    Realtime,
    SongPosition,
    from_mido,
    to_bytes,
    to_mido,
)

seven_bits = st.integers(0, 127)
channels = st.integers(0, 15)
channel_messages = st.one_of(
    st.builds(NoteOff, pitch=seven_bits, channel=channels),
    st.builds(NoteOn, pitch=seven_bits, velocity=st.integers(1, 127), channel=channels),
    st.builds(KeyPressure, pitch=seven_bits, pressure=seven_bits, channel=channels),
    st.builds(ControlChange, control=seven_bits, value=seven_bits, channel=channels),
    st.builds(ProgramChange, program=seven_bits, channel=channels),
    st.builds(ChannelPressure, pressure=seven_bits, channel=channels),
    st.builds(PitchBend, bend=st.integers(-8192, 8191), channel=channels),
)
song_positions = st.builds(SongPosition, sixteenths=st.integers(0, 16383))
realtimes = st.sampled_from(Realtime)
# What a stream may hold beside channel messages, none of it for the instrument.
ignored = st.one_of(
    st.lists(seven_bits, max_size=20).map(lambda data: bytes((0xF0, *data, 0xF7))),
    st.sampled_from([b"\xf1\x12", b"\xf3\x05", b"\xf6", b"\xf4", b"\xf5"]),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[MidiMessage]]:
    """A raw stream as hardware sends it, and the messages that are in it, in order.

    Statuses that repeat may be left out (running status), real-time bytes stand anywhere, and
    system messages between the others.
    """
    stream = bytearray()
    inside: list[MidiMessage] = []
    running = 0
    for item in draw(st.lists(channel_messages | song_positions | ignored, max_size=12)):
        if isinstance(item, bytes):
            encoded, running = item, 0
        else:
            encoded = bytes(to_mido(item).bytes())
            if encoded[0] == running and draw(st.booleans()):
                encoded = encoded[1:]
            else:
                running = encoded[0] if encoded[0] < 0xF0 else 0
        interruptions = draw(st.dictionaries(st.integers(0, len(encoded)), realtimes, max_size=2))
        for at, byte in enumerate(encoded):
            if at in interruptions:
                stream.append(interruptions[at])
                inside.append(interruptions[at])
            stream.append(byte)
        if not isinstance(item, bytes):
            inside.append(item)
        if len(encoded) in interruptions:
            stream.append(interruptions[len(encoded)])
            inside.append(interruptions[len(encoded)])
    return bytes(stream), inside


@given(stream=streams(), data=st.data())
def test_a_stream_says_the_same_however_it_is_cut(
    stream: tuple[bytes, list[MidiMessage]], data: st.DataObject
) -> None:
    content, expected = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)))))
    parser = MidiParser()
    found: list[MidiMessage] = []
    for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        found += parser.feed(content[begin:end])
    assert found == expected


@given(garbage=st.binary(max_size=60), message=channel_messages | song_positions | realtimes)
def test_after_any_garbage_the_next_message_is_understood(
    garbage: bytes, message: MidiMessage
) -> None:
    parser = MidiParser()
    parser.feed(garbage)
    assert parser.feed(to_bytes(message)) == [message]


@given(garbage=st.binary(max_size=200))
def test_whatever_garbage_says_fits_into_midi(garbage: bytes) -> None:
    """`to_bytes` refuses what does not."""
    for message in MidiParser().feed(garbage):
        to_bytes(message)


def test_running_status_lasts_through_a_clock_and_ends_with_a_system_message() -> None:
    """Mido's own parser gets neither right on raw bytes."""
    stream = bytes.fromhex(
        "90 3c 40"  # note on
        "3e f8 41"  # the same status, with a clock inside
        "f6"  # tune request
        "40 42"  # nobody's data
    )
    assert MidiParser().feed(stream) == [
        NoteOn(pitch=60, velocity=64),
        Realtime.CLOCK,
        NoteOn(pitch=62, velocity=65),
    ]


def test_a_note_on_of_velocity_zero_is_a_note_off() -> None:
    assert MidiParser().feed(b"\x93\x3c\x00") == [NoteOff(pitch=60, channel=3)]
    assert from_mido(mido.Message("note_on", note=60, velocity=0)) == NoteOff(pitch=60)


@given(message=channel_messages | song_positions | realtimes)
def test_a_message_survives_mido_and_back(message: MidiMessage) -> None:
    assert from_mido(to_mido(message)) == message


@pytest.mark.parametrize(
    ("name", "words", "ours"),
    [
        (
            "note_on",
            {"note": 1, "velocity": 2, "channel": 3},
            NoteOn(pitch=1, velocity=2, channel=3),
        ),
        ("note_off", {"note": 1, "velocity": 9, "channel": 3}, NoteOff(pitch=1, channel=3)),
        ("polytouch", {"note": 1, "value": 2}, KeyPressure(pitch=1, pressure=2)),
        ("control_change", {"control": 7, "value": 9}, ControlChange(control=7, value=9)),
        ("program_change", {"program": 7}, ProgramChange(program=7)),
        ("aftertouch", {"value": 7}, ChannelPressure(pressure=7)),
        ("pitchwheel", {"pitch": -5}, PitchBend(bend=-5)),
        ("clock", {}, Realtime.CLOCK),
        ("sysex", {"data": (1, 2)}, None),
        ("songpos", {"pos": 300}, SongPosition(sixteenths=300)),
    ],
)
def test_midos_words_are_translated(
    name: str, words: dict[str, Any], ours: MidiMessage | None
) -> None:
    assert from_mido(mido.Message(name, **words)) == ours


@pytest.mark.parametrize(
    "message",
    [
        NoteOn(pitch=128, velocity=1),
        NoteOn(pitch=0, velocity=-1),
        NoteOff(pitch=0, channel=16),
        ControlChange(control=0, value=200),
        PitchBend(bend=8192),
        PitchBend(bend=-8193),
        SongPosition(sixteenths=16384),
        SongPosition(sixteenths=-1),
    ],
)
def test_what_does_not_fit_into_its_byte_is_not_sent(message: MidiMessage) -> None:
    with pytest.raises(MusicError, match="does not fit"):
        to_bytes(message)


def test_every_channel_message_has_its_row_in_the_table() -> None:
    kinds = [NoteOff, NoteOn, KeyPressure, ControlChange, ProgramChange, ChannelPressure, PitchBend]
    assert len(DATA_BYTES) == len(kinds)
    for kind in kinds:
        message = kind(**{field.name: 1 for field in fields(kind)})
        encoded = to_bytes(message)
        assert len(encoded) == 1 + DATA_BYTES[encoded[0] & 0xF0]
