"""The parser of raw streams, beside hexdumps and beside the fuzzer's slow model."""

import random
from itertools import islice

import pytest

from bench.fuzz_bytes import expected, heard, main, streams
from firmware.midi.bytes import LONGEST_EXCLUSIVE, ByteParser

CASES = {
    "running status": ("90 3c 40 3e 41", ["90 3c 40", "90 3e 41"]),
    "a clock inside of a message": ("90 3c f8 40", ["f8", "90 3c 40"]),
    "a clock inside of an exclusive": ("f0 7e f8 09 f7", ["f8", "f0 7e 09 f7"]),
    "a cut message is dropped": ("90 3c c0 05", ["c0 05"]),
    "a cut exclusive is dropped": ("f0 01 02 90 3c 40", ["90 3c 40"]),
    "an end without a beginning": ("f7 01 f7", []),
    "data without a status": ("01 02 03 b0 07 64", ["b0 07 64"]),
    "system messages end running status": ("90 3c 40 f6 3e 41", ["90 3c 40", "f6"]),
    "so do those that have no meaning": ("90 3c 40 f4 3e 41", ["90 3c 40"]),
    "real-time ones without a meaning do not": ("90 3c f9 40 fd", ["90 3c 40"]),
    "a position has two bytes, and no running status": ("f2 01 02 03 04", ["f2 01 02"]),
    "a quarter frame and a song have one": ("f1 11 22 f3 05 06", ["f1 11", "f3 05"]),
}


@pytest.mark.parametrize(("stream", "messages"), CASES.values(), ids=CASES)
def test_a_stream_is_read_as_the_specification_says(stream: str, messages: list[str]) -> None:
    content = bytes.fromhex(stream)
    assert ByteParser().feed(content) == [bytes.fromhex(m) for m in messages]
    assert expected(content) == [bytes.fromhex(m) for m in messages], "the model's own mistake"


@pytest.mark.parametrize(("more", "is_kept"), [(0, True), (1, False)])
def test_an_exclusive_message_may_be_64_kib_long_and_no_longer(more: int, is_kept: bool) -> None:  # noqa: FBT001 - a row
    parser = ByteParser()
    exclusive = b"\xf0" + bytes(LONGEST_EXCLUSIVE - 2 + more) + b"\xf7"
    assert LONGEST_EXCLUSIVE == 65_536
    assert parser.feed(exclusive) == ([exclusive] if is_kept else [])
    assert parser.dropped == (not is_kept)
    assert parser.feed(b"\x90\x3c\x40") == [b"\x90\x3c\x40"]


def test_an_exclusive_message_without_end_fills_no_memory() -> None:
    parser = ByteParser()
    parser.feed(b"\xf0")
    for _ in range(100):
        parser.feed(bytes(4096))
        assert len(parser) <= LONGEST_EXCLUSIVE
    assert len(parser) == 0
    assert parser.dropped == 1


def test_what_is_no_byte_is_passed_over() -> None:
    assert ByteParser().feed([0x90, 300, 60, -1, 1 << 40, 64]) == [b"\x90\x3c\x40"]


def test_the_parser_and_the_model_read_noise_alike() -> None:
    rng = random.Random(7)
    for stream in islice(streams(rng), 150):
        assert heard(stream, rng) == expected(stream)


def test_the_fuzzer_tells_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--megabytes", "0.05"]) == 0
    assert "the same by both" in capsys.readouterr().out
    monkeypatch.setattr("bench.fuzz_bytes.expected", lambda stream: expected(stream)[1:])
    assert main(["--megabytes", "0.05"]) == 1
    assert "is read differently" in capsys.readouterr().out
