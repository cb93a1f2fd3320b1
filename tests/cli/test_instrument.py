"""Commands that ask the instrument that runs say what it says, and one sentence where none does."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firmware.config import load_config
from firmware.engine.control import facts
from firmware.engine.control.exchange import Exchange
from firmware.engine.control.server import ControlServer
from firmware.errors import ContinuoError, EngineStateError, ParameterError
from firmware.library.store import Library
from firmware.panel.settings import Settings

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo

STATUS = {
    "continuo": "1.2.3",
    "state": "generating",
    "technique": "enhance",
    "is_duet": False,
    "parameters": {"creative_risk": 1.0},
    "tempo_bpm": 96.0,
    "beats_per_bar": 4,
    "take": {
        "number": 2,
        "melody": "Take 2",
        "notes": 7,
        "bars": 2,
        "technique": "accompany",
        "saved_as": "a-name",
    },
    "takes": 3,
    "generating": {"done": 5, "total": 20, "elapsed_s": 1.0},
    "notice": None,
    "ports": {"keyboards": ["AKM322"], "synthesizer": None},
    "volume": 90,
    "worker": {"pid": 77, "starts": 1},
    "uptime_s": 3725,
    "dropped_events": 0,
    "is_safe": True,
    "library": "/var/lib/continuo",
    "bundles": ["bach-arcnn"],
    "unusable_bundles": ["old-one"],
    "system": {
        "cpu_percent": 12,
        "memory_used_mb": 300,
        "memory_mb": 4000,
        "temperature_c": None,
        "disk_free_mb": 24_000,
        "address": None,
    },
    "problem": "",
}


class Instrument:
    """Answers as an engine would, and remembers what it was asked."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def take(self, exchange: Exchange) -> None:
        """Answer."""
        name, arguments = exchange.request.name, dict(exchange.request.arguments)
        self.asked.append((name, arguments))
        try:
            exchange.finish(self._answer(exchange, name, arguments))
        except ContinuoError as error:
            exchange.refuse(error)

    def _answer(self, exchange: Exchange, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match name:
            case "status":
                return STATUS
            case "params":
                return facts.parameters(self.settings, arguments.get("technique"))
            case "set":
                self.settings = facts.changed_settings(self.settings, arguments["values"])
                return facts.parameters(self.settings, None)
            case "log":
                return {"lines": [f"line {n}" for n in range(arguments["lines"])]}
            case "generate":
                if arguments.get("melody") == "none":
                    raise EngineStateError("there is no melody yet", remedy="play")
                for done in range(4):
                    exchange.tell({"done": done, "total": 4, "elapsed_s": 0.1})
                made = {"name": "made", "technique": "enhance", "seed": 3, "bundle": "toy"}
                return made | {"generation_s": 0.5, "state": "playing", "parameters": {}}
        raise ParameterError(name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the control socket is; there is no journal."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if "journal" in name else which(name))
    return tmp_path / "continuo" / "control.sock"


@pytest.fixture
def instrument(place: Path, library: Library) -> Iterator[Instrument]:
    assert load_config().library == library.root
    assert load_config().control == place
    found = Instrument()
    server = ControlServer(place, found.take)
    server.start()
    yield found
    server.close()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "arguments",
    [["status"], ["params"], ["params", "creative_risk=2"], ["generate", "--instrument"]],
)
def test_where_no_instrument_runs_one_sentence_says_what_to_do(
    continuo: "Continuo", arguments: list[str]
) -> None:
    said = continuo(*arguments)
    assert "the instrument does not run: nobody answers on" in said.error
    assert "sudo systemctl start continuo, or continuo run" in said.err
    assert set(continuo(*arguments, "--json").json) == {"error", "remedy"}


@pytest.mark.usefixtures("place")
def test_what_works_without_an_instrument_works(continuo: "Continuo") -> None:
    assert continuo("library", "list").code == 0
    assert continuo("models", "list").code == 0


def test_status_is_a_table_for_people_and_all_of_it_for_programs(
    continuo: "Continuo", instrument: Instrument
) -> None:
    assert instrument
    lines = dict(line.split("  ", 1) for line in continuo("status").out.splitlines())
    rows = {key: value.strip() for key, value in lines.items()}
    assert rows["state"] == "generating, 5 of 20 passes (safe mode)"
    assert rows["take"] == "2 of 3: Take 2, 2 bars, accompanied, kept as a-name"
    assert rows["running for"] == "1 h 2 min"
    assert rows["keyboards"] == "AKM322"
    assert rows["synthesizer"] == "none"
    assert rows["memory"] == "300 of 4000 MB"
    assert rows["unusable models"] == "old-one"
    assert not rows.keys() & {"temperature", "network", "problem", "lost events", "message"}
    assert continuo("status", "--json").json == STATUS


def test_parameters_are_shown_and_set(continuo: "Continuo", instrument: Instrument) -> None:
    shown = continuo("params").out
    assert shown.startswith("enhance, 100 bpm, 4 beats a bar\n")
    assert "max_notes_added" in shown
    assert "0 to 500" in shown
    assert "enhance, 100 bpm" not in continuo("params", "--technique", "extend").out
    content = continuo("params", "technique=extend", "style=song", "--json").json
    assert content["technique"] == "extend"
    assert instrument.settings.value("style") == "song"
    assert "style must be chorale, piano, song or quartet" in continuo("params", "style=x").error
    assert "has no parameter 'x'" in continuo("params", "x=1").error
    assert "params wants NAME=VALUE, got 'loud'" in continuo("params", "loud").error
    assert "for showing" in continuo("params", "--technique", "extend", "style=song").error


def test_the_instrument_generates_what_it_is_asked_for(
    continuo: "Continuo", instrument: Instrument
) -> None:
    said = continuo("generate", "--instrument", "--set", "creative_risk=2")
    assert said.code == 0
    assert "enhance with toy, seed 3, in 0.5 s; it is playing now" in said.out
    assert said.err == "", "it was quick, and needed no bar"
    continuo("generate", "ode-to-joy", "--instrument", "--technique", "extend")
    assert instrument.asked == [
        ("generate", {"values": {"creative_risk": "2"}}),
        ("generate", {"melody": "ode-to-joy", "values": {"technique": "extend"}}),
    ]
    refused = continuo("generate", "none", "--instrument", "--json")
    assert refused.json == {"error": "there is no melody yet", "remedy": "play"}
    unfit = continuo("generate", "--instrument", "--seed", "3")
    assert "--seed has no meaning with --instrument" in unfit.error


def test_the_log_comes_from_the_instrument_or_from_its_file(
    continuo: "Continuo", instrument: Instrument
) -> None:
    assert continuo("log", "-n", "3").out.splitlines() == ["line 0", "line 1", "line 2"]
    content = continuo("log", "-n", "5000", "--json").json
    assert (content["source"], len(content["lines"])) == ("the instrument", 200)
    assert instrument.asked[-1] == ("log", {"lines": 200})
    assert "--lines must be a whole number" in continuo("log", "-n", "0").error


def test_without_an_instrument_the_log_is_its_file(
    continuo: "Continuo", place: Path, tmp_path: Path
) -> None:
    assert not place.exists()
    assert "there is no log: no journal of continuo" in continuo("log").error
    settings = tmp_path / ".config" / "continuo" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'log = "{tmp_path}/continuo.log"')
    assert "continuo.log cannot be read: No such file" in continuo("log").error
    (tmp_path / "continuo.log").write_text("one\ntwo\nthree\n")
    assert continuo("log", "-n", "2").out.splitlines() == ["two", "three"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("script", "source"),
    [
        ("echo $@; echo last", "journal of continuo"),
        ("exit 1", None),
        ("true", None),
    ],
    ids=["a journal", "no right to read it", "nothing in it"],
)
def test_the_journal_goes_before_all_else(
    continuo: "Continuo",
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    script: str,
    source: str | None,
) -> None:
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(program))
    said = continuo("log", "-n", "7", "--json")
    if source is None:
        assert "there is no log" in said.json["error"]
    else:
        assert said.json["source"] == source
        assert said.json["lines"] == ["-u continuo -n 7 -o short-iso --no-pager -q", "last"]


def test_an_instrument_that_dies_in_the_middle_is_one_sentence(
    continuo: "Continuo", place: Path
) -> None:
    server: list[ControlServer] = []
    die: Callable[[Exchange], None] = lambda _: threading.Thread(target=server[0].close).start()  # noqa: E731
    server.append(ControlServer(place, die))
    server[0].start()
    assert "broke off in the middle of its answer" in continuo("status").error
