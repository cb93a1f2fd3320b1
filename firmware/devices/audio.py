"""Compositions as sound files: FluidSynth where the system has it, symusic's synthesizer else.

Either way the result is a 16-bit stereo WAV file at 44.1 kHz whose loudest sample is at
`PEAK` of full scale, so that nothing clips and quiet pieces can be heard.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import DeviceError
from firmware.midi.files import write_composition
from firmware.music.notes import Composition
from firmware.music.timing import nanoseconds_of_ticks

SAMPLE_RATE: Final = 44_100
PEAK: Final = 0.89
"""Of full scale: one decibel below it."""
MAX_SECONDS: Final = 3600
"""Longer compositions are refused: an hour of samples is half a gigabyte."""

SOUNDFONT_FOLDERS: Final = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
)
# Debian's default first (a link to what is installed), then the better ones by name.
SOUNDFONT_NAMES: Final = (
    "default-GM.sf2",
    "default-GM.sf3",
    "FluidR3_GM.sf2",
    "FluidR3Mono_GM.sf3",
    "TimGM6mb.sf2",
)

Samples = NDArray[np.float32]
"""(frames, 2), left and right, of any loudness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """One way to make sound, ready to be used.

    Attributes:
        name: `fluidsynth` or `symusic`.
        version: The program's or package's version, as far as it tells.
        soundfont: The file with the instruments.
        play: From a Standard MIDI File's bytes to samples.
    """

    name: str
    version: str
    soundfont: Path
    play: Callable[[bytes, Path], Samples]

    @property
    def description(self) -> str:
        """One line that says what made the sound."""
        return f"{self.name} {self.version}".strip() + f" with {self.soundfont.name}"


def render(composition: Composition, path: Path, *, renderer: str | None = None) -> str:
    """Write a composition as a WAV file.

    Args:
        composition: The music, an hour at most.
        path: The file to write; it is there whole or not at all.
        renderer: One of `RENDERERS`, or None for the first that this machine has.

    Returns:
        One line that says which renderer and soundfont were used.

    Raises:
        DeviceError: If there is no renderer, it fails, or the file cannot be written.
    """
    seconds = nanoseconds_of_ticks(composition.end_ticks, composition.tempo_bpm) / 1e9
    if seconds > MAX_SECONDS:
        raise DeviceError(
            f"the composition lasts {seconds / 60:.0f} minutes, at most {MAX_SECONDS // 60} "
            "can be rendered",
            remedy="trim it",
        )
    chosen = find_renderer(renderer)
    if composition.notes:
        samples = chosen.play(write_composition(composition), chosen.soundfont)
    else:  # which symusic calls an error
        samples = np.zeros((SAMPLE_RATE, 2), dtype=np.float32)
    _write_wav(path, _sixteen_bits(samples))
    return f"sound by {chosen.description}"


def find_renderer(name: str | None = None) -> Renderer:
    """The renderer of this name, or the first that this machine has.

    Raises:
        DeviceError: If it is unknown or not installed.
    """
    if name is not None and name not in RENDERERS:
        raise DeviceError(f"there is no renderer {name!r}", remedy=", ".join(RENDERERS))
    for candidate in [name] if name else RENDERERS:
        renderer = RENDERERS[candidate]()
        if renderer is not None:
            return renderer
    raise DeviceError(
        f"{name or 'a synthesizer'} with a soundfont is not installed",
        remedy="pip install symusic==0.5.9 pretty_midi, or apt install fluidsynth",
    )


def _fluidsynth() -> Renderer | None:
    program = shutil.which("fluidsynth")
    soundfont = _system_soundfont() or _package_soundfont()
    if program is None or soundfont is None:
        return None

    def play(content: bytes, soundfont: Path) -> Samples:
        return _play_with_fluidsynth(program, content, soundfont)

    return Renderer(name="fluidsynth", version="", soundfont=soundfont, play=play)


def _symusic() -> Renderer | None:
    soundfont = _package_soundfont() or _system_soundfont()
    try:
        found = version("symusic")
    except PackageNotFoundError:
        return None
    if soundfont is None:
        return None
    return Renderer(name="symusic", version=found, soundfont=soundfont, play=_play_with_symusic)


RENDERERS: Mapping[str, Callable[[], Renderer | None]] = MappingProxyType(
    {"fluidsynth": _fluidsynth, "symusic": _symusic}
)
"""In order of preference; each says None where this machine lacks it."""


def _play_with_fluidsynth(program: str, content: bytes, soundfont: Path) -> Samples:
    with tempfile.TemporaryDirectory(prefix="continuo-") as folder:
        source, target = Path(folder, "in.mid"), Path(folder, "out.raw")
        source.write_bytes(content)
        # Floats, because whole numbers would clip before their peak can be scaled.
        command = [program, "-n", "-i", "-q", "-r", str(SAMPLE_RATE), "-T", "raw", "-O", "float"]
        command += ["-E", "little", "-F", str(target), str(soundfont), str(source)]
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments, no shell
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeviceError(f"fluidsynth did not render: {error}") from error
        if done.returncode or not target.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise DeviceError(f"fluidsynth did not render: {said[-1] if said else 'no reason'}")
        return np.fromfile(target, dtype="<f4").reshape(-1, 2)


def _play_with_symusic(content: bytes, soundfont: Path) -> Samples:
    from symusic import Score, Synthesizer  # noqa: PLC0415 - native code only rendering needs

    try:
        score = Score.from_midi(content)
        synthesizer = Synthesizer(sf_path=str(soundfont), sample_rate=SAMPLE_RATE, quality=4)
        planes = synthesizer.render(score, stereo=True)
    except (RuntimeError, ValueError, TypeError) as error:
        raise DeviceError(f"symusic did not render: {error}") from error
    return np.ascontiguousarray(np.asarray(planes, dtype=np.float32).T)


def _sixteen_bits(samples: Samples) -> NDArray[np.int16]:
    """Scale to `PEAK`; silence stays silence."""
    loudest = float(np.max(np.abs(samples), initial=0.0))
    scale = PEAK / loudest if loudest else 0.0
    return np.round(samples * (scale * 32767.0)).astype("<i2")


def _write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as content, wave.open(content) as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(samples.tobytes())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise DeviceError(f"the sound file {path} was not written: {error.strerror}") from error


def _system_soundfont() -> Path | None:
    for name in SOUNDFONT_NAMES:
        for folder in SOUNDFONT_FOLDERS:
            path = Path(folder, name)
            if path.is_file():
                return path.resolve()
    for folder in SOUNDFONT_FOLDERS:
        for path in sorted(Path(folder).glob("*.sf[23]")):
            return path
    return None


def _package_soundfont() -> Path | None:
    """The soundfont that pretty_midi carries, found without importing that package."""
    try:
        path = Path(str(distribution("pretty_midi").locate_file("pretty_midi/TimGM6mb.sf2")))
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None
