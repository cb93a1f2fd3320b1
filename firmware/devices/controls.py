"""What is on the front of the instrument: the names of its buttons, knobs and lights."""

from enum import StrEnum


class Button(StrEnum):
    """A push button."""

    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"
    STOP = "stop"
    BACK = "back"
    KEEP = "keep"  # what was just played, whether recorded or not
    ENTER = "enter"  # the selected row


class Knob(StrEnum):
    """A rotary encoder with detents."""

    SELECT = "select"  # which row
    VALUE = "value"  # what it is set to; creative risk where there are no rows
    TEMPO = "tempo"
    RISK = "risk"  # creative risk, on every page
    FIRST = "first"  # the technique's two main parameters, on every page
    SECOND = "second"


class Led(StrEnum):
    """A light."""

    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"
