"""The doctor's findings are a table for people, an object for programs, and an exit code."""

from typing import TYPE_CHECKING

import pytest

from firmware.maintenance import doctor
from firmware.maintenance.doctor import CHECKS
from firmware.maintenance.findings import Found, fault, ok, warning

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Found]:
    """What each check finds."""
    findings = {name: ok(f"{name} is well") for name in CHECKS}
    checks = {name: lambda _, __, name=name: findings[name] for name in CHECKS}
    monkeypatch.setattr(doctor, "CHECKS", checks)
    return findings


def test_every_check_is_a_line(continuo: "Continuo", found: dict[str, Found]) -> None:
    said = continuo("doctor")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()] == [
        [name, "ok", name, "is", "well"] for name in found
    ]


def test_a_warning_has_its_remedy_below_it_and_is_no_error(
    continuo: "Continuo", found: dict[str, Found]
) -> None:
    found["midi"] = warning("no keyboard", "plug one in")
    said = continuo("doctor", "--only", "midi", "--only", "sound", "--only", "midi")
    assert said.code == 0
    lines = [line.strip() for line in said.out.splitlines()]
    assert lines == [
        "midi            warning   no keyboard",
        "\N{RIGHTWARDS ARROW} plug one in",
        "sound           ok        sound is well",
    ]


def test_a_fault_is_an_error(continuo: "Continuo", found: dict[str, Found]) -> None:
    found["display"] = fault("nothing answers", "check the wires")
    assert "1 of 16 checks found a fault" in continuo("doctor").error
    said = continuo("doctor", "--json")
    assert said.code == 2
    content = said.json
    assert content["error"] == "1 of 16 checks found a fault"
    assert content["checks"][1] == {
        "name": "display",
        "verdict": "fault",
        "sentence": "nothing answers",
        "remedy": "check the wires",
    }


def test_there_are_no_other_checks(continuo: "Continuo") -> None:
    assert "invalid choice: 'brain'" in continuo("doctor", "--only", "brain").error
