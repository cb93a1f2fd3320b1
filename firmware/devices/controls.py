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


class Knob(StrEnum):
    """A rotary encoder with detents."""

    SELECT = "select"  # which setting
    VALUE = "value"  # what it is set to
    TEMPO = "tempo"


class Led(StrEnum):
    """A light."""

    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"
