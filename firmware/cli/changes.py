"""A composition's difference from its melody, in numbers."""

from firmware.library.records import CompositionRecord
from firmware.music.notes import changes


def count_changes(record: CompositionRecord) -> dict[str, int]:
    """How many notes of the melody were kept and removed, and how many are new."""
    difference = changes(record.melody, record.composition)
    return {
        "kept": len(difference.kept),
        "added": len(difference.added),
        "removed": len(difference.removed),
    }
