"""The panel's own typeface: seven pixels for a capital, five for a small letter, two below.

Each row of `GLYPHS` is one character, its pixel rows from the top, separated by blanks. Drawn for
Continuo, because a one-bit screen of 64 rows has no room for a typeface made for anything larger.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from PIL import Image

CAPITAL_HEIGHT: Final = 7
HEIGHT: Final = 9
SPACING: Final = 1
UNKNOWN: Final = "?"

GLYPHS: Mapping[str, str] = MappingProxyType(
    {
        " ": "... ... ... ... ... ... ...",
        "!": "# # # # # . #",
        '"': "#.# #.# ... ... ... ... ...",
        "#": ".#.#. .#.#. ##### .#.#. ##### .#.#. .#.#.",
        "$": "..#.. .#### #.#.. .###. ..#.# ####. ..#..",
        "%": "##..# ##..# ...#. ..#.. .#... #..## #..##",
        "&": ".##.. #..#. #.#.. .#... #.#.# #..#. .##.#",
        "'": "# # . . . . .",
        "(": ".# #. #. #. #. #. .#",
        ")": "#. .# .# .# .# .# #.",
        "*": "... #.# .#. #.# ... ... ...",
        "+": "... ... .#. ### .#. ... ...",
        ",": ".. .. .. .. .. .# .# #.",
        "-": "... ... ... ### ... ... ...",
        ".": ". . . . . . #",
        "/": "..# ..# .#. .#. .#. #.. #..",
        "0": ".##. #..# #..# #..# #..# #..# .##.",
        "1": ".# ## .# .# .# .# .#",
        "2": ".##. #..# ...# ..#. .#.. #... ####",
        "3": "###. ...# ...# .##. ...# ...# ###.",
        "4": "#..# #..# #..# #### ...# ...# ...#",
        "5": "#### #... ###. ...# ...# #..# .##.",
        "6": ".##. #... #... ###. #..# #..# .##.",
        "7": "#### ...# ..#. ..#. .#.. .#.. .#..",
        "8": ".##. #..# #..# .##. #..# #..# .##.",
        "9": ".##. #..# #..# .### ...# ...# .##.",
        ":": ". . # . . # .",
        ";": ".. .. .# .. .. .# .# #.",
        "<": "... ..# .#. #.. .#. ..# ...",
        "=": "... ... ### ... ### ... ...",
        ">": "... #.. .#. ..# .#. #.. ...",
        "?": ".##. #..# ...# ..#. .#.. .... .#..",
        "@": ".###. #...# #.### #.#.# #.### #.... .###.",
        "A": ".##. #..# #..# #### #..# #..# #..#",
        "B": "###. #..# #..# ###. #..# #..# ###.",
        "C": ".##. #..# #... #... #... #..# .##.",
        "D": "###. #..# #..# #..# #..# #..# ###.",
        "E": "#### #... #... ###. #... #... ####",
        "F": "#### #... #... ###. #... #... #...",
        "G": ".##. #..# #... #.## #..# #..# .###",
        "H": "#..# #..# #..# #### #..# #..# #..#",
        "I": "### .#. .#. .#. .#. .#. ###",
        "J": "..# ..# ..# ..# ..# #.# .#.",
        "K": "#..# #..# #.#. ##.. #.#. #..# #..#",
        "L": "#... #... #... #... #... #... ####",
        "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
        "N": "#..# ##.# ##.# #.## #.## #..# #..#",
        "O": ".###. #...# #...# #...# #...# #...# .###.",
        "P": "###. #..# #..# ###. #... #... #...",
        "Q": ".###. #...# #...# #...# #.#.# #..#. .##.#",
        "R": "###. #..# #..# ###. #.#. #..# #..#",
        "S": ".### #... #... .##. ...# ...# ###.",
        "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
        "U": "#..# #..# #..# #..# #..# #..# .##.",
        "V": "#...# #...# #...# .#.#. .#.#. .#.#. ..#..",
        "W": "#...# #...# #...# #.#.# #.#.# ##.## #...#",
        "X": "#..# #..# #..# .##. #..# #..# #..#",
        "Y": "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
        "Z": "#### ...# ..#. .#.. .#.. #... ####",
        "[": "## #. #. #. #. #. ##",
        "\\": "#.. #.. .#. .#. .#. ..# ..#",
        "]": "## .# .# .# .# .# ##",
        "^": ".#. #.# ... ... ... ... ...",
        "_": ".... .... .... .... .... .... ####",
        "`": "#. .# .. .. .. .. ..",
        "a": ".... .... .##. ...# .### #..# .###",
        "b": "#... #... ###. #..# #..# #..# ###.",
        "c": "... ... .## #.. #.. #.. .##",
        "d": "...# ...# .### #..# #..# #..# .###",
        "e": ".... .... .##. #..# #### #... .##.",
        "f": ".## #.. ### #.. #.. #.. #..",
        "g": ".... .... .### #..# #..# #..# .### ...# .##.",
        "h": "#... #... ###. #..# #..# #..# #..#",
        "i": "# . # # # # #",
        "j": ".# .. .# .# .# .# .# .# #.",
        "k": "#... #... #..# #.#. ##.. #.#. #..#",
        "l": "#. #. #. #. #. #. .#",
        "m": "..... ..... ##.#. #.#.# #.#.# #.#.# #.#.#",
        "n": ".... .... ###. #..# #..# #..# #..#",
        "o": ".... .... .##. #..# #..# #..# .##.",
        "p": ".... .... ###. #..# #..# #..# ###. #... #...",
        "q": ".... .... .### #..# #..# #..# .### ...# ...#",
        "r": "... ... #.# ##. #.. #.. #..",
        "s": "... ... .## #.. .#. ..# ##.",
        "t": "#.. #.. ### #.. #.. #.. .##",
        "u": ".... .... #..# #..# #..# #..# .###",
        "v": "..... ..... #...# #...# .#.#. .#.#. ..#..",
        "w": "..... ..... #...# #...# #.#.# #.#.# .#.#.",
        "x": "... ... #.# #.# .#. #.# #.#",
        "y": ".... .... #..# #..# #..# #..# .### ...# .##.",
        "z": ".... .... #### ...# .##. #... ####",
        "{": ".## .#. .#. #.. .#. .#. .##",
        "|": "# # # # # # # # #",
        "}": "##. .#. .#. ..# .#. .#. ##.",
        "~": ".... .... .#.# #.#. .... .... ....",
        "…": "..... ..... ..... ..... ..... ..... #.#.#",
        "·": ". . . # . . .",
        "°": ".#. #.# .#. ... ... ... ...",
        "–": ".... .... .... #### .... .... ....",
        "→": "..... ..#.. ...#. ##### ...#. ..#.. .....",
        "ß": ".##. #..# #.#. #..# #..# #..# #.#.",
    }
)

# Accents, in the row above a small letter; capitals have no room for one.
_MARKS: Mapping[str, str] = MappingProxyType(
    {
        "\u0300": ".#..",  # grave
        "\u0301": "..#.",  # acute
        "\u0302": ".##.",  # circumflex
        "\u0303": "#.#.",  # tilde
        "\u0308": "#..#",  # diaeresis
        "\u030a": ".##.",  # ring
    }
)

_LOOKALIKES: Mapping[int, str] = MappingProxyType(
    str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "–", "ø": "o", "æ": "ae"})
)


def width_of(text: str) -> int:
    """Pixels that a text takes, without the blank column after its last character."""
    return max(sum(_glyph(c).width + SPACING for c in _drawable(text)) - SPACING, 0)


def render(text: str) -> Image.Image:
    """A text as an image of mode "1", `HEIGHT` high, at least one pixel wide; not to be changed."""
    return _rendered(text)


def fitted(text: str, width: int) -> str:
    """The text, shortened with an ellipsis where it is wider than so many pixels."""
    if width_of(text) <= width:
        return text
    while text and width_of(text.rstrip() + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, width: int) -> tuple[str, ...]:
    """The text in lines of at most so many pixels, broken between words where possible."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and width_of(longer) > width:
            lines.append(line)
            longer = word
        while width_of(longer) > width:
            cut = next(n for n in range(len(longer), 0, -1) if width_of(longer[:n]) <= width)
            lines.append(longer[:cut])
            longer = longer[cut:]
        line = longer
    return (*lines, line) if line else tuple(lines)


