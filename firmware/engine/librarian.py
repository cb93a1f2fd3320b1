"""Looks things up on a thread of its own: a disk may take longer than the music can wait."""

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from firmware.devices.host import Host
from firmware.engine.bundles import installed_bundles
from firmware.engine.events import Answered, Brought
from firmware.engine.findings import (
    Checked,
    Compositions,
    Finding,
    Imported,
    Loaded,
    Looked,
    MelodyFiles,
    Models,
    NotDeleted,
    Nothing,
    PresetsKept,
    PresetTaken,
)
from firmware.engine.takes import facts_of
from firmware.errors import BundleError, CompositionNotFoundError, ContinuoError, LibraryError
from firmware.inference.bundle import MANIFEST_FILE, MODEL_FILE
from firmware.inference.manifest import Manifest, read_manifest
from firmware.library.importing import ImportSandbox
from firmware.library.names import MELODIES_FOLDER, MODELS_FOLDER
from firmware.library.places import explained
from firmware.library.presets import Preset, Presets
from firmware.library.store import Entry, Library
from firmware.panel.commands import Source
from firmware.panel.overview import (
    CompositionLine,
    MelodyLine,
    MissingModel,
    ModelLine,
    PresetLine,
    SystemFacts,
)
from firmware.parameters import Parameters, Technique, parameters_for, specs_of

STOP_S = 5.0
WAITING = 32
"""Errands that wait at most; more are refused."""

_LOG = logging.getLogger(__name__)

ChooseBundle = Callable[[Parameters], Path]
_Errand = tuple[Callable[[], Finding], int | None]


