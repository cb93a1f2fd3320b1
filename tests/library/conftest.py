"""A library, and a composition to keep in it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.library.records import CompositionRecord
from firmware.library.store import Library
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.parameters import Technique

NOTES = (
    Note(start_ticks=0, pitch=60, duration_ticks=480),
    Note(start_ticks=480, pitch=64, duration_ticks=960, velocity=33),
)
RECORD = CompositionRecord(
    composition=Composition(
        tracks=(
            Track(name="soprano", notes=NOTES, program=52),
            Track(name="bass", notes=NOTES[:1], program=58),
        ),
        tempo_bpm=96.5,
        beats_per_bar=3,
        name="Ode to Joy, enhanced",
    ),
    melody=Melody(notes=NOTES, tempo_bpm=96.5, beats_per_bar=3, name="Ode to Joy"),
    technique=Technique.ENHANCE,
    parameters={"creative_risk": 1.5, "max_notes_added": 20},
    seed=7,
    bundle="bach-arcnn",
    bundle_sha256="ab" * 32,
    created_at="2025-11-20T14:02:11+00:00",
    parent="2025-11-19_10-00-00_ode-to-joy_enhance",
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is a place for it: a kill loses no page, and no disk is waited for."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made inside
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="continuo-") as name:
        yield Path(name)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """An empty one, whose folder is not there yet."""
    return Library(tmp_path / "music")


@pytest.fixture(scope="session")
def record() -> CompositionRecord:
    """What enhance might have made of two notes."""
    return RECORD
