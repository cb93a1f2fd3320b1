"""The instrument in real time ends when nobody looks any more, and is silent then."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from firmware.config import Config
from firmware.devices.board import SimulatedBoard, simulated_board
from firmware.engine import run as run_module
from firmware.engine.choices import Choices
from firmware.engine.run import run
from firmware.errors import DeviceError
from firmware.midi.messages import NoteOn


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> list[SimulatedBoard]:
    """The boards that are made, whose synthesizers remember what they heard."""
    made: list[SimulatedBoard] = []

    def remember(*arguments: object, **more: object) -> SimulatedBoard:
        made.append(simulated_board(*arguments, **more))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(run_module, "simulated_board", remember)
    monkeypatch.setattr(run_module, "running_apis", lambda: ())
    return made


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """Both ends; what cannot be flushed any more is forgotten."""
    read_end, write_end = os.pipe()
    writing = os.fdopen(write_end, "w")
    with os.fdopen(read_end) as reading:
        yield reading, writing
    with suppress(BrokenPipeError):
        writing.close()


def choices() -> Choices:
    return Choices(studio="fake_studio:FakeStudio")


def struck(board: SimulatedBoard) -> list[int]:
    return [m.pitch for _, m in tuple(board.synthesizer.heard) if isinstance(m, NoteOn)]


def test_commands_from_a_file_are_obeyed_to_its_last_line(
    tmp_path: Path, boards: list[SimulatedBoard]
) -> None:
    (tmp_path / "commands").write_text("strike 60\nstrike 64\nrelease 60\nwait 0\nquit")
    with (tmp_path / "commands").open() as commands, (tmp_path / "shown").open("w") as output:
        run(
            Config(library=tmp_path),
            simulate=True,
            choices=choices(),
            commands=commands,
            output=output,
        )
    assert struck(boards[0]) == [60, 64]
    assert not boards[0].synthesizer.sounding
    assert "Continuo is ready" in (tmp_path / "shown").read_text()


@pytest.mark.parametrize("says", ["help\n", ""], ids=["while it speaks", "while it is quiet"])
def test_it_is_silent_and_ends_when_the_reader_goes(
    tmp_path: Path, boards: list[SimulatedBoard], pipe: tuple[TextIO, TextIO], says: str
) -> None:
    """As with `| head -1`: a key is down, and nobody takes another line."""
    (tmp_path / "commands").write_text(f"strike 60\nwait 1\n{says}wait 30\nquit")
    reading, writing = pipe

    pause = threading.Event()

    def read_until_a_key_is_down() -> None:
        while not (boards and struck(boards[0])):
            pause.wait(0.02)
        reading.close()

    reader = threading.Thread(target=read_until_a_key_is_down)
    reader.start()
    with (tmp_path / "commands").open() as commands, pytest.raises(BrokenPipeError):
        run(
            Config(library=tmp_path),
            simulate=True,
            choices=choices(),
            commands=commands,
            output=writing,
        )
    reader.join()
    assert struck(boards[0]) == [60]
    assert not boards[0].synthesizer.sounding
    assert [t.name for t in threading.enumerate() if t.name.startswith("continuo")] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_its_output_ends_it_with_the_reason(
    tmp_path: Path, boards: list[SimulatedBoard]
) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, as it must
    with Path(os.devnull).open() as commands, pytest.raises(OSError, match="No space") as caught:
        run(
            Config(library=tmp_path),
            simulate=True,
            choices=choices(),
            commands=commands,
            output=full,
        )
    assert caught.value.errno == errno.ENOSPC
    assert not boards[0].synthesizer.sounding
    with pytest.raises(OSError, match="No space"):
        full.close()


def test_without_anything_to_show_its_panel_on_it_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(DeviceError, match="standard output is closed"):
        run(Config(library=tmp_path), simulate=True, choices=choices())
    assert list(tmp_path.iterdir()) == []
