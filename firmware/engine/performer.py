"""Carries out what the pages of the panel ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from firmware.engine import findings
from firmware.engine.clocks import Clocks
from firmware.engine.examiner import Examiner
from firmware.engine.instrument import Instrument
from firmware.engine.keyboards import Keyboards
from firmware.engine.librarian import Librarian
from firmware.engine.shelves import Shelves
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
    DeleteComposition,
    DeletePreset,
    DeleteTake,
    EndSelfTest,
    ForgetLearned,
    Generate,
    KeepAsHeard,
    KeepPreset,
    Learn,
    NameMelody,
    PlayComposition,
    Press,
    Refresh,
    RenamePreset,
    RestoreComposition,
    RestoreTake,
    SetChannel,
    SetClock,
    SetInstrument,
    SetMetronome,
    SetParameter,
    SetThru,
    SetTime,
    SettleDeletion,
    SetTrack,
    SetVolume,
    Shelf,
    Source,
    StepTakes,
    SwitchOff,
    UseMelody,
    UsePreset,
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
        shelves: What was looked up.
        sound: How it sounds.
        clocks: Keep time with others.
        keyboards: Learn what their knobs mean.
        examiner: Tests what is wired.
        save: Has a composition saved in the background.
        stop: Ends the engine.
        offers: What was not taken back at the start; None of an instrument that forgets.
    """

    instrument: Instrument
    librarian: Librarian
    shelves: Shelves
    sound: Sound
    clocks: Clocks
    keyboards: Keyboards
    examiner: Examiner
    save: Callable[[CompositionRecord], None]
    stop: Callable[[], None]
    offers: Callable[[], Offers | None]


class Performer:
    """One command after the other, on the engine's thread.

    Args:
        hands: Who does the work.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._instrument = hands.instrument
        librarian = hands.librarian
        self._refresh: Mapping[Shelf, Callable[[], None]] = MappingProxyType(
            {
                Shelf.COMPOSITIONS: librarian.list_compositions,
                Shelf.MELODIES: librarian.list_melodies,
                Shelf.MODELS: librarian.list_models,
                Shelf.PRESETS: librarian.list_presets,
                Shelf.SYSTEM: librarian.look_at_system,
            }
        )

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
            case SetParameter(key=key, value=value):
                self.set(set_value(self._instrument.settings, key, value), now_ns)
            case SetTime(tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar):
                self._instrument.set_time(tempo_bpm, beats_per_bar)
            case Refresh() | SwitchOff() | BeginSelfTest() | AnswerLight() | EndSelfTest():
                self._look_after(command, now_ns)
            case NameMelody(name=name):
                self._instrument.takes.name_melody(name)
            case StepTakes() | DeleteTake() | RestoreTake() | KeepAsHeard() | UseMelody():
                self._change_take(command, now_ns)
            case SetTrack() | SetVolume() | SetInstrument() | SetMetronome():
                self._set_sound(command, now_ns)
            case SetThru() | SetChannel() | SetClock() | Learn() | ForgetLearned():
                self._set_midi(command, now_ns)
            case _:
                self._change_kept(command, now_ns)

    def take(self, finding: findings.Finding, now_ns: int) -> None:
        """Take what the librarian brings.

        Raises:
            ContinuoError: If it is that something could not be done, or comes at a moment when
                no take can be chosen.
        """
        match finding:
            case findings.Nothing(message=message, remedy=remedy):
                self._instrument.tell(message, remedy, now_ns)
            case findings.NotDeleted(name=name, message=message, remedy=remedy):
                self._hands.shelves.put_back(name)
                self._instrument.tell(message, remedy, now_ns)
            case findings.Imported(melody=melody):
                self._add(Take(melody=melody), now_ns)
            case findings.Loaded(name=name, record=record):
                take = Take(melody=record.melody, record=record, saved_as=name)
                self._add(take, now_ns)
                if self._instrument.state is not State.PLAYING:
                    self._instrument.trigger(Trigger.PLAY, now_ns)
            case findings.PresetTaken(parameters=parameters):
                self.set(with_parameters(self._instrument.settings, parameters), now_ns)
            case _:
                self._hands.shelves.put(finding)

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

    def _look_after(
        self,
        command: Refresh | SwitchOff | BeginSelfTest | AnswerLight | EndSelfTest,
        now_ns: int,
    ) -> None:
        match command:
            case Refresh(shelf=shelf):
                self._refresh[shelf]()
            case SwitchOff():
                self._hands.stop()
            case _:
                self._hands.examiner.perform(command, now_ns)

    def _change_take(
        self,
        command: StepTakes | DeleteTake | RestoreTake | KeepAsHeard | UseMelody,
        now_ns: int,
    ) -> None:
        instrument = self._instrument
        match command:
            case StepTakes(count=count):
                instrument.change_take(lambda takes: takes.step(count), now_ns)
            case DeleteTake():
                instrument.change_take(Takes.delete, now_ns)
            case RestoreTake():
                instrument.change_take(Takes.restore, now_ns)
            case KeepAsHeard():
                self._keep_as_heard()
            case UseMelody(source=Source.IMPORTED, key=key):
                self._hands.librarian.import_melody(key)
            case UseMelody(source=Source.BUNDLED, key=key):
                self._add(Take(melody=bundled_melodies()[key]), now_ns)
            case UseMelody(key=key):
                played = tuple(instrument.takes)
                if int(key) < len(played):  # it was pressed as the list changed
                    self._add(Take(melody=played[int(key)].melody), now_ns)

    def _add(self, take: Take, now_ns: int) -> None:
        self._instrument.change_take(lambda takes: takes.add(take), now_ns)

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

    def _change_kept(
        self,
        command: PlayComposition
        | DeleteComposition
        | RestoreComposition
        | SettleDeletion
        | KeepPreset
        | UsePreset
        | RenamePreset
        | DeletePreset
        | BringBackPiece
        | BringBackSettings,
        now_ns: int,
    ) -> None:
        librarian, shelves = self._hands.librarian, self._hands.shelves
        match command:
            case PlayComposition(name=name):
                librarian.load(name)
            case DeleteComposition(name=name):
                self._delete(shelves.delete(name))
            case RestoreComposition():
                shelves.restore()
            case SettleDeletion():
                self._delete(shelves.settle())
            case KeepPreset():
                librarian.keep_preset(self._instrument.settings.parameters())
            case UsePreset(name=name):
                librarian.take_preset(name)
            case RenamePreset(name=name, to=to):
                librarian.rename_preset(name, to)
            case DeletePreset(name=name):
                librarian.delete_preset(name)
            case BringBackPiece() | BringBackSettings():
                self._bring_back(command, now_ns)

    def _delete(self, name: str | None) -> None:
        if name is not None:
            self._hands.librarian.delete(name)


def _choices(settings: Settings) -> tuple[object, ...]:
    """What a model may be made for: the technique, and what is chosen by name."""
    values = settings.parameters().values
    return settings.technique, *(value for _, value in values if isinstance(value, str))
