"""The root: what is set, what it would be done to, how much sounds, and the way to all else."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import Command, SetParameter, SetTime
from firmware.panel.overview import Overview
from firmware.panel.pages.compositions import CompositionsPage
from firmware.panel.pages.listen import ListenPage
from firmware.panel.pages.listing import ListPage, Row, opening
from firmware.panel.pages.melodies import MelodiesPage
from firmware.panel.pages.midi import MidiPage
from firmware.panel.pages.models import ModelsPage, missing_page
from firmware.panel.pages.parameters import ParametersPage
from firmware.panel.pages.sound import SoundPage
from firmware.panel.pages.sticks import stick_row
from firmware.panel.pages.system import SystemPage
from firmware.panel.settings import TECHNIQUE, Settings, change_tempo


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(ListPage):
    """Where back leads to in the end."""

    def title(self, overview: Overview) -> str:
        """The technique."""
        return str(overview.settings.value(TECHNIQUE.key))

    def level(self, overview: Overview) -> int:
        """How much sounds."""
        return overview.level

    def note(self, overview: Overview) -> tuple[str, str]:
        """The take, or how to come by one."""
        take = overview.take
        return (take.name, take.what) if take else ("press record and play", "")

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What is changed most, then all other pages."""
        settings, missing = overview.settings, overview.no_model
        no_model = (opening("No model for it", missing_page(missing)),) if missing else ()
        has_takes = overview.take is not None or overview.can_restore_take
        listen = (opening("Listen", ListenPage()),) if has_takes else ()
        return (
            Row(
                label=TECHNIQUE.label,
                value=str(settings.value(TECHNIQUE.key)),
                turned=lambda clicks: _turn_technique(settings, clicks),
            ),
            *no_model,
            *(stick_row(stick) for stick in overview.sticks),
            opening("Parameters", ParametersPage()),
            Row(
                label="Tempo",
                value=f"{settings.tempo_bpm:g} bpm",
                turned=lambda clicks: turn_tempo(settings, clicks),
            ),
            *listen,
            opening("Melodies", MelodiesPage()),
            opening("Compositions", CompositionsPage()),
            opening("Sound", SoundPage()),
            opening("MIDI", MidiPage()),
            opening("Models", ModelsPage()),
            opening("System", SystemPage()),
        )


def turn_tempo(settings: Settings, clicks: int) -> Command:
    """Change the tempo by clicks."""
    changed = change_tempo(settings, clicks)
    return SetTime(tempo_bpm=changed.tempo_bpm, beats_per_bar=settings.beats_per_bar)


def _turn_technique(settings: Settings, clicks: int) -> Command:
    value = TECHNIQUE.turned(settings.value(TECHNIQUE.key), clicks)
    return SetParameter(TECHNIQUE.key, value)
