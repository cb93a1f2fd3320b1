"""Presets: a technique's parameters under a name, each a small file that can be copied and renamed.

They lie in a folder of the library's. The file's name is the preset's.
"""

import json
import os
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from firmware.errors import ContinuoError, LibraryError, ParameterError
from firmware.library.fields import Fields
from firmware.library.names import PRESETS_FOLDER
from firmware.library.places import explained
from firmware.library.store import read_file, sync_folder, write_files
from firmware.parameters import Parameters, Technique, parameters_for

FORMAT_VERSION: Final = 1
SUFFIX: Final = ".json"
MAX_NAME: Final = 40
"""Characters of a preset's name."""

_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')  # FAT has them so


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One line of the list.

    Attributes:
        name: Of the preset.
        parameters: The technique with its values, or None where they cannot be read.
        problem: Why they cannot be read, or an empty string.
    """

    name: str
    parameters: Parameters | None
    problem: str = ""


class Presets:
    """The presets beside a library's compositions.

    Args:
        root: The library's folder.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / PRESETS_FOLDER

    def list(self) -> tuple[Preset, ...]:
        """All of them by name; one that cannot be read is listed with the reason.

        Raises:
            LibraryError: If the folder itself cannot be read.
        """
        with explained("the presets cannot be read: {reason}", self._folder):
            try:
                names = sorted(os.listdir(self._folder))
            except FileNotFoundError:
                return ()
        stems = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
        return tuple(self._preset(stem) for stem in stems if is_name(stem))

    def load(self, name: str) -> Parameters:
        """The parameters of a preset.

        Raises:
            LibraryError: If there is none of this name, or it is damaged or of another firmware.
            ParameterError: If that can be no preset's name.
        """
        path = self._path(name)
        if not os.path.lexists(path):
            known = ", ".join(preset.name for preset in self.list())
            raise LibraryError(
                f"there is no preset {name!r}", remedy=f"there are {known}" if known else "keep one"
            )
        try:
            text = read_file(path).decode()
        except UnicodeDecodeError as error:
            raise LibraryError(f"{path.name} is not UTF-8 text") from error
        return preset_from_json(text, file=path.name)

    def save(self, name: str, parameters: Parameters) -> None:
        """Keep parameters under a name, in the place of what had it.

        Raises:
            LibraryError: If the disk refuses; what had the name is there then.
            ParameterError: If that can be no preset's name.
        """
        write_files(self._folder, {self._path(name).name: preset_to_json(parameters).encode()})

    def save_next(self, parameters: Parameters) -> str:
        """Keep parameters under the next free name of their technique, such as `Enhance 2`.

        Raises:
            LibraryError: If the disk refuses.
        """
        names = (f"{parameters.technique.capitalize()} {number}" for number in count(1))
        name = next(name for name in names if not os.path.lexists(self._path(name)))
        self.save(name, parameters)
        return name

    def rename(self, name: str, to: str) -> None:
        """Give a preset another name.

        Raises:
            LibraryError: If another one has it, there is none to rename, or the disk refuses.
            ParameterError: If that can be no preset's name.
        """
        path, target = self._path(name), self._path(to)
        if target == path:
            return
        if os.path.lexists(target):
            raise LibraryError(f"there is a preset {to!r} already", remedy="choose another name")
        with explained(f"{name} was not renamed: {{reason}}", self._folder):
            path.rename(target)
            sync_folder(self._folder)

    def delete(self, name: str) -> None:
        """Remove a preset, if there is one of this name.

        Raises:
            LibraryError: If the disk refuses.
            ParameterError: If that can be no preset's name.
        """
        path = self._path(name)
        with explained(f"{name} was not deleted: {{reason}}", self._folder):
            if os.path.lexists(path):
                path.unlink()
                sync_folder(self._folder)

    def _path(self, name: str) -> Path:
        if not is_name(name):
            raise ParameterError(
                f"{name!r:.60} is no name of a preset",
                remedy=f'1 to {MAX_NAME} characters, none of <>:"/\\|?*',
            )
        return self._folder / f"{name}{SUFFIX}"

    def _preset(self, name: str) -> Preset:
        try:
            return Preset(name=name, parameters=self.load(name))
        except ContinuoError as error:
            return Preset(name=name, parameters=None, problem=error.message)


def is_name(text: str) -> bool:
    """Whether a preset can be called so, on every file system."""
    is_short = 0 < len(text) <= MAX_NAME
    return is_short and not _FORBIDDEN.search(text) and text.strip(". ") == text


def preset_to_json(parameters: Parameters) -> str:
    """The text of a preset."""
    content = {
        "format": FORMAT_VERSION,
        "technique": parameters.technique,
        "parameters": parameters.as_dict(),
    }
    return json.dumps(content, indent=2) + "\n"


def preset_from_json(text: str, *, file: str) -> Parameters:
    """Read a preset; a parameter that it has not has its default.

    Raises:
        LibraryError: If anything in it is of a wrong kind or out of range.
    """
    fields = Fields.of_text(text, file=file, version=FORMAT_VERSION)
    given = fields.part("parameters")
    values = {key: given.take(key, int, float, str) for key in given.raw}
    try:
        return parameters_for(Technique(fields.take("technique", str)), values)
    except LibraryError:
        raise
    except ValueError as error:  # no such technique, parameter or value
        raise LibraryError(f"{file}: {error}") from error
