"""Compositions become sound: with FluidSynth where it is, and without any system library."""

import resource
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.devices import audio
from firmware.devices.audio import PEAK, RENDERERS, SAMPLE_RATE, find_renderer, render
from firmware.errors import DeviceError
from firmware.music.notes import Composition, Note, Track

ROOT = Path(__file__).parents[2]

# Two seconds: an A, then silence, then a loud chord.
A4 = Note(start_ticks=0, pitch=69, duration_ticks=480, velocity=115)
CHORD = tuple(
    Note(start_ticks=1440, pitch=pitch, duration_ticks=480, velocity=120)
    for pitch in (40, 47, 52, 59, 64, 71, 76)
)
MUSIC = Composition(
    tracks=(
        Track(name="organ", notes=(A4, *CHORD), program=19),
        Track(name="strings", notes=CHORD, program=48),
    ),
    tempo_bpm=120.0,
)


@pytest.fixture(params=list(RENDERERS))
def renderer(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if RENDERERS[name]() is None:
        pytest.skip(f"{name} with a soundfont is not installed on this machine")
    return name


def samples(path: Path) -> NDArray[np.float64]:
    """(frames, 2), -1..1, once the file is seen to be 16-bit stereo at 44.1 kHz."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
        raw = file.readframes(file.getnframes())
    return np.frombuffer(raw, dtype="<i2").reshape(-1, 2) / 32768.0


def loudness(part: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(part**2)))


def test_notes_sound_when_they_should_and_nothing_clips(renderer: str, tmp_path: Path) -> None:
    """The note sounds, the pause is quiet, the chord is loud, and its peak is where it belongs."""
    path = tmp_path / "x.wav"
    render(MUSIC, path, renderer=renderer)
    sound = samples(path)
    assert len(sound) >= 2 * SAMPLE_RATE
    note, pause, chord = (
        sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        for start, end in ((0.1, 0.4), (1.2, 1.4), (1.6, 1.9))
    )
    assert loudness(note) > 0.01
    assert loudness(pause) < loudness(note) / 4
    assert loudness(chord) > loudness(note)
    assert abs(float(np.abs(sound).max()) - PEAK) < 0.001
    assert float(np.mean(np.abs(sound) > 0.995 * PEAK)) < 0.001  # no flat tops below it either


def test_the_note_has_its_pitch(renderer: str, tmp_path: Path) -> None:
    """The A's strongest partials are multiples of 440 Hz (an organ has several)."""
    path = tmp_path / "x.wav"
    render(
        Composition(tracks=(Track(name="flute", notes=(A4,), program=73),)), path, renderer=renderer
    )
    sound = samples(path)[4410:22050].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    strongest = float(np.argmax(spectrum)) * SAMPLE_RATE / len(sound)
    assert min(abs(strongest - 440 * k) for k in (1, 2, 3, 4)) < 6


def test_it_says_in_one_line_what_made_the_sound(renderer: str, tmp_path: Path) -> None:
    line = render(MUSIC, tmp_path / "x.wav", renderer=renderer)
    assert line.startswith(f"sound by {renderer}")
    assert ".sf" in line
    assert "\n" not in line


def test_sound_needs_no_system_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without FluidSynth and without soundfonts of the system, the packages' own are used."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(audio, "SOUNDFONT_FOLDERS", ())
    line = render(MUSIC, tmp_path / "x.wav")
    assert line == "sound by symusic 0.5.9 with TimGM6mb.sf2"
    assert loudness(samples(tmp_path / "x.wav")) > 0.01


def test_fluidsynth_comes_first_where_the_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "FluidR3_GM.sf2").write_bytes(b"")
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/fluidsynth")
    monkeypatch.setattr(audio, "SOUNDFONT_FOLDERS", (str(tmp_path),))
    assert find_renderer().description == "fluidsynth with FluidR3_GM.sf2"


