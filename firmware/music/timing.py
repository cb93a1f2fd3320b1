"""Integer musical time and the one rounding rule.

Musical time is counted in ticks, `TICKS_PER_BEAT` to the quarter note. Models
see *time steps*, a whole fraction of a beat. Seconds exist only at the edges.
Whatever has to be rounded anywhere goes through `divide_rounded`: halves go up.
"""

TICKS_PER_BEAT = 480
NANOSECONDS_PER_MINUTE = 60_000_000_000
MIN_TEMPO_BPM = 40.0
MAX_TEMPO_BPM = 220.0


def divide_rounded(numerator: int, denominator: int) -> int:
    """Divide two integers to the nearest integer, halves towards plus infinity.

    Python's `round` sends halves to the even neighbour, which makes every second
    off-beat note fall the other way.

    Args:
        numerator: Any integer.
        denominator: A positive integer.

    Returns:
        floor(numerator / denominator + 1/2).
    """
    return (2 * numerator + denominator) // (2 * denominator)


def ticks_per_step(beat_resolution: int) -> int:
    """Length of a time step in ticks, for `beat_resolution` steps a quarter note.

    Raises:
        ValueError: If a time step would not be a whole number of ticks.
    """
    if beat_resolution < 1 or TICKS_PER_BEAT % beat_resolution:
        raise ValueError(f"beat_resolution must divide {TICKS_PER_BEAT}, got {beat_resolution}")
    return TICKS_PER_BEAT // beat_resolution


def step_of_tick(tick: int, beat_resolution: int) -> int:
    """The time step nearest to a tick."""
    return divide_rounded(tick, ticks_per_step(beat_resolution))


def tick_of_step(step: int, beat_resolution: int) -> int:
    """The tick at which a time step begins."""
    return step * ticks_per_step(beat_resolution)


def ticks_of_nanoseconds(duration_ns: int, tempo_bpm: float) -> int:
    """Musical length of a span of real time at a tempo."""
    # The tempo is taken to the nearest thousandth of a beat a minute, so that the
    # division stays in integers and long recordings do not drift.
    millibpm = round(tempo_bpm * 1000)
    return divide_rounded(duration_ns * millibpm * TICKS_PER_BEAT, NANOSECONDS_PER_MINUTE * 1000)


def nanoseconds_of_ticks(ticks: int, tempo_bpm: float) -> int:
    """Real length of a span of musical time at a tempo."""
    millibpm = round(tempo_bpm * 1000)
    return divide_rounded(ticks * NANOSECONDS_PER_MINUTE * 1000, millibpm * TICKS_PER_BEAT)
