"""`python -m bench`: sizes reach the benchmarks that have them, and what was measured is kept."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import __main__ as bench_main
from bench.row import Row


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, float]]:
    """Two benchmarks, day and clock, and what each was told."""
    said: dict[str, dict[str, float]] = {}

    def day(*, hours: float = 1.0, told: Callable[[float, float], None]) -> list[Row]:
        said["day"] = {"hours": hours}
        told(0.5, 1.0)
        return [Row(name="a day", unit="s", ours=hours)]

    def clock() -> list[Row]:
        said["clock"] = {}
        return [Row(name="a clock", unit="ms", ours=0.0, peer_name="peer", peer=2.0)]

    modules = {"bench.day": day, "bench.clock": clock}
    imported = importlib.import_module

    def import_module(name: str) -> object:
        return SimpleNamespace(rows=modules[name]) if name in modules else imported(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    return said


def run(path: Path, *arguments: str) -> int:
    return bench_main.main([*arguments, "--output", str(path)])


def test_a_size_goes_to_the_benchmark_that_has_it(
    benchmarks: dict[str, dict[str, float]], tmp_path: Path
) -> None:
    assert run(tmp_path / "bench.json", "day", "clock", "--hours", "24") == 0
    assert benchmarks == {"day": {"hours": 24.0}, "clock": {}}


def test_what_others_have_measured_before_is_kept(
    benchmarks: dict[str, dict[str, float]], tmp_path: Path
) -> None:
    path = tmp_path / "build" / "bench.json"
    for arguments in (("day", "clock"), ("day", "--hours", "2")):
        assert run(path, *arguments) == 0
    entries = json.loads(path.read_text())
    assert [(e["benchmark"], e["ours"], e["ratio"]) for e in entries] == [
        ("clock", 0.0, None),
        ("day", 2.0, None),
    ]
    path.write_text("broken")
    assert run(path, "clock") == 0
    assert len(json.loads(path.read_text())) == 1
    assert benchmarks["day"] == {"hours": 2.0}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing",), "there is no benchmark 'nothing', only"),
        (("clock", "--hours", "2"), "--hours is of none of clock"),
        (("day", "--hours", "0"), "--hours must be above 0, got 0"),
        (("day", "--hours", "long"), "argument --hours: invalid float value: 'long'"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    benchmarks: dict[str, dict[str, float]],
    arguments: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path / "bench.json", *arguments)
    assert sentence in capsys.readouterr().err
    assert benchmarks == {}
