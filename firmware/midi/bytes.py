"""A raw stream of MIDI bytes cut into its messages, whatever arrives and in whatever pieces.

For paths that no sequencer has tidied up: serial lines, raw ports, another program's pipe. It
never raises and holds no more than one message: a system exclusive one that grows beyond its
limit is given up as a whole, and the next status byte is understood.

Reference:
    MIDI 1.0 Detailed Specification 4.2, pages 5 to 7 and table VI; running status on page A-1.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

SYSTEM_EXCLUSIVE: Final = 0xF0
END_OF_EXCLUSIVE: Final = 0xF7
LONGEST_EXCLUSIVE: Final = 64 * 1024
"""Bytes of a system exclusive message, its first and last included. A longer one is dropped."""

DATA_BYTES: Final[Mapping[int, int]] = MappingProxyType(
    {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
)
"""Data bytes that follow a channel message's status byte, by the status without its channel."""

SYSTEM_DATA_BYTES: Final[Mapping[int, int]] = MappingProxyType({0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0})
"""The same of system common messages; what is missing has no meaning."""

REALTIME: Final = frozenset({0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF})
"""Messages of one byte that may stand inside of others. 0xF9 and 0xFD have no meaning."""

_SIZES: Final = MappingProxyType(
    {
        **{status: DATA_BYTES[status & 0xF0] + 1 for status in range(0x80, 0xF0)},
        **{status: count + 1 for status, count in SYSTEM_DATA_BYTES.items()},
    }
)


class ByteParser:
    """Bytes in, whole messages out.

    Attributes:
        dropped: System exclusive messages that were given up for their length.
    """

    def __init__(self) -> None:
        self._pending = bytearray()  # of the message under way, its status first
        self._size = 0  # of that message; 0 while there is none, or an exclusive one
        self.dropped = 0

    def __len__(self) -> int:
        """Bytes that it holds: at most `LONGEST_EXCLUSIVE`."""
        return len(self._pending)

    def feed(self, content: Iterable[int]) -> list[bytes]:
        """Take some bytes.

        Args:
            content: 0..255; anything else is passed over.

        Returns:
            The messages that are complete with them, in order, each with its status byte.
        """
        messages: list[bytes] = []
        for byte in content:
            if byte < 0x80:
                if byte >= 0:
                    self._take_data(byte, messages)
            elif byte >= 0xF8:
                if byte in REALTIME:
                    messages.append(bytes((byte,)))
            else:
                self._take_status(byte, messages)
        return messages

    def _take_data(self, byte: int, messages: list[bytes]) -> None:
        pending = self._pending
        if not pending:
            return  # nobody's
        pending.append(byte)
        if len(pending) == self._size:
            messages.append(bytes(pending))
            # Running status: the next data byte may begin another message of the same kind.
            del pending[1 if pending[0] < SYSTEM_EXCLUSIVE else 0 :]
        elif len(pending) >= LONGEST_EXCLUSIVE:  # and no room for its end
            self._begin(0)
            self.dropped += 1

    def _take_status(self, byte: int, messages: list[bytes]) -> None:
        if byte == END_OF_EXCLUSIVE:
            if self._pending and self._pending[0] == SYSTEM_EXCLUSIVE:
                self._pending.append(byte)
                messages.append(bytes(self._pending))
            self._begin(0)
        elif _SIZES.get(byte) == 1:
            messages.append(bytes((byte,)))
            self._begin(0)
        elif byte in _SIZES or byte == SYSTEM_EXCLUSIVE:
            self._begin(byte)
        else:
            self._begin(0)

    def _begin(self, status: int) -> None:
        """Forget what was under way, and begin a message; 0 begins none."""
        self._pending = bytearray((status,)) if status else bytearray()
        self._size = _SIZES.get(status, 0)
