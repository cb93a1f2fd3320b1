"""What the instrument does: every action of the state table, with no queue, thread or device.

It is given ways to send, save and generate, and told what happens and what time it is; the
engine around it has the queue and the devices.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from firmware.config import Config
from firmware.engine.duet import Conversation
from firmware.engine.messages import (
    Advanced,
    Cancelled,
    Died,
    Failed,
    Finished,
    GenerationRequest,
    Loaded,
    WorkerMessage,
)
from firmware.engine.metronome import Metronome
from firmware.engine.outside import Outside
from firmware.engine.player import Player
from firmware.engine.progress import Generating, Notice
from firmware.engine.recorder import Capture, Recorder
from firmware.engine.schedule import as_composition, silence
from firmware.engine.stage import Stage
from firmware.engine.takes import Take, Takes, record_of
from firmware.engine.thru import Thru
from firmware.errors import ContinuoError, EngineStateError
from firmware.midi.messages import DRUM_CHANNEL, MidiMessage, NoteOn
from firmware.music.notes import Composition, Melody
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks
from firmware.panel.settings import Settings
from firmware.panel.states import Action, State, Trigger, move
from firmware.parameters import Parameters, Technique, parameters_for

NOTICE_NS = 4_000_000_000
"""How long a message stays on the panel, unless a button is pressed or a knob is turned."""

_MOST_DEATHS = 3  # of the worker in a row, before it is left alone until it is needed

_LOG = logging.getLogger(__name__)


class Instrument:
    """The instrument between its devices. Everything happens on the caller's thread.

    Args:
        config: The maker's settings.
        outside: What it cannot do by itself.
    """

    def __init__(self, config: Config, outside: Outside) -> None:
        self._config = config
        self._outside = outside
        self.state = State.IDLE
        self.settings = Settings(
            technique=config.technique,
            tempo_bpm=config.tempo_bpm,
            beats_per_bar=config.beats_per_bar,
        )
        self.takes = Takes()
        self.notice: Notice | None = None
        self.player = Player(outside.send)
        self._stage = Stage(self.player, outside.worker)
        self.metronome = Metronome(outside.send)
        self.thru = Thru(outside.send)
        self.capture = Capture(config.capture_minutes * 60 * 1_000_000_000)
        self.recorder: Recorder | None = None
        self.duet: Conversation | None = None
        self.count_in_began_ns = 0
        self.count_in_bars = config.count_in_bars
        self.count_in_beats = 0
        self._count_in_ends_ns = 0
        self._deaths = 0
        self._actions: Mapping[Action, Callable[[int], State | None]] = MappingProxyType(
            {
                Action.NOTHING: lambda _: None,
                Action.COUNT_IN: self._count_in,
                Action.RECORD: self._record,
                Action.ABANDON_TAKE: self._abandon_take,
                Action.KEEP_TAKE: self._keep_take,
                Action.KEEP_TAKE_AND_PLAY: self._keep_take_and_play,
                Action.KEEP_TAKE_AND_GENERATE: self._keep_take_and_generate,
                Action.KEEP_CAPTURED: self._keep_captured,
                Action.GENERATE: self._generate,
                Action.CANCEL: self._cancel,
                Action.CANCEL_AND_SILENCE: self._cancel_and_silence,
                Action.PLAY: self._play,
                Action.PAUSE: self._pause,
                Action.RESUME: self._resume,
                Action.SILENCE: self._silence,
                Action.SWAP_TAKES: self._swap_takes,
                Action.AUDITION: self._audition,
                Action.ACCEPT: self._accept,
                Action.GIVE_UP: self._give_up,
                Action.BEGIN_DUET: self._begin_duet,
                Action.ANSWER: self._answer,
                Action.COMPLETE_ANSWER: self._complete_answer,
                Action.LEAVE_OFF: self._leave_off,
                Action.HEAR_OUT: self._hear_out,
                Action.GIVE_UP_ANSWER: self._give_up_answer,
                Action.END_DUET: self._end_duet,
            }
        )

    @property
    def generating(self) -> Generating | None:
        """The generation at work, or None."""
        return self._stage.generating

    @property
    def playing(self) -> Composition | None:
        """The music that plays or has played last, or None."""
        return self._stage.playing

    def press(self, button: Trigger, now_ns: int) -> None:
        """Take the press of a button: what generate does is set on the panel.

        Raises:
            ContinuoError: As `trigger`.
        """
        begins_duet = button is Trigger.GENERATE and self.settings.is_duet
        self.trigger(Trigger.DUET if begins_duet else button, now_ns)

    def trigger(self, trigger: Trigger, now_ns: int) -> None:
        """Let something happen, as the state table says.

        Raises:
            ContinuoError: If it makes no sense now or cannot be done; the state stays.
        """
        found = move(self.state, trigger)
        if found is None:
            _LOG.info("%s came late in state %s", trigger, self.state)
            return
        self.state = self._actions[found.action](now_ns) or found.state

    def hear(self, message: MidiMessage, at_ns: int) -> None:
        """Take what was played: it is captured, and recorded if that is wanted.

        It sounds already: `thru` was fed where it arrived. In a duet the answer falls silent
        when a key is struck.
        """
        self.capture.feed(message, at_ns)
        if self.recorder is not None:
            self.recorder.feed(message, at_ns)
        if self.duet is not None:
            if isinstance(message, NoteOn):
                self.trigger(Trigger.STRUCK, at_ns)
            self.duet.feed(message, at_ns)

    def lose_keyboard(self, now_ns: int) -> None:
        """The keyboard is gone: let go of its keys, in the sound and in the recording."""
        self.thru.release()
        self.capture.release(now_ns)
        if self.recorder is not None:
            self.recorder.release(now_ns)
        if self.duet is not None:
            self.duet.release(now_ns)

    def set_time(self, tempo_bpm: float, beats_per_bar: int) -> None:
        """Set tempo and bar for the next recording."""
        self.settings = replace(self.settings, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar)

    def tell(self, sentence: str, remedy: str, now_ns: int) -> None:
        """Put a message on the panel for a while."""
        self.notice = Notice(sentence=sentence, remedy=remedy, until_ns=now_ns + NOTICE_NS)

    def next_ns(self) -> int | None:
        """When something is due by itself, or None."""
        times = [self.player.next_ns(), self.metronome.next_ns()]
        if self.state is State.COUNT_IN:
            times.append(self._count_in_ends_ns)
        if self.state is State.DUET_LISTENING and self.duet:
            times.append(self.duet.turn_ns)
        if self.notice is not None:
            times.append(self.notice.until_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def run_due(self, now_ns: int) -> None:
        """Do what is due."""
        if self.player.run_due(now_ns):
            self.trigger(Trigger.ENDED, now_ns)
        self.metronome.run_due(now_ns)
        if self.state is State.COUNT_IN and now_ns >= self._count_in_ends_ns:
            self.trigger(Trigger.COUNTED_IN, now_ns)
        if self.state is State.DUET_LISTENING and self.duet and self.duet.is_turn(now_ns):
            self.trigger(Trigger.FELL_SILENT, now_ns)
        if self.notice is not None and now_ns >= self.notice.until_ns:
            self.notice = None

    def silence_everything(self, now_ns: int) -> None:
        """Every note off on every channel that was used; the keyboard is heard no more."""
        self.metronome.stop()
        self.player.stop(now_ns)
        self.thru.close()
        for message in silence(DRUM_CHANNEL):
            self._outside.send(message)

    def answer(self, message: WorkerMessage, now_ns: int) -> None:
        """Take what the worker says."""
        match message:
            case Loaded() | Cancelled():
                self._deaths = 0
            case Advanced():
                if self._stage.advance(message):
                    self.trigger(Trigger.PREVIEW, now_ns)
            case Finished():
                self._deaths = 0
                if self._stage.finish(message):
                    self.trigger(Trigger.FINISHED, now_ns)
            case Failed():
                if message.number is not None and not self._stage.is_present(message.number):
                    return
                self.tell(message.message, message.remedy, now_ns)
                if message.number is not None:
                    self.trigger(Trigger.FAILED, now_ns)
            case Died():
                self._bury(message, now_ns)

    def prepare_worker(self) -> None:
        """Start the worker and have it load the model, so that the first generation is quick.

        Raises:
            ContinuoError: If there is no model or no process.
        """
        folder = self._outside.choose_bundle(self.settings.technique)
        self._outside.worker.start(folder, threads=self._config.model_threads)

    def _bury(self, died: Died, now_ns: int) -> None:
        if not self._outside.worker.reap(died):
            return
        _LOG.warning("the inference worker died with exit code %s", died.exit_code)
        self._deaths += 1
        if self.generating is not None:
            self.trigger(Trigger.FAILED, now_ns)
        if self._deaths >= _MOST_DEATHS:
            self.tell("the model's process keeps stopping", "generate tries once more", now_ns)
            return
        self.tell(
            "the model's process stopped and was started again", "press generate again", now_ns
        )
        try:
            self.prepare_worker()
        except ContinuoError as error:
            self.tell(error.message, error.remedy, now_ns)

    def _count_in(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        settings = self.settings
        self.count_in_beats = self._config.count_in_bars * settings.beats_per_bar
        ticks = self.count_in_beats * TICKS_PER_BEAT
        self.count_in_began_ns = now_ns
        self._count_in_ends_ns = now_ns + nanoseconds_of_ticks(ticks, settings.tempo_bpm)
        self.recorder = Recorder(
            origin_ns=self._count_in_ends_ns,
            tempo_bpm=settings.tempo_bpm,
            beats_per_bar=settings.beats_per_bar,
        )
        if ticks or self._config.metronome:
            self.metronome.start(
                now_ns, tempo_bpm=settings.tempo_bpm, beats_per_bar=settings.beats_per_bar
            )

    def _record(self, _now_ns: int) -> None:
        if not self._config.metronome:
            self.metronome.stop()

    def _abandon_take(self, _now_ns: int) -> None:
        self.metronome.stop()
        self.recorder = None

    def _keep_take(self, now_ns: int) -> State | None:
        return self._end_recording(now_ns)

    def _keep_take_and_play(self, now_ns: int) -> State | None:
        fallback = self._end_recording(now_ns)
        if fallback is None:
            self._play(now_ns)
        return fallback

    def _keep_take_and_generate(self, now_ns: int) -> State | None:
        fallback = self._end_recording(now_ns)
        if fallback is not None:
            return fallback
        try:
            self._generate(now_ns)
        except ContinuoError as error:  # the recording is over and kept, whatever else fails
            self.tell(error.message, error.remedy, now_ns)
            return State.IDLE
        return None

    def _end_recording(self, now_ns: int) -> State | None:
        """Keep the melody; the state to fall back to if there is none."""
        self.metronome.stop()
        recorder, self.recorder = self.recorder, None
        assert recorder is not None
        melody = recorder.finish(now_ns, name=self._outside.name_take())
        if melody is None:
            self.tell("nothing was played", "press record and play again", now_ns)
            return State.IDLE
        self.takes.add(Take(melody=melody))
        return None

    def _keep_captured(self, now_ns: int) -> None:
        melody = self.capture.phrase(
            now_ns,
            tempo_bpm=self.settings.tempo_bpm,
            beats_per_bar=self.settings.beats_per_bar,
            name=self._outside.name_take(),
        )
        if melody is None:
            raise EngineStateError("nothing was played lately", remedy="play, then press keep")
        self.takes.add(Take(melody=melody))

    def _generate(self, _now_ns: int) -> None:
        self._ask_for(self.takes.melody(), self.settings.parameters())

    def _ask_for(self, melody: Melody, parameters: Parameters) -> None:
        request = GenerationRequest(
            melody=melody,
            parameters=parameters,
            seed=self._outside.choose_seed(),
            bundle_folder=self._outside.choose_bundle(parameters.technique),
            threads=self._config.model_threads,
        )
        self._stage.generate(request)

    def _cancel(self, now_ns: int) -> None:
        was_heard = self._stage.plays_preview
        self._stage.cancel()
        if was_heard:
            # What was only a preview gives way to what there was before, at the same place.
            self._stage.swap(self._audible(), now_ns)

    def _cancel_and_silence(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        self._cancel(now_ns)

    def _give_up(self, now_ns: int) -> None:
        was_heard = self._stage.plays_preview
        generating = self._stage.drop()
        assert generating is not None
        if not was_heard:
            return
        if generating.written_ticks is not None:  # it is no draft: what was heard of it stays
            melody = generating.request.melody
            self.takes.add(Take(melody=melody, unfinished=generating.preview))
        self._stage.swap(self._audible(), now_ns)

    def _play(self, now_ns: int) -> None:
        if self.generating is not None and self.generating.preview is not None:
            self._stage.audition(now_ns)
        else:
            self._stage.begin(self._audible(), now_ns)

    def _pause(self, now_ns: int) -> None:
        self.player.pause(now_ns)

    def _resume(self, now_ns: int) -> None:
        self.player.resume(now_ns)

    def _silence(self, now_ns: int) -> None:
        self.player.stop(now_ns)

    def _swap_takes(self, now_ns: int) -> None:
        self.takes.swap()
        self._stage.swap(self._audible(), now_ns)

    def _audition(self, now_ns: int) -> None:
        self._stage.audition(now_ns, at_ns=self.duet.entry_ns(now_ns) if self.duet else None)

    def _accept(self, now_ns: int) -> None:
        generating = self._stage.complete(now_ns)
        assert generating.finished is not None
        created_at = self._outside.wall_clock().isoformat(timespec="seconds")
        record = record_of(generating.request, generating.finished, created_at=created_at)
        self.takes.add(Take(melody=record.melody, record=record))
        try:
            self._outside.save(record)
        except ContinuoError as error:
            self.tell(error.message, error.remedy, now_ns)

    def _begin_duet(self, now_ns: int) -> None:
        self.prepare_worker()
        self.player.stop(now_ns)
        self.duet = Conversation(
            tempo_bpm=self.settings.tempo_bpm,
            beats_per_bar=self.settings.beats_per_bar,
            pause_beats=self._config.duet_pause_beats,
        )

    def _answer(self, now_ns: int) -> None:
        assert self.duet is not None
        melody = self.duet.take_turn(now_ns, name="Duet")
        values = self.settings.values.get(Technique.EXTEND)
        self._ask_for(melody, parameters_for(Technique.EXTEND, values))

    def _complete_answer(self, now_ns: int) -> None:
        assert self.duet is not None
        self._stage.complete(now_ns, at_ns=self.duet.entry_ns(now_ns))

    def _leave_off(self, now_ns: int) -> None:
        self._stage.cancel()
        self._give_up_answer(now_ns)

    def _give_up_answer(self, now_ns: int) -> None:
        self._stage.drop()
        if self.player.is_running:
            self._hear_answer(self.player.position_ticks(now_ns), now_ns)
            self.player.stop(now_ns)

    def _hear_out(self, now_ns: int) -> None:
        self._stage.cancel()
        self._hear_answer(self.player.end_ticks, now_ns)

    def _hear_answer(self, until_ticks: int, now_ns: int) -> None:
        assert self.duet is not None
        assert self.playing is not None
        self.duet.hear(self.playing, until_ticks=until_ticks, now_ns=now_ns)

    def _end_duet(self, now_ns: int) -> None:
        self._leave_off(now_ns)
        duet, self.duet = self.duet, None
        assert duet is not None
        melody = duet.melody(now_ns, name=self._outside.name_take())
        if melody is not None:
            self.takes.add(Take(melody=melody))

    def _audible(self) -> Composition:
        melody = self.takes.melody()
        assert self.takes.current is not None
        return self.takes.current.composition or as_composition(melody)
