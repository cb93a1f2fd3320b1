"""The wiring as a list of steps, and after each one what the instrument must say."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from firmware.devices.wiring import BoardFile, Bus, Sound
from hardware.assemblies import Colour, Kind
from hardware.tables import markdown
from hardware.wires import Group, Wire, groups

COLOURS: Mapping[Colour, str] = MappingProxyType({colour: colour.name.lower() for colour in Colour})


def steps(board: BoardFile) -> str:
    """The steps for a board, in Markdown."""
    return "\n".join([*_lines(board), ""])


def wire_rows(group: Group) -> list[list[str]]:
    """Terminal, colour, pin and what is on it, for each wire."""
    return [
        [wire.terminal, COLOURS[wire.colour], str(wire.pin), _signal(wire)] for wire in group.wires
    ]


def _lines(board: BoardFile) -> Iterator[str]:
    yield f"# Wiring the board {board.name}"
    yield ""
    yield (
        "One part at a time, and after each one a check: what is wrong is then the part you have "
        "just wired. Made from the board file by `make hardware`."
    )
    yield ""
    yield "![The header with its wires](header.svg)"
    yield ""
    yield "## Before you begin"
    yield ""
    yield (
        "- The card is written, the package installed and `config.txt` set: "
        "[bring-up](../README.md)."
    )
    yield (
        "- **Before you touch a wire: `sudo poweroff`, wait until the green light stays dark, pull "
        "the plug.** 5 V on any other pin than 2 and 4 destroys the Raspberry Pi."
    )
    yield (
        "- Pin 1 is at the end of the microSD card, in the row away from the board's edge; pin 2 "
        "is beside it at the edge. Count twice."
    )
    yield (
        "- The colours are those of the pictures. Other colours play as well, but keep black for "
        "GND, red for 3V3 and orange for 5V."
    )
    number = 0
    for number, lines in enumerate(_all_steps(board), start=1):
        title, *rest = lines
        yield from ("", f"## {number}. {title}", "", *rest)
    yield from (
        "",
        f"## {number + 1}. Everything together",
        "",
        "**Check:** `sudo continuo doctor` says `ok` or *not here* in every line. Then "
        "`sudo systemctl start continuo`, go through the whole self-test on the display once "
        "(*System*, *Wiring*, *Everything*), and fill in the [acceptance sheet](acceptance.md).",
    )


def _all_steps(board: BoardFile) -> Iterator[list[str]]:
    yield [
        "Nothing wired yet",
        "Switch on with nothing on the header.",
        "",
        *_check("i2c", _BARE[board.display.bus]),
    ]
    for group in groups(board):
        yield [*_group(group), "", *_check(group.kind.value, _said(board, group))]
    if board.sound is Sound.USB:
        yield [
            "Sound",
            "Plug the USB sound adapter in, and speakers or headphones into it.",
            "",
            *_check("sound", _SOUND.format(card="the adapter")),
        ]
    yield [
        "Keyboard",
        "Plug the USB MIDI keyboard in" + (", through the hub." if _has_hub(board) else "."),
        "",
        *_check(
            "midi",
            "It says `ok` and the keyboard's name, and what you play sounds. *No MIDI keyboard is "
            "plugged in*: try another cable, as some only charge.",
        ),
    ]


def _group(group: Group) -> Iterator[str]:
    yield f"{group.title} ({group.detail})"
    yield from markdown(["Terminal", "Wire", "Pin", "Line"], wire_rows(group), right="  r")
    if group.links:
        yield ""
        rows = [[link.part, link.terminal, COLOURS[link.colour], link.to] for link in group.links]
        yield from markdown(["Part", "Terminal", "Wire", f"To the {group.title}'s"], rows)
    yield ""
    yield from (f"- {note}" for note in group.notes)
    yield f"- Count again: {_counted(group)}"


def _counted(group: Group) -> str:
    """What a maker can count on the header without a meter."""
    rows = (("in the inner row", 1), ("at the edge", 0))
    said = []
    for where, odd in rows:
        pins = [str(pin) for pin in sorted(group.pins) if pin % 2 == odd]
        if pins:
            said.append(f"{where} {'pin' if len(pins) == 1 else 'pins'} {_and(pins)}")
    return f"{', '.join(said)}."


def _check(part: str, said: str) -> Iterator[str]:
    yield f"**Check:** `sudo continuo doctor --only {part}`. {said}"


def _said(board: BoardFile, group: Group) -> str:
    if group.kind is Kind.DISPLAY:
        return _DISPLAY[board.display.bus].format(address=f"{board.display.address:#x}")
    if group.kind is Kind.SOUND:
        return _SOUND.format(card="the DAC (`sndrpihifiberry`)")
    name = group.name.partition(".")[2]
    return _CONTROLS[group.kind].format(name=name, selftest=_SELF_TEST.format(part=group.name))


def _has_hub(board: BoardFile) -> bool:
    return any("Zero" in model for model in board.models)


def _signal(wire: Wire) -> str:
    return f"{wire.signal} ({wire.function})" if wire.function else wire.signal


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_CONTROLS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BUTTONS: "It says `ok`. *Reads as pressed*: that one touches ground. Then {selftest} "
        "asks for each, and says of one that answers in another's place, or not at all, which pins "
        "to look at.",
        Kind.LEDS: "It says `ok`, and all lights are dark before the firmware runs. Then "
        "{selftest} lights one after the other: one that stays dark is the wrong way round, as its "
        "longer leg goes to the resistor.",
        Kind.ENCODERS: "It says `ok`. Then {selftest} asks you to turn {name} clockwise, back, and "
        "to push it. *It turns the other way*: A and B are swapped. *Nothing came*, or only now "
        "and then: C is not joined to ground.",
        Kind.POTENTIOMETERS: "It says `ok` and names the bus. Then {selftest} asks to turn each "
        "from end to end. *It turns the other way*: its two outer legs are swapped. *Jumps*: its "
        "wiper is open.",
    }
)

_SELF_TEST = "`sudo systemctl stop continuo; sudo continuo selftest --panel --only {part}`"

_SOUND = (
    "It says `ok` and names {card}, but neither HDMI nor Headphones. Then `sudo systemctl stop "
    "continuo-sound; speaker-test -c 2 -l 1 -t wav`: a voice from the left, then from the right; "
    "`sudo systemctl start continuo-sound`. HDMI is there, too: `,noaudio` is missing in "
    "`config.txt`."
)

_BARE: Mapping[Bus, str] = MappingProxyType(
    {
        Bus.I2C: "It says `ok` and 400 kHz. *There is no bus*: the lines of `config.txt` are "
        "missing, or the Pi was not restarted since.",
        Bus.SPI: "It says *not here*: this board's display is on SPI.",
    }
)

_DISPLAY: Mapping[Bus, str] = MappingProxyType(
    {
        Bus.I2C: "It says `ok` and that the chip answers at {address}; after `sudo systemctl "
        "restart continuo` a page stands on the display. *Nothing answers*: SDA and SCL are "
        "swapped, or VCC or GND is missing. A page that is shifted by two columns: "
        "display.controller is wrong.",
        Bus.SPI: "It says `ok` and names the bus; after `sudo systemctl restart continuo` a page "
        "stands on the display. If it stays dark, DC and RES are swapped, or CS is on the other "
        "chip select.",
    }
)
