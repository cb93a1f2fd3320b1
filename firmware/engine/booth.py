"""Recording: the count-in, the metronome and the recorder, from the first click to the melody."""

from collections.abc import Callable

from firmware.engine.metronome import Metronome
from firmware.engine.recorder import Recorder
from firmware.midi.messages import MidiMessage
from firmware.music.notes import Melody
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks


class Booth:
    """At most one recording at a time.

    Args:
        send: Where the clicks go; must not block.
        count_in_bars: Bars of clicks before a recording.
        is_metronome_on: Whether it clicks in the recording as well.

    Attributes:
        count_in_bars: As given.
        recorder: The recording from its count-in on, or None.
        metronome: Clicks.
        is_metronome_on: As given, or as it was set since.
        began_ns: When the count-in began.
        beats: How many beats it has.
        ends_ns: When it ends.
    """

    def __init__(
        self, send: Callable[[MidiMessage], None], *, count_in_bars: int, is_metronome_on: bool
    ) -> None:
        self.count_in_bars = count_in_bars
        self.recorder: Recorder | None = None
        self.metronome = Metronome(send)
        self.is_metronome_on = is_metronome_on
        self.began_ns = 0
        self.beats = 0
        self.ends_ns = 0

    def count_in(self, now_ns: int, *, tempo_bpm: float, beats_per_bar: int) -> None:
        """Begin to count, and to record what comes a little early."""
        self.beats = self.count_in_bars * beats_per_bar
        self.began_ns = now_ns
        self.ends_ns = now_ns + nanoseconds_of_ticks(self.beats * TICKS_PER_BEAT, tempo_bpm)
        self.recorder = Recorder(
            origin_ns=self.ends_ns, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar
        )
        if self.beats or self.is_metronome_on:
            self.metronome.start(now_ns, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar)

    def record(self) -> None:
        """The count-in is over."""
        if not self.is_metronome_on:
            self.metronome.stop()

    def abandon(self) -> None:
        """Leave off, and keep nothing."""
        self.metronome.stop()
        self.recorder = None

    def finish(self, now_ns: int, *, name: str) -> Melody | None:
        """End the recording; None if nothing was played."""
        self.metronome.stop()
        recorder, self.recorder = self.recorder, None
        assert recorder is not None
        return recorder.finish(now_ns, name=name)
