"""Compositions as sound files: FluidSynth where the system has it, symusic's synthesizer else.

Either way the result is a 16-bit stereo WAV file at 44.1 kHz whose loudest sample is at
`PEAK` of full scale, so that nothing clips and quiet pieces can be heard. How loud that is shows
at the end: until then the samples lie as floats in a nameless file beside the result, and only
some seconds of them in memory.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import DeviceError
from firmware.midi.files import write_composition
from firmware.music.notes import Composition, Note
from firmware.music.timing import nanoseconds_of_ticks, ticks_of_nanoseconds

SAMPLE_RATE: Final = 44_100
PEAK: Final = 0.89
"""Of full scale: one decibel below it."""
MAX_SECONDS: Final = 3600
"""Longer compositions are refused: an hour of sound is half a gigabyte, and thrice that while it
is made."""

STALL_S: Final = 60.0
"""A FluidSynth that makes no sound for this long is taken for hung."""

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

OnProgress = Callable[[int, int], None]
"""Called with the frames done and about how many there will be."""

Play = Callable[[Composition, Path, IO[bytes], OnProgress], None]
"""Plays a composition with a soundfont into a file of samples."""

_PIECE_S = 30
_BLOCK_FRAMES = 2**18
_FRAME_BYTES = 8  # two floats
_LOOK_S = 0.2  # between two looks at how far FluidSynth is


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """One way to make sound, ready to be used.

    Attributes:
        name: `fluidsynth` or `symusic`.
        version: The program's or package's version, as far as it tells.
        soundfont: The file with the instruments.
        play: From a composition to samples.
    """

    name: str
    version: str
    soundfont: Path
    play: Play

    @property
    def description(self) -> str:
        """One line that says what made the sound."""
        return f"{self.name} {self.version}".strip() + f" with {self.soundfont.name}"


def render(
    composition: Composition,
    path: Path,
    *,
    renderer: str | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> str:
    """Write a composition as a WAV file.

    Args:
        composition: The music, an hour at most.
        path: The file to write; it is there whole or not at all.
        renderer: One of `RENDERERS`, or None for the first that this machine has.
        on_progress: Told how far it is.

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
    try:
        with tempfile.TemporaryFile(dir=path.parent) as samples:
            if composition.notes:
                chosen.play(composition, chosen.soundfont, samples, on_progress)
            else:  # which symusic calls an error
                samples.write(bytes(SAMPLE_RATE * _FRAME_BYTES))
            samples.flush()
            _write_wav(path, samples)
    except DeviceError:
        raise
    except OSError as error:
        raise DeviceError(f"the sound file {path} was not written: {error.strerror}") from error
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

    def play(
        composition: Composition, soundfont: Path, samples: IO[bytes], on_progress: OnProgress
    ) -> None:
        _play_with_fluidsynth(program, composition, soundfont, samples, on_progress)

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


def _play_with_fluidsynth(
    program: str,
    composition: Composition,
    soundfont: Path,
    samples: IO[bytes],
    on_progress: OnProgress,
) -> None:
    with tempfile.NamedTemporaryFile(prefix="continuo-", suffix=".mid") as source:
        source.write(write_composition(composition))
        source.flush()
        target = f"/dev/fd/{samples.fileno()}"
        # Floats, because whole numbers would clip before their peak can be scaled.
        command = [program, "-n", "-i", "-q", "-r", str(SAMPLE_RATE), "-T", "raw", "-O", "float"]
        command += ["-E", "little", "-F", target, str(soundfont), source.name]
        try:
            running = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(samples.fileno(),),
            )
        except OSError as error:
            raise DeviceError(f"fluidsynth did not render: {error}") from error
        with running:
            try:
                said = _watch(running, samples, _frames_of(composition), on_progress)
            finally:
                running.kill()
        if running.returncode or not os.fstat(samples.fileno()).st_size:
            lines = said.decode(errors="replace").strip().splitlines()
            raise DeviceError(f"fluidsynth did not render: {lines[-1] if lines else 'no reason'}")


