"""The state table: complete, and every refusal names what was pressed and when."""

import pytest

from firmware.errors import EngineStateError
from firmware.panel.states import TABLE, Action, Move, Refuse, Rule, State, Trigger, move

_EVERY_CASE = [(state, trigger) for state in State for trigger in Trigger]
_BUTTONS = {
    Trigger.RECORD,
    Trigger.GENERATE,
    Trigger.PLAY,
    Trigger.STOP,
    Trigger.BACK,
    Trigger.KEEP,
    Trigger.DUET,
    Trigger.TAKE,
}


def test_the_table_has_every_state_and_every_event() -> None:
    assert {(s, t) for s, row in TABLE.items() for t in row} == set(_EVERY_CASE)


@pytest.mark.parametrize(("state", "trigger"), _EVERY_CASE)
def test_a_case_moves_is_late_or_is_refused_naming_event_and_state(
    state: State, trigger: Trigger
) -> None:
    entry = TABLE[state][trigger]
    if isinstance(entry, Move):
        assert move(state, trigger) == entry
    elif entry is Rule.LATE:
        assert move(state, trigger) is None
    else:
        with pytest.raises(EngineStateError) as caught:
            move(state, trigger)
        assert trigger in str(caught.value)
        assert state in str(caught.value)


def test_no_button_is_a_mistake_of_the_firmware() -> None:
    """Whatever a player presses does something or is answered with a sentence."""
    for row in TABLE.values():
        assert all(isinstance(row[button], Move | Refuse) for button in _BUTTONS)


def test_stop_always_works_and_leads_to_rest() -> None:
    for state, row in TABLE.items():
        entry = row[Trigger.STOP]
        assert isinstance(entry, Move), state
        assert entry.state is State.IDLE


def test_answers_of_the_worker_are_late_wherever_nothing_is_generated() -> None:
    generating = {State.GENERATING, State.AUDITIONING, State.DUET_ANSWERING}
    for state, row in TABLE.items():
        for trigger in (Trigger.PREVIEW, Trigger.FINISHED, Trigger.FAILED):
            assert isinstance(row[trigger], Move) == (state in generating)


def test_every_state_and_every_action_is_reached() -> None:
    moves = [entry for row in TABLE.values() for entry in row.values() if isinstance(entry, Move)]
    assert {m.state for m in moves} == set(State)
    assert {m.action for m in moves} == set(Action)
