"""An instrument to show: every page's content at its widest, and at its least."""

from dataclasses import replace

from firmware.panel.canvas import RollNote
from firmware.panel.commands import Source
from firmware.panel.overview import (
    CompositionLine,
    MelodyLine,
    MidiFacts,
    MissingModel,
    ModelLine,
    Overview,
    PresetLine,
    Recovery,
    SoundFacts,
    SshFacts,
    StickLine,
    Strain,
    SystemFacts,
    TakeLine,
    TrackLine,
    WiringFacts,
)
from firmware.panel.settings import TECHNIQUE, Settings, set_value
from firmware.panel.states import State
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    ListenView,
    RecordView,
    Spot,
    WiringView,
)
from firmware.parameters import Technique

BAR = 4 * 480
LONG = "Freude, schöner Götterfunken, Tochter aus Elysium"

_SOPRANO = [(0, 71), (1, 71), (2, 72), (3, 74), (4, 74), (5, 72), (6, 71), (7, 69), (8, 67)]
_BASS = [(0, 43), (2, 48), (4, 47), (6, 50), (8, 43)]
NOTES = (
    *(
        RollNote(start_ticks=480 * b, end_ticks=480 * (b + 1), pitch=p, is_players=True)
        for b, p in _SOPRANO
    ),
    *(
        RollNote(start_ticks=480 * b, end_ticks=480 * (b + 2), pitch=p, is_players=False)
        for b, p in _BASS
    ),
)


def settings_at(technique: Technique, position: float | None = None) -> Settings:
    """The technique at its defaults, or with every knob at a position."""
    settings = Settings(technique=technique)
    for spec in settings.specs:
        if position is not None and spec is not TECHNIQUE:
            settings = set_value(settings, spec.key, spec.at(position))
    return settings


def listening(*, playhead: int, is_paused: bool) -> ListenView:
    """Four bars of a choir."""
    return ListenView(
        title="Ode to Joy",
        notes=NOTES,
        first_ticks=0,
        ticks=4 * BAR,
        ticks_per_bar=BAR,
        playhead=playhead,
        position_s=4,
        length_s=83,
        is_paused=is_paused,
        take="3/10",
    )


COUNT_IN = CountInView(beat=2, beats=4, tempo_bpm=96.0)
RECORD = RecordView(
    bar=3,
    beat=2,
    notes=NOTES[:9],
    count=20_000,
    pitches=(60, 79),
    first_ticks=0,
    ticks=4 * BAR,
    ticks_per_bar=BAR,
)
GENERATE = GenerateView(technique="enhance", done=42, total=100, seconds_left=75, is_playing=True)
DUET = DuetView(tempo_bpm=88.3, is_answering=False)

_AT_MM = ((21.5, 22), (48.5, 22), (75.5, 22), (102.5, 22), (21.5, 38), (48.5, 38))
_BEHIND_MM = ((21.5, 94), (21.5, 62), (62, 62), (102.5, 62))


def asking(verb: str, what: str, how: str, at_mm: tuple[float, float] | None) -> WiringView:
    """A question of the wiring's own test, about a part at a place."""
    return WiringView(
        verb=verb,
        what=what,
        how=how,
        number=3,
        total=19,
        time_left=0.7,
        panel=(190, 120),
        screen_mm=(82, 94),
        spots=tuple(
            Spot(x_mm=x, y_mm=y, is_knob=y > 50, is_asked=(x, y) == at_mm)
            for x, y in (*_AT_MM, *_BEHIND_MM)
        ),
    )


COPYING = StickLine(
    key="sda1",
    title="Stick 1",
    is_copying=True,
    done=1042,
    total=1203,
    name=LONG,
    seconds_left=599,
)
READY = StickLine(
    key="sdb1",
    title="Stick 2",
    done=1203,
    total=1203,
    melodies=(
        MelodyLine(source=Source.STICK, key="/sdb1/a.mid", name="Ave verum", file="a.mid"),
        MelodyLine(source=Source.STICK, key="/sdb1/x.mid", name=LONG, file="x.mid"),
        *(
            MelodyLine(source=Source.STICK, key=f"/sdb1/{n}.mid", name=f"Hymn {n}", file=f"{n}.mid")
            for n in range(1000)
        ),
    ),
)
FAILED = StickLine(
    key="sdc1",
    title="Stick 3",
    problem="the stick has room for 103.4 MB, 1345.6 MB are needed",
    remedy="make room on it, or take another one",
    melodies=READY.melodies[:1],
)

ACTIVITIES: dict[State, CountInView | RecordView | GenerateView | DuetView] = {
    State.COUNT_IN: COUNT_IN,
    State.RECORDING: RECORD,
    State.GENERATING: GENERATE,
    State.AUDITIONING: GENERATE,
    State.DUET_LISTENING: DUET,
    State.DUET_ANSWERING: replace(DUET, is_answering=True),
}

MADE = (
    ("Technique", "Enhance"),
    ("Creative risk", "1.3"),
    ("Remove at most", "100%"),
    ("Add at most", "500 notes"),
    ("Iterations", "200 passes"),
    ("Ensemble", "strings"),
    ("Seed", "999"),
    ("Model", "bach-arcnn"),
)

EMPTY = Overview()
"""Just switched on, nothing looked up yet."""