@lru_cache(maxsize=128)
def _rendered(text: str) -> Image.Image:
    image = Image.new("1", (max(width_of(text), 1), HEIGHT))
    x = 0
    for character in _drawable(text):
        glyph = _glyph(character)
        image.paste(glyph, (x, 0))
        x += glyph.width + SPACING
    return image


def _drawable(text: str) -> str:
    """The text in characters that there are: accents dropped, the rest as question marks."""
    if all(character in GLYPHS for character in text):
        return text
    known: list[str] = []
    for character in unicodedata.normalize("NFC", text).translate(_LOOKALIKES):
        if character in GLYPHS or _accented(character) is not None:
            known.append(character)
            continue
        plain = [c for c in unicodedata.normalize("NFKD", character) if c in GLYPHS]
        known.extend(plain or UNKNOWN)
    return "".join(known)


def _accented(character: str) -> str | None:
    """The pixel rows of a small letter with an accent, or None if it is none."""
    parts = unicodedata.normalize("NFD", character)
    if len(parts) != 2 or parts[0] not in "aceonuyr" or parts[1] not in _MARKS:
        return None
    rows = GLYPHS[parts[0]].split()
    rows[0] = _MARKS[parts[1]][: len(rows[1])]
    return " ".join(rows)


@lru_cache(maxsize=256)
def _glyph(character: str) -> Image.Image:
    rows = (GLYPHS.get(character) or _accented(character) or GLYPHS[UNKNOWN]).split()
    image = Image.new("1", (len(rows[0]), HEIGHT))
    for y, row in enumerate(rows):
        for x, pixel in enumerate(row):
            if pixel == "#":
                image.putpixel((x, y), 255)
    return image
