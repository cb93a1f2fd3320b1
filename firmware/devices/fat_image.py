"""The image of a small disk to read only: one folder of files, in the FAT16 that everything reads.

Written from its beginning to its end in one go, so that a thousand compositions take no longer than
their bytes; mtools, which looks for a free place in the folder for each of them, takes minutes.

Reference:
    Microsoft: FAT32 File System Specification 1.03 (2000), which describes FAT16 and long names.
"""

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

from firmware.errors import DeviceError

SECTOR: Final = 512
LEAST_CLUSTERS, MOST_CLUSTERS = 4_096, 65_500
"""What tells FAT16 from FAT12 and FAT32 is nothing but the number of clusters."""

_CLUSTER_SECTORS: Final = (4, 8, 16, 32, 64)
_FIRST_CLUSTER: Final = 2
_ROOT_ENTRIES: Final = 512
_ENTRY: Final = 32
_LAST_OF_CHAIN: Final = 0xFFFF
_READ_ONLY, _VOLUME, _FOLDER, _LONG_NAME = 0x01, 0x08, 0x10, 0x0F
_SHORT_FOLDER: Final = "FOLDER     "
_NAME_UNITS: Final = 13  # UTF-16 units of a name in one entry
_EPOCH_YEAR: Final = 1980


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFile:
    """One file on the disk.

    Attributes:
        name: Up to 255 UTF-16 units; no two of a folder differ in case alone.
        content: All of it.
        modified_s: When it was written, in seconds since 1970.
    """

    name: str
    content: bytes
    modified_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where everything is. Of each chain the first cluster and how many there are."""

    cluster_sectors: int
    clusters: int
    fat_sectors: int
    chains: tuple[tuple[int, int], ...]


def write_image(
    target: BinaryIO, *, label: str, readme: str, folder: str, files: Sequence[DiskFile]
) -> None:
    """Write the image of a disk.

    Args:
        target: Where to; a file that can be made longer without being written.
        label: What the disk is called, up to 11 capital letters.
        readme: Text of a file beside the folder.
        folder: What the folder is called.
        files: What is in it.

    Raises:
        DeviceError: If they do not fit into 2 GB.
    """
    note = DiskFile(name="README.TXT", content=readme.replace("\n", "\r\n").encode())
    folder_bytes = _ENTRY * (2 + sum(_entries_of(file.name) for file in files))
    sizes = [folder_bytes, len(note.content), *(len(file.content) for file in files)]
    layout = _layout(sizes)
    folder_chain, note_chain, *chains = layout.chains
    root = _entry(_padded(label), _VOLUME)
    root += _named(folder, _SHORT_FOLDER, _entry(_SHORT_FOLDER, _FOLDER, folder_chain[0]))
    root += _entry("README  TXT", _READ_ONLY, note_chain[0], len(note.content))
    inside = _entry(".          ", _FOLDER, folder_chain[0]) + _entry("..         ", _FOLDER)
    inside += b"".join(
        _file_entry(number, file, first)
        for number, (file, (first, _)) in enumerate(zip(files, chains, strict=True))
    )
    target.write(_boot_sector(label, layout))
    for _ in range(2):
        target.write(_table(layout).ljust(layout.fat_sectors * SECTOR, b"\0"))
    target.write(root.ljust(_ROOT_ENTRIES * _ENTRY, b"\0"))
    cluster_bytes = layout.cluster_sectors * SECTOR
    for content in (inside, note.content, *(file.content for file in files)):
        target.write(content.ljust(math.ceil(len(content) / cluster_bytes) * cluster_bytes, b"\0"))
    target.truncate(_sectors(layout) * SECTOR)


def _layout(sizes: Sequence[int]) -> _Layout:
    """The smallest clusters with which everything fits."""
    for cluster_sectors in _CLUSTER_SECTORS:
        counts = [math.ceil(size / (cluster_sectors * SECTOR)) for size in sizes]
        clusters = max(sum(counts), LEAST_CLUSTERS)
        if clusters <= MOST_CLUSTERS:
            break
    else:
        raise DeviceError("the compositions do not fit on a disk of 2 GB", remedy="delete some")
    return _Layout(
        cluster_sectors=cluster_sectors,
        clusters=clusters,
        fat_sectors=math.ceil((clusters + _FIRST_CLUSTER) * 2 / SECTOR),
        chains=tuple(_chains(counts)),
    )


def _chains(counts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """One behind the other; what is empty has none, and begins at 0."""
    free = _FIRST_CLUSTER
    for count in counts:
        yield (free if count else 0), count
        free += count


def _table(layout: _Layout) -> bytes:
    links = [0xFFF8, _LAST_OF_CHAIN]  # of the medium's kind, and clean
    for first, count in layout.chains:
        if count:
            links += [*range(first + 1, first + count), _LAST_OF_CHAIN]
    return struct.pack(f"<{len(links)}H", *links)


def _sectors(layout: _Layout) -> int:
    root_sectors = _ROOT_ENTRIES * _ENTRY // SECTOR
    return 1 + 2 * layout.fat_sectors + root_sectors + layout.clusters * layout.cluster_sectors


def _boot_sector(label: str, layout: _Layout) -> bytes:
    sectors = _sectors(layout)
    head = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb\x3c\x90",
        b"CONTINUO",
        SECTOR,
        layout.cluster_sectors,
        1,  # this sector
        2,  # tables
        _ROOT_ENTRIES,
        sectors if sectors < 65_536 else 0,
        0xF8,
        layout.fat_sectors,
        32,  # sectors a track and heads, of a disk that has neither
        64,
        0,
        sectors if sectors >= 65_536 else 0,
    )
    tail = struct.pack("<BBBI11s8s", 0x80, 0, 0x29, 0, _padded(label).encode(), b"FAT16   ")
    return (head + tail).ljust(SECTOR - 2, b"\0") + b"\x55\xaa"


def _file_entry(number: int, file: DiskFile, first: int) -> bytes:
    short = f"C{number:07}MID"
    entry = _entry(short, _READ_ONLY, first, len(file.content), file.modified_s)
    return _named(file.name, short, entry)


def _named(name: str, short: str, entry: bytes) -> bytes:
    """A long name, its last part first, and the entry with the short one that carries it."""
    units = name.encode("utf-16-le")
    checksum = 0
    for byte in short.encode():
        checksum = ((checksum & 1) << 7 | checksum >> 1) + byte & 0xFF
    parts = []
    for number in range(_entries_of(name) - 1):
        part = units[number * _NAME_UNITS * 2 : (number + 1) * _NAME_UNITS * 2]
        if len(part) < _NAME_UNITS * 2:
            part = (part + b"\0\0").ljust(_NAME_UNITS * 2, b"\xff")
        is_last = number == _entries_of(name) - 2
        parts.append(
            struct.pack(
                "<B10sBBB12sH4s",
                number + 1 | (0x40 if is_last else 0),
                part[:10],
                _LONG_NAME,
                0,
                checksum,
                part[10:22],
                0,
                part[22:],
            )
        )
    return b"".join(reversed(parts)) + entry


def _entries_of(name: str) -> int:
    return 1 + math.ceil(len(name.encode("utf-16-le")) / 2 / _NAME_UNITS)


def _entry(
    short: str, attributes: int, cluster: int = 0, size: int = 0, modified_s: float = 0.0
) -> bytes:
    date, clock = _date(modified_s)
    return struct.pack(
        "<11sBBBHHHHHHHI",
        short.encode(),
        attributes,
        0,
        0,
        clock,
        date,
        date,
        0,
        clock,
        date,
        cluster,
        size,
    )


def _date(modified_s: float) -> tuple[int, int]:
    """Day and two-second step as FAT counts them; before 1980 there is nothing."""
    at = datetime.fromtimestamp(modified_s, UTC)
    if at.year < _EPOCH_YEAR:
        at = datetime(_EPOCH_YEAR, 1, 1, tzinfo=UTC)
    day = (at.year - _EPOCH_YEAR) << 9 | at.month << 5 | at.day
    return day, at.hour << 11 | at.minute << 5 | at.second // 2


def _padded(label: str) -> str:
    return f"{label[:11]:11}"
