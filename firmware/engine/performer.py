"""Carries out what the pages of the panel ask for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from firmware.engine import findings
from firmware.engine.clerk import Clerk
from firmware.engine.clocks import Clocks
from firmware.engine.examiner import Examiner
from firmware.engine.farewell import Farewell
from firmware.engine.instrument import Instrument
from firmware.engine.keyboards import Keyboards
from firmware.engine.librarian import Librarian
from firmware.engine.sound import Sound
from firmware.engine.takes import Take, Takes
from firmware.errors import EngineStateError
from firmware.library.melodies import bundled_melodies
from firmware.library.records import CompositionRecord
from firmware.panel.commands import (
    AnswerLight,
    BeginSelfTest,
    BringBackPiece,
    BringBackSettings,
    Command,
    DeleteTake,
    EndSelfTest,
    ForgetLearned,
    Generate,
    KeepAsHeard,
    Learn,
    NameMelody,
    Press,
    RestoreTake,
    SetChannel,
    SetClock,
    SetInstrument,
    SetMetronome,
    SetParameter,
    SetThru,
    SetTime,
    SetTrack,
    SetVolume,
    Source,
    StepTakes,
    SwitchOff,
    UseMelody,
)
from firmware.panel.settings import Settings, set_value, with_parameters
from firmware.panel.states import State, Trigger


class Offers(Protocol):
    """What was set and played before the last start, and not taken back then."""

    def bring_back_piece(self, index: int, now_ns: int) -> str | None:
        """Make a piece the present take; the name of the composition that was made of it."""
        ...

    def bring_back_settings(self, now_ns: int) -> None:
        """Set what was set."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who does the work.

    Attributes:
        instrument: Plays, records and generates.
        librarian: Looks things up.
        clerk: Sees to what is on the disk.
        sound: How it sounds.
        clocks: Keep time with others.
        keyboards: Learn what their knobs mean.
        examiner: Tests what is wired.
        farewell: Ends the engine.
        save: Has a composition saved in the background.
        offers: What was not taken back at the start; None of an instrument that forgets.
    """

    instrument: Instrument
    librarian: Librarian
    clerk: Clerk
    sound: Sound
    clocks: Clocks
    keyboards: Keyboards
    examiner: Examiner
    farewell: Farewell
    save: Callable[[CompositionRecord], None]
    offers: Callable[[], Offers | None]


class Performer:
    """One command after the other, on the engine's thread.

    Args:
        hands: Who does the work.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._instrument = hands.instrument

    def perform(self, command: Command, now_ns: int) -> None:
        """Carry out a command.

        Raises:
            ContinuoError: If it makes no sense now or cannot be done.
        """
        match command:
            case Press(trigger=trigger):
                self._instrument.press(trigger, now_ns)
            case Generate(on_heard=on_heard):
                self._instrument.generate(now_ns, on_heard=on_heard)
            case SetParameter() | SetTime():
                self._set(command, now_ns)
            case SwitchOff() | BeginSelfTest() | AnswerLight() | EndSelfTest():
                self._look_after(command, now_ns)
            case UseMelody():
                self._use(command, now_ns)
            case NameMelody() | StepTakes() | DeleteTake() | RestoreTake() | KeepAsHeard():
                self._change_take(command, now_ns)
            case SetTrack() | SetVolume() | SetInstrument() | SetMetronome():
                self._set_sound(command, now_ns)
            case SetThru() | SetChannel() | SetClock() | Learn() | ForgetLearned():
                self._set_midi(command, now_ns)
            case BringBackPiece() | BringBackSettings():
                self._bring_back(command, now_ns)
            case _:
                self._hands.clerk.perform(command)

    def take(self, finding: findings.Finding, now_ns: int) -> None:
        """Take what the librarian brings.

        Raises:
            ContinuoError: If it is that something could not be done, or comes at a moment when
                no take can be chosen.
        """
        match finding:
            case findings.Imported(melody=melody, plays=plays):
                self._add(Take(melody=melody), now_ns, plays=plays)
            case findings.Loaded(name=name, record=record):
                take = Take(melody=record.melody, record=record, saved_as=name)
                self._add(take, now_ns, plays=True)
            case findings.PresetTaken(parameters=parameters):
                self.set(with_parameters(self._instrument.settings, parameters), now_ns)
            case _:
                self._hands.clerk.take(finding, now_ns)

    def set(self, settings: Settings, now_ns: int) -> None:
        """Take over what was turned; another technique's model is loaded in the background.

        Raises:
            ContinuoError: If that technique has no model; it is set nevertheless.
        """
        instrument = self._instrument
        before = instrument.settings
        instrument.set(settings, now_ns)
        if _choices(settings) != _choices(before):
            self._hands.librarian.check_model(settings.parameters())
        if settings.technique is not before.technique:
            instrument.prepare_worker()

    def _set(self, command: SetParameter | SetTime, now_ns: int) -> None:
        match command:
            case SetParameter(key=key, value=value):
                self.set(set_value(self._instrument.settings, key, value), now_ns)
            case SetTime(tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar):
                self._instrument.set_time(tempo_bpm, beats_per_bar)

    def _look_after(
        self, command: SwitchOff | BeginSelfTest | AnswerLight | EndSelfTest, now_ns: int
    ) -> None:
        if isinstance(command, SwitchOff):
            self._hands.farewell.begin(now_ns)
        else:
            self._hands.examiner.perform(command, now_ns)

    def _change_take(
        self,
        command: NameMelody | StepTakes | DeleteTake | RestoreTake | KeepAsHeard,
        now_ns: int,
    ) -> None:
        instrument = self._instrument
        match command:
            case NameMelody(name=name):
                instrument.takes.name_melody(name)
            case StepTakes(count=count):
                instrument.change_take(lambda takes: takes.step(count), now_ns)
            case DeleteTake():
                instrument.change_take(Takes.delete, now_ns)
            case RestoreTake():
                instrument.change_take(Takes.restore, now_ns)
            case KeepAsHeard():
                self._keep_as_heard()

    def _use(self, command: UseMelody, now_ns: int) -> None:
        match command:
            case UseMelody(source=Source.IMPORTED, key=key):
                self._hands.librarian.import_melody(key)
            case UseMelody(source=Source.STICK, key=key):
                self._hands.clerk.read_from_stick(key)
            case UseMelody(source=Source.BUNDLED, key=key):
                self._add(Take(melody=bundled_melodies()[key]), now_ns)
            case UseMelody(key=key):
                played = tuple(self._instrument.takes)
                if int(key) < len(played):  # it was pressed as the list changed
                    self._add(Take(melody=played[int(key)].melody), now_ns)

    def _add(self, take: Take, now_ns: int, *, plays: bool = False) -> None:
        self._instrument.change_take(lambda takes: takes.add(take), now_ns)
        if plays and self._instrument.state is not State.PLAYING:
            self._instrument.trigger(Trigger.PLAY, now_ns)

    def _keep_as_heard(self) -> None:
        """Save the present composition once more, with the instruments that are chosen for it."""
        takes = self._instrument.takes
        take = takes.current
        if take is None or take.record is None:
            raise EngineStateError("there is no composition to keep", remedy="press generate")
        composition = self._instrument.stage.mixer.programmed(take.record.composition)
        if composition == take.record.composition:
            raise EngineStateError("it is kept already", remedy="change an instrument first")
        record = replace(take.record, composition=composition)
        self._hands.save(record)
        takes.replace(replace(take, record=record, saved_as=None))

    def _bring_back(self, command: BringBackPiece | BringBackSettings, now_ns: int) -> None:
        offers, instrument = self._hands.offers(), self._instrument
        if offers is None:
            return
        match command:
            case BringBackPiece(index=index):
                composition = offers.bring_back_piece(index, now_ns)
                if composition is not None:
                    self._hands.librarian.load(composition)
            case BringBackSettings():
                offers.bring_back_settings(now_ns)
                self._hands.librarian.check_model(instrument.settings.parameters())
                instrument.prepare_worker()

    def _set_sound(
        self,
        command: SetTrack | SetVolume | SetInstrument | SetMetronome,
        now_ns: int,
    ) -> None:
        match command:
            case SetTrack():
                self._instrument.stage.mixer.set(
                    command.index,
                    is_muted=command.is_muted,
                    is_soloed=command.is_soloed,
                    program=command.program,
                )
                self._instrument.stage.remix(now_ns)
            case SetVolume(percent=percent):
                self._hands.sound.set_volume(percent)
            case SetInstrument(program=program):
                self._hands.sound.set_program(program)
            case SetMetronome(is_on=is_on):
                self._instrument.booth.is_metronome_on = is_on

    def _set_midi(
        self, command: SetThru | SetChannel | SetClock | Learn | ForgetLearned, now_ns: int
    ) -> None:
        match command:
            case SetThru(is_on=is_on):
                self._instrument.thru.switch(is_on=is_on)
            case SetChannel(channel=channel):
                self._instrument.use_channel(channel - 1, now_ns)
                self._hands.sound.use(channel - 1)
            case SetClock(is_out=is_out, is_in=is_in):
                self._hands.clocks.switch(is_out=is_out, is_in=is_in)
            case Learn(target=target):
                self._hands.keyboards.learning = target
            case ForgetLearned():
                self._hands.keyboards.restore(())


def _choices(settings: Settings) -> tuple[object, ...]:
    """What a model may be made for: the technique, and what is chosen by name."""
    values = settings.parameters().values
    return settings.technique, *(value for _, value in values if isinstance(value, str))
