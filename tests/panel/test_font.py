"""The panel's typeface."""

import string

from hypothesis import given
from hypothesis import strategies as st

from firmware.panel.font import GLYPHS, HEIGHT, fitted, render, width_of, wrapped


def test_every_printable_ascii_character_is_drawn_in_rows_of_one_width() -> None:
    for character in string.printable[:95]:
        rows = GLYPHS[character].split()
        assert len(rows) <= HEIGHT, character
        assert {len(row) for row in rows} == {len(rows[0])}, character
        assert set("".join(rows)) <= {"#", "."}, character


def test_no_two_characters_look_the_same() -> None:
    assert len(set(GLYPHS.values())) == len(GLYPHS)


def test_small_letters_keep_their_accents_and_unknown_characters_show() -> None:
    assert render("ö").tobytes() not in (render("o").tobytes(), render("?").tobytes())
    assert render("Ö").tobytes() == render("O").tobytes()
    assert render("ő").tobytes() == render("o").tobytes()
    assert render("譜").tobytes() == render("?").tobytes()


@given(text=st.text(max_size=60))
def test_an_image_is_as_wide_as_said(text: str) -> None:
    assert render(text).size == (max(width_of(text), 1), HEIGHT)


@given(text=st.text(max_size=80), width=st.integers(6, 128))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    assert width_of(fitted(text, width)) <= max(width, width_of("…"))
    if width_of(text) <= width:
        assert fitted(text, width) == text


@given(text=st.text(alphabet=string.ascii_letters + " ", max_size=200), width=st.integers(20, 128))
def test_wrapped_lines_fit_and_lose_no_letter(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(0 < width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
