"""What each page shows, as values. A page is drawn anew only when its view differs."""

from dataclasses import dataclass

from firmware.panel.canvas import RollNote


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The instrument at rest.

    Attributes:
        technique: What the generate button does.
        tempo_bpm: Quarter notes a minute.
        melody: What it would be done to: name and length, or an empty string.
        rows: Label and value of the technique and of each of its parameters.
        selected: Which of them the value knob changes.
    """

    technique: str
    tempo_bpm: float
    melody: str
    rows: tuple[tuple[str, str], ...]
    selected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountInView:
    """Before a recording.

    Attributes:
        beat: Which beat is heard, from 1.
        beats: How many there are in all.
        tempo_bpm: Quarter notes a minute.
    """

    beat: int
    beats: int
    tempo_bpm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A recording.

    Attributes:
        bar: Which bar is played, from 1.
        beat: Which beat of it, from 1.
        notes: What was played so far.
        first_ticks: What the left edge of the piano roll shows.
        ticks: How much it shows.
        ticks_per_bar: Length of a bar.
    """

    bar: int
    beat: int
    notes: tuple[RollNote, ...]
    first_ticks: int
    ticks: int
    ticks_per_bar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateView:
    """A generation at work.

    Attributes:
        technique: What is done.
        done: Passes done.
        total: Passes in all; 0 before the first answer.
        seconds_left: How long it will take, or None while that is not known.
        is_playing: Whether music is heard meanwhile.
    """

    technique: str
    done: int
    total: int
    seconds_left: int | None
    is_playing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenView:
    """Music that plays.

    Attributes:
        title: Its name.
        notes: What it is made of.
        first_ticks: What the left edge of the piano roll shows.
        ticks: How much it shows.
        ticks_per_bar: Length of a bar.
        playhead: Column of the piano roll where the music is, 0..127.
        position_s: The same in seconds.
        length_s: How long it is.
        is_paused: Whether it stands still.
    """

    title: str
    notes: tuple[RollNote, ...]
    first_ticks: int
    ticks: int
    ticks_per_bar: int
    playhead: int
    position_s: int
    length_s: int
    is_paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DuetView:
    """A duet.

    Attributes:
        tempo_bpm: The player's, as far as it can be told.
        is_answering: Whether it is the instrument's turn.
    """

    tempo_bpm: float
    is_answering: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """Something the player must know.

    Attributes:
        sentence: What is wrong.
        remedy: What helps, or an empty string.
    """

    sentence: str
    remedy: str


View = HomeView | CountInView | RecordView | GenerateView | ListenView | DuetView | MessageView
