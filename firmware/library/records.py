"""What is kept of a composition, and how it is written down in `composition.json`.

The notes are in two MIDI files that any program can play; the JSON file has what a MIDI file
cannot say, with the hashes of both, so that a file that was changed or damaged is noticed.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from firmware.errors import LibraryError
from firmware.library.fields import Fields
from firmware.music.notes import Composition, Melody, Track
from firmware.parameters import PARAMETERS_BY_KEY, Technique, Value

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionRecord:
    """A composition and how it came about.

    Attributes:
        composition: The music.
        melody: What it was made from, after rhythm assist, trim and the like.
        technique: What was done to the melody.
        parameters: With which values, by `ParameterSpec.key`.
        seed: Of the random numbers; same melody, parameters, seed and bundle, same music.
        bundle: Name of the model bundle.
        bundle_sha256: Hash of its model file, in hexadecimal.
        created_at: When, ISO 8601 in UTC.
        parent: Name in the library of the composition that the melody was, or None.
    """

    composition: Composition
    melody: Melody
    technique: Technique
    parameters: Mapping[str, Value]
    seed: int
    bundle: str
    bundle_sha256: str
    created_at: str
    parent: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What `composition.json` says.

    Attributes:
        outline: The record with its tracks and its melody, but without a note in them.
        composition_sha256: Hash of `composition.mid`, in hexadecimal.
        input_sha256: Hash of `input.mid`, in hexadecimal.
    """

    outline: CompositionRecord
    composition_sha256: str
    input_sha256: str


def outline_of(record: CompositionRecord) -> CompositionRecord:
    """The record without its notes."""
    tracks = tuple(replace(track, notes=()) for track in record.composition.tracks)
    return replace(
        record,
        composition=replace(record.composition, tracks=tracks),
        melody=record.melody.with_notes(()),
    )


def fill(
    outline: CompositionRecord, *, composition: Composition, melody: Melody
) -> CompositionRecord:
    """Put the notes of two MIDI files into an outline.

    Raises:
        LibraryError: If the composition has another number of tracks than the outline.
    """
    wanted, found = outline.composition.tracks, composition.tracks
    if len(wanted) != len(found):
        raise LibraryError(f"composition.mid has {len(found)} tracks instead of {len(wanted)}")
    tracks = tuple(
        replace(track, notes=played.notes) for track, played in zip(wanted, found, strict=True)
    )
    return replace(
        outline,
        composition=replace(outline.composition, tracks=tracks),
        melody=outline.melody.with_notes(melody.notes),
    )


def description_to_json(description: Description) -> str:
    """The text of `composition.json`."""
    record = description.outline
    content = {
        "format": FORMAT_VERSION,
        "created_at": record.created_at,
        "technique": record.technique,
        "parameters": dict(record.parameters),
        "seed": record.seed,
        "bundle": {"name": record.bundle, "sha256": record.bundle_sha256},
        "parent": record.parent,
        "composition": {
            "sha256": description.composition_sha256,
            **_head(record.composition),
            "tracks": [
                {"name": track.name, "program": track.program, "is_drum": track.is_drum}
                for track in record.composition.tracks
            ],
        },
        "input": {"sha256": description.input_sha256, **_head(record.melody)},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def description_from_json(text: str) -> Description:
    """Read the text of `composition.json`.

    Raises:
        LibraryError: If it is not what `description_to_json` writes; the sentence says where.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LibraryError(f"composition.json is not JSON: {error}") from error
    reader = Fields(raw, file="composition.json")
    if reader.take("format", int) != FORMAT_VERSION:
        raise LibraryError(
            f"composition.json has format {raw['format']}, this firmware reads {FORMAT_VERSION}",
            remedy="update the firmware",
        )
    composition, melody, bundle = (reader.part(k) for k in ("composition", "input", "bundle"))
    try:
        outline = CompositionRecord(
            composition=Composition(
                tracks=tuple(_track(part) for part in composition.parts("tracks")),
                **_read_head(composition),
            ),
            melody=Melody(notes=(), **_read_head(melody)),
            technique=Technique(reader.take("technique", str)),
            parameters=_parameters(reader.part("parameters")),
            seed=reader.take("seed", int),
            bundle=bundle.take("name", str),
            bundle_sha256=bundle.take("sha256", str),
            created_at=reader.take("created_at", str),
            parent=reader.take("parent", str, type(None)),
        )
    except LibraryError:
        raise
    except ValueError as error:  # a musical value or a technique that cannot be
        raise LibraryError(f"composition.json: {error}") from error
    except OverflowError as error:
        raise LibraryError("composition.json: a number in it is far too large") from error
    return Description(
        outline=outline,
        composition_sha256=composition.take("sha256", str),
        input_sha256=melody.take("sha256", str),
    )


def _head(music: Composition | Melody) -> dict[str, object]:
    return {
        "name": music.name,
        "tempo_bpm": music.tempo_bpm,
        "beats_per_bar": music.beats_per_bar,
    }


def _read_head(reader: Fields) -> dict[str, Any]:
    return {
        "name": reader.take("name", str),
        "tempo_bpm": reader.take("tempo_bpm", float, int),
        "beats_per_bar": reader.take("beats_per_bar", int),
    }


def _track(reader: Fields) -> Track:
    return Track(
        name=reader.take("name", str),
        notes=(),
        program=reader.take("program", int),
        is_drum=reader.take("is_drum", bool),
    )


def _parameters(reader: Fields) -> dict[str, Value]:
    values: dict[str, Value] = {key: reader.take(key, *_kinds(key)) for key in reader.raw}
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise LibraryError(f"composition.json: parameters.{key} is {value}")
    return values


def _kinds(key: str) -> tuple[type, ...]:
    """What a parameter's value can be; anything, if only another version has the parameter."""
    spec = PARAMETERS_BY_KEY.get(key)
    return spec.kinds if spec else (int, float, str)
