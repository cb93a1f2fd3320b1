"""What a board needs in `/boot/firmware/config.txt`, below what the package writes for every board.

Of two lines for the same thing the lower one counts. USB is the package's, since it is the same on
every board.

Reference: Raspberry Pi documentation, "config.txt"; the overlays' README beside the kernel.
"""

from collections.abc import Iterator

from firmware.devices.wiring import BoardFile, Bus, Sound

I2C_HZ = 400_000
"""The SSD1306's fastest (data sheet, I²C timing: a clock cycle of 2.5 µs at least)."""


def config_txt(board: BoardFile) -> str:
    """The lines to put at the end of `/boot/firmware/config.txt`."""
    return "\n".join([*_lines(board), ""])


def _lines(board: BoardFile) -> Iterator[str]:
    yield f"# Continuo, board {' '.join(board.name.split())}: goes to the end of"
    yield "# /boot/firmware/config.txt, below what the package wrote. Made from the board file by"
    yield "# `make hardware`."
    yield "[all]"
    if board.display.bus is Bus.I2C:
        yield "# The display, at four times the usual speed."
        yield "dtparam=i2c_arm=on"
        yield f"dtparam=i2c_arm_baudrate={I2C_HZ}"
    if board.uses_spi:
        yield "dtparam=spi=on"
    else:
        yield "# Off, or it takes lines 7 to 11."
        yield "dtparam=spi=off"
    yield "# One sound card only. HDMI has one, too: append ,noaudio to the line above that says"
    yield "# dtoverlay=vc4-kms-v3d."
    yield "dtparam=audio=off"
    if board.sound is Sound.I2S:
        yield "# The DAC, a PCM5102A."
        yield "dtoverlay=hifiberry-dac"
    if board.serial_console:
        yield "# Pins 8 and 10 are free for a rescue console: take the # away to have one."
        yield "#enable_uart=1"
