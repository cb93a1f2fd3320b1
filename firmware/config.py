"""What a maker can set once for an instrument: a frozen value, read from one TOML file."""

import os
import pwd
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from firmware.errors import ConfigError
from firmware.parameters import Technique

CONFIG_VARIABLE = "CONTINUO_CONFIG"
HOME_VARIABLE = "CONTINUO_HOME"
APPLIANCE_RUN = Path("/run/continuo")
"""Where the control socket is on an instrument that is a service."""
APPLIANCE_CONFIG = Path("/etc/continuo/config.toml")
"""The settings of an instrument that is a service."""
MAX_BYTES = 1024 * 1024
"""A larger file is no settings file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The instrument's settings.

    Attributes:
        library: Folder of the saved compositions.
        technique: What the generate button does until something else is remembered, as for tempo,
            bar and metronome.
        bundle: Name of the model bundle to use for the technique that it serves, or "" for the
            firmware's choice.
        model_threads: Threads of the interpreter, 1..16.
        tempo_bpm: Tempo, 40..220 quarter notes a minute.
        beats_per_bar: Quarter notes a bar, 1..32.
        metronome: Whether it clicks while recording.
        count_in_bars: Bars of clicks before a recording, 0..4.
        capture_minutes: How much of the last playing is always kept, 1..60 minutes.
        duet_pause_beats: How long a silence ends the player's phrase in a duet, 1..16 beats.
        midi_input: Part of the name of the MIDI input to use, or "" for any keyboard.
        midi_output: Part of the name of the MIDI output to use, or "" for any synthesizer.
        board: What the front panel is wired like: the name of a board that ships, or the path of
            a board file.
        control: The socket over which programs speak to the instrument, or None where there is
            no place for one.
        log: A file that the log is written to as well, or None.
    """

    library: Path
    technique: Technique = Technique.ENHANCE
    bundle: str = ""
    model_threads: int = 1
    tempo_bpm: float = 100.0
    beats_per_bar: int = 4
    metronome: bool = True
    count_in_bars: int = 1
    capture_minutes: int = 5
    duet_pause_beats: int = 2
    midi_input: str = ""
    midi_output: str = ""
    board: str = "full"
    control: Path | None = None
    log: Path | None = None


def default_config(environ: Mapping[str, str] | None = None) -> Config:
    """The settings without a file.

    Args:
        environ: Environment to look in; the process's own by default. `CONTINUO_HOME` is the
            library's folder; else `$XDG_DATA_HOME/continuo` where that variable is set, else
            `~/Continuo`. The control socket is in `/run/continuo` where that folder is, else in
            `$XDG_RUNTIME_DIR/continuo`.
    """
    environ = os.environ if environ is None else environ
    if environ.get(HOME_VARIABLE):
        library = _expanded(Path(environ[HOME_VARIABLE]), HOME_VARIABLE)
    elif environ.get("XDG_DATA_HOME"):
        library = Path(environ["XDG_DATA_HOME"]) / "continuo"
    else:
        library = _home(environ) / "Continuo"
    return Config(library=library.absolute(), control=_control(environ))


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the settings file lies: `CONTINUO_CONFIG`, else the XDG place for it.

    Where there is none, and the machine has one for all its users, it is that.
    """
    environ = os.environ if environ is None else environ
    if environ.get(CONFIG_VARIABLE):
        return _expanded(Path(environ[CONFIG_VARIABLE]), CONFIG_VARIABLE)
    base = environ.get("XDG_CONFIG_HOME")
    own = (Path(base) if base else _home(environ) / ".config") / "continuo" / "config.toml"
    return APPLIANCE_CONFIG if APPLIANCE_CONFIG.is_file() and not own.exists() else own


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """The settings of this user: defaults, with the file's in their place where there is one.

    Raises:
        ConfigError: If the file cannot be read, or a key in it is unknown or has a value that
            cannot be. A file that `CONTINUO_CONFIG` names must exist.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    defaults = default_config(environ)
    try:
        text = _read(path)
    except FileNotFoundError as error:
        if environ.get(CONFIG_VARIABLE):
            raise ConfigError(f"there is no settings file {path}") from error
        return defaults
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {path} cannot be read") from error
    config = read_config(text, defaults=defaults, source=str(path))
    if not environ.get(HOME_VARIABLE):
        return config
    # The variable is nearer to the person than the file.
    return _with(config, library=defaults.library)


