"""How the passes are spent."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.techniques.schedule import DRAFT_ALONE, DRAFT_PASSES, draft, plan


@given(
    passes=st.integers(1, 200),
    risk=st.floats(0.1, 6.0),
    voicing=st.booleans(),
    judging=st.booleans(),
)
def test_no_pass_is_lost_and_none_is_added(
    passes: int,
    risk: float,
    voicing: bool,  # noqa: FBT001
    judging: bool,  # noqa: FBT001
) -> None:
    drafted = DRAFT_PASSES if passes > DRAFT_ALONE else 0
    made = plan(passes, risk, voicing=voicing, judging=judging, drafted=drafted)
    assert made.passes + drafted == passes
    assert all(0.0 < step.share <= 1.0 for step in made.writing)
    assert all(0.0 < step.temperature <= risk for step in made.writing)
    # The first pass that writes leaves no cell as it was before there was anything.
    assert made.writing[0].share == 1.0
    assert bool(made.voicing) <= voicing
    assert bool(made.judging) <= judging


def test_masks_shrink_and_the_end_is_calm() -> None:
    steps = plan(100, 1.0, voicing=False, judging=False, drafted=0).writing
    shares = [step.share for step in steps]
    assert shares == sorted(shares, reverse=True)
    assert shares[70] < 0.11
    assert all(step.temperature < 0.5 for step in steps[-15:])
    assert all(step.temperature > 0.5 for step in steps[:85])


def test_a_draft_becomes_surer_and_can_be_heard_early() -> None:
    steps = draft(40, 2.0)
    assert all(step.confident for step in steps)
    assert [number for number, step in enumerate(steps) if step.preview] == [DRAFT_PASSES - 1, 39]
