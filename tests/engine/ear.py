"""An ear that minds every rule of MIDI notes, and small music for it."""

from hypothesis import strategies as st

from firmware.engine.player import Player
from firmware.midi.messages import MidiMessage, NoteOff, NoteOn
from firmware.music.notes import Composition, Note, Track

BEAT_NS = 500_000_000  # at 120 beats a minute


def note(start: int, pitch: int, length: int = 480) -> Note:
    return Note(start_ticks=start, pitch=pitch, duration_ticks=length)


def piece(*given_notes: Note, tempo_bpm: float = 120.0, program: int = 0) -> Composition:
    track = Track(name="track", notes=given_notes, program=program)
    return Composition(tracks=(track,), tempo_bpm=tempo_bpm)


class Ear:
    """Listens to a player that runs on a clock of its own, and minds every rule of MIDI notes."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.heard: list[tuple[int, MidiMessage]] = []
        self.sounding: set[tuple[int, int]] = set()
        self.player = Player(self.hear)

    def hear(self, message: MidiMessage) -> None:
        """Be the player's output."""
        self.heard.append((self.now_ns, message))
        match message:
            case NoteOn(pitch=pitch, channel=channel):
                assert (channel, pitch) not in self.sounding, "struck while it sounds"
                self.sounding.add((channel, pitch))
            case NoteOff(pitch=pitch, channel=channel):
                assert (channel, pitch) in self.sounding, "let go while it is silent"
                self.sounding.discard((channel, pitch))
            case _:
                pass

    def advance_to(self, at_ns: int) -> None:
        """Wake the player whenever it asked to be woken, until it waits at a cue."""
        while (due_ns := self.player.next_ns()) is not None and due_ns <= at_ns:
            if self.player.is_cued(self.now_ns):
                break
            self.now_ns = max(self.now_ns, due_ns)
            self.player.run_due(self.now_ns)
        self.now_ns = max(self.now_ns, at_ns)

    def notes(self) -> list[tuple[int, str, int]]:
        """Instants, kinds and pitches of the note messages."""
        return [
            (at_ns, type(message).__name__, message.pitch)
            for at_ns, message in self.heard
            if isinstance(message, NoteOn | NoteOff)
        ]


notes = st.builds(note, st.integers(0, 2000), st.integers(58, 61), st.integers(1, 900))
pieces = st.builds(
    lambda given_notes, others, tempo: Composition(
        tracks=(
            Track(name="a", notes=tuple(given_notes)),
            Track(name="b", notes=tuple(others), program=19),
        ),
        tempo_bpm=tempo,
    ),
    st.lists(notes, max_size=15),
    st.lists(notes, max_size=5),
    st.sampled_from((40.0, 97.3, 120.0, 220.0)),
)
