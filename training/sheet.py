"""`python -m training sheet BUNDLE -o FOLDER`: ten melodies before and after, to look at.

For each melody a piano roll that tells kept, added and removed notes apart, and both MIDI files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from firmware.errors import BundleError, ConfigError
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.library.melodies import Tune, bundled_melodies, melody_of
from firmware.library.picture import draw_piano_roll
from firmware.midi.files import write_composition, write_melody
from firmware.music.notes import Melody, Note, changes
from firmware.parameters import Parameters, Technique, parameters_for
from firmware.techniques import generate
from firmware.techniques.progress import finish

PAGE: Final = "README.md"

_TWINKLE: Final = Tune(
    title="Ah, vous dirai-je, Maman",
    origin="French, before 1761",
    tempo_bpm=100.0,
    beats_per_bar=4,
    text="""
    c4 c4 g4 g4 | a4 a4 g4:2 | f4 f4 e4 e4 | d4 d4 c4:2 |
    g4 g4 f4 f4 | e4 e4 d4:2 | g4 g4 f4 f4 | e4 e4 d4:2 |
    c4 c4 g4 g4 | a4 a4 g4:2 | f4 f4 e4 e4 | d4 d4 c4:2 |
    """,
)
_WRONG: Final[Mapping[int, int]] = {4: 1, 16: 1, 26: -1}
"""Which notes of it are played how many semitones off."""

_MINUET: Final = (
    Tune(
        title="Minuet in G",
        origin="Christian Petzold, before 1725",
        tempo_bpm=112.0,
        beats_per_bar=3,
        text="""
        d5 g4:0.5 a4:0.5 b4:0.5 c5:0.5 | d5 g4 g4 | e5 c5:0.5 d5:0.5 e5:0.5 f#5:0.5 | g5 g4 g4 |
        c5 d5:0.5 c5:0.5 b4:0.5 a4:0.5 | b4 c5:0.5 b4:0.5 a4:0.5 g4:0.5 |
        f#4 g4:0.5 a4:0.5 b4:0.5 g4:0.5 | a4:3 |
        """,
    ),
    Tune(
        title="its left hand",
        origin="Christian Petzold, before 1725",
        tempo_bpm=112.0,
        beats_per_bar=3,
        text="""
        g3:2 a3 | b3:3 | c4:3 | b3:3 | a3:3 | g3:3 | d4 b3 g3 | d4 d3:0.5 c4:0.5 b3:0.5 a3:0.5 |
        """,
    ),
)
_BASS: Final = Tune(
    title="The ground of a canon",
    origin="Johann Pachelbel, about 1690",
    tempo_bpm=72.0,
    beats_per_bar=4,
    text="""
    d3:2 a2:2 | b2:2 f#2:2 | g2:2 d2:2 | g2:2 a2:2 | d3:2 a2:2 | b2:2 f#2:2 | g2:2 a2:2 | d2:4 |
    """,
)


_MOONLIGHT: Final = (
    Tune(
        title="Sonata quasi una fantasia",
        origin="Ludwig van Beethoven, 1801",
        tempo_bpm=63.0,
        beats_per_bar=4,
        text=" | ".join(
            " ".join(f"{pitch}:1/3" for chord in bar.split(",") for pitch in chord.split())
            for bar in (
                ",".join(["g#3 c#4 e4"] * 4),
                ",".join(["g#3 c#4 e4"] * 4),
                "a3 c#4 e4,a3 c#4 e4,a3 d4 f#4,a3 d4 f#4",
                "g#3 c4 f#4,g#3 c#4 e4,g#3 c#4 d#4,f#3 c4 d#4",
                ",".join(["e3 g#3 c#4", *["g#3 c#4 e4"] * 3]),
            )
        ),
    ),
    Tune(
        title="its left hand",
        origin="Ludwig van Beethoven, 1801",
        tempo_bpm=63.0,
        beats_per_bar=4,
        text="c#3:4 | b2:4 | a2:2 f#2:2 | g#2:2 g#2:2 | c#2:4 |",
    ),
)
_FOUR_VOICES: Final[Mapping[str, object]] = {"max_notes_added": 300}
_CHORALE_BUNDLE: Final = "bach-arcnn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One melody of the sheet.

    Attributes:
        key: Its files are named after it.
        melody: What is worked on.
        note: What to look at.
        settings: Parameters other than the defaults.
    """

    key: str
    melody: Melody
    note: str
    settings: Mapping[str, object]


def enhance_examples() -> Iterator[Example]:
    """The ten melodies: those that come with the firmware and three that ask for more."""
    for key, melody in bundled_melodies().items():
        touched = key == "fuer-elise"
        yield Example(
            key=key,
            melody=melody,
            note="a touch-up: no more than 24 notes" if touched else "a melody in four voices",
            settings={"max_notes_added": 24} if touched else _FOUR_VOICES,
        )
    tune = melody_of(_TWINKLE)
    wrong = [_off(note, _WRONG.get(number, 0)) for number, note in enumerate(tune.notes)]
    yield Example(
        key="twinkle-wrong",
        melody=tune.with_notes(wrong),
        note="three notes are played a semitone off",
        settings=_FOUR_VOICES,
    )
    yield Example(
        key="minuet",
        melody=_two_hands(_MINUET),
        note="two hands get two voices between them",
        settings=_FOUR_VOICES,
    )
    yield Example(
        key="ground",
        melody=melody_of(_BASS),
        note="a low line stays the bass",
        settings=_FOUR_VOICES,
    )


