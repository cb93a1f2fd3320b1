"""USB sticks: looked at on the librarian's thread, followed and told of on the engine's."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Final

from firmware.library.stick_status import MELODIES_FOLDER, STATUS_FILE, Phase, Stick, sticks
from firmware.panel.commands import Source
from firmware.panel.overview import MelodyLine, StickLine

_MOUNTED: Final = re.compile(r"/run/continuo-stick\S*")
"""Where a stick is while it is written to, of which no player knows."""


class StickReader:
    """Sees what is plugged in. Where nothing has changed, that is two looks at a clock a stick.

    Args:
        folder: With a folder for each stick, or None where there can be none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._seen: tuple[object, ...] = ()

    def look(self) -> tuple[StickLine, ...] | None:
        """The sticks, or None if all is as it was the last time."""
        if self._folder is None:
            return None
        seen = tuple(_signature(self._folder))
        if seen == self._seen:
            return None
        self._seen = seen  # from before they are read: what changes meanwhile is seen the next time
        found = sticks(self._folder)
        titles = (f"Stick {number}" if len(found) > 1 else "Stick" for number in range(1, 1000))
        return tuple(_line(stick, title) for stick, title in zip(found, titles, strict=False))


class StickWatch:
    """What is plugged in, as the panel shows it, and what the player should hear of it.

    Attributes:
        lines: The sticks.
    """

    def __init__(self) -> None:
        self.lines: tuple[StickLine, ...] = ()
        self._began: dict[str, tuple[int, int]] = {}  # when a stick had how many compositions

    def take(self, lines: tuple[StickLine, ...], now_ns: int) -> tuple[str, str] | None:
        """Take what was seen.

        Returns:
            A sentence and a remedy for the player, or None if there is nothing to tell.
        """
        before = {stick.key: stick for stick in self.lines}
        self._began = {key: at for key, at in self._began.items() if key in _keys(lines)}
        self.lines = tuple(self._timed(stick, now_ns) for stick in lines)
        news = [_news(before.get(stick.key), stick) for stick in self.lines]
        news += [_lost(stick) for key, stick in before.items() if key not in _keys(lines)]
        told = [one for one in news if one is not None]
        return told[-1] if told else None

    def path(self, key: str) -> Path | None:
        """The file of a melody, or None if its stick was pulled out."""
        found = (line.key for stick in self.lines for line in stick.melodies)
        return Path(key) if key in found else None

    def _timed(self, stick: StickLine, now_ns: int) -> StickLine:
        """The stick with the time that is left, as fast as it went so far."""
        if not stick.is_copying or not stick.total:
            self._began.pop(stick.key, None)
            return stick
        began_ns, first = self._began.setdefault(stick.key, (now_ns, stick.done))
        if stick.done <= first:
            return stick
        left_ns = (now_ns - began_ns) * (stick.total - stick.done) / (stick.done - first)
        return replace(stick, seconds_left=ceil(left_ns / 1e9))


def _keys(lines: tuple[StickLine, ...]) -> frozenset[str]:
    return frozenset(stick.key for stick in lines)


def _news(before: StickLine | None, stick: StickLine) -> tuple[str, str] | None:
    """What a player should know: that it was seen, that it is ready, that it failed."""
    if stick.is_copying:
        if before is not None and before.is_copying:
            return None
        return "a USB stick is plugged in: the compositions go to it", "leave it in; home shows it"
    if before is not None and not before.is_copying:
        return None
    if stick.problem:
        return f"{stick.title}: {stick.problem}", stick.remedy
    melodies = "; its melodies are under Melodies" if stick.melodies else ""
    return _on_it(stick), f"you can pull it out{melodies}"


def _on_it(stick: StickLine) -> str:
    if stick.done < stick.total:
        return f"all but {stick.total - stick.done} damaged compositions are on the stick"
    return "all compositions are on the stick" if stick.total else "the stick is ready"


def _lost(stick: StickLine) -> tuple[str, str] | None:
    if not stick.is_copying:
        return None
    return "the stick was pulled out too early", "plug it in again: what it lacks is copied then"


def _signature(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Of each stick what changes with its status and with its melodies."""
    try:
        keys = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return
    for key in keys:
        status, melodies = (_state(folder / key / name) for name in (STATUS_FILE, MELODIES_FOLDER))
        yield (key, *status, melodies[1])


def _state(path: Path) -> tuple[int, int]:
    """A number that another file of this name has not, and when it changed; zeros without one."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _line(stick: Stick, title: str) -> StickLine:
    status = stick.status
    is_copying = status.phase is Phase.COPYING
    problem = status.problem or "it could not be written to"
    return StickLine(
        key=stick.key,
        title=title,
        is_copying=is_copying,
        done=status.done,
        total=status.total,
        name=_spoken(status.name),
        problem=_MOUNTED.sub("the stick", problem) if status.phase is Phase.FAILED else "",
        remedy=_MOUNTED.sub("the stick", status.remedy),
        # Before it is ready, the last of its melodies may be half a file.
        melodies=() if is_copying else tuple(_melody(path) for path in stick.melodies),
    )


def _melody(path: Path) -> MelodyLine:
    return MelodyLine(source=Source.STICK, key=str(path), name=path.stem, file=path.name)


def _spoken(folder: str) -> str:
    """The melody's name in that of a composition's folder: day, time, name, technique."""
    parts = folder.split("_")
    return "_".join(parts[2:-1]).replace("-", " ").capitalize() if len(parts) > 3 else folder
