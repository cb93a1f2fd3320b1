"""What is connected, whether the keyboard is heard, who keeps time, and what knobs are to mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.midi.messages import CHANNELS, DRUM_CHANNEL
from firmware.panel.commands import Commands, ForgetLearned, Learn, SetChannel, SetClock, SetThru
from firmware.panel.keys import Key
from firmware.panel.overview import MidiFacts, Overview
from firmware.panel.pages.listing import ListPage, Row, opening, switch
from firmware.panel.pages.reading import fact
from firmware.parameters import PARAMETERS_BY_KEY

_CHANNELS = tuple(c + 1 for c in range(CHANNELS) if c != DRUM_CHANNEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiPage(ListPage):
    """Ports, thru and clock."""

    def title(self, overview: Overview) -> str:
        """What it is about."""
        del overview
        return "MIDI"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """What is there, then what can be changed, then what is so."""
        midi = overview.midi
        keyboards = [fact("Keyboard", name, key=f"in {name}") for name in midi.keyboards]
        tempo = (
            [Row(label="Clock's tempo", value=f"{midi.clock_bpm:.1f} bpm")]
            if (midi.clock_bpm is not None)
            else []
        )
        return (
            *(keyboards or [Row(label="Keyboard", value="none")]),
            fact("Synthesizer", midi.synthesizer or "none"),
            switch("Thru", lambda on: SetThru(is_on=on), is_on=midi.is_thru_on),
            Row(
                label="Keyboard's channel",
                value=str(midi.keyboard_channel),
                turned=lambda clicks: SetChannel(_turned_channel(midi.keyboard_channel, clicks)),
            ),
            switch("Clock out", lambda on: SetClock(is_out=on), is_on=midi.is_clock_out_on),
            switch("Clock in", lambda on: SetClock(is_in=on), is_on=midi.is_clock_in_on),
            *tempo,
            opening("Learn knobs", LearnPage()),
            *(fact("Knobs known", name, key=f"map {name}") for name in midi.control_maps),
        )


def _turned_channel(channel: int, clicks: int) -> int:
    """So many channels further, past the drums'; the ends are stops."""
    at = _CHANNELS.index(channel) + clicks
    return _CHANNELS[min(max(at, 0), len(_CHANNELS) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnPage(ListPage):
    """Every key and parameter: enter, then move what is to stand for it."""

    def title(self, overview: Overview) -> str:
        """What is to be done."""
        return "Now move it" if overview.midi.learning else "Learn knobs"

    def leave(self, overview: Overview) -> Commands:
        """Whoever goes away teaches nothing more."""
        del overview
        return (Learn(None),)

    def rows(self, overview: Overview) -> Sequence[Row]:
        """The keys, then the parameters."""
        midi = overview.midi
        return (
            *(_row(midi, key, f"Button {key}") for key in Key),
            *(_row(midi, key, spec.label) for key, spec in PARAMETERS_BY_KEY.items()),
            Row(label="Forget all of them", commands=(ForgetLearned(),)),
        )


def _row(midi: MidiFacts, target: str, label: str) -> Row:
    is_learning = midi.learning == target
    control = dict(midi.learned).get(target)
    value = "" if control is None else f"CC {control}"
    return Row(
        label=label,
        value="..." if is_learning else value,
        commands=(Learn(None if is_learning else target),),
    )
