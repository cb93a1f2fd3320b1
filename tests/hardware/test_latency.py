"""Strikes and sounds are found in a recording, to a fraction of a millisecond."""

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.errors import ContinuoError
from hardware.latency import FEWEST_STRIKES, LIMIT_MS, latency, main

HERTZ = 48_000


def recording(
    delays_ms: list[float], *, silent: tuple[int, ...] = (), noise: float = 20.0
) -> NDArray[np.float64]:
    """A strike every half second, each with its sound after so many milliseconds."""
    samples = np.random.default_rng(1).normal(0, noise, ((len(delays_ms) + 1) * HERTZ // 2, 2))
    time = np.arange(HERTZ // 10)
    for number, delay_ms in enumerate(delays_ms):
        strike = HERTZ // 4 + number * HERTZ // 2
        sound = strike + round(delay_ms * HERTZ / 1000)
        samples[strike : strike + len(time), 0] += 9000 * np.exp(-time / 900) * np.cos(time / 9)
        if number not in silent:
            ringing = 12_000 * np.exp(-time / 1500) * np.cos(time / 20)
            samples[sound : sound + len(time), 1] += ringing
    return samples + 300  # a converter's offset


def write(path: Path, samples: NDArray[np.float64], *, channels: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(HERTZ)
        file.writeframes(samples[:, :channels].astype("<i2").tobytes())
    return path


def test_each_delay_is_found() -> None:
    delays = [5 + number / 4 for number in range(24)]
    found = latency(recording(delays), HERTZ)
    assert found.delays_ms == pytest.approx(delays, abs=0.05)
    assert found.missing == 0


def test_a_strike_without_a_sound_is_missed_and_takes_no_other_ones() -> None:
    found = latency(recording([8.0] * 24, silent=(3, 23)), HERTZ)
    assert found.missing == 2
    assert not found.is_good
    assert found.delays_ms == pytest.approx([8.0] * 22, abs=0.05)


def test_one_slow_strike_in_twenty_is_a_slipped_finger_and_two_are_not() -> None:
    assert latency(recording([8.0] * 19 + [20.0]), HERTZ).is_good
    assert not latency(recording([8.0] * 18 + [20.0] * 2), HERTZ).is_good


def test_too_few_strikes_tell_nothing() -> None:
    with pytest.raises(ContinuoError, match=rf"only 3 strikes.*strike {FEWEST_STRIKES} times"):
        latency(recording([8.0] * 3), HERTZ)
    with pytest.raises(ContinuoError, match="only 0 strikes"):
        latency(np.zeros((HERTZ, 2)), HERTZ)


def test_the_command_says_figures_and_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write(tmp_path / "good.wav", recording([8.0] * 24)))]) == 0
    assert capsys.readouterr().out == (
        "24 strikes: median 8.0 ms, 95% within 8.0 ms, largest 8.0 ms\n"
        f"good: {LIMIT_MS:g} ms is to beat\n"
    )
    assert main([str(write(tmp_path / "slow.wav", recording([15.0] * 24, silent=(1,))))]) == 1
    out = capsys.readouterr().out
    assert "1 strikes without a sound" in out
    assert "too slow" in out


def test_what_is_no_recording_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.wav").write_text("la la la")
    mono = write(tmp_path / "mono.wav", recording([8.0] * 24), channels=1)
    for path, said in (
        (tmp_path / "none.wav", "is no recording"),
        (tmp_path / "text.wav", "is no recording"),
        (mono, "has 1 channels of 16 bit at 48000 Hz (record two"),
    ):
        assert main([str(path)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
