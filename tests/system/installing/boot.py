"""What the package does to a Raspberry Pi's boot partition."""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.system.installing.trial import CONFIG_TXT, Trial, see

PI_OS: Final = """\
# For more options and information see
# http://rptl.io/configtxt
# Some settings may impact device functionality. See link above for details

# Uncomment some or all of these to enable the optional hardware interfaces
#dtparam=i2c_arm=on
#dtparam=i2s=on
#dtparam=spi=on

# Enable audio (loads snd_bcm2835)
dtparam=audio=on

# Additional overlays and parameters are documented
# /boot/firmware/overlays/README

# Automatically load overlays for detected cameras
camera_auto_detect=1

# Automatically load overlays for detected DSI displays
display_auto_detect=1

# Automatically load initramfs files, if found
auto_initramfs=1

# Enable DRM VC4 V3D driver
dtoverlay=vc4-kms-v3d
max_framebuffers=2

# Don't have the firmware create an initial video= setting in cmdline.txt.
# Use the kernel's default instead.
disable_fw_kms_setup=1

# Run in 64-bit mode
arm_64bit=1

# Disable compensation for displays with overscan
disable_overscan=1

# Run as fast as firmware / board allows
arm_boost=1

[cm4]
# Enable host mode on the 2711 built-in XHCI USB controller.
# This line should be removed if the legacy DWC2 controller is required
# (e.g. for USB device mode) or if USB support is not required.
otg_mode=1

[cm5]
dtoverlay=dwc2,dr_mode=host

[all]
"""
_CMDLINE: Final = (
    "console=serial0,115200 console=tty1 root=PARTUUID=8a438930-02 rootfstype=ext4 "
    "fsck.repair=yes rootwait quiet splash plymouth.ignore-serial-consoles\n"
)
_BACKUP: Final = "config.txt.before-continuo"
BOOT: Final = MappingProxyType({CONFIG_TXT: PI_OS, Path("boot/firmware/cmdline.txt"): _CMDLINE})
_SCRIPT: Final = "/usr/lib/continuo/setup/boot-settings"
_OURS: Final = (
    "dtparam=i2c_arm=on",
    "dtparam=i2c_arm_baudrate=400000",
    "dtoverlay=dwc2,dr_mode=peripheral",
)
_OTHERS: Final = {
    "without a last newline": PI_OS.rstrip().encode(),
    "edited on Windows": PI_OS.replace("\n", "\r\n").encode(),
    "with a comment that is no UTF-8": PI_OS.encode() + "# für das Gerät\n".encode("latin-1"),
    "empty": b"",
    "with I2C on already": PI_OS.replace("#dtparam=i2c_arm=on", "dtparam=i2c_arm=on").encode(),
}


def boot_settings(trial: Trial) -> str:
    """Once at the end of `config.txt`, where they count; the file before lies beside it."""
    path = trial.root / CONFIG_TXT
    text = path.read_text()
    see("what was there is not there any more", holds=text.startswith(PI_OS.rstrip()))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    see(f"not once:\n{text}", holds=lines.count(_OURS[0]) == lines.count(_OURS[1]) == 1)
    see(f"not for Pi 4 and 5 alone:\n{text}", holds=lines.count(_OURS[2]) == 2)
    see("the file before is another", holds=path.with_name(_BACKUP).read_text() == PI_OS)
    see("cmdline.txt is another", holds=path.with_name("cmdline.txt").read_text() == _CMDLINE)
    names = sorted(p.name for p in path.parent.iterdir())
    see(str(names), holds=names == ["cmdline.txt", "config.txt", _BACKUP])
    see("it is done again", holds=trial.chroot.run(_SCRIPT).strip() == "")
    see("it was done again", holds=path.read_text() == text)
    return ", ".join(_OURS)


def other_config_txts(trial: Trial) -> str:
    """Nothing but the lines at the end is new, and nothing at all the second time."""
    for kind, before in _OTHERS.items():
        card = trial.root / "root" / "card"
        path = card / CONFIG_TXT
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)
        said = trial.chroot.run(f"{_SCRIPT} /root/card || [ $? -eq 10 ]")
        after = path.read_bytes()
        see(f"{kind}: {said}", holds="Traceback" not in said and "added to" in said)
        see(f"{kind}: what was there is another", holds=after.startswith(before.rstrip()))
        end = b"\r\n" if b"\r\n" in before else b"\n"
        for line in _OURS:
            see(f"{kind}: no line {line}", holds=end + line.encode() + end in end + after)
        see(f"{kind}: other ends of lines", holds=(b"\r\n" in before) or (b"\r" not in after))
        see(f"{kind}: two kinds of ends of lines", holds=after.count(b"\n") == after.count(end))
        see(
            f"{kind}: the file before is another",
            holds=path.with_name(_BACKUP).read_bytes() == before,
        )
        trial.chroot.run(f"{_SCRIPT} /root/card")
        see(f"{kind}: done twice", holds=path.read_bytes() == after)
    return ", ".join(_OTHERS)
