"""The demo: a simulated player records a melody, has it worked on, and listens.

Everything is the instrument's own: the keys are struck as MIDI bytes, the buttons are pressed,
the shipped model runs in the worker process, the library saves. Only the clock is not real, so
that the music takes no time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from firmware.config import Config, default_config
from firmware.devices.board import simulated_board
from firmware.devices.controls import Button, Knob
from firmware.engine.choices import Choices
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.events import TimeSet
from firmware.engine.recorder import MAX_NOTES
from firmware.engine.schedule import playable
from firmware.engine.simulation import Simulation
from firmware.engine.worker import STUDIO
from firmware.errors import LibraryError, MusicError, WorkerError
from firmware.library.places import explained
from firmware.library.records import CompositionRecord
from firmware.library.store import Library
from firmware.music.notes import Melody
from firmware.panel.settings import TECHNIQUE
from firmware.panel.states import State
from firmware.parameters import Parameters, ParameterSpec, Technique

FRAMES_FOLDER = "frames"
FILM_FILE = "panel.gif"
SCALE = 4
"""Pixels of a picture for each of the panel's."""

FRAME_STEP_NS = 500_000_000
"""A frame is kept if the one kept before was shown this much earlier."""

MAX_FRAMES = 600
"""Where a demo shows more, frames are kept that lie twice as far apart, or four times."""

OnProgress = Callable[[int, int], None]
"""Called with passes done and passes in all while the model works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a demo leaves behind.

    Attributes:
        folder: The composition's folder in the library: `composition.mid`, `input.mid` and so on.
        record: What was saved there.
        frames: Pictures of the panel in the order in which they were shown.
        film: The same as one animated picture.
        generation_s: Seconds that the model took, measured in its process.
        frames_shown: How many different frames the panel showed, kept or not.
    """

    folder: Path
    record: CompositionRecord
    frames: tuple[Path, ...]
    film: Path
    generation_s: float
    frames_shown: int


def run_demo(
    melody: Melody,
    technique: Technique,
    seed: int,
    out: Path,
    on_progress: OnProgress,
    *,
    parameters: Parameters | None = None,
    config: Config | None = None,
    studio: str = STUDIO,
) -> DemoResult:
    """Play the demo.

    Args:
        melody: What the simulated player plays. Of notes that no keyboard could play together
            (one pitch, overlapping) the playable part is struck.
        technique: What is done to it.
        seed: For the model; the composition is the one that `continuo generate` makes of it.
        out: Folder for everything.
        on_progress: Told how far the model is.
        parameters: What the simulated player turns the knobs to, as near as their clicks come;
            the defaults else.
        config: Settings; the defaults else. Its library is not used.
        studio: The worker's `Studio`.

    Raises:
        ContinuoError: If the model fails or the disk refuses; what is kept is said.
    """
    melody = melody.with_notes(playable(melody.notes))
    if not 0 < len(melody.notes) <= MAX_NOTES:
        raise MusicError(f"a melody to play has 1..{MAX_NOTES} notes, got {len(melody.notes)}")
    config = replace(config or default_config(), technique=technique, library=out)
    clock = VirtualClock()
    film = _Film(clock)
    board = simulated_board(clock.now_ns, on_frame=film.show)
    choices = Choices(name_take=lambda: melody.name, choose_seed=lambda: seed, studio=studio)
    engine = Engine(board, Library(out), clock, config, choices)
    engine.open()
    try:
        simulation = Simulation(engine, board, clock)
        if parameters is not None:
            _turn_knobs(simulation, parameters)
        _record(simulation, melody)
        generation_s = _generate(simulation, on_progress)
        folder = out / _kept(simulation)
        _listen(simulation)
        take = engine.instrument.takes.current
        assert take is not None
        assert take.record is not None
    finally:
        engine.close()
    sentence = f"the composition is kept in {folder}, but not the panel's pictures: {{reason}}"
    with explained(sentence, out):
        frames, film_path = film.save(out)
    return DemoResult(
        folder=folder,
        record=take.record,
        frames=frames,
        film=film_path,
        generation_s=generation_s,
        frames_shown=film.shown,
    )


