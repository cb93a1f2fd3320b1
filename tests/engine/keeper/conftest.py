"""Instruments that remember."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.library.notebook import MEMORY_FOLDER

if TYPE_CHECKING:
    from tests.engine.conftest import MakeInstrument, Rehearsal

from tests.engine.keeper.lives import Make


@pytest.fixture
def make(make_instrument: "MakeInstrument") -> Make:
    """Makes instruments that remember, without a model unless one is wanted."""

    def made(**more: object) -> "Rehearsal":
        return make_instrument(**{"bundle": None, "remembers": True, **more})  # type: ignore[arg-type]

    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it remembers."""
    return tmp_path / "library" / MEMORY_FOLDER
