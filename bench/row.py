"""One line of the benchmark table."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure of ours, beside a peer's that was measured in the same run where there is one.

    Attributes:
        name: What was measured.
        unit: Its unit.
        ours: Our figure.
        peer_name: Who or what it is compared with: a peer, or the bound that was asked for.
        peer: The peer's figure, or None without one.
        larger_is_better: Whether more is better (throughput) or less is (time, size).
    """

    name: str
    unit: str
    ours: float
    peer_name: str = ""
    peer: float | None = None
    larger_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; None without a peer."""
        if self.peer is None:
            return None
        over, under = (self.ours, self.peer) if self.larger_is_better else (self.peer, self.ours)
        return over / under if under else math.inf if over else 1.0

    def as_json(self) -> dict[str, object]:
        """For `bench.json`, which has no word for infinity."""
        ratio = self.ratio
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "peer_name": self.peer_name,
            "peer": self.peer,
            "ratio": None if ratio is None or math.isinf(ratio) else round(ratio, 4),
        }
