"""What an instrument that remembers goes through, from one start to the next."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.devices.controls import Button
from firmware.engine.events import StopRequested
from firmware.midi.control_maps import Learned
from firmware.parameters import Technique

if TYPE_CHECKING:
    from tests.engine.conftest import Rehearsal


LESSON = Learned(keyboard="1c75:0288", control=9, target="creative_risk", is_button=False)
SECOND_NS = 1_000_000_000
Make = Callable[..., "Rehearsal"]


def switch_off(simulation: "Rehearsal") -> None:
    """As the player does."""
    simulation.engine.post(StopRequested())
    simulation.engine.run()


def technique(simulation: "Rehearsal") -> Technique:
    """The one that is chosen."""
    return simulation.engine.instrument.settings.technique


def crash(simulation: "Rehearsal") -> None:
    """Everything ends, and nobody said so."""
    simulation.engine.close()


def wait_for_the_disk(simulation: "Rehearsal") -> None:
    """Until what has changed is written."""
    keeper = simulation.engine.crew.keeper
    assert keeper is not None
    simulation.wait(lambda: not keeper._is_busy, who="the disk")
    simulation.advance(4 * SECOND_NS)
    simulation.wait(lambda: not keeper._is_busy, who="the disk")


def change_everything(simulation: "Rehearsal") -> None:
    """Whatever a hand can set."""
    simulation.change("Technique", 2)
    simulation.change("Tempo", 7)
    simulation.open_page("Parameters")
    simulation.change("Extend by", -3)
    simulation.press(Button.BACK)
    simulation.open_page("MIDI")
    simulation.change("Thru", -1)
    simulation.change("Keyboard's channel", -2)
    simulation.change("Clock out", 1)
    simulation.press(Button.BACK)
    simulation.engine.crew.keyboards.restore((LESSON,))
    simulation.open_page("Sound")
    simulation.change("Volume", -4)
    simulation.change("Keyboard", 19)
    simulation.change("Metronome", -1)
    simulation.change("Beats in a bar", -1)
    simulation.select("Keyboard")
