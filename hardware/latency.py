"""`python -m hardware.latency RECORDING.wav`: from the key to the sound, out of a recording.

The recording is stereo: left what hears the finger (a piezo disc on the key), right the
instrument's own output. Both come through the same converter, so no clock of the Pi is believed.
How it is made: measuring.md, "Key to sound".
"""

import argparse
import statistics
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import ContinuoError

LIMIT_MS: Final = 12.0
SHARE: Final = 0.95
"""Of the strikes that must be within the limit: a finger may slip."""

FEWEST_STRIKES: Final = 20
QUIET_S: Final = 0.2
"""Between two strikes; what comes sooner is the same one, still swinging."""
LONGEST_S: Final = 0.15
"""A sound that comes later belongs to no strike."""
LEVEL: Final = 0.1
"""Of a channel's largest sample: what is louder has begun."""
LEAST_HERTZ: Final = 44_100


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What a recording shows.

    Attributes:
        delays_ms: From each strike to its sound.
        missing: Strikes without a sound.
    """

    delays_ms: tuple[float, ...]
    missing: int

    @property
    def is_good(self) -> bool:
        """Whether every strike sounds, and enough of them in time."""
        in_time = sum(delay <= LIMIT_MS for delay in self.delays_ms)
        return not self.missing and in_time >= SHARE * len(self.delays_ms)


def read_latency(path: Path) -> Latency:
    """Find the strikes and the sounds of a recording.

    Raises:
        ContinuoError: If it is no stereo recording of 16 bit, or has too few strikes.
    """
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth())
            hertz = file.getframerate()
            content = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it ends too soon"
        raise ContinuoError(f"{path} is no recording: {reason}", remedy="a WAV file") from error
    if form != (2, 2) or hertz < LEAST_HERTZ:
        raise ContinuoError(
            f"{path} has {form[0]} channels of {8 * form[1]} bit at {hertz} Hz",
            remedy=f"record two of 16 bit at {LEAST_HERTZ} Hz or more",
        )
    whole = len(content) // 4 * 4
    samples = np.frombuffer(content[:whole], dtype="<i2").reshape(-1, 2).astype(np.float64)
    return latency(samples, hertz)


def latency(samples: NDArray[np.float64], hertz: int) -> Latency:
    """From each strike to the sound that follows it.

    Args:
        samples: (frames, 2), left the finger, right the sound, of any scale.
        hertz: Frames a second.

    Raises:
        ContinuoError: If there are too few strikes.
    """
    strikes, sounds = (_onsets(samples[:, side], hertz) for side in (0, 1))
    if len(strikes) < FEWEST_STRIKES:
        raise ContinuoError(
            f"only {len(strikes)} strikes are heard on the left",
            remedy=f"strike {FEWEST_STRIKES} times or more, half a second apart, with the finger's "
            "sensor on the left channel",
        )
    delays = []
    for strike in strikes:
        following = sounds[np.searchsorted(sounds, strike) :]
        if len(following) and following[0] - strike <= LONGEST_S * hertz:
            delays.append(float(following[0] - strike) / hertz * 1000)
    return Latency(delays_ms=tuple(delays), missing=len(strikes) - len(delays))


def _onsets(channel: NDArray[np.float64], hertz: int) -> NDArray[np.int64]:
    """Where it becomes loud after a silence: frames."""
    loud = np.abs(channel - np.median(channel))
    frames = np.flatnonzero(loud > LEVEL * loud.max(initial=0.0))
    is_first = np.diff(frames, prepend=-hertz) > QUIET_S * hertz
    return frames[is_first]


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what a recording shows; 1 if it is too slow, 2 if it cannot be told."""
    parser = argparse.ArgumentParser(prog="python -m hardware.latency", description=__doc__)
    parser.add_argument("recording", type=Path)
    options = parser.parse_args(arguments)
    try:
        found = read_latency(options.recording)
    except ContinuoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if found.delays_ms:
        share = np.percentile(found.delays_ms, 100 * SHARE, method="higher")
        sys.stdout.write(
            f"{len(found.delays_ms)} strikes: median {statistics.median(found.delays_ms):.1f} ms, "
            f"{SHARE:.0%} within {share:.1f} ms, largest {max(found.delays_ms):.1f} ms\n"
        )
    if found.missing:
        sys.stdout.write(f"{found.missing} strikes without a sound\n")
    sys.stdout.write(f"{'good' if found.is_good else 'too slow'}: {LIMIT_MS:g} ms is to beat\n")
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
