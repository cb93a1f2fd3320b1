"""What the panel shows of the instrument: from its state to a page's view."""

from collections.abc import Callable, Mapping
from math import ceil
from types import MappingProxyType

from firmware.engine.instrument import Instrument
from firmware.music.notes import Composition, Melody, Note, changes
from firmware.music.timing import TICKS_PER_BEAT, nanoseconds_of_ticks, ticks_of_nanoseconds
from firmware.panel.canvas import WIDTH, RollNote
from firmware.panel.settings import TECHNIQUE
from firmware.panel.states import State
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    HomeView,
    ListenView,
    MessageView,
    RecordView,
    View,
)

BARS_SHOWN = 4
_SECOND_NS = 1_000_000_000
_PEEKED = frozenset({State.PLAYING, State.PAUSED, State.DUET_LISTENING, State.DUET_ANSWERING})


class Viewer:
    """Makes views, and keeps the piano roll of the music that plays.

    Args:
        instrument: What to look at.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._roll_of: tuple[Composition | None, Melody | None] = (None, None)
        self._roll: tuple[RollNote, ...] = ()
        self._views: Mapping[State, Callable[[int], View]] = MappingProxyType(
            {
                State.IDLE: self._home,
                State.COUNT_IN: self._count_in,
                State.RECORDING: self._record,
                State.GENERATING: self._generate,
                State.AUDITIONING: self._generate,
                State.PLAYING: self._listen,
                State.PAUSED: self._listen,
                State.DUET_LISTENING: self._duet,
                State.DUET_ANSWERING: self._duet,
            }
        )

    def view(self, now_ns: int, *, peeks: bool) -> View:
        """What to show.

        Args:
            now_ns: The present.
            peeks: Whether the settings are to be seen in place of the music, because a knob
                was turned.
        """
        instrument = self._instrument
        if instrument.notice is not None:
            notice = instrument.notice
            return MessageView(sentence=notice.sentence, remedy=notice.remedy)
        if peeks and instrument.state in _PEEKED:
            return self._home(now_ns)
        return self._views[instrument.state](now_ns)

    def _home(self, _now_ns: int) -> HomeView:
        settings, take = self._instrument.settings, self._instrument.takes.current
        melody = ""
        if take is not None:
            bars = ceil(take.melody.end_ticks / take.melody.ticks_per_bar)
            what = take.record.technique.past if take.record else f"{bars} bars"
            melody = f"{take.melody.name or 'melody'} · {what}"
        return HomeView(
            technique=str(settings.value(TECHNIQUE.key)),
            tempo_bpm=settings.tempo_bpm,
            melody=melody,
            rows=settings.rows(),
            selected=settings.selected,
        )

    def _count_in(self, now_ns: int) -> CountInView:
        recorder = self._instrument.recorder
        assert recorder is not None
        passed = now_ns - self._instrument.count_in_began_ns
        beat = ticks_of_nanoseconds(passed, recorder.tempo_bpm) // TICKS_PER_BEAT
        beats = self._instrument.count_in_beats
        return CountInView(beat=min(beat + 1, beats), beats=beats, tempo_bpm=recorder.tempo_bpm)

    def _record(self, now_ns: int) -> RecordView:
        recorder = self._instrument.recorder
        assert recorder is not None
        ticks_per_bar = recorder.beats_per_bar * TICKS_PER_BEAT
        position = max(recorder.position_ticks(now_ns), 0)
        bar = position // ticks_per_bar
        return RecordView(
            bar=bar + 1,
            beat=position % ticks_per_bar // TICKS_PER_BEAT + 1,
            notes=tuple(_roll_note(note, is_players=True) for note in recorder.notes),
            first_ticks=bar // BARS_SHOWN * BARS_SHOWN * ticks_per_bar,
            ticks=BARS_SHOWN * ticks_per_bar,
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

    def _listen(self, now_ns: int) -> ListenView:
        playing = self._instrument.playing
        assert playing is not None
        position = self._instrument.player.position_ticks(now_ns)
        ticks_per_bar = playing.beats_per_bar * TICKS_PER_BEAT
        ticks = BARS_SHOWN * ticks_per_bar
        first = position // ticks * ticks

        def seconds(at: int) -> int:
            return nanoseconds_of_ticks(at, playing.tempo_bpm) // _SECOND_NS

        return ListenView(
            title=playing.name or "Composition",
            notes=self._notes(playing),
            first_ticks=first,
            ticks=ticks,
            ticks_per_bar=ticks_per_bar,
            playhead=(position - first) * WIDTH // ticks,
            position_s=seconds(position),
            length_s=seconds(self._instrument.player.end_ticks),
            is_paused=self._instrument.state is State.PAUSED,
        )

    def _duet(self, _now_ns: int) -> DuetView:
        duet = self._instrument.duet
        assert duet is not None
        is_answering = self._instrument.state is State.DUET_ANSWERING
        return DuetView(tempo_bpm=duet.tempo_bpm, is_answering=is_answering)

    def _notes(self, playing: Composition) -> tuple[RollNote, ...]:
        take = self._instrument.takes.current
        melody = take.melody if take else None
        if self._roll_of[0] is not playing or self._roll_of[1] is not melody:
            kept = changes(melody, playing) if melody else None
            mine = {note.identity for note in kept.kept} if kept else set()
            self._roll = tuple(
                _roll_note(note, is_players=note.identity in mine) for note in playing.notes
            )
            self._roll_of = (playing, melody)
        return self._roll


def _roll_note(note: Note, *, is_players: bool) -> RollNote:
    return RollNote(
        start_ticks=note.start_ticks,
        end_ticks=note.end_ticks,
        pitch=note.pitch,
        is_players=is_players,
    )