def read_config(text: str, *, defaults: Config, source: str = "the settings") -> Config:
    """Read settings from TOML.

    Args:
        text: The file's text, a flat table of the names in `Config`.
        defaults: What stands where the text says nothing.
        source: What the error calls the file.

    Raises:
        ConfigError: If it is no TOML, a key is unknown or a value cannot be.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no TOML error
        raise ConfigError(f"{source} is not TOML: {error}") from error
    known = [entry.name for entry in fields(Config)]
    given: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            raise ConfigError(f"{source} has an unknown key {key!r}", remedy=", ".join(known))
        given[key] = _READERS[key](f"{source}: {key}", value)
    return _with(defaults, **given)


def _control(environ: Mapping[str, str]) -> Path | None:
    folder = APPLIANCE_RUN
    if not folder.is_dir():
        if not environ.get("XDG_RUNTIME_DIR"):
            return None
        folder = Path(environ["XDG_RUNTIME_DIR"]) / "continuo"
    return folder / "control.sock"


def _with(config: Config, **given: Any) -> Config:
    values = {entry.name: getattr(config, entry.name) for entry in fields(Config)}
    return Config(**{**values, **given})


def _home(environ: Mapping[str, str]) -> Path:
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        # Not Path.home(), which takes an empty HOME for the root of the disk.
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError as error:
        raise ConfigError(
            "it is not known where your home folder is", remedy=f"set HOME, or {HOME_VARIABLE}"
        ) from error


def _expanded(path: Path, what: str) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{what} names the home of nobody: {path}") from error


def _read(path: Path) -> str:
    """A settings file's text; a pipe or a device in its place would be read without end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_BYTES:
            raise OSError("not a settings file")
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_BYTES).decode()


def _path(what: str, value: object) -> Path:
    text = _text(what, value)
    if not text or "\0" in text:
        raise ConfigError(f"{what} must be the name of a folder, got {text!r}")
    return _expanded(Path(text), what).absolute()


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{what} must be a text in quotes, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    """A value as an error repeats it; Python does not write out very large numbers."""
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of hundreds of digits"
    return f"{value!r:.80}"


def _switch(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{what} must be true or false, got {_shown(value)}")
    return value


def _technique(what: str, value: object) -> Technique:
    try:
        return Technique(_text(what, value))
    except ValueError as error:
        known = ", ".join(Technique)
        raise ConfigError(f"{what} must be one of {known}, got {value!r}") from error


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(what: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(
                f"{what} must be a whole number in {low}..{high}, got {_shown(value)}"
            )
        return value

    return read


def _number(low: float, high: float) -> Callable[[str, object], float]:
    def read(what: str, value: object) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:  # type: ignore[operator]
            raise ConfigError(f"{what} must be a number in {low:g}..{high:g}, got {_shown(value)}")
        return float(str(value))

    return read


_READERS: Mapping[str, Callable[[str, object], object]] = {
    "library": _path,
    "technique": _technique,
    "bundle": _text,
    "model_threads": _whole(1, 16),
    "tempo_bpm": _number(40.0, 220.0),
    "beats_per_bar": _whole(1, 32),
    "metronome": _switch,
    "count_in_bars": _whole(0, 4),
    "capture_minutes": _whole(1, 60),
    "duet_pause_beats": _whole(1, 16),
    "midi_input": _text,
    "midi_output": _text,
    "board": _text,
    "control": _path,
    "log": _path,
}
