"""Import behind the sandbox: a melody or one named error, whatever the file does."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz_midi import main as fuzz
from firmware.errors import MidiFileError
from firmware.library import import_child, importing
from firmware.library.importing import ImportLimits, ImportSandbox, import_melody
from firmware.midi.files import write_melody
from firmware.music.notes import Melody, Note

MELODY = Melody(
    notes=tuple(Note(start_ticks=480 * i, pitch=60 + i, duration_ticks=480) for i in range(8)),
    tempo_bpm=96.5,
    beats_per_bar=3,
    name="scale",
)
GOOD = write_melody(MELODY)
MIB = 1024 * 1024


def endless_work(events: int = 900_000) -> bytes:
    """A sound file that takes seconds to read: one short note after the other."""
    track = b"\0\x90\x3c\x40" + b"\x01\x3c\x40" * events
    return b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk" + len(track).to_bytes(4) + track


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ImportSandbox]:
    with ImportSandbox() as sandbox:
        yield sandbox


def test_a_file_becomes_a_melody_named_after_it(tmp_path: Path) -> None:
    path = tmp_path / "scale.mid"
    path.write_bytes(GOOD)
    assert import_melody(path) == MELODY


def test_bytes_become_a_melody_of_the_given_name(sandbox: ImportSandbox) -> None:
    assert sandbox.import_melody(GOOD, name="scale") == MELODY


def test_one_child_serves_many_files_good_and_bad() -> None:
    with ImportSandbox() as sandbox:
        for _ in range(20):
            assert sandbox.import_melody(GOOD, name="scale") == MELODY
            with pytest.raises(MidiFileError):
                sandbox.import_melody(b"nonsense")
        assert sandbox.children_started == 1


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_is_read() -> None:
    with ImportSandbox(ImportLimits(seconds=0.2)) as sandbox:
        with pytest.raises(MidiFileError, match=r"longer than 0\.2 seconds") as caught:
            sandbox.import_melody(endless_work(), name="endless")
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert sandbox.import_melody(GOOD, name="scale") == MELODY
        assert sandbox.children_started == 2


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    limits = ImportLimits(seconds=20, bytes=48 * MIB)
    with ImportSandbox(limits) as sandbox:
        with pytest.raises(MidiFileError, match="too much memory") as caught:
            sandbox.import_melody(endless_work(), name="big")
        assert isinstance(caught.value.__cause__, MemoryError)
        assert sandbox.import_melody(GOOD, name="scale") == MELODY
        assert sandbox.children_started == 2  # what the first one still holds is not known


def test_a_child_that_is_killed_between_files_is_replaced() -> None:
    with ImportSandbox() as sandbox:
        sandbox.import_melody(GOOD)
        child = running_child(sandbox)
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
        assert sandbox.import_melody(GOOD, name="scale") == MELODY
        assert sandbox.children_started == 2


def test_a_child_that_is_killed_over_a_file_is_one_refusal() -> None:
    """As the kernel does when memory runs out."""
    with ImportSandbox(ImportLimits(seconds=20)) as sandbox:
        sandbox.import_melody(GOOD)
        killer = threading.Timer(0.1, running_child(sandbox).kill)
        killer.start()
        with pytest.raises(MidiFileError, match="it made the reader stop") as caught:
            sandbox.import_melody(endless_work())
        killer.join()
        assert isinstance(caught.value.__cause__, ChildProcessError)
        assert sandbox.import_melody(GOOD, name="scale") == MELODY


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/echo"])
def test_a_child_that_cannot_start_is_one_refusal(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(MidiFileError, match="did not start"):
        import_melody(GOOD)


@pytest.mark.parametrize(
    "reply",
    [b"", b"not JSON", b"[1]", b"{}", b'{"melody": {"notes": [1]}}', b'{"failed": "IndexError()"}'],
)
def test_a_child_that_talks_nonsense_is_one_refusal(
    reply: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ImportSandbox() as sandbox:
        sandbox.import_melody(GOOD)
        monkeypatch.setattr(importing, "_exchange", lambda *_: reply)
        with pytest.raises(MidiFileError) as caught:
            sandbox.import_melody(GOOD)
        assert isinstance(caught.value.__cause__, ChildProcessError)


def test_a_fault_in_the_reader_stays_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Melody:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(import_child, "read_melody", broken)
    answer = json.loads(import_child._answer(GOOD, "x"))
    assert answer == {"failed": "ZeroDivisionError('a mistake of ours')"}


def test_the_limits_hold_in_the_child() -> None:
    with ImportSandbox(ImportLimits(bytes=100 * MIB)) as sandbox:
        sandbox.import_melody(GOOD)
        pid = running_child(sandbox).pid
        assert resource.prlimit(pid, resource.RLIMIT_AS) == (100 * MIB, 100 * MIB)
        assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)
        soft, _ = resource.prlimit(pid, resource.RLIMIT_CPU)
        assert 3 <= soft <= 5  # two seconds for a file, one to spare, one for what was used


def test_a_quarter_of_the_memory_limit_is_enough_for_the_child_itself() -> None:
    """Nothing that it imports may eat up what is meant for the file."""
    assert import_melody(GOOD, name="scale", limits=ImportLimits(bytes=64 * MIB)) == MELODY


def test_the_child_imports_neither_numpy_nor_mido() -> None:
    code = "import sys, firmware.library.import_child; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "firmware.midi.files" in loaded
    assert not loaded & {"numpy", "mido", "pretty_midi", "threading", "subprocess"}


def test_threads_may_share_a_sandbox_or_have_one_each(sandbox: ImportSandbox) -> None:
    def both(name: str) -> list[str]:
        return [sandbox.import_melody(GOOD, name=name).name, import_melody(GOOD, name=name).name]

    names = [f"melody {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(both, names)) == [[name, name] for name in names]


def test_nothing_is_left_behind() -> None:
    """No open file and no dead child, whatever happened."""
    before = set(os.listdir("/proc/self/fd"))
    with ImportSandbox(ImportLimits(seconds=0.2)) as sandbox:
        sandbox.import_melody(GOOD)
        first = running_child(sandbox)
        with pytest.raises(MidiFileError):
            sandbox.import_melody(endless_work())
        sandbox.import_melody(GOOD)
        second = running_child(sandbox)
    assert (first.returncode, second.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    assert set(os.listdir("/proc/self/fd")) == before


def test_what_is_no_file_is_refused_at_once_and_by_its_name(
    tmp_path: Path, sandbox: ImportSandbox
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 40)  # a hole: it takes no room
    refusals = {
        "missing": "missing: there is no such file",
        "folder": "folder: it is a folder",
        "pipe": "pipe: it is a device, not a file",
        "huge": "huge: the file is larger than 10 MiB",
        "nu\0ll": "nu\0ll: this cannot be a file's name",
        "n" * 300: f"{'n' * 300}: the file cannot be opened: File name too long",
    }
    for name, message in refusals.items():
        with pytest.raises(MidiFileError) as caught:
            sandbox.import_melody(tmp_path / name)
        assert caught.value.message == message


def test_a_file_of_the_largest_size_is_looked_at_and_a_byte_more_is_not(
    sandbox: ImportSandbox,
) -> None:
    largest = GOOD + bytes(10 * MIB - len(GOOD))
    assert sandbox.import_melody(largest, name="scale") == MELODY
    with pytest.raises(MidiFileError, match="larger than 10 MiB"):
        sandbox.import_melody(largest + b"\0")


def test_a_name_that_is_no_unicode_does_no_harm(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mid"))
    path.write_bytes(GOOD)
    assert import_melody(path).name == "caf?"


@pytest.mark.parametrize(
    ("melody", "words"),
    [
        (Melody(notes=MELODY.notes * 12_501), "has 100,008 notes, at most 100,000"),
        (
            Melody(notes=(Note(start_ticks=11 * 60 * 120 * 480, pitch=60, duration_ticks=1),)),
            "lasts 11 hours, at most 10",
        ),
    ],
)
def test_more_music_than_the_instrument_can_hold_is_refused(melody: Melody, words: str) -> None:
    with pytest.raises(MidiFileError, match=words):
        import_child._check_size(melody)


@given(content=st.binary(max_size=300), cut=st.integers(0, len(GOOD)))
def test_any_bytes_are_read_or_refused(content: bytes, cut: int, sandbox: ImportSandbox) -> None:
    try:
        melody = sandbox.import_melody(GOOD[:cut] + content + GOOD[cut:])
    except MidiFileError as error:
        assert error.message  # noqa: PT017 - either way is right
        assert not isinstance(error.__cause__, ChildProcessError)  # noqa: PT017 - a fault is not
    else:
        assert melody.notes


def test_three_hundred_damaged_files_harm_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """The first of those that `make fuzz` tries."""
    assert fuzz(["--count", "300", "--seed", "1"]) == 0
    table = {words[0]: words[1] for words in map(str.split, capsys.readouterr().out.splitlines())}
    assert (table["fatal"], table["fault"]) == ("0", "0")
    assert int(table["accepted"]) > 20
    assert int(table["refused"]) > 20


def running_child(sandbox: ImportSandbox) -> "subprocess.Popen[bytes]":
    assert sandbox._child is not None
    return sandbox._child
