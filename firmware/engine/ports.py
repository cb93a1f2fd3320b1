"""The MIDI ports around the instrument: what comes and goes, what falls silent, and panic."""

from dataclasses import dataclass

from firmware.devices.midi_ports import MidiOutput, PortListener
from firmware.engine.clocks import Clocks
from firmware.engine.instrument import Instrument
from firmware.engine.keyboards import Hear, Keyboards
from firmware.engine.output import Output
from firmware.engine.sound import Sound
from firmware.errors import ContinuoError
from firmware.panel.overview import MidiFacts
from firmware.panel.states import Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything happens on the owner's thread.

    Attributes:
        synthesizer: The board's.
        keyboards: The board's.
        clocks: Keep time with others.
        instrument: What is told of changes.
        output: The way to the synthesizer.
        sound: What a synthesizer that was away is told again.
    """

    synthesizer: MidiOutput
    keyboards: Keyboards
    clocks: Clocks
    instrument: Instrument
    output: Output
    sound: Sound

    def open(self, hear: Hear, on_change: PortListener) -> None:
        """Connect what is there.

        Args:
            hear: Takes what keyboards say, on their threads.
            on_change: Told on any thread when a poll would find something.
        """
        self.synthesizer.open(on_change)
        self.keyboards.open(hear, on_change)

    def poll(self, now_ns: int) -> None:
        """See what came and went, and do what that asks for."""
        for index, change in self.keyboards.poll():
            if change.is_there:
                self.instrument.tell(f"{change.name} is connected", "", now_ns)
            else:
                self._lose(index, f"{change.name} was unplugged", now_ns)
        self._poll_synthesizer(now_ns)

    def run_due(self, now_ns: int) -> None:
        """Follow the music, miss keyboards that said they would go on, obey a stop that is held."""
        self.clocks.follow()
        for index in self.keyboards.fallen_silent(now_ns):
            self._lose(index, "A keyboard fell silent", now_ns)
        if self.keyboards.is_stop_held(now_ns):
            self.panic(now_ns)

    def panic(self, now_ns: int) -> None:
        """Whatever sounds, and whatever it hangs on, falls silent."""
        try:
            self.instrument.trigger(Trigger.STOP, now_ns)
            self.instrument.tell("Everything is silent", "", now_ns)
        except ContinuoError as error:  # the more reason to go on
            self.instrument.tell(error.message, error.remedy, now_ns)
        self.instrument.thru.release()
        self.output.panic()
        self.sound.renew()

    def facts(self, now_ns: int) -> MidiFacts:
        """What the panel shows of all this."""
        keyboards, clocks = self.keyboards, self.clocks
        return MidiFacts(
            keyboards=keyboards.names,
            synthesizer=self.synthesizer.name,
            is_thru_on=self.instrument.thru.is_on,
            keyboard_channel=self.instrument.thru.channel + 1,
            control_maps=keyboards.known,
            is_clock_out_on=clocks.is_out,
            is_clock_in_on=clocks.is_in,
            clock_bpm=clocks.tempo_bpm(now_ns),
            learning=keyboards.learning,
            learned=tuple(sorted(keyboards.controls().items())),
        )

    def _poll_synthesizer(self, now_ns: int) -> None:
        change = self.synthesizer.poll()
        if change is not None and change.is_there:
            self.output.recover()
            self.instrument.player.renew()
            self.sound.renew()
        elif change is not None:
            self.instrument.tell(f"{change.name} is gone", "no sound without it", now_ns)

    def _lose(self, keyboard: int, sentence: str, now_ns: int) -> None:
        self.instrument.lose_keyboard(now_ns, keyboard)
        self.instrument.tell(sentence, "plug it in again", now_ns)
