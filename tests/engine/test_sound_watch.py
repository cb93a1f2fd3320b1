"""A synthesizer that is not heard is started again, ever less often, and only the appliance's."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from firmware.config import Config
from firmware.devices.board import simulated_board
from firmware.devices.midi_ports import MidiOutput, SimulatedSynthesizer
from firmware.devices.sound_card import SYNTHESIZER, Playback, look_at_playback
from firmware.engine import run as run_module
from firmware.engine.choices import Choices
from firmware.engine.clock import VirtualClock
from firmware.engine.engine import Engine
from firmware.engine.events import StopRequested
from firmware.engine.run import run
from firmware.engine.service import SOUND_AGAIN_FILE
from firmware.engine.sound_watch import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SILENT_LOOKS,
    STEADY_LOOKS,
    SoundWatch,
    Trouble,
    sound_watched,
)
from tests.devices.proc_asound import XRUN, Machine, running

PATIENCE_S = 5.0
GONE = Playback(card="0", is_there=False, running=frozenset())
STILL = Playback(card="0", is_there=True, running=frozenset())


def plays(look: int) -> Playback:
    """A card that has played a second more at each look."""
    return Playback(card="0", is_there=True, running=frozenset({("pcm0p/sub0", 48_000 * look)}))


def troubles(watch: SoundWatch, seen: Iterable[Playback | None]) -> dict[int, Trouble]:
    """At which looks something is to be done, and what."""
    found = {at: watch.look(playback) for at, playback in enumerate(seen)}
    return {at: trouble for at, trouble in found.items() if trouble is not None}


def test_what_plays_is_left_alone() -> None:
    assert troubles(SoundWatch(), map(plays, range(1_000))) == {}


def test_silence_for_some_looks_is_trouble_and_a_shorter_one_is_not() -> None:
    short = [plays(0), *[STILL] * (SILENT_LOOKS - 1), plays(1)]
    assert troubles(SoundWatch(), short * 10) == {}
    assert troubles(SoundWatch(), [plays(0), *[STILL] * SILENT_LOOKS]) == {
        SILENT_LOOKS: Trouble.SILENT
    }


def test_a_card_that_stands_still_while_its_stream_runs_is_silent() -> None:
    assert troubles(SoundWatch(), [plays(1)] * (SILENT_LOOKS + 1)) == {SILENT_LOOKS: Trouble.SILENT}


def test_the_pauses_between_two_starts_double_up_to_the_longest() -> None:
    at = list(troubles(SoundWatch(), [plays(0), *[STILL] * 5_000]))
    pauses = [after - before for before, after in pairwise(at)]
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert sorted(pauses) == pauses


def test_they_double_as_well_where_it_plays_for_a_moment_after_each_start() -> None:
    """Its port goes with the program and comes back with the next: 23 looks, a hundred times."""
    moment = [plays(0), plays(1), *[STILL] * 20, None]
    at = list(troubles(SoundWatch(), moment * 100))
    assert at[0] == 1 + SILENT_LOOKS
    assert at[1] - at[0] >= FIRST_PAUSE
    assert at[-1] - at[-2] >= LONGEST_PAUSE


def test_what_has_played_for_long_has_its_first_failure_again() -> None:
    watch = SoundWatch()
    troubles(watch, [plays(0), *[STILL] * 1_000])
    troubles(watch, map(plays, range(LONGEST_PAUSE + STEADY_LOOKS)))
    at = list(troubles(watch, [STILL] * 100))
    assert at[:2] == [SILENT_LOOKS - 1, SILENT_LOOKS - 1 + FIRST_PAUSE]


def test_a_card_that_is_gone_is_told_once_and_one_that_comes_back_is_a_new_chance() -> None:
    watch = SoundWatch()
    troubles(watch, [plays(0), *[STILL] * 1_000])
    assert troubles(watch, [GONE] * 1_000) == {SILENT_LOOKS: Trouble.GONE}
    assert troubles(watch, [STILL] * (SILENT_LOOKS + 1)) == {SILENT_LOOKS: Trouble.SILENT}


def test_without_a_synthesizer_nothing_is_judged_and_a_new_one_has_its_time() -> None:
    watch = SoundWatch()
    assert troubles(watch, [None] * 1_000) == {}
    assert troubles(watch, [STILL] * SILENT_LOOKS) == {}


class Watched:
    """A synthesizer that is watched on a machine, looked at many times a second."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.synthesizer = SimulatedSynthesizer(VirtualClock().now_ns, name=name)
        self.synthesizer.open()
        self.starts: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.looks = 0

    def look(self) -> Playback | None:
        """Look at the machine; each look is counted."""
        self.looks += 1
        return look_at_playback(self.machine.root)

    def watched(self, look: Callable[[], Playback | None] | None = None) -> None:
        """Watch until it is started again, or for fifty looks."""
        with sound_watched(
            self.synthesizer,
            start_again=partial(self.starts.append, threading.current_thread().name),
            tell=lambda sentence, remedy: self.said.append((sentence, remedy)),
            look=look or self.look,
            look_s=0.001,
        ):
            until_s = monotonic() + PATIENCE_S
            while not self.starts and self.looks < 50 and monotonic() < until_s:
                sleep(0.005)


