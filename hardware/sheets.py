"""The pages of a board: what it is wired like, made of and fed with, and its acceptance sheet."""

from collections.abc import Iterable, Iterator

from firmware.devices.wiring import BoardFile, Sound
from hardware.assemblies import TURNS
from hardware.header import BOARD_PULL_UP_OHM, HEADER, PULL_UP_OHM, Pin
from hardware.parts import bill_table
from hardware.picture import reserved
from hardware.power import power_lines
from hardware.steps import COLOURS
from hardware.tables import markdown
from hardware.targets import TARGETS
from hardware.wires import Group, Wire, groups

TITLE = "Made from the board file by `make hardware`: change that one, not this page."


def board_page(board: BoardFile) -> str:
    """Pictures, pinout, parts and power of a board, in Markdown."""
    lines = [
        f"# The board {board.name}",
        "",
        f"For {' or '.join(board.models)}. {TITLE}",
        "",
        "[Wire it step by step](steps.md) · [settings for config.txt](config.txt) · "
        "[parts as CSV](parts.csv) · [acceptance sheet](acceptance.md) · [bring-up](../README.md)",
        "",
        "## The header",
        "",
        "![Which wire goes to which pin of the header](header.svg)",
        "",
        "## The wiring",
        "",
        "![Every part with its cable to the Raspberry Pi](wiring.svg)",
        "",
        "The same as [PNG](wiring.png), and [as WireViz reads it](wiring.yml).",
        "",
        "## The pinout",
        "",
        *_pinout(board),
        "",
        _pull_ups(),
        "",
        "## The parts",
        "",
        *bill_table(board),
        "",
        "## The power",
        "",
        *power_lines(board),
        "",
    ]
    return "\n".join(lines)


def acceptance_sheet(board: BoardFile) -> str:
    """What to try on a finished instrument, with room to write, in Markdown."""
    lines = [
        f"# Acceptance of a board {board.name}",
        "",
        f"Print it, try each line, write down what you found. {TITLE}",
        "",
        *markdown(["", ""], [[what, ""] for what in ("Instrument", "Raspberry Pi", "Date", "By")]),
        "",
        "## It works",
        "",
        *markdown(["What", "Do", "Good when", "Found"], _trials(board)),
    ]
    for model in board.models:
        lines += [
            "",
            f"## It is quick and cool enough: {model}",
            "",
            *markdown(
                ["What", "How", "Figure to beat", "Measured"],
                [
                    [
                        target.name,
                        f"[measuring](../measuring.md#{anchor(target.section)})",
                        target.limit(model),
                        "",
                    ]
                    for target in TARGETS
                ],
            ),
        ]
    return "\n".join([*lines, ""])


def anchor(heading: str) -> str:
    """The fragment by which GitHub finds a heading."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


def _pinout(board: BoardFile) -> list[str]:
    uses = {wire.pin: (group, wire) for group in groups(board) for wire in group.wires}
    kept = reserved(board)
    rows = [
        [
            str(pin.number),
            pin.name,
            ", ".join(pin.functions),
            pin.pull.value if pin.pull else "",
            _use(pin, uses.get(pin.number), kept.get(-1 if pin.line is None else pin.line)),
            COLOURS[uses[pin.number][1].colour] if pin.number in uses else "",
        ]
        for pin in HEADER
    ]
    head = ["Pin", "Name", "Can also be", "Pull at power-up", "On this board", "Wire"]
    return markdown(head, rows, right="r")


def _use(pin: Pin, use: tuple[Group, Wire] | None, kept: str | None) -> str:
    if use is not None:
        group, wire = use
        return f"{group.title}: {wire.terminal}"
    if kept is not None:
        return f"leave free: {kept}"
    return "free" if pin.line is not None else ""


def _pull_ups() -> str:
    fixed = " and ".join(str(line) for line in sorted(BOARD_PULL_UP_OHM))
    return (
        "Contacts use their line's own pull-up, which every line has, of "
        f"{_kilo_ohm(PULL_UP_OHM)}. Lines {fixed} have {_kilo_ohm(BOARD_PULL_UP_OHM.values())} on "
        "the Pi itself, for I²C."
    )


def _kilo_ohm(ohms: Iterable[int]) -> str:
    return " to ".join(f"{ohm / 1000:g}" for ohm in sorted(set(ohms))) + " kΩ"


def _trials(board: BoardFile) -> Iterator[list[str]]:
    yield ["Display", "switch on", "the first page within the time below, whole, not shifted", ""]
    for button in board.buttons:
        short = button.press.value if button.press else "wakes the display"
        yield [f"Button {button.name}", "press", short, ""]
        if button.long_press:
            yield [f"Button {button.name}", "hold for a second", button.long_press.value, ""]
    for encoder in board.encoders:
        turns = TURNS[encoder.turns] if encoder.turns else "wakes the display"
        yield [
            f"Encoder {encoder.name}",
            "ten clicks clockwise, ten back",
            f"{turns}: ten up, ten down, none lost",
            "",
        ]
        if encoder.push is not None:
            pushed = encoder.push.press.value if encoder.push.press else "wakes the display"
            yield [f"Encoder {encoder.name}", "push", pushed, ""]
    for led in board.leds:
        lights = " or ".join(light.value for light in led.lights)
        yield [f"Light {led.name}", lights, "lights up, and is dark otherwise", ""]
    for knob in board.potentiometers:
        yield [f"Potentiometer {knob.name}", "turn from end to end", "whole range, no jump", ""]
    card = "DAC" if board.sound is Sound.I2S else "USB adapter"
    yield [f"Sound ({card})", "play a key", "both sides, no hum, no crackle", ""]
    yield [
        "Keyboard",
        "unplug while a note sounds",
        "the note ends; plugged in, it plays again",
        "",
    ]
    yield ["Power cut", "pull the plug while it saves", "starts again; nothing saved is lost", ""]
    yield ["Models", "`continuo selftest`", "every bundle passes", ""]
    yield ["Wiring", "`sudo continuo doctor`", "`ok` or *not here* in every line", ""]