def _watch(
    running: "subprocess.Popen[bytes]",
    samples: IO[bytes],
    frames: int,
    on_progress: OnProgress,
) -> bytes:
    """Tell how a file grows until the process has ended; what that wrote to standard error."""
    grew, before = monotonic(), 0
    while True:
        try:
            return running.communicate(timeout=_LOOK_S)[1]
        except subprocess.TimeoutExpired as waiting:
            size = os.fstat(samples.fileno()).st_size
            if size != before:
                grew, before = monotonic(), size
                on_progress(min(size // _FRAME_BYTES, frames), frames)
            if monotonic() - grew > STALL_S:
                sentence = f"fluidsynth did not render: it made no sound for {STALL_S:g} seconds"
                raise DeviceError(sentence) from waiting


def _play_with_symusic(
    composition: Composition, soundfont: Path, samples: IO[bytes], on_progress: OnProgress
) -> None:
    """Play piece after piece, where what still rings is added to the next one.

    The synthesizer plays every note by itself and adds them up, so that this is the same sound.
    """
    from symusic import Score, Synthesizer  # noqa: PLC0415 - native code only rendering needs

    frames = _frames_of(composition)
    written, ringing = 0, np.zeros((0, 2), dtype=np.float32)
    try:
        synthesizer = Synthesizer(sf_path=str(soundfont), sample_rate=SAMPLE_RATE, quality=4)
        for begin, piece in _pieces(composition):
            length = begin - written
            samples.write(ringing[:length].tobytes())
            samples.write(bytes(max(length - len(ringing), 0) * _FRAME_BYTES))
            on_progress(min(begin, frames), frames)
            score = Score.from_midi(write_composition(piece))
            sound = np.asarray(synthesizer.render(score, stereo=True), dtype=np.float32).T
            written, ringing = begin, _added(sound, ringing[length:])
    except (RuntimeError, ValueError, TypeError) as error:
        raise DeviceError(f"symusic did not render: {error}") from error
    samples.write(ringing.tobytes())
    on_progress(frames, frames)


def _pieces(composition: Composition) -> Iterator[tuple[int, Composition]]:
    """The notes that begin in one stretch of time after another, and the frame where it begins."""
    step = max(ticks_of_nanoseconds(_PIECE_S * 10**9, composition.tempo_bpm), 1)

    def shifted(notes: Iterable[Note], number: int) -> tuple[Note, ...]:
        return tuple(
            replace(note, start_ticks=note.start_ticks - number * step)
            for note in notes
            if note.start_ticks // step == number
        )

    for number in sorted({note.start_ticks // step for note in composition.notes}):
        tracks = tuple(
            replace(track, notes=shifted(track.notes, number)) for track in composition.tracks
        )
        begin = _frames(number * step, composition.tempo_bpm)
        yield begin, replace(composition, tracks=tracks)


def _added(a: Samples, b: Samples) -> Samples:
    """Both at once, as long as the longer one."""
    total = np.zeros((max(len(a), len(b)), 2), dtype=np.float32)
    total[: len(a)] += a
    total[: len(b)] += b
    return total


def _frames_of(composition: Composition) -> int:
    return _frames(composition.end_ticks, composition.tempo_bpm)


def _frames(ticks: int, tempo_bpm: float) -> int:
    return nanoseconds_of_ticks(ticks, tempo_bpm) * SAMPLE_RATE // 10**9


def _blocks(samples: IO[bytes]) -> Iterator[Samples]:
    samples.seek(0)
    while content := samples.read(_BLOCK_FRAMES * _FRAME_BYTES):
        whole = len(content) // _FRAME_BYTES * 2
        yield np.frombuffer(content, dtype="<f4", count=whole).reshape(-1, 2)


def _write_wav(path: Path, samples: IO[bytes]) -> None:
    """Scale to `PEAK`; silence stays silence."""
    loudest = max(float(np.max(np.abs(block), initial=0.0)) for block in _blocks(samples))
    scale = 32767.0 * PEAK / loudest if loudest else 0.0
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as content, wave.open(content) as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            for block in _blocks(samples):
                file.writeframesraw(np.round(block * scale).astype("<i2").tobytes())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


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
