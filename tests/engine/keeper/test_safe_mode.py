"""After three crashes in five minutes an instrument begins in safe mode, and not before."""

import json
from pathlib import Path

from firmware.devices.controls import Button, Knob
from firmware.engine.keeper import RUNNING_FILE
from firmware.music.notes import Melody
from firmware.parameters import Technique
from tests.engine.keeper.lives import (
    SECOND_NS,
    Make,
    change_everything,
    crash,
    switch_off,
    technique,
    wait_for_the_disk,
)


def test_three_crashes_in_five_minutes_start_the_safe_mode(
    make: Make, melody: Melody, folder: Path
) -> None:
    simulation = make(bundle="fake")
    change_everything(simulation)
    simulation.press(Button.BACK)
    simulation.record(melody)
    wait_for_the_disk(simulation)
    for count in range(3):
        assert simulation.engine.crew.keeper is not None
        assert not simulation.engine.crew.keeper.is_safe
        assert simulation.engine.worker.pid is not None
        simulation.advance(60 * SECOND_NS)
        wait_for_the_disk(simulation)
        crash(simulation)
        assert len(json.loads((folder / RUNNING_FILE).read_text())["ran_s"]) == count + 1
        simulation = make(bundle="fake")
    assert simulation.engine.crew.keeper is not None
    assert simulation.engine.crew.keeper.is_safe
    assert simulation.engine.worker.pid is None, "no model is loaded ahead"
    assert technique(simulation) is Technique.ENHANCE
    assert "Safe mode" in simulation.text()
    assert simulation.is_seen("Take 1")
    simulation.open_page("What to do")
    assert "three times within five minutes" in simulation.text()
    simulation.turn(Knob.SELECT, 9)
    assert "Switch off and on for a normal start." in simulation.text()
    switch_off(simulation)
    assert not (folder / RUNNING_FILE).exists()
    normal = make(bundle="fake")
    assert normal.engine.worker.pid is not None
    assert normal.engine.crew.keeper is not None
    assert not normal.engine.crew.keeper.is_safe


def test_crashes_far_apart_are_no_reason_for_the_safe_mode(make: Make) -> None:
    """Who always pulls the plug is not punished for it."""
    for _ in range(4):
        simulation = make()
        assert simulation.engine.crew.keeper is not None
        assert not simulation.engine.crew.keeper.is_safe
        for _ in range(10):
            simulation.advance(13 * SECOND_NS)
            wait_for_the_disk(simulation)
        crash(simulation)


def test_a_switching_off_between_them_makes_crashes_be_forgotten(make: Make) -> None:
    for ends in (crash, crash, switch_off, crash, crash):
        ends(make())
    simulation = make()
    assert simulation.engine.crew.keeper is not None
    assert not simulation.engine.crew.keeper.is_safe


def test_the_safe_mode_can_be_asked_for_and_loses_nothing(make: Make) -> None:
    first = make(bundle="fake")
    change_everything(first)
    switch_off(first)
    second = make(bundle="fake", safe=True)
    assert second.engine.worker.pid is None
    assert technique(second) is Technique.ENHANCE
    second.open_page("What to do")
    assert "as you asked" in second.text()
    second.press(Button.BACK)
    second.open_page("Settings")
    assert technique(second) is Technique.EXTEND
    assert second.engine.worker.pid is not None
