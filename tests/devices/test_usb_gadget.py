"""The instrument as a USB device: what the kernel is told, and how it is taken back."""

from pathlib import Path

import pytest

from firmware.devices.identity import UsbIdentity
from firmware.devices.usb_gadget import (
    LUN,
    NAME,
    USB_ID,
    Configfs,
    Write,
    bring_up,
    free_controller,
    gadget_steps,
    identity_of,
    is_host_there,
    own_identity,
    take_down,
)
from firmware.errors import DeviceError
from tests.devices.fake_configfs import FakeConfigfs

ME = identity_of("0123456789abcdef0123456789abcdef\n")


@pytest.fixture
def configfs(tmp_path: Path) -> FakeConfigfs:
    (tmp_path / "usb_gadget").mkdir()
    return FakeConfigfs(tmp_path / "usb_gadget")


def test_one_cable_carries_midi_a_network_and_a_disk_to_read_only(configfs: FakeConfigfs) -> None:
    bring_up(configfs, gadget_steps(ME, "fe980000.usb"))
    gadget = configfs.root / NAME
    functions = {link.name: link.resolve() for link in (gadget / "configs/c.1").iterdir()}
    assert functions["midi.0"] == gadget / "functions/midi.0"
    assert functions["ncm.0"] == gadget / "functions/ncm.0"
    assert functions["mass_storage.disk"] == gadget / "functions/mass_storage.disk"
    read = configfs.read
    assert (read(f"{NAME}/idVendor"), read(f"{NAME}/idProduct")) == ("0x1d6b", "0x0104")
    assert read(f"{NAME}/strings/0x409/serialnumber") == ME.serial
    assert (read(f"{LUN}/ro"), read(f"{LUN}/removable")) == ("1", "1")
    assert len((gadget / "functions/mass_storage.disk/lun.0/inquiry_string").read_text()) == 28
    assert read(f"{NAME}/functions/ncm.0/ifname") == "continuo%d"
    assert read(f"{NAME}/UDC") == "fe980000.usb"


def test_the_kernel_is_told_the_controller_last() -> None:
    steps = gadget_steps(ME, "fe980000.usb")
    assert steps[-1] == Write(f"{NAME}/UDC", "fe980000.usb")


def test_what_was_brought_up_is_taken_back_without_a_trace(configfs: FakeConfigfs) -> None:
    steps = gadget_steps(ME, "fe980000.usb")
    bring_up(configfs, steps)
    take_down(configfs, steps)
    assert list(configfs.root.iterdir()) == []
    take_down(configfs, steps)  # there is nothing to take back


def test_it_comes_up_again_over_what_a_crash_has_left(configfs: FakeConfigfs) -> None:
    steps = gadget_steps(ME, "fe980000.usb")
    bring_up(configfs, steps)
    bring_up(configfs, steps)
    assert configfs.read(f"{NAME}/UDC") == "fe980000.usb"


@pytest.mark.parametrize("refused", ["idVendor", "qlen", "dev_addr", "ro", "UDC"])
def test_a_step_that_the_kernel_refuses_takes_the_others_back(
    configfs: FakeConfigfs, refused: str
) -> None:
    configfs.refused = refused
    with pytest.raises(DeviceError, match=f"does not take .*{refused}"):
        bring_up(configfs, gadget_steps(ME, "fe980000.usb"))
    assert list(configfs.root.iterdir()) == []


@pytest.mark.parametrize("unknown", ["ifname", "inquiry_string"])
def test_an_older_kernel_goes_without_what_it_does_not_know(
    configfs: FakeConfigfs, unknown: str
) -> None:
    configfs.refused = unknown
    bring_up(configfs, gadget_steps(ME, "fe980000.usb"))
    assert configfs.read(f"{NAME}/UDC") == "fe980000.usb"


def test_the_first_controller_that_nobody_has_is_taken(
    tmp_path: Path, configfs: FakeConfigfs
) -> None:
    for controller in ("dummy_udc.0", "dummy_udc.1"):
        (tmp_path / "udc" / controller).mkdir(parents=True)
    other = configfs.root / "keyboard"
    other.mkdir()
    (other / "UDC").write_text("dummy_udc.0\n")
    assert free_controller(configfs, tmp_path / "udc") == "dummy_udc.1"
    second = configfs.root / "mouse"
    second.mkdir()
    (second / "UDC").write_text("dummy_udc.1\n")
    with pytest.raises(DeviceError, match="no USB device controller is free"):
        free_controller(configfs, tmp_path / "udc")


def test_without_gadgets_in_the_kernel_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="dtoverlay=dwc2"):
        free_controller(Configfs(tmp_path / "none"), tmp_path / "none")


def test_a_computer_is_there_only_while_it_is_awake(tmp_path: Path) -> None:
    state = tmp_path / "fe980000.usb" / "state"
    state.parent.mkdir()
    assert not is_host_there(tmp_path, "fe980000.usb")
    for text, expected in (
        ("configured\n", True),
        ("suspended\n", False),
        ("not attached\n", False),
    ):
        state.write_text(text)
        assert is_host_there(tmp_path, "fe980000.usb") is expected


def test_a_machine_keeps_its_identity_and_shares_it_with_no_other(tmp_path: Path) -> None:
    other = identity_of("fedcba9876543210fedcba9876543210")
    assert identity_of("0123456789abcdef0123456789abcdef") == ME
    addresses = {ME.serial, ME.host_mac, ME.device_mac}
    assert len(addresses | {other.serial, other.host_mac, other.device_mac}) == 6
    # Of nobody's range, and of one card: the two lowest bits of the first byte.
    assert int(ME.host_mac[:2], 16) & 3 == 2
    assert ME.serial not in "0123456789abcdef0123456789abcdef"
    (tmp_path / "machine-id").write_text("")  # as on an image that never started
    assert own_identity(tmp_path / "machine-id") is None
    assert own_identity(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (UsbIdentity(usb_id=USB_ID, serial=ME.serial, path="1-1"), True),
        (UsbIdentity(usb_id=USB_ID, serial="0123", path="1-1"), False),  # another Continuo
        (UsbIdentity(usb_id="1acc:1533", serial=ME.serial), False),
        (None, False),
    ],
)
def test_only_this_very_instrument_is_known_as_its_own(
    device: UsbIdentity | None,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert ME.is_own(device) is expected