FULL = Overview(
    settings=replace(settings_at(Technique.ENHANCE), tempo_bpm=120.5),
    level=4,
    take=TakeLine(
        name=LONG,
        what="enhanced",
        number=3,
        is_composition=True,
        has_new_instruments=True,
        about=MADE,
        kept_as="5",
    ),
    takes=10,
    can_restore_take=True,
    tracks=(
        TrackLine(name="Soprano", program=52, is_soloed=True),
        TrackLine(name="The second violins and violas", program=110),
        TrackLine(name="Tenor", program=31, is_muted=True),
        TrackLine(name="", program=31),
        TrackLine(name="Drums", program=0, is_drum=True),
    ),
    listening=listening(playhead=37, is_paused=False),
    melodies=(
        MelodyLine(source=Source.PLAYED, key="0", name="Take 1", what="played"),
        MelodyLine(source=Source.IMPORTED, key="x.mid", name=LONG, what="file"),
        MelodyLine(source=Source.BUNDLED, key="a", name="Old Hundredth", what="9 bars"),
        MelodyLine(source=Source.BUNDLED, key="b", name="Nun danket alle Gott", what="16 bars"),
        MelodyLine(source=Source.BUNDLED, key="c", name="O Haupt voll Blut", what="12 bars"),
        MelodyLine(source=Source.BUNDLED, key="d", name="Ode to Joy", what="16 bars"),
    ),
    sticks=(COPYING, READY, FAILED),
    compositions=(
        CompositionLine(name="5", title=LONG, what="accompanied", day="21 Nov", about=MADE),
        CompositionLine(name="4", title="Take 4", what="enhanced", day="20 Nov"),
        CompositionLine(
            name="2026-11-19_09-00-00_a_extend",
            title="2026-11-19_09-00-00_a_extend",
            what="",
            day="",
            problem="composition.mid was changed or damaged after it was saved",
        ),
        *(
            CompositionLine(name=f"x{n}", title=f"Take {n}", what="extended", day="08 Nov")
            for n in range(1200)
        ),
    ),
    deleted="Für Elise, second attempt",
    models=(
        ModelLine(
            name="bach-arcnn",
            title="Bach chorales",
            technique=Technique.ENHANCE,
            about=(
                ("Genre", "bach"),
                ("Size", "2.1 MB"),
                ("Trained on", "JSB Chorales, the whole collection"),
            ),
        ),
        ModelLine(
            name="extend-small",
            title="Four styles, trained on seven corpora",
            technique=Technique.EXTEND,
        ),
        ModelLine(
            name="my-own", title="my-own", technique=None, problem="manifest.json is not JSON"
        ),
    ),
    missing=(
        MissingModel(
            technique=Technique.ACCOMPANY,
            sentence="no model for accompany is installed that has genre symphony",
            remedy="train one (make train-genre), or name its folder",
        ),
    ),
    presets=(
        PresetLine(
            name="Enhance 1",
            technique=Technique.ENHANCE,
            about=(("Creative risk", "1.2"), ("Add at most", "20"), ("Ensemble", "strings")),
        ),
        PresetLine(name="Für die Orgel in der Kirche nebenan", technique=Technique.ENHANCE),
        PresetLine(name="Extend 1", technique=Technique.EXTEND),
        PresetLine(name="old", technique=None, problem="old.json has another format than 1"),
    ),
    midi=MidiFacts(
        keyboards=("MIDIPLUS AKM322", "Arturia KeyStep Pro of my brother"),
        synthesizer="FluidSynth GM",
        keyboard_channel=11,
        control_maps=("MIDIPLUS AKM322",),
        is_clock_in_on=True,
        clock_bpm=119.96,
        learning="max_input_notes_removed",
        learned=(("creative_risk", 21), ("record", 107)),
    ),
    sound=SoundFacts(volume=100, program=31, is_metronome_on=True),
    system=SystemFacts(
        version="0.1.0",
        cpu_percent=100,
        memory_used_mb=3712,
        memory_mb=8192,
        temperature_c=81,
        disk_free_mb=118_000,
        host="continuo-in-the-kitchen",
        address="192.168.100.123",
        strains=(
            Strain(
                label="Power",
                value="was too weak",
                text="The voltage was too low since power-up.\n"
                "→ use a supply of 5.1 V and 3 A or more, with a short, thick cable",
            ),
            Strain(
                label="Cooling",
                value="too hot",
                text="The processor is too hot now, and slowed down.\n"
                "→ give it a heat sink, or the case more holes",
            ),
        ),
        ssh=SshFacts(is_on=False, has_key=False, user="maker"),
        loses_power=True,
    ),
    recovery=Recovery(
        is_safe=True,
        text="It stopped three times within five minutes: safe mode.\n"
        "All is at its default, and no model is loaded yet.\n"
        "Restore what you miss, one by one.\n"
        "Switch off and on for a normal start.",
        pieces=(LONG, "Played last", "Take 1"),
        has_settings=True,
    ),
    wiring=WiringFacts(
        groups=(
            ("Buttons", ("buttons",)),
            ("Potentiometers", ("potentiometers",)),
            ("Encoder menu", ("encoders.menu",)),
        ),
        verdicts=(
            ("record", "ok", "GPIO5 (pin 29) answers."),
            (
                "menu",
                "fault",
                "It turns the other way: A and B are swapped.\n"
                "→ exchange the wires at pin 11 and pin 13",
            ),
            ("menu push", "warning", "Its contact chatters."),
            ("record light", "not asked", "It was not asked for."),
        ),
    ),
)
COMPOSITIONS, MODELS = FULL.compositions or (), FULL.models or ()
PRESETS = FULL.presets or ()
