"""`continuo selftest --panel`, on a panel that is simulated."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firmware.cli import wiring
from firmware.devices.buttons import SimulatedButtons
from firmware.devices.display import SimulatedDisplay
from firmware.devices.front_panel import FrontPanel
from firmware.devices.knobs import SimulatedKnobs
from firmware.devices.leds import SimulatedLeds
from firmware.devices.wires import SimulatedWires
from firmware.maintenance.probe import Probe, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel that is wired right."""

    @contextmanager
    def opened(board: Any, now_ns: Any) -> Iterator[FrontPanel]:
        buttons, knobs = SimulatedButtons(now_ns), SimulatedKnobs(now_ns)
        nothing: Any = None
        yield FrontPanel(
            buttons=buttons,
            knobs=knobs,
            display=SimulatedDisplay(),
            leds=SimulatedLeds(),
            lines=nothing,
            loops=(),
            wires=SimulatedWires(board, buttons, knobs, now_ns),
        )

    monkeypatch.setattr(wiring, "opened_panel", opened)


@contextmanager
def typed(tmp_path: Path, text: str) -> Iterator[None]:
    """Be somebody who types."""
    (tmp_path / "typed").write_text(text)
    with (tmp_path / "typed").open() as file, pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stdin", file)
        yield


@pytest.mark.usefixtures("panel")
def test_the_lights_are_asked_for_and_the_one_that_is_dark_is_named(
    continuo: "Continuo", tmp_path: Path
) -> None:
    with typed(tmp_path, "y\nn\n"):
        said = continuo("selftest", "--panel", "--only", "leds")
    assert "Look at record: does it shine? y or n" in said.out
    assert "leds.record  ok         it was seen" in said.out
    assert "leds.work    fault      it was not seen on GPIO10 (pin 19)" in said.out
    assert "1 of 2 parts have a fault" in said.error


@pytest.mark.usefixtures("panel")
def test_a_program_gets_one_object_and_the_questions_go_elsewhere(
    continuo: "Continuo", tmp_path: Path
) -> None:
    with typed(tmp_path, "y\ny\n"):
        said = continuo("selftest", "--panel", "--only", "leds", "--json")
    assert [part["verdict"] for part in said.json["parts"]] == ["ok", "ok"]
    assert "Look at work" in said.err


@pytest.mark.parametrize(
    ("answering", "verdict", "said"),
    [
        (0x3C, "ok", "answers at 0x3c"),
        (0x3D, "fault", "nothing answers at 0x3c, but something does at 0x3d"),
        (None, "fault", "nothing answers at 0x3c"),
    ],
)
def test_a_display_that_cannot_say_it_itself_is_asked_over_its_bus(
    continuo: "Continuo",
    monkeypatch: pytest.MonkeyPatch,
    answering: int | None,
    verdict: str,
    said: str,
) -> None:
    def i2c(_root: Path, _bus: int, address: int) -> Reply:
        return Reply.ANSWERS if address == answering else Reply.SILENT

    monkeypatch.setattr(wiring, "Probe", partial(Probe, i2c=i2c))
    answer = continuo("selftest", "--panel", "--only", "display", "--json").json
    (part,) = answer["parts"]
    assert (part["name"], part["verdict"]) == ("display", verdict)
    assert said in part["sentence"]
    assert ("0x3d" in part["remedy"]) == (answering == 0x3D)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--panel", "--only", "knobs"], "the board has no knobs (it has buttons, buttons.record"),
        (["--panel", "bach"], "--panel tests no bundle"),
        (["--only", "buttons"], "--only is about the panel"),
    ],
)
def test_a_slip_is_one_sentence(continuo: "Continuo", arguments: list[str], said: str) -> None:
    assert said in continuo("selftest", *arguments).error


def test_nobody_types_where_there_is_no_standard_input() -> None:
    assert wiring._descriptor(None) is None
    assert wiring._descriptor(io.StringIO("y\n")) is None
