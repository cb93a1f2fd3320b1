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
