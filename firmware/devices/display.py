"""The small screen: the protocol and a simulator."""

from collections.abc import Callable
from typing import Protocol

from PIL import Image

from firmware.errors import DeviceError

WIDTH = 128
HEIGHT = 64

FrameListener = Callable[[Image.Image], None]


class Display(Protocol):
    """A one-bit screen of `WIDTH` by `HEIGHT`."""

    def show(self, image: Image.Image) -> None:
        """Show an image of mode "1".

        It returns at once: a driver with a slow bus writes from a thread of its own. After a
        failure the next call sets the panel up again, since one that lost power stays blank.

        Raises:
            DeviceError: If the screen does not answer.
        """
        ...

    def wake(self) -> None:
        """Somebody touched the instrument: shine, if it was dimmed or off to spare it."""
        ...

    def close(self) -> None:
        """Switch it off."""
        ...


class SimulatedDisplay:
    """A screen to look at.

    Args:
        listener: Called with every frame that differs from the one before.

    Attributes:
        image: What it shows, or None while it is off.
    """

    def __init__(self, listener: FrameListener | None = None) -> None:
        self._listener = listener
        self._plugged = True
        self.image: Image.Image | None = None

    def show(self, image: Image.Image) -> None:
        """See `Display.show`."""
        if not self._plugged:
            raise DeviceError("the display does not answer", remedy="check its cable")
        if (image.mode, image.size) != ("1", (WIDTH, HEIGHT)):
            raise ValueError(
                f"a frame is {WIDTH}x{HEIGHT} of mode 1, got {image.size} {image.mode}"
            )
        if self.image is not None and self.image.tobytes() == image.tobytes():
            return
        self.image = image.copy()
        if self._listener is not None:
            self._listener(self.image)

    def wake(self) -> None:
        """See `Display.wake`: this one needs no sparing."""

    def close(self) -> None:
        """See `Display.close`."""
        self.image = None

    def unplug(self) -> None:
        """Pull the cable: it goes blank."""
        self._plugged = False
        self.image = None

    def plug_in(self) -> None:
        """Put the cable back; it stays blank until something is shown."""
        self._plugged = True
