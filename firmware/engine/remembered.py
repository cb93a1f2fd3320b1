"""From the instrument to what is remembered of it, and back."""

from dataclasses import dataclass, replace

from firmware.engine.clocks import Clocks
from firmware.engine.instrument import Instrument
from firmware.engine.keyboards import Keyboards
from firmware.engine.memory import Memory, Piece, Pieces
from firmware.engine.panel_control import PanelControl
from firmware.engine.recorder import phrase_of
from firmware.engine.sound import Sound
from firmware.engine.takes import Take
from firmware.midi.pairing import PairedNote
from firmware.music.notes import Melody, Note
from firmware.panel.bookmark import bookmark_of

PLAYING = "Played last"
"""What music is called that was played and not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What has anything to remember.

    Attributes:
        instrument: Settings, metronome, thru, mixer and takes.
        sound: Volume and program.
        keyboards: What controllers were taught.
        clocks: MIDI clock.
        panel: The page.
    """

    instrument: Instrument
    sound: Sound
    keyboards: Keyboards
    clocks: Clocks
    panel: PanelControl

    def memory(self) -> Memory:
        """What is set now."""
        instrument = self.instrument
        return Memory(
            settings=instrument.settings,
            volume=self.sound.volume,
            program=self.sound.program,
            is_metronome_on=instrument.booth.is_metronome_on,
            is_thru_on=instrument.thru.is_on,
            keyboard_channel=instrument.thru.channel,
            is_clock_out_on=self.clocks.is_out,
            is_clock_in_on=self.clocks.is_in,
            learned=self.keyboards.learned,
            mix=instrument.stage.mixer.tracks,
            bookmark=bookmark_of(self.panel.navigation),
        )

    def restore(self, memory: Memory, now_ns: int) -> None:
        """Set everything but the page as it was."""
        instrument, sound = self.instrument, self.sound
        installed = instrument.settings.installed
        instrument.settings = replace(memory.settings, installed=installed)
        instrument.booth.is_metronome_on = memory.is_metronome_on
        if instrument.thru.is_on != memory.is_thru_on:
            instrument.thru.switch(is_on=memory.is_thru_on)
        if instrument.thru.channel != memory.keyboard_channel:
            instrument.use_channel(memory.keyboard_channel, now_ns)
            sound.use(memory.keyboard_channel)
        self.clocks.switch(is_out=memory.is_clock_out_on, is_in=memory.is_clock_in_on)
        self.keyboards.restore(memory.learned)
        instrument.stage.mixer.restore(memory.mix)
        if sound.volume != memory.volume:
            sound.set_volume(memory.volume)
        if sound.program != memory.program:
            sound.set_program(memory.program)

    def music(self, now_ns: int) -> "Music":
        """The last music, gathered at once and made into melodies by whoever has the time."""
        recorder, settings = self.instrument.booth.recorder, self.instrument.settings
        capture = self.instrument.capture
        return Music(
            take=self.instrument.takes.current,
            recorded=recorder.notes if recorder else (),
            played=capture.played(now_ns),
            latest=capture.latest,
            tempo_bpm=recorder.tempo_bpm if recorder else settings.tempo_bpm,
            beats_per_bar=recorder.beats_per_bar if recorder else settings.beats_per_bar,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Music:
    """The last music, as it lies about.

    Attributes:
        take: The present take, or None.
        recorded: The notes of the recording at work.
        played: What was played lately.
        latest: The note that ended last, or None.
        tempo_bpm: Of the recording, or as it is set.
        beats_per_bar: Of the recording, or as it is set.
    """

    take: Take | None
    recorded: tuple[Note, ...]
    played: tuple[PairedNote, ...]
    latest: PairedNote | None
    tempo_bpm: float
    beats_per_bar: int

    def is_same(self, other: "Music | None") -> bool:
        """Whether there is nothing new, told without a look at every note."""
        return (
            other is not None
            and self.take is other.take
            and self.latest == other.latest
            and len(self.recorded) == len(other.recorded)
        )

    def pieces(self, *, with_playing: bool) -> Pieces:
        """The melodies.

        Args:
            with_playing: Whether what was played and not kept is wanted as well.
        """
        take = self.take
        kept = None
        if take is not None and take.melody.notes:
            kept = Piece(melody=take.melody, composition=take.saved_as)
        playing = self._playing() if with_playing else None
        return Pieces(take=kept, playing=None if playing is None else Piece(melody=playing))

    def _playing(self) -> Melody | None:
        tempo_bpm, beats = self.tempo_bpm, self.beats_per_bar
        if self.recorded:
            return Melody(
                notes=self.recorded, tempo_bpm=tempo_bpm, beats_per_bar=beats, name=PLAYING
            )
        return phrase_of(self.played, tempo_bpm=tempo_bpm, beats_per_bar=beats, name=PLAYING)
