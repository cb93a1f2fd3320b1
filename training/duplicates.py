"""Which pieces are versions of one another: they must stay on one side of a split.

Two pieces are near-duplicates where their highest lines share many runs of intervals: that
survives transposition, another edition's note values and another arranger's accompaniment.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Final

from firmware.music.tokens import GridNote

_RUN: Final = 10
_COMMON: Final = 12
_SHARED_RUNS: Final = 10
_SHARED_PERCENT: Final = 12


def groups_of_versions(lines: Mapping[str, Sequence[GridNote]]) -> dict[str, str]:
    """Put pieces into groups of versions.

    Args:
        lines: The highest line of each piece, by its name.

    Returns:
        The name of its group for each piece: the first name in it.
    """
    runs = {name: interval_runs(line) for name, line in lines.items()}
    holders: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, own in runs.items():
        for run in own:
            holders[run].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        # A run that many pieces have is a scale or a trill, no theme.
        if 1 < len(names) <= _COMMON:
            shared.update(combinations(names, 2))
    parent = {name: name for name in lines}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name] = parent[parent[name]]
        return name

    for (first, second), count in shared.items():
        smaller = min(len(runs[first]), len(runs[second]))
        if count >= _SHARED_RUNS and 100 * count >= _SHARED_PERCENT * smaller:
            low, high = sorted((root(first), root(second)))
            parent[high] = low
    return {name: root(name) for name in lines}


def interval_runs(line: Sequence[GridNote]) -> frozenset[tuple[int, ...]]:
    """All runs of intervals of a line that have at least four different ones."""
    pitches = [note.pitch for note in line]
    intervals = [b - a for a, b in pairwise(pitches)]
    runs = (tuple(intervals[at : at + _RUN]) for at in range(len(intervals) - _RUN + 1))
    return frozenset(run for run in runs if len(set(run)) >= 4)
