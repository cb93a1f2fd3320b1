"""Settings are read from one file, and a slip in it is named."""

import os
import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from firmware import config
from firmware.config import Config, config_path, default_config, load_config, read_config
from firmware.errors import ConfigError
from firmware.parameters import Technique

DEFAULTS = Config(library=Path("/music"))


@pytest.mark.parametrize(
    ("environ", "library"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/Continuo"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, "/data/continuo"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "/data", "CONTINUO_HOME": "/stick"}, "/stick"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": ""}, "/home/ada/Continuo"),
    ],
)
def test_the_library_lies_where_the_environment_says(environ: dict[str, str], library: str) -> None:
    assert default_config(environ).library == Path(library)


def test_the_file_lies_where_the_environment_says() -> None:
    assert config_path({"HOME": "/h"}) == Path("/h/.config/continuo/config.toml")
    assert config_path({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}) == Path("/c/continuo/config.toml")
    assert config_path({"HOME": "/h", "CONTINUO_CONFIG": "/x.toml"}) == Path("/x.toml")


def test_the_control_socket_lies_where_the_machine_has_a_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the service first, then that of the person who is logged in, or nowhere."""
    environ = {"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/1"}
    monkeypatch.setattr(config, "APPLIANCE_RUN", tmp_path / "run")
    assert default_config({"HOME": "/h"}).control is None
    assert default_config(environ).control == Path("/run/user/1/continuo/control.sock")
    (tmp_path / "run").mkdir()
    assert default_config(environ).control == tmp_path / "run" / "control.sock"


def test_the_settings_of_the_machine_count_where_the_user_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path / "home")}
    own = tmp_path / "home" / ".config" / "continuo" / "config.toml"
    machine = tmp_path / "etc.toml"
    monkeypatch.setattr(config, "APPLIANCE_CONFIG", machine)
    assert config_path(environ) == own
    machine.write_text("tempo_bpm = 72")
    assert config_path(environ) == machine
    assert load_config(environ).tempo_bpm == 72.0
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert config_path(environ) == own


def test_what_the_file_says_replaces_the_defaults() -> None:
    text = """
    library = "/stick/music"
    technique = "extend"
    bundle = "bach-arcnn"
    model_threads = 4
    tempo_bpm = 72
    beats_per_bar = 3
    metronome = false
    count_in_bars = 0
    capture_minutes = 10
    duet_pause_beats = 3
    midi_input = "AKM322"
    midi_output = "FLUID"
    board = "small"
    control = "/run/other/control.sock"
    log = "/var/log/continuo.log"
    """
    assert read_config(text, defaults=DEFAULTS) == Config(
        library=Path("/stick/music"),
        technique=Technique.EXTEND,
        bundle="bach-arcnn",
        model_threads=4,
        tempo_bpm=72.0,
        beats_per_bar=3,
        metronome=False,
        count_in_bars=0,
        capture_minutes=10,
        duet_pause_beats=3,
        midi_input="AKM322",
        midi_output="FLUID",
        board="small",
        control=Path("/run/other/control.sock"),
        log=Path("/var/log/continuo.log"),
    )
    assert read_config("", defaults=DEFAULTS) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tempo = 90", "unknown key 'tempo'"),
        ("tempo_bpm = 39.9", r"tempo_bpm must be a number in 40\.\.220, got 39\.9"),
        ("tempo_bpm = nan", "tempo_bpm must be a number"),
        ("tempo_bpm = true", "tempo_bpm must be a number"),
        ('tempo_bpm = "fast"', "tempo_bpm must be a number"),
        ("model_threads = 1.5", "model_threads must be a whole number"),
        ("model_threads = true", "model_threads must be a whole number"),
        ("metronome = 1", "metronome must be true or false"),
        ('technique = "improve"', "technique must be one of enhance, accompany, extend"),
        ("library = 3", "library must be a text"),
        ("[library]\nx = 1", "library must be a text"),
        ("tempo_bpm = ", "not TOML"),
        ("tempo_bpm = " + "9" * 5000, "not TOML"),
        ("tempo_bpm = 0x" + "f" * 5000, "tempo_bpm must be a number"),
        ("model_threads = 0x" + "f" * 5000, "model_threads must be a whole number"),
        ("metronome = 0x" + "f" * 5000, "metronome must be true or false"),
        ("midi_input = 0x" + "f" * 5000, "midi_input must be a text"),
        ('library = ""', "library must be the name of a folder"),
        (r'library = "a\u0000b"', "library must be the name of a folder"),
        ('library = "~nobody-of-this-name/x"', "names the home of nobody"),
    ],
)
def test_a_slip_in_the_file_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_config(text, defaults=DEFAULTS)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match="no settings file"):
        load_config({"HOME": str(tmp_path), "CONTINUO_CONFIG": str(missing)})
    assert load_config({"HOME": str(tmp_path)}) == default_config({"HOME": str(tmp_path)})


def test_the_variable_is_nearer_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('library = "/from/file"\ntempo_bpm = 60\n')
    environ = {"HOME": str(tmp_path), "CONTINUO_CONFIG": str(path)}
    assert load_config(environ).library == Path("/from/file")
    near = load_config({**environ, "CONTINUO_HOME": "/from/variable"})
    assert (near.library, near.tempo_bpm) == (Path("/from/variable"), 60.0)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config({"HOME": str(tmp_path), "CONTINUO_CONFIG": str(path)})


def test_a_pipe_is_no_settings_file_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.toml")
    for path in (tmp_path / "c.toml", tmp_path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config({"HOME": str(tmp_path), "CONTINUO_CONFIG": str(path)})


def test_a_home_that_is_not_known_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTINUO_HOME", "CONTINUO_CONFIG"):
        with pytest.raises(ConfigError, match=f"{name} names the home of nobody"):
            load_config({"HOME": "/h", name: "~nobody-of-this-name/x"})

    def unknown(_: int) -> NoReturn:
        raise KeyError

    own = pwd.getpwuid(os.getuid()).pw_dir
    for environ in ({}, {"HOME": ""}):
        assert default_config(environ).library == Path(own, "Continuo")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ConfigError, match="set HOME, or CONTINUO_HOME"):
        default_config({})
