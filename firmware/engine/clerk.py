"""Carries out what pages ask for about things on the disk, most of which the librarian does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from firmware.engine import findings
from firmware.engine.instrument import Instrument
from firmware.engine.librarian import Librarian
from firmware.engine.shelves import Shelves
from firmware.engine.sticks import StickWatch
from firmware.errors import EngineStateError
from firmware.panel.commands import (
    Command,
    DeleteComposition,
    DeletePreset,
    ImportMelody,
    KeepPreset,
    PlayComposition,
    Refresh,
    RenameComposition,
    RenamePreset,
    RestoreComposition,
    SettleDeletion,
    Shelf,
    SwitchSsh,
    UsePreset,
)


class Clerk:
    """One command after the other, on the engine's thread.

    Args:
        librarian: Looks things up, and changes them.
        shelves: What was looked up.
        sticks: What is plugged in.
        instrument: Settings and takes, and what is told to the player.
    """

    def __init__(
        self, librarian: Librarian, shelves: Shelves, sticks: StickWatch, instrument: Instrument
    ) -> None:
        self._librarian = librarian
        self._shelves = shelves
        self._sticks = sticks
        self._instrument = instrument
        self._refresh: Mapping[Shelf, Callable[[], None]] = MappingProxyType(
            {
                Shelf.COMPOSITIONS: librarian.list_compositions,
                Shelf.MELODIES: librarian.list_melodies,
                Shelf.MODELS: librarian.list_models,
                Shelf.PRESETS: librarian.list_presets,
                Shelf.SYSTEM: librarian.look_at_system,
            }
        )
        # Of a command's own type, which its key in this table says.
        self._actions: Final[Mapping[type, Callable[[Any], None]]] = MappingProxyType(
            {
                Refresh: lambda wanted: self._refresh[wanted.shelf](),
                PlayComposition: lambda wanted: librarian.load(wanted.name),
                RenameComposition: lambda to: librarian.rename_composition(to.name, to.to),
                DeleteComposition: lambda wanted: self._delete(shelves.delete(wanted.name)),
                RestoreComposition: lambda _: shelves.restore(),
                SettleDeletion: lambda _: self._delete(shelves.settle()),
                ImportMelody: lambda wanted: librarian.keep_from_stick(self._file(wanted.key)),
                KeepPreset: lambda _: librarian.keep_preset(instrument.settings.parameters()),
                UsePreset: lambda wanted: librarian.take_preset(wanted.name),
                RenamePreset: lambda wanted: librarian.rename_preset(wanted.name, wanted.to),
                DeletePreset: lambda wanted: librarian.delete_preset(wanted.name),
                SwitchSsh: lambda wanted: librarian.switch_ssh(on=wanted.is_on),
            }
        )

    def perform(self, command: Command) -> None:
        """Carry out a command about the disk.

        Raises:
            ContinuoError: If the librarian has too much to do, or a stick was pulled out.
        """
        self._actions[type(command)](command)

    def read_from_stick(self, key: str) -> None:
        """Have a stick's melody read, to be heard.

        Raises:
            ContinuoError: As `perform`.
        """
        self._librarian.read_from_stick(self._file(key))

    def take(self, finding: findings.Shelved | findings.Changed, now_ns: int) -> None:
        """Take what the librarian brings, and tell what the player should know of it."""
        tell = self._instrument.tell
        match finding:
            case findings.Nothing(message=message, remedy=remedy):
                tell(message, remedy, now_ns)
            case findings.NotDeleted(name=name, message=message, remedy=remedy):
                self._shelves.put_back(name)
                tell(message, remedy, now_ns)
            case findings.SticksSeen(lines=lines):
                news = self._sticks.take(lines, now_ns)
                if news is not None:
                    tell(*news, now_ns)
            case findings.MelodyKept(name=name, files=files):
                self._shelves.put(files)
                tell(f"{name} is imported", "it is under Melodies", now_ns)
            case findings.Renamed(name=name, title=title, compositions=compositions):
                self._shelves.put(compositions)
                self._instrument.takes.name_kept(name, title)
            case _:
                self._shelves.put(finding)

    def _file(self, key: str) -> Path:
        """The file of a stick's melody."""
        path = self._sticks.path(key)
        if path is None:
            raise EngineStateError("the stick was pulled out", remedy="plug it in again")
        return path

    def _delete(self, name: str | None) -> None:
        if name is not None:
            self._librarian.delete(name)
