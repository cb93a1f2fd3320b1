"""What the panel shows of the instrument: from its state to the pages' view model."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from firmware.engine.instrument import Instrument
from firmware.engine.meter import Meter
from firmware.engine.recorded_roll import RecordedRoll, roll_note
from firmware.engine.schedule import as_composition, schedule_of
from firmware.engine.shelves import Shelves
from firmware.engine.sound import Sound
from firmware.engine.takes import Take, facts_of
from firmware.library.melodies import bundled_melodies
from firmware.music.notes import Composition, Melody, changes
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks, ticks_of_nanoseconds
from firmware.panel.canvas import WIDTH, RollNote
from firmware.panel.commands import Source
from firmware.panel.overview import (
    MelodyLine,
    MidiFacts,
    Overview,
    Recovery,
    SoundFacts,
    StickLine,
    TakeLine,
    TrackLine,
    WiringFacts,
)
from firmware.panel.states import State
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    ListenView,
    RecordView,
)

BARS_SHOWN = 4
_SECOND_NS = 1_000_000_000
_TRANSPORT = frozenset({State.PLAYING, State.PAUSED, State.AUDITIONING})
_MakeActivity = Callable[[int], CountInView | RecordView | GenerateView | DuetView]


class Viewer:
    """Makes overviews, and keeps the piano roll of the music that is heard.

    Args:
        instrument: What to look at.
        shelves: What was looked up.
        sound: How it sounds.
        meter: How much sounds.
        midi: What is connected.
        sticks: Those that are plugged in.
        recovery: What was not taken back at the start, or None.
        wiring: The test of what is wired, or None.
    """

    def __init__(
        self,
        instrument: Instrument,
        shelves: Shelves,
        sound: Sound,
        meter: Meter,
        midi: Callable[[], MidiFacts],
        *,
        sticks: Callable[[], tuple[StickLine, ...]],
        recovery: Callable[[], Recovery | None],
        wiring: Callable[[int], WiringFacts | None],
    ) -> None:
        self._instrument = instrument
        self._shelves = shelves
        self._sticks = sticks
        self._sound = sound
        self._meter = meter
        self._midi = midi
        self._recovery = recovery
        self._wiring = wiring
        self._roll_of: tuple[object, ...] = ()
        self._roll: tuple[RollNote, ...] = ()
        self._recorded: RecordedRoll | None = None
        self._kept: _AtHand | None = None
        self._bundled = tuple(
            MelodyLine(source=Source.BUNDLED, key=key, name=melody.name, what=_bars(melody))
            for key, melody in bundled_melodies().items()
        )
        self._played_of: tuple[Take, ...] = ()
        self._played: tuple[MelodyLine, ...] = ()
        self._activities: Mapping[State, _MakeActivity] = MappingProxyType(
            {
                State.COUNT_IN: self._count_in,
                State.RECORDING: self._record,
                State.GENERATING: self._generate,
                State.AUDITIONING: self._generate,
                State.DUET_LISTENING: self._duet,
                State.DUET_ANSWERING: self._duet,
            }
        )

    def overview(self, now_ns: int) -> Overview:
        """Everything that pages may show."""
        instrument, shelves = self._instrument, self._shelves
        activity = self._activities.get(instrument.state)
        music = self._heard()
        return Overview(
            state=instrument.state,
            settings=instrument.settings,
            level=self._meter.level(now_ns),
            take=self._take_line(),
            takes=len(instrument.takes),
            can_restore_take=instrument.takes.can_restore,
            tracks=self._tracks(music) if music else (),
            activity=activity(now_ns) if activity else None,
            listening=self._listen(music, now_ns) if music else None,
            melodies=(*self._played_melodies(), *shelves.files, *self._bundled),
            sticks=self._sticks(),
            compositions=shelves.compositions,
            deleted=shelves.deleted,
            models=shelves.models,
            missing=shelves.missing,
            no_model=shelves.no_model,
            presets=shelves.presets,
            midi=self._midi(),
            sound=SoundFacts(
                volume=self._sound.volume,
                program=self._sound.program,
                is_metronome_on=instrument.booth.is_metronome_on,
            ),
            system=shelves.system,
            recovery=self._recovery(),
            wiring=self._wiring(now_ns),
        )

    def _heard(self) -> Composition | None:
        """What plays, or what play would play."""
        instrument = self._instrument
        if instrument.state in _TRANSPORT:
            return instrument.playing
        at_hand = self._at_hand()
        return at_hand.music if at_hand else None

    def _at_hand(self) -> "_AtHand | None":
        """The present take; what takes a look at every note is kept."""
        take = self._instrument.takes.current
        if take is None:
            return None
        if self._kept is None or self._kept.take is not take:
            self._kept = _at_hand(take)
        return self._kept

    def _take_line(self) -> TakeLine | None:
        at_hand, instrument = self._at_hand(), self._instrument
        if at_hand is None:
            return None
        has_new = at_hand.take.record is not None and any(
            fader.program is not None for fader in instrument.stage.mixer.faders
        )
        return TakeLine(
            name=at_hand.take.melody.name or "Melody",
            what=at_hand.what,
            number=instrument.takes.number,
            is_composition=at_hand.take.composition is not None,
            has_new_instruments=has_new,
            about=at_hand.about,
            kept_as=at_hand.take.saved_as or "",
        )

    def _tracks(self, music: Composition) -> tuple[TrackLine, ...]:
        faders = self._instrument.stage.mixer.faders
        if len(faders) != len(music.tracks):  # it was not heard yet
            faders = ()
        lines: list[TrackLine] = []
        for index, track in enumerate(music.tracks):
            fader = faders[index] if faders else None
            chosen = fader.program if fader else None
            lines.append(
                TrackLine(
                    name=track.name.capitalize(),
                    program=track.program if chosen is None else chosen,
                    is_drum=track.is_drum,
                    is_muted=bool(fader and fader.is_muted),
                    is_soloed=bool(fader and fader.is_soloed),
                )
            )
        return tuple(lines)

    def _played_melodies(self) -> tuple[MelodyLine, ...]:
        """The melodies of the takes, each once, latest first."""
        takes = tuple(self._instrument.takes)
        if takes != self._played_of:
            by_melody = {take.melody: str(index) for index, take in enumerate(takes)}
            self._played = tuple(
                MelodyLine(
                    source=Source.PLAYED, key=key, name=melody.name or "Melody", what="played"
                )
                for melody, key in reversed(by_melody.items())
            )
            self._played_of = takes
        return self._played

    def _count_in(self, now_ns: int) -> CountInView:
        recorder = self._instrument.booth.recorder
        assert recorder is not None
        passed = now_ns - self._instrument.booth.began_ns
        beat = ticks_of_nanoseconds(passed, recorder.tempo_bpm) // TICKS_PER_BEAT
        beats = self._instrument.booth.beats
        return CountInView(beat=min(beat + 1, beats), beats=beats, tempo_bpm=recorder.tempo_bpm)

    def _record(self, now_ns: int) -> RecordView:
        recorder = self._instrument.booth.recorder
        assert recorder is not None
        ticks_per_bar = recorder.beats_per_bar * TICKS_PER_BEAT
        position = max(recorder.position_ticks(now_ns), 0)
        bar, page_ticks = position // ticks_per_bar, BARS_SHOWN * ticks_per_bar
        roll = self._recorded
        if roll is None or roll.recorder is not recorder:
            roll = self._recorded = RecordedRoll(recorder, page_ticks=page_ticks)
        return RecordView(
            bar=bar + 1,
            beat=position % ticks_per_bar // TICKS_PER_BEAT + 1,
            notes=roll.page(bar // BARS_SHOWN),
            count=roll.count,
            pitches=roll.pitches,
            first_ticks=bar // BARS_SHOWN * page_ticks,
            ticks=page_ticks,
            ticks_per_bar=ticks_per_bar,
        )

    def _generate(self, _now_ns: int) -> GenerateView:
        generating = self._instrument.generating
        assert generating is not None
        left = None
        if generating.done:
            passes_left = generating.total - generating.done
            left = ceil(generating.elapsed_s / generating.done * passes_left)
        return GenerateView(
            technique=generating.request.parameters.technique,
            done=generating.done,
            total=generating.total,
            seconds_left=left,
            is_playing=self._instrument.state is State.AUDITIONING,
        )

    def _listen(self, music: Composition, now_ns: int) -> ListenView:
        instrument = self._instrument
        is_at_work = instrument.state in _TRANSPORT
        position = instrument.player.position_ticks(now_ns) if is_at_work else 0
        ticks_per_bar = music.beats_per_bar * TICKS_PER_BEAT
        ticks = BARS_SHOWN * ticks_per_bar
        first = position // ticks * ticks

        def seconds(at: int) -> int:
            return nanoseconds_of_ticks(at, music.tempo_bpm) // _SECOND_NS

        at_hand = self._at_hand()
        end_ticks = instrument.player.end_ticks
        if not is_at_work and at_hand is not None:
            end_ticks = at_hand.end_ticks
        return ListenView(
            title=music.name or "Composition",
            notes=self._notes(music),
            first_ticks=first,
            ticks=ticks,
            ticks_per_bar=ticks_per_bar,
            playhead=(position - first) * WIDTH // ticks,
            position_s=seconds(position),
            length_s=seconds(end_ticks),
            is_paused=not instrument.player.is_running,
            take=f"{instrument.takes.number}/{len(instrument.takes)}",
            coming=self._coming(ticks_per_bar),
        )

    def _coming(self, ticks_per_bar: int) -> str:
        """How the next pass gets on."""
        instrument = self._instrument
        passes, cue = instrument.passes, instrument.player.cue_ticks
        if cue is not None:
            return f"next pass: bar {cue // ticks_per_bar + 1}"
        if passes.coming is not None and passes.coming.total:
            return f"next pass {100 * passes.coming.done // passes.coming.total}%"
        return "next pass…" if passes.is_wanted else ""

    def _duet(self, _now_ns: int) -> DuetView:
        duet = self._instrument.duet
        assert duet is not None
        is_answering = self._instrument.state is State.DUET_ANSWERING
        return DuetView(tempo_bpm=duet.tempo_bpm, is_answering=is_answering)

    def _notes(self, music: Composition) -> tuple[RollNote, ...]:
        """The piano roll without the tracks that are silent; kept while it stays the same."""
        instrument = self._instrument
        take = instrument.takes.current
        melody = take.melody if take else None
        silent = instrument.stage.mixer.mix.silent if instrument.playing is music else frozenset()
        before = self._roll_of
        if not before or before[0] is not music or before[1] is not melody or before[2] != silent:
            kept = changes(melody, music) if melody else None
            # A voice may double a note of the player's, which is one of theirs nevertheless.
            mine = Counter(note.identity for note in kept.kept) if kept else Counter()
            roll: list[RollNote] = []
            for index, track in enumerate(music.tracks):
                for note in track.notes:
                    is_players = mine[note.identity] > 0
                    mine[note.identity] -= 1
                    if index not in silent:
                        roll.append(roll_note(note, is_players=is_players))
            self._roll = tuple(roll)
            self._roll_of = (music, melody, silent)
        return self._roll


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtHand:
    """The present take.

    Attributes:
        take: The take.
        music: What play would play.
        end_ticks: Where that ends.
        what: How long the melody is, or what was made of it.
        about: How that was made: each value with its name.
    """

    take: Take
    music: Composition
    end_ticks: int
    what: str
    about: tuple[tuple[str, str], ...]


def _at_hand(take: Take) -> _AtHand:
    music = take.composition or as_composition(take.melody)
    return _AtHand(
        take=take,
        music=music,
        end_ticks=schedule_of(music).end_ticks,
        what=take.record.technique.past if take.record else _bars(take.melody),
        about=facts_of(take.record) if take.record else (),
    )


def _bars(melody: Melody) -> str:
    bars = ceil(melody.end_ticks / melody.ticks_per_bar)
    return f"{bars} bar{'' if bars == 1 else 's'}"
