"""The bill of materials counts what the board file has, and the power budget adds up."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.devices.board_file import load_board, shipped_boards
from firmware.devices.wiring import BoardFile
from firmware.errors import ConfigError
from hardware import parts, power
from hardware.counts import counts, quantity
from hardware.parts import bill, bill_csv, bill_table, catalogue
from hardware.power import (
    LINES_MA,
    Basis,
    State,
    draws,
    known_sum,
    line_load_ma,
    most_of,
    power_lines,
    supplies,
)
from hardware.tables import markdown

if TYPE_CHECKING:
    from tests.hardware.conftest import BoardOf

BOARDS_AND_MODELS = [
    (name, model) for name in shipped_boards() for model in load_board(name).models
]


def test_the_full_boards_bill_counts_its_controls() -> None:
    numbers = {part.name: number for number, part in bill(load_board("full"))}
    assert numbers["Rotary encoder with push switch"] == numbers["Knob"] == 4
    assert numbers["Push button"] == 4
    assert numbers["Light (LED) 5 mm"] == numbers["Resistor 330 Ω"] == 2
    assert numbers["I²S DAC module"] == 1
    assert numbers["Jumper wires"] == 4 + 5 + 5 + 3 + 4 * 4
    assert not {"MCP3008", "USB sound adapter", "Raspberry Pi Zero 2 W"} & set(numbers)


def test_the_small_boards_bill_is_the_zeros() -> None:
    numbers = {part.name: number for number, part in bill(load_board("small"))}
    assert numbers["Rotary encoder with push switch"] == 2
    assert numbers["Push button"] == 3
    assert numbers["USB sound adapter"] == numbers["USB hub and OTG adapter"] == 1
    assert not {"Light (LED) 5 mm", "I²S DAC module", "Raspberry Pi 4 Model B"} & set(numbers)


def test_potentiometers_bring_their_converter(knobs_board: BoardFile) -> None:
    numbers = {part.name: number for number, part in bill(knobs_board)}
    assert numbers["Potentiometer 10 kΩ"] == 2
    assert numbers["MCP3008"] == numbers["Capacitor 100 nF"] == 1


def test_every_part_says_what_it_is_and_where_that_is_written() -> None:
    for part in catalogue():
        for said in (part.name, part.specification, part.substitutes, part.datasheet):
            assert said.strip(), part.name
        assert part.count in counts(load_board("full"))
        assert not any(sign in part.specification for sign in "€$£"), "prices change"


def test_csv_and_table_have_the_same_cells() -> None:
    board = load_board("full")
    read = list(csv.reader(io.StringIO(bill_csv(board))))
    table = [line.strip("| ").split(" | ") for line in bill_table(board)]
    assert [row[:2] for row in read[1:]] == [row[:2] for row in table[2:]]
    assert read[0] == table[0]
    assert len(read) == len(bill(board)) + 1


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown(["a"], [["x|y"]])[-1] == r"| x\|y |"


def test_a_part_that_counts_what_is_not_there_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"the flute counts 'holes' \(one, display"):
        quantity(load_board("full"), "holes", what="the flute")


@pytest.mark.parametrize(("name", "model"), BOARDS_AND_MODELS)
def test_what_a_supply_gives_is_more_than_all_that_is_known(name: str, model: str) -> None:
    """Everything at its largest at once, and through USB what USB may."""
    every = draws(load_board(name), model)
    for supply in supplies(model):
        assert most_of(every) < supply.supply_ma
        if supply.usb_ma is not None:
            assert most_of(every, usb_only=True) <= supply.usb_ma


@pytest.mark.parametrize(("name", "model"), BOARDS_AND_MODELS)
def test_the_budget_adds_up(name: str, model: str) -> None:
    """The sums of the table are those of its rows."""
    text = "\n".join(power_lines(load_board(name))).split(f"### {model}\n")[1]
    table = text.strip().split("\n\n")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in table[2:]]
    *parts_rows, sums = rows
    for column in range(1, len(State) + 1):
        cells = [row[column] for row in parts_rows]
        known = sum(int(cell) for cell in cells if cell != "?")
        assert sums[column] == f"**{'≥ ' if '?' in cells else ''}{known}**"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "full",
            "everything at its largest at once is 1813 mA, which leaves 1187 mA. 500 mA of it",
        ),
        (
            "full",
            "is 563 mA without Raspberry Pi 5 and Fan of the Active Cooler, which leaves 4437",
        ),
        ("full", "USB's, where all ports together give 600."),
        (
            "small",
            "is 1126 mA without Raspberry Pi Zero 2 W, which leaves 874 mA for it. 1100 mA of",
        ),
        ("small", "USB's, which nothing but the supply limits."),
    ],
)
def test_what_is_left_is_told_with_what_is_not_known(name: str, said: str) -> None:
    assert said in "\n".join(power_lines(load_board(name)))


def test_every_figure_has_its_source_and_says_what_it_is(knobs_board: BoardFile) -> None:
    for board in (load_board("full"), load_board("small"), knobs_board):
        for model in board.models:
            for draw in draws(board, model):
                assert draw.source
                unknown = any(draw.total(state) is None for state in State)
                assert draw.basis is not Basis.MEASURE or unknown


def test_the_states_of_the_full_board_on_a_pi_4() -> None:
    """Idle: Pi 600, OLED 20, DAC 18. Generating: 1250 and two lights of 4 mA besides."""
    every = draws(load_board("full"), "Raspberry Pi 4")
    assert known_sum(every, State.IDLE) == 638
    assert known_sum(every, State.GENERATING) == 1250 + 20 + 18 + 8
    assert known_sum(every, State.KEYBOARD) == 600 + 20 + 29 + 500
    assert most_of(every, usb_only=True) == 500


def test_the_lights_take_what_the_lines_may_give(board_of: "BoardOf") -> None:
    board = load_board("full")
    assert line_load_ma(board) == pytest.approx(2 * 1.3 / 330 * 1000)
    assert line_load_ma(board) < LINES_MA
    one = board_of('[leds.l]\npin = 12\nlights = ["play"]')
    assert line_load_ma(one) <= 4, "the BCM2711's lines are specified at 4 mA"


def test_a_raspberry_pi_that_nobody_has_looked_at_is_refused(board_of: "BoardOf") -> None:
    board = board_of("")
    with pytest.raises(ConfigError, match=r"board x is not for Raspberry Pi 5"):
        draws(board, "Raspberry Pi 5")
    with pytest.raises(ConfigError, match="knows no supply for Raspberry Pi 1"):
        supplies("Raspberry Pi 1")


def test_a_catalogue_without_parts_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "parts.toml"
    empty.write_text("")
    monkeypatch.setattr(parts, "CATALOGUE", empty)
    with pytest.raises(ConfigError, match=r"parts\.toml has no \[\[part\]\]"):
        catalogue()
    monkeypatch.setattr(power, "FIGURES", empty)
    with pytest.raises(ConfigError, match=r"has no \[\[supply\]\]"):
        supplies("Raspberry Pi 4")
