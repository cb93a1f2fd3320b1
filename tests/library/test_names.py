"""Names of composition folders are readable and possible everywhere."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import CompositionNotFoundError
from firmware.library.names import checked_name, folder_name, to_ascii
from firmware.library.records import CompositionRecord
from firmware.music.notes import Composition, Melody
from firmware.parameters import Technique

RECORD = CompositionRecord(
    composition=Composition(tracks=()),
    melody=Melody(notes=(), name="Nun danket alle Gott"),
    technique=Technique.ENHANCE,
    parameters={},
    seed=1,
    bundle="b",
    bundle_sha256="0",
    created_at="2025-11-20T14:02:11+00:00",
)


def named(name: str) -> str:
    return folder_name(replace(RECORD, melody=Melody(notes=(), name=name)))


def test_a_name_says_when_what_and_how() -> None:
    assert folder_name(RECORD) == "2025-11-20_14-02-11_nun-danket-alle-gott_enhance"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Für Elise", "fur-elise"),
        ("Straße Łódź Æther", "strasse-lodz-aether"),
        ("", "melody"),
        ("音楽", "melody"),
        ('a/../../b\\c:d*?"<>|\x00\n', "a-b-c-d"),
        ("CON", "con"),
        ("x" * 500, "x" * 40),
    ],
)
def test_any_melody_gives_a_plain_part(name: str, part: str) -> None:
    assert named(name) == f"2025-11-20_14-02-11_{part}_enhance"


@given(st.text(), st.text(max_size=40))
def test_every_name_is_possible_on_fat_and_is_accepted_again(name: str, created_at: str) -> None:
    made = folder_name(replace(RECORD, melody=Melody(notes=(), name=name), created_at=created_at))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[a-z0-9-]+_enhance", made)
    assert len(made) <= 80
    assert checked_name(made) == made


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc", "a\\b", ".hidden", "a\0b", "a\nb", "\udcff"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(CompositionNotFoundError, match="not a composition's name"):
        checked_name(name)


def test_accents_go_and_letters_stay() -> None:
    assert to_ascii("Frère Jacques – Für Elise ♯") == "Frere Jacques - Fur Elise #"
