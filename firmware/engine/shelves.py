"""What was looked up, as the panel knows it, and what is to be deleted but is not yet."""

from firmware.engine.findings import (
    Checked,
    Compositions,
    Looked,
    MelodyFiles,
    Models,
    PresetsKept,
    Shelved,
)
from firmware.panel.overview import (
    CompositionLine,
    MelodyLine,
    MissingModel,
    ModelLine,
    PresetLine,
    SystemFacts,
)


class Shelves:
    """Latest findings of the librarian.

    Attributes:
        files: MIDI files that can be imported.
        models: The installed models, or None before they were looked up.
        missing: Techniques without a model.
        no_model: What lacks for what was set when it was checked last, or None.
        presets: Those that were kept, or None before they were looked up.
        system: How the computer is, or None before it was looked at.
    """

    def __init__(self) -> None:
        self._compositions: tuple[CompositionLine, ...] | None = None
        self._shown: tuple[CompositionLine, ...] | None = None
        self._deleted: CompositionLine | None = None
        self._gone: set[str] = set()  # for good, though an older look may still bring it
        self.files: tuple[MelodyLine, ...] = ()
        self.models: tuple[ModelLine, ...] | None = None
        self.missing: tuple[MissingModel, ...] = ()
        self.no_model: MissingModel | None = None
        self.presets: tuple[PresetLine, ...] | None = None
        self.system: SystemFacts | None = None

    @property
    def compositions(self) -> tuple[CompositionLine, ...] | None:
        """The library without what was deleted; None before it was looked up."""
        return self._shown

    @property
    def deleted(self) -> str | None:
        """The title of what was deleted and can come back, or None."""
        return self._deleted.title if self._deleted else None

    def put(self, finding: Shelved) -> None:
        """Take what the librarian brings."""
        match finding:
            case Compositions():
                self._compositions = finding.lines
                self._show()
            case MelodyFiles():
                self.files = finding.lines
            case Models():
                self.models, self.missing = finding.lines, finding.missing
            case Checked():
                self.no_model = finding.missing
            case PresetsKept():
                self.presets = finding.lines
            case Looked():
                self.system = finding.facts

    def delete(self, name: str) -> str | None:
        """Take a composition off the list.

        Returns:
            The name of the one that was deleted before, which is to be deleted for good, or None.
        """
        before = self.settle()
        found = (line for line in self._compositions or () if line.name == name)
        self._deleted = next(found, None)
        self._show()
        return before

    def restore(self) -> None:
        """Put the composition that was deleted last back on the list."""
        self._deleted = None
        self._show()

    def settle(self) -> str | None:
        """The name of what was deleted, which is to be deleted for good; None if nothing was."""
        deleted, self._deleted = self._deleted, None
        if deleted is None:
            return None
        self._gone.add(deleted.name)
        self._show()
        return deleted.name

    def put_back(self, name: str) -> None:
        """A composition could not be deleted."""
        self._gone.discard(name)
        self._show()

    def _show(self) -> None:
        if self._compositions is None:
            return
        hidden = self._gone | ({self._deleted.name} if self._deleted else set())
        self._shown = tuple(line for line in self._compositions if line.name not in hidden)
