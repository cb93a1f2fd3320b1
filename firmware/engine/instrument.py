"""What the instrument does: every action of the state table, with no queue, thread or device.

It is given ways to send, save and generate, and told what happens and what time it is; the
engine around it has the queue and the devices.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from firmware.config import Config
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
from firmware.engine.takes import Take, Takes
from firmware.engine.thru import Thru
from firmware.errors import ContinuoError, EngineStateError
from firmware.library.records import CompositionRecord
from firmware.midi.messages import DRUM_CHANNEL, MidiMessage
from firmware.music.notes import Composition
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks
from firmware.panel.settings import Settings
from firmware.panel.states import Action, State, Trigger, move

NOTICE_NS = 4_000_000_000
"""How long a message stays on the panel, unless a button is pressed."""

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
        self.generating: Generating | None = None
        self.notice: Notice | None = None
        self.player = Player(outside.send)
        self.metronome = Metronome(outside.send)
        self.thru = Thru(outside.send)
        self.capture = Capture(config.capture_minutes * 60 * 1_000_000_000)
        self.recorder: Recorder | None = None
        self.playing: Composition | None = None
        self.count_in_began_ns = 0
        self.count_in_bars = config.count_in_bars
        self.count_in_beats = 0
        self._count_in_ends_ns = 0
        self._plays_preview = False
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
            }
        )

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
        """Take what was played: it sounds, is captured, and recorded if that is wanted."""
        self.thru.feed(message)
        self.capture.feed(message, at_ns)
        if self.recorder is not None:
            self.recorder.feed(message, at_ns)

    def lose_keyboard(self, now_ns: int) -> None:
        """The keyboard is gone: let go of its keys, in the sound and in the recording."""
        self.thru.release()
        self.capture.release(now_ns)
        if self.recorder is not None:
            self.recorder.release(now_ns)

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
        if self.notice is not None:
            times.append(self.notice.until_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def run_due(self, now_ns: int) -> None:
        """Do what is due."""
        if self.player.is_running and self.player.run_due(now_ns):
            self._plays_preview = False
            self.trigger(Trigger.ENDED, now_ns)
        self.metronome.run_due(now_ns)
        if self.state is State.COUNT_IN and now_ns >= self._count_in_ends_ns:
            self.trigger(Trigger.COUNTED_IN, now_ns)
        if self.notice is not None and now_ns >= self.notice.until_ns:
            self.notice = None

    def silence_everything(self, now_ns: int) -> None:
        """Every note off on every channel that was used, the keyboard's as well."""
        self.metronome.stop()
        self.player.stop(now_ns)
        self.thru.release()
        for message in silence(DRUM_CHANNEL):
            self._outside.send(message)

    def answer(self, message: WorkerMessage, now_ns: int) -> None:
        """Take what the worker says."""
        match message:
            case Loaded() | Cancelled():
                self._deaths = 0
            case Advanced():
                self._advance(message, now_ns)
            case Finished():
                self._deaths = 0
                if self.generating is not None and self.generating.number == message.number:
                    self.generating = replace(self.generating, finished=message)
                    self.trigger(Trigger.FINISHED, now_ns)
            case Failed():
                if message.number is not None and not self._is_present(message.number):
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

    def _is_present(self, number: int) -> bool:
        return self.generating is not None and self.generating.number == number

    def _advance(self, message: Advanced, now_ns: int) -> None:
        if self.generating is None or self.generating.number != message.number:
            return
        is_first = self.generating.preview is None
        self.generating = replace(
            self.generating,
            done=message.done,
            total=message.total,
            elapsed_s=message.elapsed_s,
            preview=message.preview or self.generating.preview,
        )
        # The first preview is played by itself; later ones only replace one that still plays,
        # so that who has stopped the music is left in peace.
        if message.preview is not None and (is_first or self._plays_preview):
            self.trigger(Trigger.PREVIEW, now_ns)

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
        melody = self.takes.melody()
        request = GenerationRequest(
            melody=melody,
            parameters=self.settings.parameters(),
            seed=self._outside.choose_seed(),
            bundle_folder=self._outside.choose_bundle(self.settings.technique),
            threads=self._config.model_threads,
        )
        number = self._outside.worker.generate(request)
        self.generating = Generating(number=number, request=request)
        self._plays_preview = False

    def _cancel(self, now_ns: int) -> None:
        assert self.generating is not None
        self._outside.worker.cancel(self.generating.number)
        self._give_up(now_ns)

    def _cancel_and_silence(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        self._cancel(now_ns)

    def _give_up(self, now_ns: int) -> None:
        self.generating = None
        if self._plays_preview and self.player.is_running:
            # What was only a preview gives way to what there was before, at the same place.
            self._swap_to(self._audible(), now_ns)
        self._plays_preview = False

    def _play(self, now_ns: int) -> None:
        preview = self.generating.preview if self.generating else None
        self._begin(preview or self._audible(), now_ns)
        self._plays_preview = preview is not None

    def _pause(self, now_ns: int) -> None:
        self.player.pause(now_ns)

    def _resume(self, now_ns: int) -> None:
        self.player.resume(now_ns)

    def _silence(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        self._plays_preview = False

    def _swap_takes(self, now_ns: int) -> None:
        self.takes.swap()
        self._swap_to(self._audible(), now_ns)

    def _audition(self, now_ns: int) -> None:
        assert self.generating is not None
        assert self.generating.preview is not None
        if self._plays_preview and self.player.is_running:
            self._swap_to(self.generating.preview, now_ns)
        else:
            self._begin(self.generating.preview, now_ns)
        self._plays_preview = True

    def _accept(self, now_ns: int) -> None:
        generating, self.generating = self.generating, None
        assert generating is not None
        assert generating.finished is not None
        record = self._record_of(generating.request, generating.finished)
        self.takes.add(Take(melody=record.melody, record=record))
        if self._plays_preview and self.player.is_running:
            self._swap_to(record.composition, now_ns)
        else:
            self._begin(record.composition, now_ns)
        self._plays_preview = False
        try:
            self._outside.save(record)
        except ContinuoError as error:
            self.tell(error.message, error.remedy, now_ns)

    def _record_of(self, request: GenerationRequest, finished: Finished) -> CompositionRecord:
        return CompositionRecord(
            composition=finished.composition,
            melody=request.melody,
            technique=request.parameters.technique,
            parameters=request.parameters.as_dict(),
            seed=request.seed,
            bundle=finished.bundle,
            bundle_sha256=finished.bundle_sha256,
            created_at=self._outside.wall_clock().isoformat(timespec="seconds"),
        )

    def _audible(self) -> Composition:
        melody = self.takes.melody()
        assert self.takes.current is not None
        return self.takes.current.composition or as_composition(melody)

    def _begin(self, composition: Composition, now_ns: int) -> None:
        self.playing = composition
        self.player.play(composition, now_ns)

    def _swap_to(self, composition: Composition, now_ns: int) -> None:
        self.playing = composition
        self.player.swap(composition, now_ns)
