"""What a player may do to a melody before generating: rhythm assist, transpose, trim."""

from collections.abc import Iterable
from dataclasses import replace

from firmware.errors import MusicError
from firmware.music.notes import MAX_PITCH, Melody, Note
from firmware.music.timing import divide_rounded, ticks_per_step


def rhythm_assist(melody: Melody, *, beat_resolution: int = 4, strength: float = 1.0) -> Melody:
    """Pull starts and ends of notes towards the grid.

    Args:
        melody: What was played.
        beat_resolution: Grid lines a quarter note.
        strength: 0.0 changes nothing, 1.0 puts every note on the grid.

    Returns:
        The melody, every note at least one tick (at full strength: one time step) long.

    Raises:
        MusicError: If strength is outside of 0..1.
    """
    if not 0.0 <= strength <= 1.0:
        raise MusicError(f"strength must be in 0..1, got {strength:g}")
    step = ticks_per_step(beat_resolution)
    permille = divide_rounded(int(strength * 1_000_000), 1000)

    def pull(tick: int, target: int) -> int:
        return tick + divide_rounded((target - tick) * permille, 1000)

    moved: list[Note] = []
    for note in melody.notes:
        start_line = divide_rounded(note.start_ticks, step) * step
        end_line = max(divide_rounded(note.end_ticks, step) * step, start_line + step)
        start = pull(note.start_ticks, start_line)
        end = pull(note.end_ticks, end_line)
        moved.append(replace(note, start_ticks=start, duration_ticks=max(end - start, 1)))
    return melody.with_notes(moved)


def transpose(melody: Melody, semitones: int) -> Melody:
    """Shift every pitch, refusing to lose a note.

    Raises:
        MusicError: If a note would leave the MIDI range.
    """
    pitches = [note.pitch for note in melody.notes]
    if pitches and not 0 <= min(pitches) + semitones <= max(pitches) + semitones <= MAX_PITCH:
        raise MusicError(
            f"a pitch shift of {semitones:+d} would move a note out of 0..{MAX_PITCH}",
            remedy="choose a smaller shift",
        )
    return melody.with_notes(replace(n, pitch=n.pitch + semitones) for n in melody.notes)


def trim(melody: Melody, *, start_ticks: int, end_ticks: int) -> Melody:
    """Keep what sounds in a span, cut at its borders and moved to the beginning.

    Raises:
        MusicError: If the span is empty.
    """
    if not 0 <= start_ticks < end_ticks:
        raise MusicError(f"a trim must end after it starts, got {start_ticks}..{end_ticks}")
    kept: list[Note] = []
    for note in melody.notes:
        start = max(note.start_ticks, start_ticks)
        end = min(note.end_ticks, end_ticks)
        if start < end:
            kept.append(replace(note, start_ticks=start - start_ticks, duration_ticks=end - start))
    return melody.with_notes(kept)


def windows(total_steps: int, *, window_steps: int, overlap_steps: int) -> Iterable[range]:
    """Cut a piece of any length into windows that overlap.

    Args:
        total_steps: Length of the piece, 0 or more.
        window_steps: Length of every window but a shorter only one.
        overlap_steps: How much two neighbours share, at least; less than window_steps.

    Yields:
        Ranges of time steps that cover the piece; the last one ends where it ends.
    """
    if not 0 <= overlap_steps < window_steps:
        raise ValueError(f"overlap_steps must be in 0..{window_steps - 1}, got {overlap_steps}")
    hop = window_steps - overlap_steps
    start = 0
    while start + window_steps < total_steps:
        yield range(start, start + window_steps)
        start += hop
    if total_steps:
        yield range(max(min(start, total_steps - window_steps), 0), total_steps)