def _turn_knobs(simulation: Simulation, wanted: Parameters) -> None:
    """Bring every parameter as near to what is wanted as the value knob's clicks come."""
    instrument = simulation.engine.instrument
    simulation.open_page("Parameters")
    specs = [spec for spec in instrument.settings.specs if spec is not TECHNIQUE]
    for spec in specs:

        def missing(spec: ParameterSpec = spec) -> float:
            stands_at = spec.position(instrument.settings.value(spec.key))
            return spec.position(wanted[spec.key]) - stands_at

        direction = 1 if missing() > 0 else -1
        before = abs(missing())
        while before:
            simulation.turn(Knob.VALUE, direction)
            if abs(missing()) >= before:
                simulation.turn(Knob.VALUE, -direction)
                break
            before = abs(missing())
        simulation.turn(Knob.SELECT, 1)
    simulation.press(Button.BACK)


def _record(simulation: Simulation, melody: Melody) -> None:
    engine = simulation.engine
    engine.post(TimeSet(tempo_bpm=melody.tempo_bpm, beats_per_bar=melody.beats_per_bar))
    engine.step()
    pressed_ns = simulation.press(Button.RECORD)
    simulation.strike(
        melody, pressed_ns + simulation.bar_ns() * engine.instrument.booth.count_in_bars
    )
    simulation.press(Button.RECORD)
    recorded = engine.instrument.takes.melody()
    if recorded != melody:
        raise MusicError("what was recorded is not what was played")


def _generate(simulation: Simulation, on_progress: OnProgress) -> float:
    """Press generate and wait until the composition is there; the seconds it took."""
    instrument = simulation.engine.instrument
    simulation.press(Button.GENERATE)
    elapsed_s = 0.0

    def is_done() -> bool:
        nonlocal elapsed_s
        generating = instrument.generating
        if generating is not None:
            elapsed_s = generating.elapsed_s
            on_progress(generating.done, max(generating.total, 1))
        return generating is None

    simulation.wait(is_done)
    take = instrument.takes.current
    if take is None or take.record is None:
        raise _problem(simulation.engine, "the model made nothing")
    on_progress(1, 1)
    return elapsed_s


def _kept(simulation: Simulation) -> str:
    """Wait for the disk; the name that the composition has there.

    Raises:
        LibraryError: If the disk refuses it.
    """
    engine = simulation.engine
    simulation.wait(lambda: bool(engine.saved or engine.unsaved), who="the disk")
    if not engine.saved:
        raise LibraryError(engine.unsaved[-1].message, remedy=engine.unsaved[-1].remedy)
    return engine.saved[-1]


def _listen(simulation: Simulation) -> None:
    """Let the music play to its end."""
    engine = simulation.engine
    while engine.instrument.state is not State.IDLE:
        simulation.advance_to(engine.next_ns())


def _problem(engine: Engine, otherwise: str) -> WorkerError:
    notice = engine.instrument.notice
    if notice is None:
        return WorkerError(otherwise)
    return WorkerError(notice.sentence, remedy=notice.remedy)


class _Film:
    """Keeps what the panel shows, a frame every now and then."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._kept: list[tuple[int, Image.Image]] = []
        self._last: tuple[int, Image.Image] | None = None
        self._step_ns = FRAME_STEP_NS
        self.shown = 0

    def show(self, image: Image.Image) -> None:
        now_ns = self._clock.now_ns()
        self.shown += 1
        self._last = (now_ns, image)
        if not self._kept or now_ns - self._kept[-1][0] >= self._step_ns:
            self._kept.append(self._last)
        if len(self._kept) >= MAX_FRAMES:
            self._kept = self._kept[::2]
            self._step_ns *= 2

    def save(self, out: Path) -> tuple[tuple[Path, ...], Path]:
        """Write the frames, in place of those of an earlier demo."""
        if self._last is not None and self._kept[-1] is not self._last:
            self._kept.append(self._last)
        folder = out / FRAMES_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("frame-*.png"):
            old.unlink()
        paths: list[Path] = []
        pictures: list[Image.Image] = []
        for number, (_, image) in enumerate(self._kept, start=1):
            size = (image.width * SCALE, image.height * SCALE)
            pictures.append(image.resize(size, Image.Resampling.NEAREST))
            paths.append(folder / f"frame-{number:04d}.png")
            with _whole(paths[-1]):
                pictures[-1].save(paths[-1])
        film = out / FILM_FILE
        starts = [at_ns for at_ns, _ in self._kept]
        shown_ns = [b - a for a, b in zip(starts, [*starts[1:], starts[-1]], strict=True)]
        durations = [max(min(ns // 1_000_000, 2000), 100) for ns in shown_ns]
        with _whole(film):
            pictures[0].save(
                film, save_all=True, append_images=pictures[1:], duration=durations, loop=0
            )
        return tuple(paths), film


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Leave no half of a file where the disk takes no more of it."""
    try:
        yield
    except OSError:
        path.unlink(missing_ok=True)
        raise
