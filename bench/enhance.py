"""How long enhance takes, beside the same weights elsewhere and the cloud product's network.

Each peer runs in a process of its own on one thread (`bench.enhance_peers`), within the same
run. A peer that is not installed has no figure, and its row says why.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.peers import ask
from bench.row import Row
from firmware.engine.bundles import choose_bundle
from firmware.inference.bundle import read_bundle
from firmware.inference.runtime import Model
from firmware.library.melodies import bundled_melodies
from firmware.music.notes import Melody
from firmware.parameters import Technique, parameters_for
from firmware.techniques.enhance import enhance
from firmware.techniques.progress import finish

ENHANCE_LIMIT_S: Final = 0.8
FIRST_WINDOW_LIMIT_MS: Final = 150.0
PRODUCT_FACTOR: Final = 12.0

_ROOT: Final = Path(__file__).parents[1]
_RUNS: Final = 5
_LONG_BARS: Final = 64

PEERS: Final = {
    "keras": "same weights (float) through Keras predict",
    "onnxruntime": "same weights (float) through ONNX Runtime",
    "tflite-runtime": "same bundle through tflite-runtime",
    "product": "cloud product's network and loop, Keras predict, random weights",
}
"""What `bench.enhance_peers` can run, and what it is called in the table."""


def rows() -> list[Row]:
    """Measure all of it."""
    bundle = read_bundle(choose_bundle(Technique.ENHANCE))
    model = bundle.load_grid(threads=1)
    ours = min(enhance_s(model) for _ in range(_RUNS))
    name = f"enhance: 100 passes over 8 bars, {bundle.manifest.name}"
    found = [
        Row(name=name, unit="s", ours=ours, peer_name="bound asked for", peer=ENHANCE_LIMIT_S),
        Row(
            name="enhance: first window of a long melody ready",
            unit="ms",
            ours=1000 * min(_first_preview_s(model) for _ in range(_RUNS)),
            peer_name="bound asked for",
            peer=FIRST_WINDOW_LIMIT_MS,
        ),
    ]
    for peer, called in PEERS.items():
        seconds, reason = _peer_s(peer, bundle.folder)
        peer_name = called if seconds is not None else f"{called}: not measured, {reason}"
        found.append(Row(name=name, unit="s", ours=ours, peer_name=peer_name, peer=seconds))
        if peer == "product" and seconds is not None:
            found.append(
                Row(
                    name="enhance: times faster than the cloud product's",
                    unit="times",
                    ours=seconds / ours,
                    peer_name="bound asked for",
                    peer=PRODUCT_FACTOR,
                    larger_is_better=True,
                )
            )
    return found


def eight_bars() -> Melody:
    """What is enhanced: Frère Jacques, eight bars."""
    return bundled_melodies()["frere-jacques"]


def long_melody(bars: int) -> Melody:
    """The same over and over again.

    Args:
        bars: How long; a multiple of eight.
    """
    once = eight_bars()
    length = 8 * once.ticks_per_bar
    return once.with_notes(
        replace(note, start_ticks=note.start_ticks + length * again)
        for again in range(bars // 8)
        for note in once.notes
    )


def enhance_s(model: Model) -> float:
    """Seconds from a melody to its composition, with default parameters."""
    parameters = parameters_for(Technique.ENHANCE, {"sampling_iterations": 100})
    began = time.perf_counter()
    finish(enhance(eight_bars(), parameters, model, np.random.default_rng(0)))
    return time.perf_counter() - began


def _first_preview_s(model: Model) -> float:
    """Seconds until the first eight bars of a long melody can be played."""
    parameters = parameters_for(Technique.ENHANCE)
    began = time.perf_counter()
    generation = enhance(long_melody(_LONG_BARS), parameters, model, np.random.default_rng(0))
    next(step for step in generation if step.preview is not None)
    took = time.perf_counter() - began
    generation.close()
    return took


def _peer_s(peer: str, bundle: Path) -> tuple[float | None, str]:
    """Seconds that a peer takes, or why there is no figure."""
    python = Path(sys.executable)
    if peer == "tflite-runtime":
        named = os.environ.get("CONTINUO_TFLITE_PYTHON")
        python = Path(named) if named else _ROOT / ".venv-tflite" / "bin" / "python"
        if not python.exists():
            return None, "there is no .venv-tflite (make test sets it up)"
    found, reason = ask("bench.enhance_peers", peer, str(bundle), python=str(python))
    return (found["seconds"] if found else None), reason