def extend_examples() -> Iterator[Example]:
    """The ten: lines, two hands, four voices, a single note, triplets in a minor key."""
    bundled = bundled_melodies()
    lines = {
        "ode-to-joy": "piano",
        "fuer-elise": "piano",
        "greensleeves": "song",
        "frere-jacques": "song",
        "o-haupt": "chorale",
    }
    for key, style in lines.items():
        yield Example(
            key=key,
            melody=bundled[key],
            note=f"a line is answered by a line, {style}",
            settings={"style": style},
        )
    one = bundled["ode-to-joy"]
    yield Example(
        key="one-note",
        melody=replace(one.with_notes(one.notes[:1]), name="One note"),
        note="a single note, song",
        settings={"style": "song"},
    )
    yield Example(key="minuet", melody=_two_hands(_MINUET), note="two hands, piano", settings={})
    yield Example(
        key="moonlight",
        melody=_two_hands(_MOONLIGHT),
        note="triplets in C sharp minor at 63 bpm, piano",
        settings={},
    )
    for key, style in (("old-hundredth", "chorale"), ("nun-danket", "quartet")):
        yield Example(
            key=key,
            melody=_in_four_voices(bundled[key]),
            note=f"enhanced before, so four voices go on, {style}",
            settings={"style": style},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is shown of a technique.

    Attributes:
        title: Of the page.
        said: What was set.
        examples: What is shown.
    """

    title: str
    said: str
    examples: Callable[[], Iterator[Example]]


SHEETS: Mapping[Technique, Sheet] = {
    Technique.ENHANCE: Sheet(
        title="Enhance, before and after",
        said="default parameters but for the number of notes that may be added",
        examples=enhance_examples,
    ),
    Technique.EXTEND: Sheet(
        title="Extend: what was played, and how it goes on",
        said="default parameters but for the style",
        examples=extend_examples,
    ),
}


def make(bundles: Sequence[Bundle], folder: Path, *, seed: int) -> None:
    """Write the sheet.

    Args:
        bundles: Of one technique; of several that serve an example the first is used.
        folder: Where the files go.
        seed: Of every example.

    Raises:
        ConfigError: If the bundles are of several techniques.
        BundleError: If an example is served by none of them.
    """
    technique = bundles[0].manifest.technique
    if any(bundle.manifest.technique is not technique for bundle in bundles):
        raise ConfigError("a sheet is of one technique", remedy="name bundles of one")
    sheet, names = SHEETS[technique], [bundle.manifest.name for bundle in bundles]
    models = {bundle.manifest.name: bundle.load() for bundle in bundles}
    folder.mkdir(parents=True, exist_ok=True)
    which = "bundle" if len(names) == 1 else "bundles"
    lines = [
        f"# {sheet.title}",
        "",
        f"Ten melodies through the {which} {', '.join(f'`{name}`' for name in names)}, "
        f"seed {seed}, {sheet.said}. Made by",
        f"`python -m training sheet {' '.join(f'firmware/models/{name}' for name in names)} "
        f"-o docs/{technique}`.",
        "",
        "| melody | what to look at | kept | added | removed | before | after |",
        "|---|---|---|---|---|---|---|",
    ]
    pictures: list[str] = []
    console = Console(highlight=False)
    for example in sheet.examples():
        with console.status(f"working on {example.melody.name}"):
            parameters = parameters_for(technique, example.settings)
            model = models[_serving(bundles, parameters).manifest.name]
            rng = np.random.default_rng(seed)
            composition = finish(generate(example.melody, parameters, model, rng))
        before, after = f"{example.key}-before.mid", f"{example.key}-after.mid"
        (folder / before).write_bytes(write_melody(example.melody))
        (folder / after).write_bytes(write_composition(composition))
        draw_piano_roll(example.melody, composition, folder / f"{example.key}.png")
        found = changes(example.melody, composition)
        lines.append(
            f"| {example.melody.name} | {example.note} | {len(found.kept)} | {len(found.added)} "
            f"| {len(found.removed)} | [MIDI]({before}) | [MIDI]({after}) |"
        )
        pictures += ["", f"![{example.melody.name}]({example.key}.png)"]
    (folder / PAGE).write_text("\n".join([*lines, *pictures]) + "\n", encoding="utf-8")
    console.print(f"{folder / PAGE}: {len(pictures) // 2} melodies")


def _serving(bundles: Sequence[Bundle], parameters: Parameters) -> Bundle:
    for bundle in bundles:
        if bundle.manifest.is_for(parameters):
            return bundle
    keys = {key for bundle in bundles for key in bundle.manifest.serves}
    values = " and ".join(f"{key} {parameters[key]}" for key in sorted(keys))
    raise BundleError(f"none of the bundles serves {values}", remedy="name one more that does")


def _two_hands(hands: tuple[Tune, Tune]) -> Melody:
    right, left = (melody_of(hand) for hand in hands)
    return right.with_notes((*right.notes, *left.notes))


def _in_four_voices(melody: Melody) -> Melody:
    model = read_bundle(shipped_bundles()[_CHORALE_BUNDLE]).load()
    parameters = parameters_for(Technique.ENHANCE, _FOUR_VOICES)
    enhanced = finish(generate(melody, parameters, model, np.random.default_rng(1)))
    return enhanced.as_melody()


def _off(note: Note, semitones: int) -> Note:
    return Note(
        start_ticks=note.start_ticks,
        pitch=note.pitch + semitones,
        duration_ticks=note.duration_ticks,
        velocity=note.velocity,
    )
