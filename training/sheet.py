"""`python -m training sheet BUNDLE -o FOLDER`: ten melodies before and after enhance, to look at.

For each melody a piano roll that tells kept, added and removed notes apart, and both MIDI files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from firmware.inference.bundle import read_bundle
from firmware.library.melodies import Tune, bundled_melodies, melody_of
from firmware.library.picture import draw_piano_roll
from firmware.midi.files import write_composition, write_melody
from firmware.music.notes import Melody, Note, changes
from firmware.parameters import Technique, parameters_for
from firmware.techniques.enhance import enhance
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One melody of the sheet.

    Attributes:
        key: Its files are named after it.
        melody: What is enhanced.
        note: What to look at.
        added: Maximum notes to add.
    """

    key: str
    melody: Melody
    note: str
    added: int


def examples() -> Iterator[Example]:
    """The ten melodies: those that come with the firmware and three that ask for more."""
    for key, melody in bundled_melodies().items():
        touched = key == "fuer-elise"
        yield Example(
            key=key,
            melody=melody,
            note="a touch-up: no more than 24 notes" if touched else "a melody in four voices",
            added=24 if touched else 300,
        )
    tune = melody_of(_TWINKLE)
    wrong = [_off(note, _WRONG.get(number, 0)) for number, note in enumerate(tune.notes)]
    yield Example(
        key="twinkle-wrong",
        melody=tune.with_notes(wrong),
        note="three notes are played a semitone off",
        added=300,
    )
    right, left = (melody_of(hand) for hand in _MINUET)
    yield Example(
        key="minuet",
        melody=right.with_notes((*right.notes, *left.notes)),
        note="two hands get two voices between them",
        added=300,
    )
    yield Example(
        key="ground", melody=melody_of(_BASS), note="a low line stays the bass", added=300
    )


def make(bundle_folder: Path, folder: Path, *, seed: int) -> None:
    """Write the sheet.

    Args:
        bundle_folder: The bundle to use.
        folder: Where the files go.
        seed: Of every example.
    """
    bundle = read_bundle(bundle_folder)
    model = bundle.load()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Enhance, before and after",
        "",
        f"Ten melodies through the bundle `{bundle.manifest.name}`, seed {seed}, default",
        "parameters but for the number of notes that may be added. Made by",
        f"`python -m training sheet firmware/models/{bundle.manifest.name} -o docs/enhance`.",
        "",
        "| melody | what to look at | kept | added | removed | before | after |",
        "|---|---|---|---|---|---|---|",
    ]
    pictures: list[str] = []
    console = Console(highlight=False)
    for example in examples():
        with console.status(f"enhancing {example.melody.name}"):
            parameters = parameters_for(Technique.ENHANCE, {"max_notes_added": example.added})
            rng = np.random.default_rng(seed)
            composition = finish(enhance(example.melody, parameters, model, rng))
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


def _off(note: Note, semitones: int) -> Note:
    return Note(
        start_ticks=note.start_ticks,
        pitch=note.pitch + semitones,
        duration_ticks=note.duration_ticks,
        velocity=note.velocity,
    )
