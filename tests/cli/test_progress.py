"""The progress bar says the time left, and nothing at all about what is quick."""

import io

from rich.console import Console

from firmware.cli.progress import progress_bar


def shown(*, seconds: float, after_s: float) -> str:
    """What a bar of two steps shows, on a clock that says how long they took."""
    stream = io.StringIO()
    now = [0.0]
    console = Console(
        file=stream, force_terminal=True, width=100, color_system=None, get_time=lambda: now[0]
    )
    with progress_bar("sound", console=console, after_s=after_s) as report:
        report(0, 2)
        now[0] = seconds
        report(1, 2)
    return stream.getvalue()


def test_what_takes_long_has_a_bar_with_the_time_left() -> None:
    text = shown(seconds=3.0, after_s=2.0)
    assert "sound" in text
    assert "50%" in text
    assert "time left" in text


def test_what_is_quick_has_none() -> None:
    assert shown(seconds=1.0, after_s=2.0) == ""


def test_a_bar_that_need_not_wait_is_there_at_once() -> None:
    assert "50%" in shown(seconds=0.0, after_s=0.0)
