"""The sheet of Accompany: five held-out melodies in every genre, to look at and to play.

For each melody and genre, and each bundle, a MIDI file and a piano roll that tells the melody
from what was added; the melodies alone as well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from rich.console import Console

from firmware.errors import ConfigError
from firmware.inference.band import GENRE_KEY
from firmware.inference.bundle import Bundle
from firmware.library.picture import piano_roll_picture
from firmware.midi.files import write_composition, write_melody
from firmware.music.band import BAND_ENCODING, Role
from firmware.music.notes import Composition, Melody
from firmware.parameters import Technique, parameters_for
from firmware.techniques import generate
from firmware.techniques.progress import finish
from training.band.genre import excerpt, melody_of
from training.band.shards import BandPiece

PAGE: Final = "README.md"
MELODIES: Final = 5

CORPORA: Final[Mapping[str, str]] = {
    "bach-jsb": "Chorale",
    "song-openscore-lieder": "Song",
    "mutopia": "Rag",
    "symphony-openscore-orchestra": "Symphony",
    "rock-freedoom": "Riff",
    "leadsheets-openewld": "Standard",
    "symphony-openscore-quartets": "Quartet",
    "game-blasphemer": "Cue",
}
"""Where the melodies come from, one of each as far as it goes: music that may be passed on."""

_BARS: Final = 8
_TEMPO_BPM: Final = 100.0
_FEWEST_NOTES_A_BAR: Final = 2
_MOST_NOTES_A_BAR: Final = 8
_COLOURS: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Sung:
    """A melody of the sheet.

    Attributes:
        key: Its files are named after it.
        melody: What is accompanied.
        source: Corpus and piece that it comes from.
        genre: What it is when it is at home.
    """

    key: str
    melody: Melody
    source: str
    genre: str


def make(
    bundles: Sequence[Bundle], pieces: Iterable[BandPiece], folder: Path, *, seed: int
) -> None:
    """Write the sheet.

    Args:
        bundles: Of Accompany.
        pieces: The test split.
        folder: Where the files go.
        seed: Of every take.

    Raises:
        ConfigError: If there are too few melodies in the test split.
    """
    sung = held_out_melodies(pieces)
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False)
    for one in sung:
        (folder / f"{one.key}.mid").write_bytes(write_melody(one.melody))
    for bundle in bundles:
        model = bundle.load_band()
        for one in sung:
            for genre in model.genres:
                with console.status(f"{bundle.manifest.name}: {one.melody.name}, {genre}"):
                    parameters = parameters_for(Technique.ACCOMPANY, {"genre": genre})
                    rng = np.random.default_rng(seed)
                    composition = finish(generate(one.melody, parameters, model, rng))
                name = _file_name(one, genre, bundle)
                (folder / f"{name}.mid").write_bytes(write_composition(composition))
                _draw(one.melody, composition, folder / f"{name}.png")
    (folder / PAGE).write_text(_page(bundles, sung, seed), encoding="utf-8")
    console.print(f"{folder / PAGE}: {len(sung)} melodies, {', '.join(_genres(bundles))}")


def held_out_melodies(pieces: Iterable[BandPiece]) -> list[Sung]:
    """Five melodies of eight bars in four, of as many corpora as there are.

    Of each corpus in turn the next piece is taken, by name, that has eight bars in which the
    melody neither rests for a bar nor rushes.

    Raises:
        ConfigError: If there are not five.
    """
    found: list[Sung] = []
    waiting = [_passages(pieces, corpus) for corpus in CORPORA]
    while waiting and len(found) < MELODIES:
        for passages in tuple(waiting):
            passage = next(passages, None)
            if passage is None:
                waiting.remove(passages)
            elif len(found) < MELODIES:
                found.append(_sung(passage, 1 + sum(passage.corpus in one.source for one in found)))
    if len(found) < MELODIES:
        raise ConfigError(
            f"the test shard has {len(found)} melodies for the sheet, {MELODIES} are needed",
            remedy="python -m training shards accompany",
        )
    return found


def _passages(pieces: Iterable[BandPiece], corpus: str) -> Iterator[BandPiece]:
    """The first fitting passage of each piece of a corpus."""
    mine = sorted(
        (piece for piece in pieces if piece.corpus == corpus and piece.beats_per_bar == 4),
        key=lambda piece: piece.name,
    )
    for piece in mine:
        cuts = (excerpt(piece, at, at + _BARS) for at in range(0, piece.bars - _BARS + 1, 4))
        fitting = next((cut for cut in cuts if _is_sung(cut)), None)
        if fitting is not None:
            yield fitting


def _is_sung(passage: BandPiece) -> bool:
    bar = passage.beats_per_bar * BAND_ENCODING.beat_resolution
    counts = [0] * _BARS
    for note in passage.notes:
        if note.role is Role.MELODY:
            counts[note.start // bar] += 1
    # The last bar may be one long note.
    lowest, last = min(counts[:-1]), counts[-1]
    return lowest >= _FEWEST_NOTES_A_BAR and last >= 1 and max(counts) <= _MOST_NOTES_A_BAR


def _sung(passage: BandPiece, number: int) -> Sung:
    """One of a corpus, which names it; the first has no number."""
    title = CORPORA[passage.corpus] + (f" {number}" if number > 1 else "")
    return Sung(
        key=title.lower().replace(" ", "-"),
        melody=replace(melody_of(passage), name=title, tempo_bpm=_TEMPO_BPM),
        source=passage.name,
        genre=passage.genre,
    )


def _file_name(one: Sung, genre: str, bundle: Bundle) -> str:
    return f"{one.key}-{genre}-{bundle.manifest.name}"


def _draw(melody: Melody, composition: Composition, path: Path) -> None:
    """The picture without the drums, whose keys are no pitches; in few colours, as a small file."""
    pitched = replace(
        composition, tracks=tuple(track for track in composition.tracks if not track.is_drum)
    )
    picture = piano_roll_picture(melody, pitched)
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True)


def _page(bundles: Sequence[Bundle], sung: Sequence[Sung], seed: int) -> str:
    names = [bundle.manifest.name for bundle in bundles]
    folders = " ".join(f"firmware/models/{name}" for name in names)
    lines = [
        "# Accompany: one melody, every genre",
        "",
        f"Five melodies that no model learned from, through {_listed(names)}, seed {seed}, default",
        "parameters but for the genre. The drums are in the MIDI files, not in the pictures. Made",
        f"by `python -m training sheet {folders} -o docs/accompany`.",
        "",
        f"| melody | from | genre | {' | '.join(names)} |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for one in sung:
        for genre in _genres(bundles):
            cells = [
                f"[MIDI]({name}.mid) [picture]({name}.png)"
                if genre in bundle.manifest.serves[GENRE_KEY]
                else ""
                for bundle in bundles
                for name in (_file_name(one, genre, bundle),)
            ]
            melody = f"[{one.melody.name}]({one.key}.mid)"
            lines.append(f"| {melody} | {one.source} | {genre} | {' | '.join(cells)} |")
    for one in sung:
        for bundle in bundles[:1]:
            served = bundle.manifest.serves[GENRE_KEY]
            genre = one.genre if one.genre in served else served[0]
            picture = _file_name(one, genre, bundle)
            lines += ["", f"![{one.melody.name}, {genre}]({picture}.png)"]
    return "\n".join(lines) + "\n"


def _genres(bundles: Sequence[Bundle]) -> tuple[str, ...]:
    """Of all bundles, in the order of the first one."""
    served = (genre for bundle in bundles for genre in bundle.manifest.serves[GENRE_KEY])
    return tuple(dict.fromkeys(served))


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"the bundle {quoted[0]}" if len(quoted) == 1 else f"the bundles {' and '.join(quoted)}"
