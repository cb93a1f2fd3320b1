"""How it sounds: volume, the keyboard's instrument, the metronome and the bar that it counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.midi.general_midi import INSTRUMENTS
from firmware.panel.commands import SetInstrument, SetMetronome, SetTime, SetVolume
from firmware.panel.overview import Overview
from firmware.panel.pages.listen import turned_program
from firmware.panel.pages.listing import ListPage, Row, switch
from firmware.panel.settings import MAX_BEATS_PER_BAR, Settings

_VOLUME_STEP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundPage(ListPage):
    """See the module."""

    def title(self, overview: Overview) -> str:
        """What it is about."""
        del overview
        return "Sound"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """All of it can be changed."""
        sound, settings = overview.sound, overview.settings
        return (
            Row(
                label="Volume",
                value=f"{sound.volume}%",
                turned=lambda clicks: SetVolume(
                    min(max(sound.volume + clicks * _VOLUME_STEP, 0), 100)
                ),
            ),
            Row(
                label="Keyboard",
                value=INSTRUMENTS[sound.program],
                turned=lambda clicks: SetInstrument(turned_program(sound.program, clicks)),
            ),
            switch("Metronome", lambda on: SetMetronome(is_on=on), is_on=sound.is_metronome_on),
            Row(
                label="Beats in a bar",
                value=str(settings.beats_per_bar),
                turned=lambda clicks: _turn_beats(settings, clicks),
            ),
        )


def _turn_beats(settings: Settings, clicks: int) -> SetTime:
    beats = min(max(settings.beats_per_bar + clicks, 1), MAX_BEATS_PER_BAR)
    return SetTime(tempo_bpm=settings.tempo_bpm, beats_per_bar=beats)
