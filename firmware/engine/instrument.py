"""What the instrument does: every action of the state table, with no queue, thread or device.

It is given ways to send, save and generate, and told what happens and what time it is; the
engine around it has the queue and the devices.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from firmware.config import Config
from firmware.engine.answers import Answers
from firmware.engine.attendant import Attendant
from firmware.engine.booth import Booth
from firmware.engine.duet import Conversation
from firmware.engine.messages import GenerationRequest, WorkerMessage
from firmware.engine.outside import Outside
from firmware.engine.passes import Passes
from firmware.engine.player import Player
from firmware.engine.progress import Generating, Notice
from firmware.engine.reception import Reception
from firmware.engine.recorder import Capture
from firmware.engine.reel import Reel
from firmware.engine.schedule import as_composition, silence
from firmware.engine.stage import Stage
from firmware.engine.takes import Take, Takes, record_of
from firmware.engine.thru import Thru
from firmware.errors import ContinuoError
from firmware.midi.messages import DRUM_CHANNEL, MidiMessage, NoteOn
from firmware.music.notes import Composition, Melody
from firmware.music.turns import Turn
from firmware.panel.settings import Settings
from firmware.panel.states import Action, State, Trigger, move
from firmware.parameters import Parameters, Technique, parameters_for

_ENDS_PASSES = frozenset(
    {Trigger.RECORD, Trigger.GENERATE, Trigger.STOP, Trigger.DUET, Trigger.TAKE}
)
"""Who wants something else wants no other pass of what plays."""

NOTICE_NS = 4_000_000_000
"""How long a message stays on the panel, unless a button is pressed or a knob is turned."""

_HEARD = frozenset({State.PLAYING, State.PAUSED})

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
            installed=outside.installed,
        )
        self.takes = Takes()
        self.notice: Notice | None = None
        self.player = Player(outside.send)
        self.stage = Stage(self.player, outside.worker)
        self.booth = Booth(
            outside.send,
            count_in_bars=config.count_in_bars,
            is_metronome_on=config.metronome,
        )
        self.thru = Thru(outside.send)
        self.capture = Capture(config.capture_minutes * 60 * 1_000_000_000)
        self.duet: Conversation | None = None
        self._works_on_heard = False
        self._goes_on = False  # the take that is chosen is of the same melody
        self.passes = Passes(
            self.stage,
            self.player,
            outside.worker,
            request=lambda record, parameters: self._request(
                record.melody, parameters, seed=record.seed
            ),
            keep=self._keep,
            tell=self.tell,
        )
        self._attendant = Attendant(outside, threads=config.model_threads)
        self._reception = Reception(
            self.stage, self.passes, self._attendant, trigger=self.trigger, tell=self.tell
        )
        self._reel = Reel(
            self.booth,
            self.capture,
            self.takes,
            settings=lambda: self.settings,
            name_take=outside.name_take,
            tell=self.tell,
        )
        self._answers = Answers(lambda: self.duet, self.stage, self.player, outside.worker)
        self._actions: Mapping[Action, Callable[[int], State | None]] = MappingProxyType(
            {
                Action.NOTHING: lambda _: None,
                Action.COUNT_IN: self._count_in,
                Action.RECORD: lambda _: self.booth.record(),
                Action.ABANDON_TAKE: lambda _: self.booth.abandon(),
                Action.KEEP_TAKE: self._reel.keep,
                Action.KEEP_TAKE_AND_PLAY: self._keep_take_and_play,
                Action.KEEP_TAKE_AND_GENERATE: self._keep_take_and_generate,
                Action.KEEP_CAPTURED: self._reel.keep_captured,
                Action.GENERATE: self._generate,
                Action.CANCEL: self._cancel,
                Action.CANCEL_AND_SILENCE: self._cancel_and_silence,
                Action.PLAY: self._play,
                Action.PAUSE: self.player.pause,
                Action.RESUME: self.player.resume,
                Action.SILENCE: self.player.stop,
                Action.HEAR_TAKE: self._hear_take,
                Action.TAKE_OVER: self.passes.take_over,
                Action.FOLLOW_ON: self.passes.follow_on,
                Action.AUDITION: self._audition,
                Action.ACCEPT: self._accept,
                Action.GIVE_UP: self._give_up,
                Action.BEGIN_DUET: self._begin_duet,
                Action.ANSWER: self._answer,
                Action.COMPLETE_ANSWER: self._answers.complete,
                Action.LEAVE_OFF: self._answers.leave_off,
                Action.HEAR_OUT: self._answers.hear_out,
                Action.GIVE_UP_ANSWER: self._answers.give_up,
                Action.END_DUET: self._end_duet,
            }
        )

    @property
    def generating(self) -> Generating | None:
        """The generation at work, or None."""
        return self.stage.generating

    @property
    def playing(self) -> Composition | None:
        """The music that plays or has played last, or None."""
        return self.stage.playing

    def press(self, button: Trigger, now_ns: int) -> None:
        """Take the press of a button: what generate does is set on the panel.

        Raises:
            ContinuoError: As `trigger`.
        """
        begins_duet = button is Trigger.GENERATE and self.settings.is_duet
        self.trigger(Trigger.DUET if begins_duet else button, now_ns)

    def generate(self, now_ns: int, *, on_heard: bool) -> None:
        """Take the press of the generate button.

        Args:
            now_ns: The present.
            on_heard: Whether a composition that another technique made is worked on, instead of
                the melody that it was made from.

        Raises:
            ContinuoError: As `trigger`.
        """
        self._works_on_heard = on_heard
        try:
            self.press(Trigger.GENERATE, now_ns)
        finally:
            self._works_on_heard = False

    def change_take(self, change: Callable[[Takes], None], now_ns: int) -> None:
        """Choose, add, delete or bring back a take; if music plays, it plays on with that.

        Raises:
            ContinuoError: If it makes no sense now, or there is no such take.
        """
        move(self.state, Trigger.TAKE)  # a refusal comes before the change
        before = self.takes.current
        change(self.takes)
        after = self.takes.current
        if after is not before:
            self._goes_on = (
                before is not None and after is not None and (before.melody == after.melody)
            )
            self.trigger(Trigger.TAKE, now_ns)

    def trigger(self, trigger: Trigger, now_ns: int) -> None:
        """Let something happen, as the state table says.

        Raises:
            ContinuoError: If it makes no sense now or cannot be done; the state stays.
        """
        found = move(self.state, trigger)
        if found is None:
            _LOG.info("%s came late in state %s", trigger, self.state)
            return
        if trigger in _ENDS_PASSES:
            self.passes.drop()
        self.state = self._actions[found.action](now_ns) or found.state

    def hear(self, message: MidiMessage, at_ns: int, keyboard: int = 0) -> None:
        """Take what was played: it is captured, and recorded if that is wanted.

        It sounds already: `thru` was fed where it arrived. In a duet the answer falls silent
        when a key is struck.
        """
        self._reel.feed(message, at_ns, keyboard)
        if self.duet is not None:
            if isinstance(message, NoteOn):
                self.trigger(Trigger.STRUCK, at_ns)
            self.duet.feed(message, at_ns, keyboard)

    def lose_keyboard(self, now_ns: int, keyboard: int | None = None) -> None:
        """A keyboard is gone: let go of its keys, those that sound and those of the recording."""
        self.thru.release(keyboard)
        self._reel.release(now_ns, keyboard)
        if self.duet is not None:
            self.duet.release(now_ns, keyboard)

    def set(self, settings: Settings, now_ns: int) -> None:
        """Take over what was turned; while a take plays its next pass has the new value."""
        before, self.settings = self.settings, settings
        if self.state in _HEARD and settings.parameters() != before.parameters():
            self._want_pass(now_ns)

    def use_channel(self, channel: int, now_ns: int) -> None:
        """Have the keyboard heard on another channel; a track that is there gives way."""
        self.thru.use(channel)
        self.stage.mixer.keyboard_channel = channel
        self.stage.remix(now_ns)

    def set_time(self, tempo_bpm: float, beats_per_bar: int) -> None:
        """Set tempo and bar for the next recording."""
        self.settings = replace(self.settings, tempo_bpm=tempo_bpm, beats_per_bar=beats_per_bar)

    def tell(self, sentence: str, remedy: str, now_ns: int) -> None:
        """Put a message on the panel for a while."""
        self.notice = Notice(sentence=sentence, remedy=remedy, until_ns=now_ns + NOTICE_NS)

    def next_ns(self) -> int | None:
        """When something is due by itself, or None."""
        times = [self.player.next_ns(), self.passes.due_ns, self.booth.metronome.next_ns()]
        if self.state is State.COUNT_IN:
            times.append(self.booth.ends_ns)
        if self.state is State.DUET_LISTENING and self.duet:
            times.append(self.duet.turn_ns)
        if self.notice is not None:
            times.append(self.notice.until_ns)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def run_due(self, now_ns: int) -> None:
        """Do what is due."""
        self.passes.run_due(now_ns)
        if self.player.run_due(now_ns):
            self.trigger(Trigger.ENDED, now_ns)
        if self.player.is_cued(now_ns):
            self.trigger(Trigger.CUED, now_ns)
        if self.state is State.COUNT_IN and now_ns >= self.booth.ends_ns:
            self.trigger(Trigger.COUNTED_IN, now_ns)  # first, since it may stop the clicks
        self.booth.metronome.run_due(now_ns)
        if self.state is State.DUET_LISTENING and self.duet and self.duet.is_turn(now_ns):
            self.trigger(Trigger.FELL_SILENT, now_ns)
        if self.notice is not None and now_ns >= self.notice.until_ns:
            self.notice = None

    def silence_everything(self, now_ns: int) -> None:
        """Every note off on every channel that was used; the keyboard is heard no more."""
        self.booth.metronome.stop()
        self.player.stop(now_ns)
        self.thru.close()
        for message in silence(DRUM_CHANNEL):
            self._outside.send(message)

    def answer(self, message: WorkerMessage, now_ns: int) -> None:
        """Take what the worker says."""
        self._reception.take(message, self.settings.parameters(), now_ns)

    def prepare_worker(self) -> None:
        """Start the worker and have it load the model, so that the first generation is quick.

        Raises:
            ContinuoError: If there is no model or no process.
        """
        self._attendant.prepare(self.settings.parameters())

    def _count_in(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        self._reel.count_in(now_ns)

    def _keep_take_and_play(self, now_ns: int) -> State | None:
        fallback = self._reel.keep(now_ns)
        if fallback is None:
            self._play(now_ns)
        return fallback

    def _keep_take_and_generate(self, now_ns: int) -> State | None:
        fallback = self._reel.keep(now_ns)
        if fallback is not None:
            return fallback
        try:
            self._generate(now_ns)
        except ContinuoError as error:  # the recording is over and kept, whatever else fails
            self.tell(error.message, error.remedy, now_ns)
            return State.IDLE
        return None

    def _generate(self, _now_ns: int) -> None:
        technique, on_heard = self.settings.technique, self._works_on_heard
        melody, parent = self.takes.source(technique, on_heard=on_heard)
        request = self._request(melody, self.settings.parameters())
        self.stage.generate(request, parent=parent)

    def _request(
        self,
        melody: Melody,
        parameters: Parameters,
        *,
        seed: int | None = None,
        turns: tuple[Turn, ...] | None = None,
    ) -> GenerationRequest:
        return GenerationRequest(
            melody=melody,
            parameters=parameters,
            seed=self._outside.choose_seed() if seed is None else seed,
            bundle_folder=self._outside.choose_bundle(parameters),
            threads=self._config.model_threads,
            turns=turns,
        )

    def _cancel(self, now_ns: int) -> None:
        was_heard = self.stage.plays_preview
        self.stage.cancel()
        if was_heard:
            # What was only a preview gives way to what there was before, at the same place.
            self.stage.swap(self._audible(), now_ns)

    def _cancel_and_silence(self, now_ns: int) -> None:
        self.player.stop(now_ns)
        self._cancel(now_ns)

    def _give_up(self, now_ns: int) -> None:
        was_heard = self.stage.plays_preview
        generating = self.stage.drop()
        assert generating is not None
        if not was_heard:
            return
        if generating.written_ticks is not None:  # it is no draft: what was heard of it stays
            melody = generating.request.melody
            self.takes.add(Take(melody=melody, unfinished=generating.preview))
        self.stage.swap(self._audible(), now_ns)

    def _play(self, now_ns: int) -> None:
        if self.generating is not None and self.generating.preview is not None:
            self.stage.audition(now_ns)
        else:
            self.stage.begin(self._audible(), now_ns)

    def _hear_take(self, now_ns: int) -> State | None:
        """Go on at the same place with a take of the same melody, else from its beginning."""
        if self.takes.current is None:
            self.player.stop(now_ns)
            return State.IDLE
        if self._goes_on or self.state is not State.PLAYING:
            if not self._goes_on:
                self.player.stop(now_ns)
            self.stage.swap(self._audible(), now_ns)
        else:
            self.stage.begin(self._audible(), now_ns)
        return None

    def _audition(self, now_ns: int) -> None:
        self.stage.audition(now_ns, at_ns=self.duet.entry_ns(now_ns) if self.duet else None)

    def _accept(self, now_ns: int) -> None:
        self._keep(self.stage.complete(now_ns), now_ns)
        self._want_pass(now_ns)  # what was turned meanwhile

    def _want_pass(self, now_ns: int) -> None:
        take = self.takes.current
        self.passes.want(take.record if take else None, self.settings.parameters(), now_ns)

    def _keep(self, generating: Generating, now_ns: int) -> None:
        """Make what is finished a take, and save it."""
        assert generating.finished is not None
        created_at = self._outside.wall_clock().isoformat(timespec="seconds")
        record = record_of(
            generating.request,
            generating.finished,
            created_at=created_at,
            parent=generating.parent,
        )
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
        parameters = parameters_for(Technique.EXTEND, values)
        self._answers.ask(self._request(melody, parameters, turns=self.duet.turns[:-1]))

    def _end_duet(self, now_ns: int) -> None:
        self._answers.fall_silent(now_ns)
        duet, self.duet = self.duet, None
        assert duet is not None
        melody = duet.melody(now_ns, name=self._outside.name_take())
        if melody is not None:
            self.takes.add(Take(melody=melody))

    def _audible(self) -> Composition:
        melody = self.takes.melody()
        assert self.takes.current is not None
        return self.takes.current.composition or as_composition(melody)