def test_silence_stays_silence(renderer: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    render(Composition(tracks=()), path, renderer=renderer)
    assert not samples(path).any()


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(DeviceError) as caught:
        make()
    return str(caught.value)


def test_what_cannot_be_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "no" / "x.wav"
    assert "was not written" in refusal(lambda: render(MUSIC, missing))
    assert "no renderer 'timidity'" in refusal(lambda: find_renderer("timidity"))
    endless = Track(name="x", notes=(Note(start_ticks=0, pitch=60, duration_ticks=10**8),))
    long = Composition(tracks=(endless,))
    assert "at most 60" in refusal(lambda: render(long, tmp_path / "x.wav"))
    monkeypatch.setattr(audio, "RENDERERS", {"fluidsynth": lambda: None})
    assert "not installed" in refusal(lambda: render(MUSIC, tmp_path / "x.wav"))
    assert list(tmp_path.iterdir()) == []


def fluidsynth_that(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few lines of shell pass for the program; `$target` is what it should write to."""
    program = tmp_path / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != -F ]; do shift; done\ntarget="$2"\n{does}\n')
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(program))


def test_a_fluidsynth_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fluidsynth_that("echo warning >&2; echo no such soundfont >&2; exit 1", tmp_path, monkeypatch)
    said = refusal(lambda: render(MUSIC, tmp_path / "x.wav", renderer="fluidsynth"))
    assert said == "fluidsynth did not render: no such soundfont"
    assert not (tmp_path / "x.wav").exists()


def test_a_fluidsynth_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "STALL_S", 0.3)
    fluidsynth_that("exec sleep 600", tmp_path, monkeypatch)
    said = refusal(lambda: render(MUSIC, tmp_path / "x.wav", renderer="fluidsynth"))
    assert said == "fluidsynth did not render: it made no sound for 0.3 seconds"


def test_half_a_frame_at_the_end_is_no_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fluidsynth_that('printf 12345678abc >"$target"', tmp_path, monkeypatch)
    render(MUSIC, tmp_path / "x.wav", renderer="fluidsynth")
    assert len(samples(tmp_path / "x.wav")) == 1


# Four minutes: a note every other second, each of them ringing across the seams, and a long one.
LONG = Composition(
    tracks=(
        Track(
            name="organ",
            notes=tuple(
                Note(start_ticks=1920 * i, pitch=60 + i % 12, duration_ticks=3000)
                for i in range(120)
            ),
            program=19,
        ),
        Track(name="drone", notes=(Note(start_ticks=0, pitch=36, duration_ticks=200_000),)),
        Track(name="nothing", notes=()),
    ),
    tempo_bpm=120.0,
)


def test_a_piece_that_is_played_in_parts_sounds_like_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is cut off or missing at the seams: the difference is below hearing."""
    render(LONG, tmp_path / "parts.wav", renderer="symusic")
    monkeypatch.setattr(audio, "_PIECE_S", 3600)
    render(LONG, tmp_path / "whole.wav", renderer="symusic")
    parts, whole = samples(tmp_path / "parts.wav"), samples(tmp_path / "whole.wav")
    assert abs(len(parts) - len(whole)) <= 2
    frames = min(len(parts), len(whole))
    assert loudness(parts[:frames] - whole[:frames]) < loudness(whole) / 100


def test_how_far_it_is_grows_to_the_end(renderer: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    render(
        LONG,
        tmp_path / "x.wav",
        renderer=renderer,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert {total for _, total in told} == {(119 * 1920 + 3000) * SAMPLE_RATE // 960}


def test_a_long_piece_takes_little_memory(tmp_path: Path) -> None:
    """Ten minutes are 212 megabytes of floats; in a process of its own, to see its peak."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from firmware.devices.audio import render\n"
        "from firmware.music.notes import Composition, Note, Track\n"
        "notes = tuple(Note(start_ticks=960 * i, pitch=60, duration_ticks=900)\n"
        "              for i in range(int(sys.argv[2])))\n"
        "music = Composition(tracks=(Track(name='x', notes=notes),), tempo_bpm=120.0)\n"
        "render(music, Path(sys.argv[1]), renderer='symusic')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak_kilobytes(notes: int) -> int:
        command = [sys.executable, "-c", script, str(tmp_path / "x.wav"), str(notes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        return int(done.stdout)

    assert peak_kilobytes(600) - peak_kilobytes(30) < 60_000


def test_a_full_disk_is_one_sentence_and_leaves_nothing(renderer: str, tmp_path: Path) -> None:
    """The kernel refuses to let the file of samples, or the sound itself, grow."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        said = refusal(lambda: render(MUSIC, tmp_path / "x.wav", renderer=renderer))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert said
    assert list(tmp_path.iterdir()) == []
