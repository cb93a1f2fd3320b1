"""An instrument that runs can be spoken to, and its log be read; a second one plays without."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.config import Config
from firmware.engine import run as run_module
from firmware.engine.choices import Choices
from firmware.engine.control.access import spoken_to
from firmware.engine.control.client import ControlClient
from firmware.engine.control.log import FILE_BYTES, KEPT, MOST_ASKED, kept_log
from firmware.engine.run import run
from firmware.errors import ControlError, InstrumentOffError

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument

PATIENCE_S = 10.0


def run_while(config: Config, do: Callable[[ControlClient], None]) -> None:
    """Run a simulated instrument, and speak to it from another thread until that is done."""
    read_end, write_end = os.pipe()
    problems: list[BaseException] = []

    def speak() -> None:
        try:
            pause, left = threading.Event(), PATIENCE_S / 0.02
            while True:
                try:
                    client = ControlClient(config.control)
                    break
                except InstrumentOffError:
                    left -= 1
                    if not left:
                        raise
                    pause.wait(0.02)
            with client:
                do(client)
        except BaseException as error:  # it is the test's
            problems.append(error)
        finally:
            os.write(write_end, b"quit\n")

    thread = threading.Thread(target=speak)
    with os.fdopen(read_end) as commands, Path(os.devnull).open("w") as output:
        thread.start()
        run(
            config,
            simulate=True,
            choices=Choices(studio="fake_studio:FakeStudio"),
            commands=commands,
            output=output,
        )
    thread.join()
    os.close(write_end)
    if problems:
        raise problems[0]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(run_module, "running_apis", lambda: ())
    return Config(library=tmp_path / "library", control=tmp_path / "control.sock")


def test_an_instrument_that_runs_answers_and_tells_its_log(config: Config) -> None:
    def speak(client: ControlClient) -> None:
        assert client.ask("status")["state"] == "idle"
        logging.getLogger("firmware.test").warning("a string broke")
        (line,) = client.ask("log", {"lines": 1})["lines"]
        assert line.endswith("WARNING firmware.test: a string broke")
        for lines in (0, MOST_ASKED + 1):
            with pytest.raises(ControlError, match=r"lines must be in 1\.\.200"):
                client.ask("log", {"lines": lines})

    run_while(config, speak)
    assert config.control is not None
    assert not config.control.exists()
    assert [t.name for t in threading.enumerate() if t.name.startswith("continuo")] == []


def test_a_second_instrument_plays_and_says_that_it_cannot_be_spoken_to(
    config: Config, make_instrument: "MakeInstrument"
) -> None:
    second = make_instrument(bundle=None)

    def speak(client: ControlClient) -> None:
        with spoken_to(second.engine, config):
            second.engine.step()
            assert "another instrument answers on" in second.sentence()
        assert client.ask("status")["state"] == "idle"

    run_while(config, speak)


def test_the_log_is_kept_in_memory_and_in_a_file(tmp_path: Path) -> None:
    log = logging.getLogger("firmware.test")
    with kept_log(tmp_path / "logs" / "continuo.log") as tail:
        for number in range(KEPT + 10):
            log.warning("line %d of it", number)
        last = tail.last(2)
    assert [line.split(": ")[1] for line in last] == ["line 408 of it", "line 409 of it"]
    assert len(tail.last(10 * KEPT)) == KEPT
    written = (tmp_path / "logs" / "continuo.log").read_text().splitlines()
    assert [line.split(": ")[1] for line in written][:1] == ["line 0 of it"]
    assert len(written) == KEPT + 10
    log.warning("nobody keeps this")
    assert tail.last(1) == last[1:]


def test_a_log_file_begins_anew_before_it_fills_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "continuo.log"
    with kept_log(path):
        for _ in range(FILE_BYTES // 10_000 + 5):
            logging.getLogger("firmware.test").warning("x" * 10_000)
    assert path.stat().st_size < FILE_BYTES
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2 * FILE_BYTES


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with kept_log(tmp_path / "file" / "continuo.log") as tail:
        logging.getLogger("firmware.test").warning("still kept")
        assert len(tail.last(1)) == 1
    assert "cannot be written" in caplog.text
