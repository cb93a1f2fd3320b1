"""Every command explains itself, errors are one line, and `--json` is one object."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import cli
from firmware.cli import COMMANDS, main
from firmware.cli.answer import Answer, table
from firmware.parameters import PARAMETERS

ROOT = Path(__file__).parents[2]


def process(*arguments: str, home: Path, stdout: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "firmware", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), "CONTINUO_HOME": str(home)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: continuo {command}")
    assert "--json" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_top_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for command, does in COMMANDS.items():
        assert f"{command} " in shown
        assert does in shown


def test_the_help_of_generate_is_the_parameter_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    shown = capsys.readouterr().out
    for spec in PARAMETERS:
        default = spec.text(spec.default)
        assert f"{spec.key:<24} {spec.range_text}, default {default}" in shown
        assert spec.meaning in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which command? (one of run, demo"),
        (["compose"], "there is no command 'compose' (one of run, demo"),
        (["--verbose"], "which command?"),
        (["generate"], "the following arguments are required: MELODY"),
        (["generate", "nothing.mid"], "there is no melody 'nothing.mid' (give a MIDI file"),
        (["generate", "ode-to-joy", "--technique", "improve"], "invalid choice: 'improve'"),
        (["generate", "ode-to-joy", "--set", "notes"], "--set wants NAME=VALUE, got 'notes'"),
        (["generate", "ode-to-joy", "--set", "notes=1"], "has no parameter 'notes' (it has"),
        (
            ["generate", "ode-to-joy", "--set", "max_notes_added=501"],
            "max_notes_added must be a whole number in 0..500 notes, got 501",
        ),
        (
            ["generate", "ode-to-joy", "--set", "creative_risk=nan"],
            "creative_risk must be a number in 0.1..6, got nan",
        ),
        (
            ["generate", "x", "--technique", "extend", "--set", "sampling_technique=beam"],
            "sampling_technique must be TopK, Nucleus or Random, got beam",
        ),
        (
            ["generate", "x", "--technique", "extend", "--set", "max_notes_added=1"],
            "extend has no parameter 'max_notes_added' (it has creative_risk, style",
        ),
        (["generate", "ode-to-joy", "--seed", "-1"], "--seed must be a whole number"),
        (["generate", "ode-to-joy", "--seed", "1.5"], "--seed must be a whole number"),
        (["generate", "ode-to-joy", "--trim", "4"], "--trim wants FIRST:LAST"),
        (["generate", "ode-to-joy", "--trim", "4:3"], "--trim wants FIRST:LAST"),
        (["generate", "ode-to-joy", "--trim", "0:3"], "--trim wants FIRST:LAST"),
        (["generate", "ode-to-joy", "--trim", "90:99"], "there is no note to work on"),
        (["generate", "ode-to-joy", "--tempo", "fast"], "invalid float value: 'fast'"),
        (["generate", "ode-to-joy", "--tempo", "300"], "tempo_bpm must be in 40..220, got 300"),
        (["generate", "ode-to-joy", "--tempo", "nan"], "tempo_bpm must be in 40..220, got nan"),
        (["generate", "ode-to-joy", "--transpose", "13"], "--transpose must be in -12..12"),
        (["generate", "ode-to-joy", "--rhythm-assist", "2"], "strength must be in 0..1, got 2"),
        (["generate", "ode-to-joy", "--rhythm-assist", "nan"], "strength must be in 0..1"),
        (["generate", "ode-to-joy", "--bundle", "none"], "there is no bundle 'none'"),
        (["library", "burn"], "invalid choice: 'burn'"),
        (["library", "show"], "show wants a name (continuo library list)"),
        (["library", "show", "x"], "there is no composition 'x'"),
        (["library", "delete", "../x"], "'../x' is not a composition's name"),
        (["library", "list", "--to", "."], "--to is for export only"),
        (["models", "show", "none"], "there is no bundle 'none'"),
        (["generate", "ode-to-joy", "--seed", "9" * 5000], "--seed must be a whole number"),
        (["generate", "ode-to-joy", "--trim", "1:" + "9" * 5000], "--trim wants FIRST:LAST"),
        (["generate", "x" * 300], "there is no melody 'xxx"),
        (["generate", "/"], "it is a folder"),
        (["generate", "ode-to-joy", "--bundle", "x" * 300], "there is no bundle 'xxx"),
        (["generate", "ode-to-joy", "-o", "/dev/null"], "/dev/null is a file, not a folder"),
        (["demo", "-o", "/dev/null"], "/dev/null is a file, not a folder"),
        (["render", "nothing.mid"], "nothing.mid: there is no such file"),
        (["render", "/"], "/: it is a folder"),
        (["render", "/dev/zero"], "/dev/zero: it is a device, not a file"),
        (["selftest", "--passes", "x"], "--passes must be a whole number in 1..100000, got x"),
        (["selftest", "--passes", "0"], "--passes must be a whole number"),
        (["selftest", "--threads", "99999"], "--threads must be a whole number in 1..16"),
    ],
)
def test_an_error_is_one_line_and_for_programs_one_object(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """Exit code 2 and nothing else on the other stream, with and without `--json`."""
    monkeypatch.setenv("CONTINUO_HOME", str(tmp_path))
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("continuo: ")
    assert said in line
    assert main([*arguments, "--json"]) == 2
    out, err = capfd.readouterr()
    assert err == ""
    (line,) = out.splitlines()
    content = json.loads(line)
    assert set(content) == {"error", "remedy"}
    assert said in f"{content['error']} ({content['remedy']})"


def test_a_settings_file_with_a_slip_is_an_error_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("tempo = 3")
    monkeypatch.setenv("CONTINUO_CONFIG", str(path))
    assert main(["library", "list"]) == 2
    assert "unknown key 'tempo'" in capfd.readouterr().err


def replaced(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def dispatch(_: list[str]) -> Answer:
        raise error

    monkeypatch.setattr(cli, "_dispatch", dispatch)


def test_ctrl_c_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    replaced(monkeypatch, KeyboardInterrupt())
    assert main(["library", "list"]) == 130
    assert capfd.readouterr() == ("", "continuo: stopped\n")
    assert main(["library", "list", "--json"]) == 130
    assert json.loads(capfd.readouterr().out)["error"] == "stopped"


def test_a_fault_of_ours_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    replaced(monkeypatch, ZeroDivisionError("one by none"))
    assert main(["library", "list"]) == 1
    err = capfd.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith(
        "continuo: a fault in Continuo itself: ZeroDivisionError: one by none (report it"
    )


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`continuo library list --json | head -0` says nothing on standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    with process("library", "list", "--json", home=tmp_path, stdout=writing) as running:
        os.close(writing)
        _, err = running.communicate(timeout=60)
    assert err == ""
    assert running.returncode == 141


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_with_few_letters_gets_the_others_spelled_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    for arguments in (["generate", "--help"], ["♯♭"], ["♯♭", "--json"]):
        with process(*arguments, home=tmp_path) as running:
            out, err = running.communicate(timeout=60)
        assert running.returncode == (0 if "--help" in arguments else 2)
        assert "Traceback" not in err
        if "--json" in arguments:
            assert json.loads(out)["error"] == "there is no command '♯♭'"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for arguments in (["library", "list"], ["library", "list", "--json"], ["x", "--json"]):
            with process(*arguments, home=tmp_path, stdout=full.fileno()) as running:
                _, err = running.communicate(timeout=60)
            assert err == "continuo: the answer cannot be written: No space left on device\n"
            assert running.returncode == 2


def test_closed_streams_are_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTINUO_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["library", "list"]) == 2
    assert "standard output is closed" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["library", "list"]) == 2
    assert main(["compose"]) == 2


def test_a_name_cannot_command_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor does one that is no text in any encoding end the command."""
    monkeypatch.setenv("CONTINUO_HOME", str(tmp_path))
    (tmp_path / "red\x1b[31m\nline").mkdir()
    os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    assert main(["library", "list"]) == 0
    out, err = capfd.readouterr()
    assert "red\\x1b[31m\\nline" in out
    assert "\\udcff" in out
    assert len(out.splitlines()) == 4
    assert err == ""
    assert main(["library", "list", "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["compositions"]) == 2


def test_it_is_also_a_module(tmp_path: Path) -> None:
    with process("--version", home=tmp_path) as running:
        out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert out.startswith("continuo ")


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert table(["a", "name"], [["12", "x"], ["3", "yy"]]) == [
        "a   name",
        "--  ----",
        "12  x",
        "3   yy",
    ]
