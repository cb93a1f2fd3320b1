"""A simulated instrument on a virtual clock, with a worker whose work is known."""

import os
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, Protocol

import pytest

from firmware.config import Config
from firmware.devices.board import simulated_board
from firmware.devices.controls import Button, Knob
from firmware.devices.host import SimulatedHost
from firmware.engine.choices import Choices
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.events import TimeSet
from firmware.engine.simulation import Simulation
from firmware.errors import BundleError, ControlError
from firmware.library.notebook import MEMORY_FOLDER, Notebook
from firmware.library.store import Library
from firmware.midi.messages import MidiMessage
from firmware.music.notes import Composition, Melody, Note
from firmware.panel.states import State
from firmware.panel.views import ListView, TextView, View
from firmware.parameters import Technique
from tests.engine import fake_studio

_PATIENCE_S = 5.0
HERE = Path(__file__).parent


class Rehearsal(Simulation):
    """A simulated player who knows some longer gestures, and what is seen and heard of them.

    Attributes:
        controls: What there is to press and to turn; the player reaches for nothing else.
    """

    controls: Container[Button | Knob] = (*Button, *Knob)

    def press(self, button: Button) -> int:
        """See `Simulation.press`."""
        assert button in self.controls
        return super().press(button)

    def turn(self, knob: Knob, clicks: int) -> None:
        """See `Simulation.turn`."""
        assert knob in self.controls
        super().turn(knob, clicks)

    def change(self, label: str, clicks: int) -> None:
        """Change what a row is set to, with the dial for it or else with the menu's alone."""
        self.select(label)
        if Knob.VALUE in self.controls:
            self.turn(Knob.VALUE, clicks)
            return
        self.press(Button.ENTER)
        self.turn(Knob.SELECT, clicks)
        self.press(Button.BACK)

    def record(self, melody: Melody) -> None:
        """Record a melody as a player does, with the count-in."""
        self.engine.post(TimeSet(tempo_bpm=melody.tempo_bpm, beats_per_bar=melody.beats_per_bar))
        self.engine.step()
        pressed_ns = self.press(Button.RECORD)
        self.strike(melody, pressed_ns + self.bar_ns())
        self.press(Button.RECORD)

    def generate(self) -> None:
        """Press generate and wait for the composition."""
        self.press(Button.GENERATE)
        self.wait(lambda: self.engine.instrument.generating is None)

    def state(self) -> State:
        """What the instrument is doing."""
        return self.engine.instrument.state

    def sentence(self) -> str:
        """The message on the panel, or an empty text."""
        notice = self.engine.instrument.notice
        return notice.sentence if notice else ""

    def view(self) -> View:
        """What is seen."""
        return self.engine.panel.view(self.clock.now_ns())

    def is_seen(self, label: str) -> bool:
        """Whether a row of this label is on the page, seen or not."""
        try:
            self.select(label)
        except ControlError:
            return False
        return True

    def text(self) -> str:
        """All words that are seen, in one line."""
        view = self.view()
        match view:
            case ListView():
                words = [
                    view.title,
                    view.note,
                    view.note_right,
                    *(word for row in view.rows for word in row),
                ]
                words += [view.meaning or ""]
            case TextView():
                words = [view.title, *view.lines]
            case _:
                words = [str(view)]
        return " ".join(" ".join(words).split())

    def since(self, count: int) -> list[MidiMessage]:
        """What the synthesizer heard, but for so many messages at the beginning."""
        return [message for _, message in list(self.board.synthesizer.heard)[count:]]

    def count_heard(self) -> int:
        """How many messages the synthesizer heard so far."""
        return len(self.board.synthesizer.heard)


class MakeInstrument(Protocol):
    """Makes an opened instrument; it is closed after the test."""

    def __call__(
        self,
        studio: str = "FakeStudio",
        *,
        bundle: str | None = "fake",
        techniques: Collection[Technique] = frozenset(Technique),
        seed: int = 0,
        seeds: Iterator[int] | None = None,
        remembers: bool = False,
        safe: bool = False,
        appliance: Mapping[str, Any] = MappingProxyType({}),
        **config: object,
    ) -> Rehearsal:
        """Open one with settings of `Config`; without a bundle no worker is started.

        On an appliance there are those of the `Choices` that tell of it.

        For each of the techniques there is a bundle. One that remembers goes on from the one
        before it in the same test, which was closed.
        """
        ...


@pytest.fixture(autouse=True)
def _fake_studios(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker's process find `fake_studio`."""
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))


@pytest.fixture(scope="session")
def octaves() -> Callable[..., Composition]:
    """What the fake studios make of a melody."""
    return fake_studio.octaves


@pytest.fixture
def melody() -> Melody:
    """Two bars at 96 beats a minute, with a repeated note and a chord."""
    beats = [(0, 60, 1), (1, 60, 1), (2, 64, 2), (2, 67, 2), (4, 65, 1), (5, 62, 1), (6, 60, 2)]
    return Melody(
        notes=tuple(
            Note(start_ticks=480 * b, pitch=p, duration_ticks=480 * d, velocity=60 + b)
            for b, p, d in beats
        ),
        tempo_bpm=96.0,
        name="Two bars",
    )


@pytest.fixture
def make_instrument(tmp_path: Path) -> Iterator[MakeInstrument]:
    """See `MakeInstrument`."""
    opened: list[Engine] = []

    def make(
        studio: str = "FakeStudio",
        *,
        bundle: str | None = "fake",
        techniques: Collection[Technique] = frozenset(Technique),
        seed: int = 0,
        seeds: Iterator[int] | None = None,
        remembers: bool = False,
        safe: bool = False,
        appliance: Mapping[str, Any] = MappingProxyType({}),
        **config: object,
    ) -> Rehearsal:
        clock = VirtualClock(start_ns=5_000_000_000)
        board = simulated_board(clock.now_ns)
        choices = Choices(
            choose_seed=lambda: seed if seeds is None else next(seeds),
            wall_clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            choose_bundle=lambda parameters: _folder(
                tmp_path, bundle if parameters.technique in techniques else None
            ),
            studio=f"fake_studio:{studio}",
            **{"host": SimulatedHost(), **appliance},
        )
        settings = replace(Config(library=tmp_path / "library"), **config)  # type: ignore[arg-type]
        notebook = Notebook(settings.library / MEMORY_FOLDER) if remembers else None
        engine = Engine(
            board,
            Library(settings.library),
            clock,
            settings,
            choices,
            notebook=notebook,
            wants_safe=safe,
        )
        opened.append(engine)
        engine.open()
        if bundle is None and settings.technique in techniques:
            # The row that says so comes from a thread, and moves those below it.
            last = monotonic() + _PATIENCE_S
            while engine.crew.shelves.no_model is None and monotonic() < last:
                engine.step(0.001)
        return Rehearsal(engine, board, clock)

    yield make
    for engine in opened:
        engine.close()


def _folder(parent: Path, bundle: str | None) -> Path:
    if bundle is None:
        raise BundleError("no model is installed")
    return parent / bundle