class Librarian:
    """One thread that does one errand after the other, and brings what came of it.

    Args:
        library: Where compositions are kept, with a folder of melodies beside them.
        host: The computer.
        choose_bundle: The model's folder for a technique and its values.
        post: Takes `Brought`, or `Answered` where an asker was named; called on the librarian's
            thread.
    """

    def __init__(
        self,
        library: Library,
        host: Host,
        choose_bundle: ChooseBundle,
        post: Callable[[Brought | Answered], None],
    ) -> None:
        self._library = library
        self._host = host
        self._choose_bundle = choose_bundle
        self._post = post
        self._sandbox = ImportSandbox()
        self._presets = Presets(library.root)
        self._errands: queue.Queue[_Errand | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="continuo-librarian", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the errand at hand and those that wait, for `STOP_S` seconds at most.

        Raises:
            LibraryError: If it takes longer.
        """
        if self._thread.ident is None:
            return
        try:
            self._errands.put(None, timeout=STOP_S)
        except queue.Full as error:
            raise LibraryError("the disk is too slow to end what was begun") from error
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise LibraryError("the disk did not end what was begun in time")

    def list_compositions(self, asker: int | None = None) -> None:
        """See what is in the library."""
        self._send(self._compositions, asker)

    def load(self, name: str, asker: int | None = None) -> None:
        """Fetch a composition."""
        self._send(lambda: Loaded(name, self._library.load(name)), asker)

    def delete(self, name: str) -> None:
        """Delete a composition."""
        self._send(lambda: self._delete(name))

    def list_melodies(self) -> None:
        """See which MIDI files there are."""
        self._send(self._melody_files)

    def import_melody(self, file_name: str) -> None:
        """Read one of them."""
        path = self._library.root / MELODIES_FOLDER / file_name
        self._send(lambda: Imported(self._sandbox.import_melody(path)))

    def list_models(self, asker: int | None = None) -> None:
        """See which models are installed."""
        self._send(self._models, asker)

    def check_model(self, parameters: Parameters) -> None:
        """See whether there is a model for a technique and its values."""
        self._send(lambda: Checked(self._lack(parameters)))

    def list_presets(self) -> None:
        """See which presets there are."""
        self._send(self._preset_lines)

    def keep_preset(self, parameters: Parameters) -> None:
        """Keep parameters under the next free name."""
        self._send(lambda: self._changed_presets(lambda: self._presets.save_next(parameters)))

    def take_preset(self, name: str) -> None:
        """Fetch what was kept under a name."""
        self._send(lambda: PresetTaken(self._presets.load(name)))

    def rename_preset(self, name: str, to: str) -> None:
        """Give what was kept under a name another one."""
        self._send(lambda: self._changed_presets(lambda: self._presets.rename(name, to)))

    def delete_preset(self, name: str) -> None:
        """Delete what was kept under a name."""
        self._send(lambda: self._changed_presets(lambda: self._presets.delete(name)))

    def look_at_system(self, asker: int | None = None) -> None:
        """See how the computer is."""
        self._send(lambda: Looked(SystemFacts(**self._host.look(self._library.root))), asker)

    def _send(self, errand: Callable[[], Finding], asker: int | None = None) -> None:
        """Have something done; what comes of it is everybody's, or a program's that asked."""
        try:
            self._errands.put_nowait((errand, asker))
        except queue.Full as error:
            raise LibraryError("the disk is too slow", remedy="wait a moment") from error

    def _work(self) -> None:
        with self._sandbox:
            while (job := self._errands.get()) is not None:
                errand, asker = job
                found = _done(errand)
                self._post(Brought(found) if asker is None else Answered(asker, found))

    def _compositions(self) -> Compositions:
        return Compositions(tuple(_composition_line(entry) for entry in self._library.list()))

    def _delete(self, name: str) -> Compositions | NotDeleted:
        try:
            self._library.delete(name)
        except CompositionNotFoundError:
            pass  # somebody else was faster
        except ContinuoError as error:
            return NotDeleted(name, error.message, error.remedy)
        return self._compositions()

    def _melody_files(self) -> MelodyFiles:
        folder = self._library.root / MELODIES_FOLDER
        with explained("the melodies cannot be read: {reason}", folder):
            try:
                names = sorted(path.name for path in folder.iterdir())
            except FileNotFoundError:
                names = []
        return MelodyFiles(
            tuple(
                MelodyLine(source=Source.IMPORTED, key=name, name=Path(name).stem, what="file")
                for name in names
                if Path(name).suffix.lower() in (".mid", ".midi") and not name.startswith(".")
            )
        )

    def _changed_presets(self, change: Callable[[], object]) -> PresetsKept:
        change()
        return self._preset_lines()

    def _preset_lines(self) -> PresetsKept:
        return PresetsKept(tuple(_preset_line(preset) for preset in self._presets.list()))

    def _models(self) -> Models:
        """Where a model serves other values than the defaults, the technique lacks nothing."""
        lines = tuple(_model_lines(self._library.root / MODELS_FOLDER))
        served = {line.technique for line in lines}
        lacks = [self._lack(parameters_for(t)) for t in Technique if t not in served]
        return Models(lines, tuple(lack for lack in lacks if lack is not None))

    def _lack(self, parameters: Parameters) -> MissingModel | None:
        try:
            self._choose_bundle(parameters)
        except ContinuoError as error:
            return MissingModel(
                technique=parameters.technique, sentence=error.message, remedy=error.remedy
            )
        return None


def _done(errand: Callable[[], Finding]) -> Finding:
    try:
        return errand()
    except ContinuoError as error:
        return Nothing(error.message, error.remedy)
    except Exception:  # the top of this thread
        _LOG.error("an errand failed\n%s", traceback.format_exc())
        return Nothing("that did not work", "the log says why")


def _composition_line(entry: Entry) -> CompositionLine:
    outline = entry.outline
    if outline is None:
        return CompositionLine(
            name=entry.name, title=entry.name, what="", day="", problem=entry.problem
        )
    return CompositionLine(
        name=entry.name,
        title=outline.composition.name or outline.melody.name or "Composition",
        what=outline.technique.past,
        day=_day(outline.created_at),
        about=facts_of(outline),
    )


def _preset_line(preset: Preset) -> PresetLine:
    parameters = preset.parameters
    if parameters is None:
        return PresetLine(name=preset.name, technique=None, problem=preset.problem)
    about = tuple(
        (spec.label, spec.text(parameters[spec.key])) for spec in specs_of(parameters.technique)
    )
    return PresetLine(name=preset.name, technique=parameters.technique, about=about)


def _day(created_at: str) -> str:
    try:
        return datetime.fromisoformat(created_at).strftime("%d %b")
    except ValueError:  # another program wrote it
        return ""


def _model_lines(own: Path) -> Iterable[ModelLine]:
    for name, folder in installed_bundles(own).items():
        try:
            manifest = read_manifest(folder / MANIFEST_FILE)
            size = (folder / MODEL_FILE).stat().st_size
        except BundleError as error:
            yield ModelLine(name=name, title=name, technique=None, problem=error.message)
        except OSError as error:
            problem = f"{MODEL_FILE} cannot be read: {error.strerror}"
            yield ModelLine(name=name, title=name, technique=None, problem=problem)
        else:
            yield _model_line(name, manifest, size)


def _model_line(name: str, manifest: Manifest, size: int) -> ModelLine:
    return ModelLine(
        name=name,
        title=manifest.title,
        technique=manifest.technique,
        about=(
            ("Genre", manifest.genre),
            ("Size", f"{size / 1e6:.1f} MB"),
            *(("Trained on", corpus.name) for corpus in manifest.training.corpora),
        ),
    )
