"""Looks things up on a thread of its own: a disk may take longer than the music can wait."""

import logging
import queue
import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from firmware.engine.events import Answered, Brought
from firmware.engine.findings import (
    Checked,
    Compositions,
    Finding,
    Imported,
    Loaded,
    Looked,
    MelodyFiles,
    MelodyKept,
    Models,
    NotDeleted,
    Nothing,
    PresetsKept,
    PresetTaken,
    Renamed,
    SticksSeen,
)
from firmware.engine.lines import composition_line, file_line, model_lines, preset_line
from firmware.engine.machine import Machine
from firmware.engine.sticks import StickReader
from firmware.errors import CompositionNotFoundError, ContinuoError, EngineStateError, LibraryError
from firmware.library.imported import keep_melody, melody_files, melody_from_stick
from firmware.library.importing import ImportSandbox
from firmware.library.names import MELODIES_FOLDER, MODELS_FOLDER
from firmware.library.presets import Presets
from firmware.library.renaming import rename_composition
from firmware.library.store import Library
from firmware.panel.overview import MissingModel
from firmware.parameters import Parameters, Technique, parameters_for

STOP_S = 5.0
WAITING = 32
"""Errands that wait at most; more are refused."""

_LOG = logging.getLogger(__name__)

ChooseBundle = Callable[[Parameters], Path]
_Errand = tuple[Callable[[], Finding | None], int | None]


class Librarian:
    """One thread that does one errand after the other, and brings what came of it.

    Args:
        library: Where compositions are kept, with a folder of melodies beside them.
        machine: The computer.
        choose_bundle: The model's folder for a technique and its values.
        post: Takes `Brought`, or `Answered` where an asker was named; called on the librarian's
            thread.
    """

    def __init__(
        self,
        library: Library,
        machine: Machine,
        choose_bundle: ChooseBundle,
        post: Callable[[Brought | Answered], None],
    ) -> None:
        self._library = library
        self._machine = machine
        self._sticks = StickReader(machine.sticks)
        self._looks_at_sticks = False
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

    def read_from_stick(self, path: Path) -> None:
        """Read a melody of a stick's, to be heard."""
        read = partial(melody_from_stick, path, self._sandbox)
        self._send(lambda: Imported(read(), plays=True))

    def keep_from_stick(self, path: Path) -> None:
        """Keep a melody of a stick's among the MIDI files that there are."""
        self._send(lambda: self._keep(path))

    def look_at_sticks(self) -> None:
        """See what is plugged in, if that has changed, and unless it is being looked at already."""
        if self._machine.sticks is None or self._looks_at_sticks:
            return
        self._looks_at_sticks = True
        try:
            self._send(self._see_sticks)
        except LibraryError:  # there is more urgent work: the next time, then
            self._looks_at_sticks = False

    def rename_composition(self, name: str, to: str) -> None:
        """Give a composition another title."""
        self._send(lambda: self._rename(name, to))

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
        self._send(self._look, asker)

    def switch_ssh(self, *, on: bool) -> None:
        """Let makers in over the network, or not."""
        self._send(lambda: self._switch_ssh(on=on))

    def _send(self, errand: Callable[[], Finding | None], asker: int | None = None) -> None:
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
                if found is not None:
                    self._post(Brought(found) if asker is None else Answered(asker, found))

    def _compositions(self) -> Compositions:
        return Compositions(tuple(composition_line(entry) for entry in self._library.list()))

    def _delete(self, name: str) -> Compositions | NotDeleted:
        try:
            self._library.delete(name)
        except CompositionNotFoundError:
            pass  # somebody else was faster
        except ContinuoError as error:
            return NotDeleted(name, error.message, error.remedy)
        return self._compositions()

    def _rename(self, name: str, to: str) -> Renamed:
        rename_composition(self._library, name, to)
        return Renamed(name, to, self._compositions())

    def _melody_files(self) -> MelodyFiles:
        return MelodyFiles(tuple(file_line(name) for name in melody_files(self._library.root)))

    def _keep(self, path: Path) -> MelodyKept:
        name = keep_melody(self._library.root, path, self._sandbox)
        return MelodyKept(Path(name).stem, self._melody_files())

    def _see_sticks(self) -> SticksSeen | None:
        self._looks_at_sticks = False  # first: who asks from now on is answered anew
        lines = self._sticks.look()
        return None if lines is None else SticksSeen(lines)

    def _look(self) -> Looked:
        return Looked(self._machine.look(self._library.root))

    def _switch_ssh(self, *, on: bool) -> Looked:
        if self._machine.ssh is None:
            raise EngineStateError("there is no SSH here", remedy="this is for an appliance")
        self._machine.ssh.switch(on=on)
        return self._look()

    def _changed_presets(self, change: Callable[[], object]) -> PresetsKept:
        change()
        return self._preset_lines()

    def _preset_lines(self) -> PresetsKept:
        return PresetsKept(tuple(preset_line(preset) for preset in self._presets.list()))

    def _models(self) -> Models:
        """Where a model serves other values than the defaults, the technique lacks nothing."""
        lines = tuple(model_lines(self._library.root / MODELS_FOLDER))
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


def _done(errand: Callable[[], Finding | None]) -> Finding | None:
    try:
        return errand()
    except ContinuoError as error:
        return Nothing(error.message, error.remedy)
    except Exception:  # the top of this thread
        _LOG.error("an errand failed\n%s", traceback.format_exc())
        return Nothing("that did not work", "the log says why")
