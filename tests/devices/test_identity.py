"""USB identities, from what a kernel says of its sound cards."""

import os
from pathlib import Path

import pytest

from firmware.devices.identity import (
    Card,
    UsbIdentity,
    assign,
    card_of_client,
    identity_of_card,
    parse_cards,
)

# A Raspberry Pi 4 with two keyboards of one model and a sound card on its header.
CARDS = """\
 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [AKM322         ]: USB-Audio - AKM322
                      MIDIPLUS AKM322 at usb-0000:01:00.0-1.3, full speed
 2 [sndrpihifiberry]: HifiberryDac - snd_rpi_hifiberry_dac
                      snd_rpi_hifiberry_dac
 3 [AKM322_1       ]: USB-Audio - AKM322
                      MIDIPLUS AKM322 at usb-0000:01:00.0-1.4, full speed
 9 [Keystation     ]: USB-Audio - Keystation [49] at home
                      M-Audio Keystation [49] at home at usb-3f980000.usb-1, full speed
"""
LEFT = UsbIdentity(usb_id="1acc:1533", path="1-1.3")
RIGHT = UsbIdentity(usb_id="1acc:1533", path="1-1.4")
OTHER = UsbIdentity(usb_id="0763:0192", serial="A0023", path="1-1.1")


def a_kernel(root: Path, number: int, identity: UsbIdentity, cards: str = CARDS) -> None:
    """Lay out what `proc` and `sys` say of one card."""
    proc = root / f"proc/asound/card{number}"
    proc.mkdir(parents=True)
    (proc / "usbid").write_text(f"{identity.usb_id}\n")
    (proc.parent / "cards").write_text(cards)
    socket = root / "sys/devices/platform/scb/usb1/1-1" / identity.path
    interface = socket / f"{identity.path}:1.0"
    interface.mkdir(parents=True)
    if identity.serial:
        (socket / "serial").write_text(f"{identity.serial}\n")
    card = root / f"sys/class/sound/card{number}"
    card.mkdir(parents=True)
    (card / "device").symlink_to(os.path.relpath(interface, card))


def test_the_usb_cards_are_found_among_others() -> None:
    assert parse_cards(CARDS) == {
        1: Card(number=1, name="AKM322", path="0000:01:00.0-1.3"),
        3: Card(number=3, name="AKM322", path="0000:01:00.0-1.4"),
        9: Card(number=9, name="Keystation [49] at home", path="3f980000.usb-1"),
    }


@pytest.mark.parametrize(
    "text", ["", "--- no soundcards ---\n", "\n\n", " 1 [AKM322", CARDS[:-60], "\x00" * 99]
)
def test_damaged_text_gives_fewer_cards_and_no_error(text: str) -> None:
    assert set(parse_cards(text)) <= {1, 3}


@pytest.mark.parametrize(
    ("client", "card"), [(0, None), (14, None), (16, 0), (20, 1), (23, 1), (28, 3), (128, None)]
)
def test_a_client_of_the_sequencer_belongs_to_a_card(client: int, card: int | None) -> None:
    assert card_of_client(client) == card


def test_two_of_one_model_differ_by_their_socket_alone(tmp_path: Path) -> None:
    for number, identity in ((1, LEFT), (3, RIGHT), (9, OTHER)):
        a_kernel(tmp_path, number, identity)
    assert identity_of_card(1, tmp_path) == LEFT
    assert identity_of_card(3, tmp_path) == RIGHT
    assert identity_of_card(9, tmp_path) == OTHER
    assert LEFT.key == RIGHT.key == "1acc:1533"
    assert OTHER.key == "0763:0192:A0023"


def test_without_sysfs_the_socket_is_read_from_the_list_of_cards(tmp_path: Path) -> None:
    a_kernel(tmp_path, 3, RIGHT)
    (tmp_path / "sys/class/sound/card3/device").unlink()
    assert identity_of_card(3, tmp_path) == UsbIdentity(usb_id="1acc:1533", path="0000:01:00.0-1.4")


@pytest.mark.parametrize("usb_id", ["", "nonsense", "1acc:1533:9"])
def test_what_is_no_usb_device_or_gone_has_no_identity(tmp_path: Path, usb_id: str) -> None:
    assert identity_of_card(1, tmp_path) is None
    (tmp_path / "proc/asound/card1").mkdir(parents=True)
    (tmp_path / "proc/asound/card1/usbid").write_text(usb_id)
    assert identity_of_card(1, tmp_path) is None


MOVED = UsbIdentity(usb_id=OTHER.usb_id, serial=OTHER.serial, path="1-1.2")
THIRD = UsbIdentity(usb_id="1acc:1533", path="1-1.1")


@pytest.mark.parametrize(
    ("remembered", "present", "places"),
    [
        pytest.param((None, None), (LEFT, RIGHT), {0: LEFT, 1: RIGHT}, id="as they come"),
        pytest.param((LEFT, RIGHT), (RIGHT, LEFT), {0: LEFT, 1: RIGHT}, id="twins come back"),
        pytest.param((LEFT, RIGHT), (RIGHT,), {1: RIGHT}, id="one twin alone"),
        pytest.param((LEFT, OTHER), (MOVED, RIGHT), {0: RIGHT, 1: MOVED}, id="by serial, by model"),
        pytest.param((LEFT, RIGHT), (THIRD, RIGHT), {0: THIRD, 1: RIGHT}, id="one twin moved"),
        pytest.param((LEFT, None), (OTHER,), {1: OTHER}, id="a free place before one away"),
        pytest.param((LEFT,), (OTHER,), {0: OTHER}, id="better than no keyboard"),
        pytest.param((LEFT,), (OTHER, LEFT), {0: LEFT}, id="there is no more room"),
    ],
)
def test_devices_come_back_to_the_places_that_knew_them(
    remembered: tuple[UsbIdentity | None, ...],
    present: tuple[UsbIdentity, ...],
    places: dict[int, UsbIdentity],
) -> None:
    assert assign(remembered, present) == places
