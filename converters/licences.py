"""What a bundle's manifest says about the music that its model was trained on."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from firmware.errors import ConfigError
from firmware.inference.manifest import Corpus

CORPORA: Final[Mapping[str, Corpus]] = MappingProxyType(
    {
        corpus.name: corpus
        for corpus in (
            Corpus(
                name="bach-jsb",
                licence="music: public domain (J. S. Bach); encoding: its repository states none",
                source="https://github.com/czhuang/JSB-Chorales-dataset",
            ),
            Corpus(
                name="bach-jsfakes",
                licence="CC BY 4.0 (Omar Peracha, JS Fake Chorales)",
                source="https://github.com/omarperacha/js-fakes",
            ),
            Corpus(
                name="piano-midi-de",
                licence="CC BY-SA 3.0 DE (Bernd Krueger, piano-midi.de)",
                source="https://github.com/cheriell/ClassicalPianoMIDI-dataset",
            ),
            Corpus(
                name="mutopia",
                licence="per piece: public domain, or CC BY of its typesetter (Mutopia Project)",
                source="https://github.com/MutopiaProject/MutopiaProject",
            ),
            Corpus(
                name="song-openscore-lieder",
                licence="CC0 (OpenScore Lieder)",
                source="https://github.com/OpenScore/Lieder",
            ),
            Corpus(
                name="symphony-openscore-quartets",
                licence="CC0 (OpenScore String Quartets)",
                source="https://github.com/OpenScore/StringQuartets",
            ),
            Corpus(
                name="folk-nottingham",
                licence="tunes: traditional; their collection: GPL-3 (Nottingham Music Database)",
                source="https://github.com/jukedeck/nottingham-dataset",
            ),
        )
    }
)


def corpora_named(names: Iterable[str]) -> tuple[Corpus, ...]:
    """Look corpora up.

    Raises:
        ConfigError: If the licence of one is not known here; it must not ship without.
    """
    found: list[Corpus] = []
    for name in names:
        if name not in CORPORA:
            raise ConfigError(
                f"the licence of corpus {name!r} is not known",
                remedy="write it into converters/licences.py",
            )
        found.append(CORPORA[name])
    return tuple(found)
