"""A composition's other name: notes, folder and lineage stay, and a kill leaves one of the two."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.errors import CompositionNotFoundError, LibraryError
from firmware.library.records import CompositionRecord
from firmware.library.renaming import rename_composition
from firmware.library.store import RECORD_FILE, Library


class PowerCutError(BaseException):
    """Nothing after it happens."""


def test_the_title_is_another_and_all_else_stays(
    library: Library, record: CompositionRecord
) -> None:
    name = library.save(record)
    rename_composition(library, name, "Zur Nacht …")
    assert library.names() == (name,)
    renamed = replace(
        record,
        composition=replace(record.composition, name="Zur Nacht …"),
        melody=replace(record.melody, name="Zur Nacht …"),
    )
    assert library.load(name) == renamed
    assert [path.name for path in library.root.iterdir()] == [name], "nothing is left behind"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_power_cut_at_any_step_leaves_the_old_title_or_the_new_one(
    library: Library, record: CompositionRecord, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    name, real, seen = library.save(record), getattr(os, call), set()
    for last in range(9):
        steps = 0

        def until_cut(*arguments: Any, last: int = last) -> Any:
            nonlocal steps
            steps += 1
            if steps > last:
                raise PowerCutError
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, until_cut)
            try:
                rename_composition(library, name, "Evening")
            except PowerCutError:
                pass
            else:
                break
        seen.add(library.load(name).composition.name)
    assert 0 < last < 8
    assert seen <= {"Ode to Joy, enhanced", "Evening"}
    assert library.load(name).composition.name == "Evening"


def test_what_cannot_be_renamed_is_one_sentence(
    library: Library, record: CompositionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CompositionNotFoundError):
        rename_composition(library, "x", "Evening")
    name = library.save(record)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(LibraryError, match=r"not renamed: there is no room left"):
            rename_composition(library, name, "Evening")
    assert library.load(name) == record
    for content in (b"\xff", b"{", b"[]"):
        (library.root / name / RECORD_FILE).write_bytes(content)
        with pytest.raises(LibraryError, match=RECORD_FILE):
            rename_composition(library, name, "Evening")
        assert (library.root / name / RECORD_FILE).read_bytes() == content


def test_a_name_can_lead_nowhere_else(library: Library, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(CompositionNotFoundError):
        rename_composition(library, "../other", "Evening")
