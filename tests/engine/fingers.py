"""What a player does at the panel again and again, and what is seen of it."""

from typing import TYPE_CHECKING

from firmware.devices.controls import Button
from firmware.panel.views import ListView

if TYPE_CHECKING:
    from tests.engine.conftest import Rehearsal


SECOND_NS = 1_000_000_000


def top(simulation: "Rehearsal") -> str:
    """The page that is seen."""
    simulation.view()
    return type(simulation.engine.panel.navigation.top).__name__


def saves(simulation: "Rehearsal", count: int) -> None:
    """Wait until so many compositions are on the disk."""
    simulation.wait(lambda: len(simulation.engine.saved) == count, who="the disk")


def go_home(simulation: "Rehearsal") -> None:
    """Press back until home is seen."""
    for _ in range(9):
        simulation.press(Button.BACK)
    assert top(simulation) == "HomePage"


def value(simulation: "Rehearsal", label: str) -> str:
    """What the row of a label is set to."""
    simulation.select(label)
    view = simulation.view()
    assert isinstance(view, ListView)
    assert view.selected is not None
    return view.rows[view.selected][1]
