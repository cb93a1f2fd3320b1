"""What the knobs and buttons of known keyboards mean."""

from collections import Counter

import pytest

from firmware.devices.controls import Button
from firmware.errors import ControlError
from firmware.midi.control_maps import (
    AKM322,
    CONTROL_MAPS,
    UNKNOWN,
    ControlAction,
    ControlMap,
    Learned,
    MoveKnob,
    PressButton,
)
from firmware.midi.messages import ControlChange, MidiMessage, NoteOn, PitchBend, Realtime
from firmware.parameters import PARAMETERS_BY_KEY, Technique, specs_of

maps = pytest.mark.parametrize("control_map", CONTROL_MAPS.values(), ids=CONTROL_MAPS)


@pytest.mark.parametrize(
    ("control", "value", "action"),
    [
        (105, 127, PressButton(button="play")),
        (106, 127, PressButton(button="stop")),
        (107, 127, PressButton(button="record")),
        (107, 0, None),  # the button comes up
        (21, 0, MoveKnob(parameters=("creative_risk",), position=0.0)),
        (21, 127, MoveKnob(parameters=("creative_risk",), position=1.0)),
        (
            *(22, 127),
            MoveKnob(
                parameters=("max_input_notes_removed", "model", "sampling_threshold"), position=1.0
            ),
        ),
        (
            *(23, 127),
            MoveKnob(
                parameters=("max_notes_added", "seed", "track_extension_duration"), position=1.0
            ),
        ),
        (10, 127, MoveKnob(parameters=("sampling_iterations", "genre", "style"), position=1.0)),
    ],
)
def test_the_akm322s_panel_is_understood(
    control: int, value: int, action: ControlAction | None
) -> None:
    message = ControlChange(control=control, value=value)
    assert AKM322.lookup(message) == action
    assert AKM322.is_panel(message)


@maps
@pytest.mark.parametrize(
    "message",
    [
        NoteOn(pitch=60, velocity=100),
        PitchBend(bend=0),
        Realtime.CLOCK,
        ControlChange(control=1, value=127),  # modulation
        ControlChange(control=7, value=127),  # volume
        ControlChange(control=64, value=127),  # sustain pedal
    ],
)
def test_what_is_played_goes_on_to_the_synthesizer(
    control_map: ControlMap, message: MidiMessage
) -> None:
    assert control_map.lookup(message) is None
    assert not control_map.is_panel(message)


@maps
def test_every_row_names_a_button_or_a_parameter_that_exists(control_map: ControlMap) -> None:
    assert set(control_map.buttons.values()) <= set(Button)
    assert {key for keys in control_map.knobs.values() for key in keys} <= set(PARAMETERS_BY_KEY)


@maps
@pytest.mark.parametrize("technique", Technique)
def test_every_knob_sets_one_parameter_of_every_technique(
    control_map: ControlMap, technique: Technique
) -> None:
    known = {spec.key for spec in specs_of(technique)}
    set_by = [known.intersection(keys) for keys in control_map.knobs.values()]
    assert [len(keys) for keys in set_by] == [1] * len(control_map.knobs)
    assert len(set.union(*set_by)) == len(control_map.knobs), "none is set by two"


@maps
def test_no_controller_means_two_things_and_nothing_is_set_by_two(control_map: ControlMap) -> None:
    assert not set(control_map.buttons) & set(control_map.knobs)
    parameters = [key for keys in control_map.knobs.values() for key in keys]
    for meanings in (control_map.buttons.values(), parameters):
        assert max(Counter(meanings).values()) == 1


def taught(control: int, target: str, *, is_button: bool = False) -> Learned:
    """A lesson of the AKM322."""
    return Learned(keyboard=AKM322.usb_id, control=control, target=target, is_button=is_button)


def test_a_lesson_takes_the_place_of_what_the_controller_meant_and_of_what_did_it() -> None:
    learned = AKM322.with_learned(
        [taught(105, "creative_risk"), taught(64, "play", is_button=True), taught(22, "seed")]
    )
    assert learned.buttons == {106: "stop", 107: "record", 64: "play"}
    assert learned.knobs == {
        10: ("genre", "sampling_iterations", "style"),
        22: ("seed",),
        23: ("max_notes_added", "track_extension_duration"),
        105: ("creative_risk",),
    }
    assert AKM322.with_learned([]).knobs.keys() == AKM322.knobs.keys()


def test_the_later_of_two_lessons_holds() -> None:
    learned = UNKNOWN.with_learned(
        [
            taught(20, "seed"),
            taught(20, "play", is_button=True),
            taught(30, "genre"),
            taught(31, "genre"),
        ]
    )
    assert learned.buttons == {20: "play"}
    assert learned.knobs == {31: ("genre",)}


@pytest.mark.parametrize("control", [-1, 120, 127])
def test_a_channel_mode_message_is_no_controller(control: int) -> None:
    with pytest.raises(ControlError, match=f"got {control}"):
        taught(control, "seed")


@maps
def test_a_map_is_found_by_its_usb_identity(control_map: ControlMap) -> None:
    assert CONTROL_MAPS[control_map.usb_id] is control_map
    assert control_map.lowest_pitch < control_map.highest_pitch
