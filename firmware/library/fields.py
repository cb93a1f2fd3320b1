"""What a JSON file says, asked for field by field, with the name of what is wrong."""

import json
import re
from typing import Any, Self

from firmware.errors import LibraryError

_SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters: JSON can spell them, UTF-8 cannot."""


class Fields:
    """A JSON object whose fields are asked for by name and kind.

    Args:
        raw: What `json.loads` made of it.
        file: The name of the file, for the sentence.
        where: The way to this object inside of the file, or an empty string for the whole.

    Attributes:
        raw: As given.

    Raises:
        LibraryError: If it is not an object.
    """

    def __init__(self, raw: object, *, file: str, where: str = "") -> None:
        if not isinstance(raw, dict):
            raise LibraryError(f"{file}: {where or 'the whole'} is not an object")
        self.raw: dict[str, object] = raw
        self._file = file
        self._where = where

    @classmethod
    def of_text(cls, text: str, *, file: str, version: int) -> Self:
        """Read a file of ours, which says the version of its format.

        Raises:
            LibraryError: If it is no JSON, not an object, or of another version.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LibraryError(f"{file} is not JSON: {error}") from error
        fields = cls(raw, file=file)
        if fields.take("format", int) != version:
            raise LibraryError(f"{file} has another format than {version}")
        return fields

    def take(self, key: str, *kinds: type) -> Any:
        """The value of a field.

        Raises:
            LibraryError: If it is missing or of none of these kinds.
        """
        value = self.raw.get(key)
        wanted = any(type(value) is kind for kind in kinds)  # a bool is an int to isinstance
        is_text = not isinstance(value, str) or not _SURROGATES.search(value)
        if not wanted or key not in self.raw or not is_text:
            raise LibraryError(f"{self._file}: {self._name(key)} is missing or of a wrong kind")
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number in a range.

        Raises:
            LibraryError: If it is missing, no whole number, or out of range.
        """
        number: int = self.take(key, int)
        if not low <= number <= high:
            raise LibraryError(f"{self._file}: {self._name(key)} must be in {low}..{high}")
        return number

    def part(self, key: str) -> "Fields":
        """An object in this one.

        Raises:
            LibraryError: If it is missing or no object.
        """
        return Fields(self.raw.get(key), file=self._file, where=self._name(key))

    def parts(self, key: str) -> list["Fields"]:
        """A list of objects.

        Raises:
            LibraryError: If it is missing or has anything else in it.
        """
        entries = self.take(key, list)
        return [Fields(entry, file=self._file, where=self._name(key)) for entry in entries]

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key
