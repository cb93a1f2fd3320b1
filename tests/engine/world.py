"""An instrument whose worker only answers when told to, and an ear that minds every rule."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from firmware.config import Config
from firmware.engine.instrument import Instrument
from firmware.engine.messages import (
    Advanced,
    Cancelled,
    Died,
    Failed,
    Finished,
    GenerationRequest,
    Listen,
    Loaded,
    WorkerMessage,
)
from firmware.engine.outside import Outside
from firmware.engine.passes import REST_NS
from firmware.engine.schedule import TRACK_CHANNELS, as_composition, schedule_of
from firmware.engine.takes import Take
from firmware.errors import ContinuoError
from firmware.library.records import CompositionRecord
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.music.timing import nanoseconds_of_ticks
from firmware.panel.settings import set_value
from firmware.panel.states import State, Trigger
from firmware.parameters import PARAMETERS_BY_KEY, Technique

RISK = "creative_risk"


@dataclass
class World:
    """An instrument with a worker that only answers when told to, and a strict ear."""

    now_ns: int = 0
    sounding: set[tuple[int, int]] = field(default_factory=set)
    records: list[CompositionRecord] = field(default_factory=list)
    number: int = 0
    incarnation: int = 1
    request: GenerationRequest | None = None
    heard: list[Listen] = field(default_factory=list)
    technique: Technique = Technique.ENHANCE
    struck: list[tuple[int, int, int]] = field(default_factory=list)  # when, channel, pitch
    released: list[tuple[int, int, int]] = field(default_factory=list)
    bars: int = 0  # of an extension that are written
    cancelled: list[int] = field(default_factory=list)
    elapsed_s: float = 0.1  # of a generation at work

    def __post_init__(self) -> None:
        self.instrument = Instrument(
            Config(library=Path("nowhere"), technique=self.technique),
            Outside(
                send=self.hear,
                save=self.records.append,
                worker=self,
                choose_bundle=lambda _: Path("bundle"),
                name_take=lambda: "take",
                choose_seed=lambda: 0,
                wall_clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )

    def state(self) -> State:
        """What it is doing."""
        return self.instrument.state

    def hear(self, message: MidiMessage) -> None:
        """Be the synthesizer."""
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                assert (channel, pitch) not in self.sounding, "struck while it sounds"
                self.sounding.add((channel, pitch))
                self.struck.append((self.now_ns, channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                self.sounding.discard((channel, pitch))
                self.released.append((self.now_ns, channel, pitch))
            case _:
                pass

    def start(self, bundle_folder: Path | None = None, *, threads: int = 1) -> None:
        """Be the worker."""
        del bundle_folder, threads

    def generate(self, request: GenerationRequest) -> int:
        """Be the worker."""
        self.request = request
        self.number += 1
        self.bars = 0
        return self.number

    def listen(self, duet: Listen) -> None:
        """Be the worker."""
        self.heard.append(duet)

    def cancel(self, number: int) -> None:
        """Be the worker."""
        assert number == self.number
        self.cancelled.append(number)

    def reap(self, died: Died) -> bool:
        """Be the worker."""
        if died.incarnation != self.incarnation:
            return False
        self.incarnation += 1
        return True

    def advance(self, duration_ns: int) -> None:
        """Let time pass."""
        end_ns = self.now_ns + duration_ns
        while (due_ns := self.instrument.next_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(due_ns, self.now_ns)
            self.instrument.run_due(self.now_ns)
        self.now_ns = end_ns

    def press(self, trigger: Trigger) -> str:
        """Press a button; the sentence of a refusal."""
        try:
            self.instrument.trigger(trigger, self.now_ns)
        except ContinuoError as error:
            return str(error)
        return ""

    def turn(self, clicks: int) -> None:
        """Turn creative risk."""
        before = self.instrument.settings
        value = PARAMETERS_BY_KEY[RISK].turned(before.value(RISK), clicks)
        self.instrument.set(set_value(before, RISK, value), self.now_ns)

    def strike(self, pitch: int, duration_ns: int) -> None:
        """Strike a key and let it go."""
        self.key(NoteOn(pitch=pitch, velocity=80))
        self.advance(duration_ns)
        self.key(NoteOff(pitch=pitch))

    def key(self, message: MidiMessage) -> None:
        """What a key says, as the engine takes it."""
        self.instrument.thru.feed(message)
        self.instrument.hear(message, self.now_ns)

    def answer(self, kind: str, number: int) -> None:
        """Let the worker say something about a generation: of an extension a bar more."""
        if self.request is None:
            return
        self.bars = BARS if kind == "finished" else min(self.bars + (kind == "preview"), BARS)
        melody, written_ticks = self.request.melody, None
        if self.request.parameters.technique is Technique.EXTEND:
            music = extended(melody, self.bars, shift=number - 1)
            written_ticks = melody.end_ticks + self.bars * melody.ticks_per_bar
        else:
            music = doubled(melody, number)
        message: WorkerMessage
        match kind:
            case "loaded":
                message = Loaded(name="bundle")
            case "advanced":
                message = Advanced(number=number, done=1, total=2, elapsed_s=self.elapsed_s)
            case "preview":
                message = Advanced(
                    number=number,
                    done=1,
                    total=2,
                    elapsed_s=self.elapsed_s,
                    preview=music,
                    written_ticks=written_ticks,
                )
            case "finished":
                message = Finished(
                    number=number,
                    composition=music,
                    bundle="bundle",
                    bundle_sha256="",
                    elapsed_s=0.2,
                )
            case "failed":
                message = Failed(number=number, message="it failed", remedy="")
            case "cancelled":
                message = Cancelled(number=number)
            case _:
                message = Died(incarnation=self.incarnation, exit_code=-9)
        self.instrument.answer(message, self.now_ns)


BARS = 4
"""Of an extension in the end."""


def extended(melody: Melody, bars: int, *, shift: int = 0) -> Composition:
    """A melody and some bars more, with notes over bar lines and a pitch that comes again."""
    notes = tuple(
        Note(
            start_ticks=melody.end_ticks + 480 * k,
            pitch=64 + (k + shift) % 3,
            duration_ticks=720,
        )
        for k in range(bars * melody.beats_per_bar)
    )
    music = as_composition(melody)
    return replace(music, tracks=(*music.tracks, Track(name="extension", notes=notes)))


def doubled(melody: Melody, number: int) -> Composition:
    """A melody and a lower voice, another one for each number."""
    music = as_composition(melody, program=number % 128)
    lower = tuple(replace(n, pitch=n.pitch - 12 + number % 3) for n in melody.notes)
    return replace(music, tracks=(*music.tracks, replace(music.tracks[0], notes=lower)))


BEAT_NS = 600_000_000
"""Of what was captured, at 100 beats a minute."""

EXTENSION_CHANNEL = TRACK_CHANNELS[1]


def with_melody(melody: Melody, technique: Technique = Technique.ENHANCE) -> World:
    """An instrument that captured the pitches of a melody."""
    world = World(technique=technique)
    for note in melody.notes:
        world.strike(note.pitch, 100_000_000)
    assert world.press(Trigger.KEEP) == ""
    return world


def ons(world: World, channel: int) -> list[tuple[int, int]]:
    """When which pitches were struck on a channel."""
    return [(at_ns, pitch) for at_ns, of, pitch in world.struck if of == channel]


BAR = 4 * 480
TEMPO_BPM = 120.0
BAR_NS = 2_000_000_000
MS_NS = 1_000_000
Event = tuple[int, int, int]  # when, channel, pitch

# Each bar: a note on its line, one that is struck again, one over the line, at times another's.
_BEATS = [(0, 60, 1.0), (1, 64, 1.0), (2, 64, 1.0), (3, 67, 2.0), (3.5, 60, 1.5)]


def tune(bars: int, *, beats_more: float = 0.0) -> Melody:
    """A melody with notes over every bar line but the last, which it ends at or later."""
    notes = tuple(
        Note(
            start_ticks=round(bar * BAR + beat * 480),
            pitch=pitch + bar % 2,
            duration_ticks=round(min(length * 480, bars * BAR - bar * BAR - beat * 480)),
            velocity=60 + bar,
        )
        for bar in range(bars)
        for beat, pitch, length in _BEATS
    )
    last = Note(start_ticks=bars * BAR, pitch=62, duration_ticks=round(480 * beats_more) or 1)
    return Melody(notes=(*notes, last) if beats_more else notes, tempo_bpm=TEMPO_BPM, name="Tune")


def playing(technique: Technique = Technique.ENHANCE, *, melody: Melody | None = None) -> World:
    """An instrument whose first take has just begun to play, at `now_ns`."""
    world = World(technique=technique)
    world.instrument.takes.add(Take(melody=melody or tune(6)))
    world.press(Trigger.GENERATE)
    world.answer("finished", world.number)
    assert world.state() is State.PLAYING
    world.struck.clear()
    return world


def rest(world: World) -> None:
    """Let the knob rest until the next pass is begun."""
    number = world.number
    world.advance(REST_NS)
    assert world.number == number + 1


def turned(technique: Technique = Technique.ENHANCE) -> World:
    """A take that plays since `REST_NS`, with its next pass just begun."""
    world = playing(technique)
    world.turn(3)
    rest(world)
    return world


def music(world: World) -> Composition:
    """What plays."""
    found = world.instrument.playing
    assert found is not None
    return found


def joined(old: Composition, new: Composition, line: int) -> tuple[list[Event], list[Event]]:
    """Instants of what is struck and let go: to the bar line the old, from there on the new."""
    before, after = schedule_of(old), schedule_of(new)
    early = [strike for strike in before.strikes if strike.start_ticks < line]
    late = [strike for strike in after.strikes if strike.start_ticks >= line]
    held = after.at(line - 1) if before.programs == after.programs else {}
    ends = {key: max(strike.end_ticks, line) for key, strike in held.items()}
    released = [
        (
            strike.end_ticks
            if strike.end_ticks <= line
            else ends.get((strike.channel, strike.pitch), line),
            strike.channel,
            strike.pitch,
        )
        for strike in early
    ]
    return _instants((s.start_ticks, s.channel, s.pitch) for s in (*early, *late)), _instants(
        (*released, *((s.end_ticks, s.channel, s.pitch) for s in late))
    )


def _instants(events: Iterable[Event]) -> list[Event]:
    return sorted((nanoseconds_of_ticks(t, TEMPO_BPM), c, p) for t, c, p in events)
