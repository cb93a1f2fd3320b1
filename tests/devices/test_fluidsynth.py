"""Sound by a FluidSynth of our own."""

import shutil
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from firmware.devices.audio import RENDERERS
from firmware.devices.fluidsynth import FluidSynthesizer, command
from firmware.errors import DeviceError
from firmware.midi.messages import (
    ChannelPressure,
    ControlChange,
    MidiMessage,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)

PATIENCE_S = 30.0


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (NoteOn(pitch=60, velocity=80, channel=9), "noteon 9 60 80"),
        (NoteOff(pitch=60, channel=1), "noteoff 1 60"),
        (ControlChange(control=120, value=0, channel=15), "cc 15 120 0"),
        (ProgramChange(program=48, channel=2), "prog 2 48"),
        (PitchBend(bend=-8192, channel=0), "pitch_bend 0 0"),
        (PitchBend(bend=0, channel=0), "pitch_bend 0 8192"),
        (ChannelPressure(pressure=1, channel=0), None),
    ],
)
def test_messages_in_the_words_of_its_shell(message: MidiMessage, line: str | None) -> None:
    assert command(message) == line


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for another process, with patience."""
    end = monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < end
        sleep(0.02)


def program(folder: Path, script: str) -> str:
    """A synthesizer of our making."""
    path = folder / "synthesizer"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
    path.chmod(0o755)
    return str(path)


PLAYS = """
print("Type 'help'\\n> ", end="", flush=True)
with open(sys.argv[0] + ".heard", "w") as heard:
    for line in sys.stdin:
        heard.write(line)
        heard.flush()
        print("> ", end="", flush=True)
        if line in ("quit\\n", "noteon 0 1 1\\n"):
            break
"""


def test_it_is_told_what_to_play_and_ends(tmp_path: Path) -> None:
    synthesizer = FluidSynthesizer(program(tmp_path, PLAYS), Path("piano.sf2"))
    assert synthesizer.name == "FluidSynth with piano.sf2"
    synthesizer.send(NoteOn(pitch=60, velocity=80))
    synthesizer.close()
    assert (tmp_path / "synthesizer.heard").read_text() == "noteon 0 60 80\nquit\n"
    assert synthesizer.name is None


def test_one_that_dies_is_told_once(tmp_path: Path) -> None:
    synthesizer = FluidSynthesizer(program(tmp_path, PLAYS), Path("piano.sf2"))
    changes: list[bool] = []
    synthesizer.open(lambda: changes.append(True))
    assert synthesizer.poll() is None
    synthesizer.send(NoteOn(pitch=1, velocity=1))
    wait_until(lambda: bool(changes))
    change = synthesizer.poll()
    assert change is not None
    assert not change.is_there
    assert synthesizer.poll() is None
    synthesizer.send(NoteOn(pitch=60, velocity=1))
    synthesizer.close()


def test_one_that_takes_no_notes_is_an_error_and_holds_nothing_up(tmp_path: Path) -> None:
    hung = program(tmp_path, 'print("> ", end="", flush=True)\ntime.sleep(60)')
    synthesizer = FluidSynthesizer(hung, Path("piano.sf2"))

    def play() -> None:
        for _ in range(100_000):
            synthesizer.send(NoteOn(pitch=60, velocity=80))

    with pytest.raises(DeviceError, match="does not answer"):
        play()
    synthesizer.close()


@pytest.mark.parametrize(
    "script",
    [
        "sys.exit('Failed to create the audio driver. Giving up.')",
        "print('Failed to create the audio driver\\n> ', end='', flush=True)\nsys.stdin.read()",
    ],
    ids=["gives up", "goes on without sound"],
)
def test_without_a_sound_device_it_says_so(tmp_path: Path, script: str) -> None:
    with pytest.raises(DeviceError, match=r"no sound device .*create the audio driver"):
        FluidSynthesizer(program(tmp_path, script), Path("piano.sf2"))


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="fluidsynth is not installed")
def test_the_real_one_sounds(tmp_path: Path) -> None:
    renderer = RENDERERS["fluidsynth"]()
    assert renderer is not None
    target = tmp_path / "sound.wav"
    options = ["-a", "file", "-o", f"audio.file.name={target}", "-o", "audio.file.type=wav"]
    options += ["-o", "audio.file.format=s16"]
    synthesizer = FluidSynthesizer(shutil.which("fluidsynth") or "", renderer.soundfont, options)
    synthesizer.send(NoteOn(pitch=60, velocity=100))
    wait_until(lambda: target.stat().st_size > 100_000)
    synthesizer.close()
    with wave.open(str(target)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    assert abs(samples.astype(int)).max() > 100
