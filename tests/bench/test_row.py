"""A benchmark's line says in one number how much better ours is."""

import pytest

from bench.__main__ import collect
from bench.row import Row


@pytest.mark.parametrize(
    ("row", "ratio"),
    [
        (Row(name="time", unit="s", ours=0.5, peer_name="theirs", peer=2.0), 4.0),
        (Row(name="time", unit="s", ours=2.0, peer_name="theirs", peer=1.0), 0.5),
        (Row(name="rate", unit="/s", ours=30.0, peer=10.0, larger_is_better=True), 3.0),
        (Row(name="alone", unit="s", ours=1.0), None),
        (Row(name="both without a fault", unit="faults", ours=0.0, peer=0.0), 1.0),
    ],
)
def test_the_ratio_is_above_one_where_ours_is_better(row: Row, ratio: float | None) -> None:
    assert row.ratio == ratio
    assert row.as_json() == {
        "name": row.name,
        "unit": row.unit,
        "ours": row.ours,
        "peer_name": row.peer_name,
        "peer": row.peer,
        "ratio": ratio,
    }


def test_a_benchmark_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        collect(["nothing"])
