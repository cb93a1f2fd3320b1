"""How long a band takes for eight bars, beside the same weights elsewhere and the cloud product's.

Each peer runs in a process of its own on one thread (`bench.accompany_peers`), within the same
run. A peer that is not there has no figure, and its row says why.
"""

import time
from typing import Final

import numpy as np

from bench.enhance import eight_bars
from bench.peers import ask
from bench.row import Row
from firmware.errors import BundleError
from firmware.inference.band import BandModel
from firmware.inference.bundle import Bundle, read_bundle, shipped_bundles
from firmware.parameters import Technique, parameters_for
from firmware.techniques.accompany import accompany
from firmware.techniques.progress import finish

LIMIT_MS: Final = 100.0
BARS: Final = 8

PEERS: Final = {
    "product": "cloud product's U-Net generator through TensorFlow, 8,273,540 random weights",
    "keras": "same weights (float) through Keras",
}
"""What `bench.accompany_peers` can run, and what it is called in the table."""

_GENRE: Final = "rock"
_RUNS: Final = 5


def rows() -> list[Row]:
    """Measure every bundle that ships.

    Raises:
        BundleError: If there is none.
    """
    bundles = [
        bundle
        for bundle in map(read_bundle, shipped_bundles().values())
        if bundle.manifest.technique is Technique.ACCOMPANY
    ]
    if not bundles:
        raise BundleError("no bundle of accompany ships", remedy="python -m converters makes one")
    return [row for bundle in bundles for row in _rows(bundle)]


def accompany_s(model: BandModel) -> float:
    """Seconds from eight bars of melody to the composition, by default parameters."""
    genre = _GENRE if _GENRE in model.genres else model.genres[0]
    parameters = parameters_for(Technique.ACCOMPANY, {"genre": genre})
    began = time.perf_counter()
    finish(accompany(eight_bars(), parameters, model, np.random.default_rng(0)))
    return time.perf_counter() - began


def _rows(bundle: Bundle) -> list[Row]:
    model = bundle.load_band(threads=1)
    model.rehearse()
    ours_ms = 1000 * min(accompany_s(model) for _ in range(_RUNS))
    name = f"accompany: {BARS} bars of four tracks, {bundle.manifest.name}"

    def row(peer_name: str, peer_ms: float | None) -> Row:
        return Row(name=name, unit="ms", ours=ours_ms, peer_name=peer_name, peer=peer_ms)

    found = [row("bound asked for", LIMIT_MS)]
    for peer, called in PEERS.items():
        figures, reason = ask("bench.accompany_peers", peer, str(bundle.folder))
        if figures is None:
            found.append(row(f"{called}: not measured, {reason}", None))
        else:
            found.append(row(called, 1000 * figures["seconds"]))
    return found