OURS = SYNTHESIZER


def test_a_hung_synthesizer_is_started_again_and_the_player_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug(0, streams=(XRUN,))
    watched = Watched(machine, OURS)
    watched.watched()
    assert len(watched.starts) == 1
    assert watched.said[0][0].startswith("No sound: ")
    assert watched.said[0][1]


def test_one_that_plays_is_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    watched = Watched(machine, OURS)

    def look() -> Playback | None:
        machine.plug(0, streams=(running(watched.looks),))
        return watched.look()

    watched.watched(look)
    assert (watched.looks >= 50, watched.starts, watched.said) == (True, [], [])


def test_without_its_card_the_player_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    watched = Watched(Machine(tmp_path), OURS)
    watched.watched()
    assert watched.starts == []
    assert len(watched.said) == 1
    assert "card is gone" in watched.said[0][0]


@pytest.mark.parametrize("name", ["FLUID Synth (612):Synth input port", "Yamaha:MIDI 1"])
def test_another_synthesizer_is_nobodys_business(tmp_path: Path, name: str) -> None:
    """A desktop's FluidSynth, or a box on a cable; not even the kernel is asked."""
    machine = Machine(tmp_path)
    machine.plug(0, streams=(XRUN,))
    watched = Watched(machine, name)
    with sound_watched(
        watched.synthesizer,
        start_again=lambda: watched.starts.append(name),
        tell=lambda *_: None,
        look=watched.look,
        look_s=0.001,
    ):
        sleep(0.1)
    assert (watched.looks, watched.starts) == (0, [])


def test_its_thread_ends_with_the_block_and_says_why_when_it_ends_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Playback | None:
        raise ZeroDivisionError("nobody foresaw this")

    watched = Watched(Machine(tmp_path), OURS)
    watched.looks = 50
    watched.watched(broken)
    until_s = monotonic() + PATIENCE_S
    with sound_watched(
        watched.synthesizer, start_again=lambda: None, tell=lambda *_: None, look=broken, look_s=0
    ):
        while "is not watched any more" not in caplog.text and monotonic() < until_s:
            sleep(0.005)
    assert "nobody foresaw this" in caplog.text
    assert not [t for t in threading.enumerate() if t.name == "continuo-sound-watch"]


@pytest.mark.parametrize("is_service", [True, False])
def test_the_instrument_asks_systemd_where_that_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_service: bool
) -> None:
    """A desktop's instrument watches nothing."""
    engines: list[Engine] = []
    watched: list[str | None] = []
    make = run_module.engine_of

    def engine_of(*arguments: Any, **more: Any) -> Engine:
        engines.append(make(*arguments, **more))
        if not is_service:
            engines[0].post(StopRequested())
        return engines[0]

    @contextmanager
    def watch(
        synthesizer: MidiOutput,
        *,
        start_again: Callable[[], None],
        tell: Callable[[str, str], None],
    ) -> Iterator[None]:
        watched.append(synthesizer.name)
        tell("No sound", "look at the card")
        start_again()
        engines[0].post(StopRequested())
        yield

    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    if is_service:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr(run_module, "open_board", lambda _, now_ns: simulated_board(now_ns))
    monkeypatch.setattr(run_module, "engine_of", engine_of)
    monkeypatch.setattr(run_module, "sound_watched", watch)
    choices = Choices(studio="fake_studio:FakeStudio")
    with (tmp_path / "said").open("w") as output:
        run(Config(library=tmp_path / "library"), simulate=False, choices=choices, output=output)
    notice = engines[0].instrument.notice
    assert (tmp_path / SOUND_AGAIN_FILE).exists() == is_service
    assert watched == (["Simulated synthesizer"] if is_service else [])
    assert (notice is not None and notice.sentence == "No sound") == is_service
