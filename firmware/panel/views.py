"""What each page shows, as values. A page is drawn anew only when its view differs."""

from dataclasses import dataclass

from firmware.panel.canvas import RollNote


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """Rows to choose from, or facts.

    Attributes:
        title: What they are.
        right: At the right end of the title, or an empty string.
        level: How much sounds, 0..`LEVELS`, in place of that; None where it is not shown.
        note: A line of its own above the rows, or an empty string for none.
        note_right: At its right end, seen in full, or an empty string.
        rows: Label and value of those that are seen.
        selected: Which of these is selected, or None.
        is_editing: Whether the menu dial changes its value.
        first: Which of all rows is the first that is seen.
        total: How many rows there are.
        meaning: What the selected row means, in plain words, below the rows; or None.
    """

    title: str
    right: str = ""
    level: int | None = None
    note: str = ""
    note_right: str = ""
    rows: tuple[tuple[str, str], ...]
    selected: int | None
    is_editing: bool = False
    first: int
    total: int
    meaning: str | None = None


LEVELS = 5
"""The loudest that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextView:
    """Something to read.

    Attributes:
        title: What it is about.
        lines: What is seen of it, wrapped.
        first: Which of all lines is the first that is seen.
        total: How many lines there are.
    """

    title: str
    lines: tuple[str, ...]
    first: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmView:
    """A question before something is done.

    Attributes:
        title: What is to be done.
        subject: To what.
        consequence: What follows.
    """

    title: str
    subject: str
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameView:
    """A name that is being written.

    Attributes:
        title: What gets the name.
        text: What is written so far.
        signs: To choose from; the one in the middle is taken next.
    """

    title: str
    text: str
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeekView:
    """What a dial is turned to, over whatever page.

    Attributes:
        label: Which parameter.
        value: What it is set to.
        position: Where in its range, 0.0 to 1.0.
        meaning: What it means, in plain words.
    """

    label: str
    value: str
    position: float
    meaning: str


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
        notes: What was played so far of what the piano roll shows.
        count: How many notes were played in all.
        pitches: The lowest and the highest of them, for which the piano roll has room; or None.
        first_ticks: What the left edge of the piano roll shows.
        ticks: How much it shows.
        ticks_per_bar: Length of a bar.
    """

    bar: int
    beat: int
    notes: tuple[RollNote, ...]
    count: int
    pitches: tuple[int, int] | None
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
class StickView:
    """A USB stick that works as it should.

    Attributes:
        title: Which one.
        is_copying: Whether compositions are being copied to it.
        done: Compositions that are on it.
        total: Compositions that are to be; 0 before that is known.
        name: The composition at work, or an empty string.
        seconds_left: How long the copying will take, or None while that is not known.
        melodies: How many can be imported from it.
    """

    title: str
    is_copying: bool
    done: int
    total: int
    name: str
    seconds_left: int | None
    melodies: int


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
        take: Which of the takes it is and how many there are, as `3/10`.
        coming: What is to take over from it, in a few words; or an empty string.
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
    take: str
    coming: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A part on the front panel.

    Attributes:
        x_mm: To the right of the panel's left edge.
        y_mm: Behind the edge that is nearest to the player.
        is_knob: Whether it is turned.
        is_asked: Whether it is asked for.
        is_lit: Whether it is a light that should shine.
    """

    x_mm: float
    y_mm: float
    is_knob: bool = False
    is_asked: bool = False
    is_lit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringView:
    """A question of the wiring's own test.

    Attributes:
        verb: What to do.
        what: With which part.
        how: In which way.
        number: Which question it is, from 1.
        total: How many there are.
        time_left: Until it ends by itself, from 1.0 to 0.0.
        hint: What to mind, or an empty string.
        has_answer: Whether it is answered with yes or no.
        panel: Width and depth of the panel in mm, or None if nobody knows.
        screen_mm: The middle of the display, as a spot is given, or None.
        spots: What else is on it.
    """

    verb: str
    what: str
    how: str
    number: int
    total: int
    time_left: float
    hint: str = ""
    has_answer: bool = False
    panel: tuple[float, float] | None = None
    screen_mm: tuple[float, float] | None = None
    spots: tuple[Spot, ...] = ()


View = (
    ListView
    | TextView
    | ConfirmView
    | NameView
    | PeekView
    | CountInView
    | RecordView
    | GenerateView
    | ListenView
    | DuetView
    | StickView
    | MessageView
    | WiringView
)
