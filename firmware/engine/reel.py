"""What was played becomes a take: recorded, or kept after the fact."""

from collections.abc import Callable

from firmware.engine.booth import Booth
from firmware.engine.recorder import Capture
from firmware.engine.takes import Take, Takes
from firmware.errors import EngineStateError
from firmware.midi.messages import MidiMessage
from firmware.panel.settings import Settings
from firmware.panel.states import State


class Reel:
    """Hears every key.

    Args:
        booth: Records.
        capture: Remembers the last minutes.
        takes: Where the melodies go.
        settings: What is set.
        name_take: What the next melody is called.
        tell: Tells the player: a sentence, and what helps.
    """

    def __init__(
        self,
        booth: Booth,
        capture: Capture,
        takes: Takes,
        *,
        settings: Callable[[], Settings],
        name_take: Callable[[], str],
        tell: Callable[[str, str, int], None],
    ) -> None:
        self._booth = booth
        self._capture = capture
        self._takes = takes
        self._settings = settings
        self._name_take = name_take
        self._tell = tell

    def feed(self, message: MidiMessage, at_ns: int, keyboard: int) -> None:
        """Take what was played: it is captured, and recorded if that is wanted."""
        self._capture.feed(message, at_ns, keyboard)
        if self._booth.recorder is not None:
            self._booth.recorder.feed(message, at_ns, keyboard)

    def release(self, now_ns: int, keyboard: int | None) -> None:
        """End every note of a keyboard, since it no longer can; None for all keyboards."""
        self._capture.release(now_ns, keyboard)
        if self._booth.recorder is not None:
            self._booth.recorder.release(now_ns, keyboard)

    def count_in(self, now_ns: int) -> None:
        """Begin to record, after a count-in."""
        settings = self._settings()
        self._booth.count_in(
            now_ns, tempo_bpm=settings.tempo_bpm, beats_per_bar=settings.beats_per_bar
        )

    def keep(self, now_ns: int) -> State | None:
        """End the recording, and keep its melody; the state to fall back to if there is none."""
        melody = self._booth.finish(now_ns, name=self._name_take())
        if melody is None:
            self._tell("nothing was played", "press record and play again", now_ns)
            return State.IDLE
        self._takes.add(Take(melody=melody))
        return None

    def keep_captured(self, now_ns: int) -> None:
        """Keep what was just played.

        Raises:
            EngineStateError: If nothing was.
        """
        settings = self._settings()
        melody = self._capture.phrase(
            now_ns,
            tempo_bpm=settings.tempo_bpm,
            beats_per_bar=settings.beats_per_bar,
            name=self._name_take(),
        )
        if melody is None:
            raise EngineStateError("nothing was played lately", remedy="play, then press keep")
        self._takes.add(Take(melody=melody))
