"""What is connected, and whether the keyboard is heard."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import SetThru
from firmware.panel.overview import Overview
from firmware.panel.pages.listing import ListPage, Row, switch


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiPage(ListPage):
    """Ports and thru."""

    def title(self, overview: Overview) -> str:
        """What it is about."""
        del overview
        return "MIDI"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What is there, then what can be changed, then what is so."""
        midi = overview.midi
        keyboards = [Row(label="Keyboard", value=name) for name in midi.keyboards]
        return (
            *(keyboards or [Row(label="Keyboard", value="none")]),
            Row(label="Synthesizer", value=midi.synthesizer or "none"),
            switch("Thru", lambda on: SetThru(is_on=on), is_on=midi.is_thru_on),
            Row(label="Keyboard's channel", value=str(midi.keyboard_channel)),
            *(Row(label="Knobs known", value=name) for name in midi.control_maps),
        )
