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
            Corpus(
                name="symphony-openscore-orchestra",
                licence="CC0 (OpenScore, scores of the Hauptstimme corpus)",
                source="https://github.com/MarkGotham/Hauptstimme",
            ),
            Corpus(
                name="leadsheets-openewld",
                licence="songs: public domain in the US (to 1929); collection: MIT (OpenEWLD)",
                source="https://github.com/00sapo/OpenEWLD",
            ),
            Corpus(
                name="drums-groove",
                licence="CC BY 4.0 (Groove MIDI Dataset, Google Magenta)",
                source="https://magenta.tensorflow.org/datasets/groove",
            ),
            Corpus(
                name="rock-freedoom",
                licence="BSD-3-Clause (contributors to the Freedoom project)",
                source="https://github.com/freedoom/freedoom",
            ),
            Corpus(
                name="game-simutrans",
                licence="Artistic License (simutrans team)",
                source="https://github.com/simutrans/simutrans",
            ),
            Corpus(
                name="game-openmsx",
                licence="GPL-2 (OpenMSX authors; files *_redfarn: Jim Redfarn)",
                source="https://github.com/OpenTTD/OpenMSX",
            ),
            Corpus(
                name="game-easyrpg-rtp",
                licence="CC BY 4.0 (EasyRPG RTP, Juan Manuel Nigretti)",
                source="https://github.com/EasyRPG/RTP",
            ),
            Corpus(
                name="game-blasphemer",
                licence="BSD-3-Clause (contributors to the Blasphemer project)",
                source="https://github.com/Catoptromancy/blasphemer",
            ),
        )
    }
)


_OWN_LICENCE: Final = "the trainer's own MIDI files, whose licences the trainer knows"


def corpora_named(names: Iterable[str], *, own: Iterable[str] = ()) -> tuple[Corpus, ...]:
    """Look corpora up.

    Args:
        names: Their names.
        own: Genres that were trained: of an own one the corpus has the genre's name.

    Raises:
        ConfigError: If the licence of one is not known here; it must not ship without.
    """
    found: list[Corpus] = []
    own = frozenset(own)
    for name in names:
        if name in own and name not in CORPORA:
            found.append(Corpus(name=name, licence=_OWN_LICENCE, source="the trainer"))
            continue
        if name not in CORPORA:
            raise ConfigError(
                f"the licence of corpus {name!r} is not known",
                remedy="write it into converters/licences.py",
            )
        found.append(CORPORA[name])
    return tuple(found)
