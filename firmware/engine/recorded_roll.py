"""A recording as the piano roll shows it: page by page, each note looked at once."""

from firmware.engine.recorder import Recorder
from firmware.music.notes import Note
from firmware.panel.canvas import RollNote


def roll_note(note: Note, *, is_players: bool) -> RollNote:
    """A note as the piano roll shows it."""
    return RollNote(
        start_ticks=note.start_ticks,
        end_ticks=note.end_ticks,
        pitch=note.pitch,
        is_players=is_players,
    )


class RecordedRoll:
    """One recording's.

    Args:
        recorder: The recording.
        page_ticks: How much is seen at once.

    Attributes:
        recorder: As given.
        count: How many notes were looked at.
        pitches: The lowest and the highest of them, or None.
    """

    def __init__(self, recorder: Recorder, *, page_ticks: int) -> None:
        self.recorder = recorder
        self._page_ticks = page_ticks
        self._pages: dict[int, list[RollNote]] = {}
        self.count = 0
        self.pitches: tuple[int, int] | None = None

    def page(self, number: int) -> tuple[RollNote, ...]:
        """The notes that are seen on a page, from 0, with what was played since the last look."""
        for note in self.recorder.notes_from(self.count):
            self._take(note)
        return tuple(self._pages.get(number, ()))

    def _take(self, note: Note) -> None:
        self.count += 1
        low, high = self.pitches or (note.pitch, note.pitch)
        self.pitches = (min(low, note.pitch), max(high, note.pitch))
        seen = roll_note(note, is_players=True)
        first, last = note.start_ticks // self._page_ticks, note.end_ticks - 1
        for number in range(first, last // self._page_ticks + 1):
            self._pages.setdefault(number, []).append(seen)
