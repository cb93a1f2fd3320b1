"""What the rows of accompany are measured with, on a model that costs nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import accompany, accompany_peers
from bench.__main__ import collect
from bench.enhance import eight_bars
from bench.row import Row
from firmware.inference.band_habits import Habits
from firmware.inference.bundle import read_bundle, shipped_bundles
from firmware.parameters import Technique


class CountingModel:
    """Plays nothing, and counts how often it is asked."""

    genres = ("bach", "rock")
    habits: Mapping[str, Habits] = {}

    def __init__(self) -> None:
        self.asked: list[int] = []

    def rehearse(self) -> None:
        """Nothing."""

    def said(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Silence."""
        self.asked.append(int(inputs["genre"].argmax()))
        return np.full((64, 64, 6), -9, np.float32), np.full((64, 9), -9, np.float32)


def test_eight_bars_are_two_windows_of_a_genre_with_drums() -> None:
    model = CountingModel()
    assert accompany.accompany_s(model) > 0
    assert model.asked == [1, 1]
    melody = eight_bars()
    assert melody.end_ticks == accompany.BARS * melody.ticks_per_bar


def test_the_products_generator_has_as_many_weights_as_published() -> None:
    pytest.importorskip("keras")
    network = accompany_peers.product_generator()
    assert network.count_params() == accompany_peers.PRODUCT_WEIGHTS
    assert f"{accompany_peers.PRODUCT_WEIGHTS:,}" in accompany.PEERS["product"]
    assert network.output_shape == (None, 32, 128, 4)
    assert [tensor.shape[1:] for tensor in network.inputs] == [(32, 128, 1), (2, 8, 512)]


def test_the_products_generator_is_timed() -> None:
    pytest.importorskip("tensorflow")
    assert accompany_peers.product(Path()) > 0


def measured(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> list[Row]:
    """The rows of a bundle, with peers that answer so."""
    monkeypatch.setattr(accompany, "ask", lambda _module, peer, _folder: answers[peer])

    class Loaded:
        folder = Path("nowhere")
        manifest = read_bundle(shipped_bundles()["bach-arcnn"]).manifest

        def load_band(self, **_: Any) -> CountingModel:
            return CountingModel()

    bundle: Any = Loaded()
    return accompany._rows(bundle)


def test_rows_stand_beside_the_bound_and_each_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that cannot run has no figure, and its row says why."""
    answers = {"product": ({"seconds": 0.5}, ""), "keras": (None, "there is no run")}
    bound, product, keras = measured(monkeypatch, answers)
    assert (bound.peer_name, bound.peer) == ("bound asked for", 100.0)
    assert product.peer == 500.0
    assert product.ratio == pytest.approx(500.0 / product.ours)
    assert keras.peer is None
    assert keras.peer_name.endswith("not measured, there is no run")
    assert len({row.ours for row in (bound, product, keras)}) == 1
    assert "8 bars of four tracks, bach-arcnn" in bound.name


def test_every_peer_in_the_table_can_be_run() -> None:
    assert accompany.PEERS.keys() == accompany_peers.PEERS.keys()


def test_without_a_bundle_it_says_so_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {
        name: folder
        for name, folder in shipped_bundles().items()
        if read_bundle(folder).manifest.technique is not Technique.ACCOMPANY
    }
    monkeypatch.setattr(accompany, "shipped_bundles", lambda: others)
    rows, missing = collect(["accompany"])
    assert rows == {}
    assert len(missing) == 1
    assert missing[0].startswith("accompany: not measured: no bundle of accompany ships")
