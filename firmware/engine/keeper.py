"""Keeps what the instrument remembers: when it is written, and what is taken back at a start.

The instrument begins as it was switched off, if it was switched off. After any other end it
begins with defaults, since what was set may be what ended it, and offers what was set and played
before. After three such ends within five minutes of running it begins in safe mode.

What is written is written by the saver, every few seconds at most and only where it changed.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from firmware.engine.memory import (
    Memory,
    Piece,
    Pieces,
    earlier_from_json,
    earlier_to_json,
    memory_from_json,
    memory_to_json,
    pieces_from_json,
    pieces_to_json,
    runs_from_json,
    runs_to_json,
)
from firmware.engine.remembered import Music, Remembered
from firmware.engine.takes import Take
from firmware.errors import ContinuoError, EngineStateError, LibraryError
from firmware.library.notebook import Notebook
from firmware.library.store import Library
from firmware.panel.bookmark import opened_at
from firmware.panel.navigation import Navigation
from firmware.panel.overview import Recovery
from firmware.panel.pages.home import HomePage
from firmware.panel.pages.recovery import RecoveryPage

MEMORY_FILE: Final = "memory.json"
PIECES_FILE: Final = "pieces.json"
EARLIER_MEMORY_FILE: Final = "earlier-memory.json"
"""What was set when the instrument was not switched off, until it is brought back."""
EARLIER_PIECES_FILE: Final = "earlier-pieces.json"
RUNNING_FILE: Final = "running.json"
"""Is there while the instrument runs, and after an end that was none."""

WRITE_NS: Final = 3_000_000_000
"""How often anything is written at most; a power cut costs no more."""

CRASHES: Final = 3
WITHIN_S: Final = 300.0
"""So many ends within so many seconds of running start the safe mode. Running is what counts: a
board without a battery does not know how long it was off."""

MOST_EARLIER: Final = 10
"""Pieces that wait to be brought back; the oldest gives way."""

_MARK_S: Final = 15.0  # between two notes of how long it has run
_LOG = logging.getLogger(__name__)
_Read = TypeVar("_Read")


class Keeper:
    """One instrument's memory.

    Args:
        notebook: Where it is written.
        library: Where compositions are.
        remembered: What has anything to remember.
        run: Has something done on the saver's thread; raises `LibraryError` if too much waits.
        tell: Puts a sentence and its remedy on the panel; from any thread.
        wants_safe: Whether safe mode is asked for.

    Attributes:
        is_safe: Whether this is the safe mode.
    """

    def __init__(
        self,
        notebook: Notebook,
        library: Library,
        remembered: Remembered,
        *,
        run: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
        wants_safe: bool = False,
    ) -> None:
        self._notebook = notebook
        self._library = library
        self._remembered = remembered
        self._run = run
        self._tell = tell
        self._wants_safe = wants_safe
        self.is_safe = wants_safe
        self._is_on = False
        self._is_busy = False  # the saver's thread has something of ours
        self._has_failed = False
        self._was_clean = True
        self._problems: list[str] = []
        self._began_ns = self._again_ns = 0
        self._ran_s = 0.0
        self._runs_s: tuple[float, ...] = ()  # before this one
        self._memory: Memory | None = None  # as it was written last
        self._music: Music | None = None
        self._earlier_memory: Memory | None = None
        self._earlier: tuple[Piece, ...] = ()

    @property
    def recovery(self) -> Recovery | None:
        """What can be brought back and why, or None if there is nothing to say."""
        has_more = self._earlier_memory is not None or bool(self._earlier)
        if not (self.is_safe or self._problems or has_more or not self._was_clean):
            return None
        return Recovery(
            is_safe=self.is_safe,
            text="\n".join(self._sentences()),
            pieces=tuple(piece.melody.name or "Melody" for piece in self._earlier),
            has_settings=self._earlier_memory is not None,
        )

    def begin(self, now_ns: int) -> None:
        """Take back what may be taken back, and note that the instrument runs."""
        self._began_ns, self._again_ns = now_ns, now_ns + WRITE_NS
        try:
            self._notebook.open()
        except LibraryError as error:
            self._complain(error)
            self._show(now_ns)
            return
        self._is_on = True
        self._runs_s = self._read_runs()
        last = self._runs_s[-CRASHES:]
        self._was_clean = not self._runs_s
        self.is_safe = self._wants_safe or (len(last) == CRASHES and sum(last) <= WITHIN_S)
        self._guarded(self._mark)
        self._earlier_memory = self._read(EARLIER_MEMORY_FILE, memory_from_json)
        self._earlier = self._read(EARLIER_PIECES_FILE, earlier_from_json) or ()
        memory = self._read(MEMORY_FILE, memory_from_json)
        pieces = self._read(PIECES_FILE, pieces_from_json) or Pieces()
        if self._was_clean and not self._wants_safe:
            self._take_back(memory, pieces, now_ns)
        else:
            self._put_off(memory, pieces)
            self._show(now_ns)
        self._memory = self._remembered.memory()
        self._music = self._remembered.music(now_ns)

    def note(self, now_ns: int) -> None:
        """Have written what has changed, if it is time."""
        if not self._is_on or self._is_busy or now_ns < self._again_ns:
            return
        self._again_ns = now_ns + WRITE_NS
        memory, music = self._remembered.memory(), self._remembered.music(now_ns)
        ran_s = min((now_ns - self._began_ns) / 1e9, WITHIN_S)
        has_run = ran_s - self._ran_s >= _MARK_S or ran_s == WITHIN_S != self._ran_s
        if memory == self._memory and music.is_same(self._music) and not has_run:
            return
        self._is_busy = True
        try:
            self._run(partial(self._write, memory, music, ran_s if has_run else self._ran_s))
        except LibraryError as error:  # the next time, then
            self._is_busy = False
            _LOG.info("%s", error)

    def finish(self, now_ns: int) -> None:
        """Have everything written: the instrument was switched off.

        Raises:
            LibraryError: If the disk is so slow that too much waits already.
        """
        if self._is_on:
            memory, music = self._remembered.memory(), self._remembered.music(now_ns)
            self._run(partial(self._write_last, memory, music))

    def close(self) -> None:
        """Let another instrument remember in this place."""
        self._is_on = False
        self._notebook.close()

    def bring_back_piece(self, index: int, now_ns: int) -> str | None:
        """Make a piece the present take.

        Returns:
            The name in the library of the composition that was made of it, or None.

        Raises:
            ContinuoError: If no take can be chosen now, or there is no such piece.
        """
        if index >= len(self._earlier):
            raise EngineStateError("it was brought back already")
        piece = self._earlier[index]
        take = Take(melody=piece.melody)
        self._remembered.instrument.change_take(lambda takes: takes.add(take), now_ns)
        self._earlier = (*self._earlier[:index], *self._earlier[index + 1 :])
        self._send(partial(self._write_earlier, self._earlier))
        return piece.composition

    def bring_back_settings(self, now_ns: int) -> None:
        """Set what was set.

        Raises:
            EngineStateError: If there is nothing any more.
        """
        memory, self._earlier_memory = self._earlier_memory, None
        if memory is None:
            raise EngineStateError("it was brought back already")
        self._remembered.restore(memory, now_ns)

    def _take_back(self, memory: Memory | None, pieces: Pieces, now_ns: int) -> None:
        if memory is not None:
            self._remembered.restore(memory, now_ns)
        for piece in (pieces.take, pieces.playing):
            if piece is not None:
                self._remembered.instrument.takes.add(self._take(piece))
        if memory is not None:
            self._remembered.panel.open_at(opened_at(memory.bookmark), now_ns)

    def _take(self, piece: Piece) -> Take:
        """The piece with what was made of it, if that is still in the library."""
        if piece.composition is not None:
            try:
                record = self._library.load(piece.composition)
            except ContinuoError as error:
                _LOG.info("%s", error)
            else:
                return Take(melody=record.melody, record=record, saved_as=piece.composition)
        return Take(melody=piece.melody)

    def _put_off(self, memory: Memory | None, pieces: Pieces) -> None:
        """Keep for later what must not be taken back now, where the next end does not reach it."""
        if memory is not None:
            self._earlier_memory = memory
            self._guarded(lambda: self._notebook.rename(MEMORY_FILE, EARLIER_MEMORY_FILE))
        found = [piece for piece in (pieces.playing, pieces.take) if piece is not None]
        known = [piece for piece in self._earlier if piece not in found]
        earlier = (*found, *known)[:MOST_EARLIER]
        if earlier != self._earlier:
            self._earlier = earlier
            self._guarded(lambda: self._write_earlier(earlier))

    def _show(self, now_ns: int) -> None:
        if self.recovery is not None:
            navigation = Navigation(stack=(HomePage(), RecoveryPage()))
            self._remembered.panel.open_at(navigation, now_ns)

    def _sentences(self) -> list[str]:
        lines = list(self._problems)
        if self._wants_safe:
            lines.append("Safe mode, as you asked: defaults, and no model is loaded yet.")
        elif self.is_safe:
            lines.append("It stopped three times within five minutes: safe mode.")
            lines.append("All is at its default, and no model is loaded yet.")
        elif not self._was_clean:
            lines.append("It was not switched off the last time: all is at its default.")
        if self._earlier or self._earlier_memory is not None:
            lines.append("Restore what you miss, one by one.")
        if self.is_safe:
            lines.append("Switch off and on for a normal start.")
        return lines

    def _read_runs(self) -> tuple[float, ...]:
        try:
            text = self._notebook.read(RUNNING_FILE)
            return () if text is None else runs_from_json(text, file=RUNNING_FILE)
        except LibraryError as error:
            self._put_aside(RUNNING_FILE, error)
            return (WITHIN_S,)  # it ran, nobody knows how long

    def _read(self, name: str, read: Callable[..., _Read]) -> _Read | None:
        try:
            text = self._notebook.read(name)
            return None if text is None else read(text, file=name)
        except LibraryError as error:
            self._put_aside(name, error)
            return None

    def _put_aside(self, name: str, error: LibraryError) -> None:
        self._complain(error)
        try:
            kept = self._notebook.put_aside(name)
        except LibraryError as worse:
            _LOG.warning("%s", worse)
        else:
            self._problems.append(f"It is kept as {kept}.")

    def _write(self, memory: Memory, music: Music, ran_s: float) -> None:
        """On the saver's thread."""
        try:
            if ran_s != self._ran_s:
                self._ran_s = ran_s
                self._mark()
            if memory != self._memory:
                self._notebook.write(MEMORY_FILE, memory_to_json(memory))
                self._memory = memory
            if not music.is_same(self._music):
                pieces = music.pieces(with_playing=True)
                self._notebook.write(PIECES_FILE, pieces_to_json(pieces))
                self._music = music
            self._has_failed = False
        except LibraryError as error:
            self._fail(error)
        finally:
            self._is_busy = False

    def _write_last(self, memory: Memory, music: Music) -> None:
        """On the saver's thread. A full disk is no reason to call the end a crash."""
        pieces = music.pieces(with_playing=bool(music.recorded))
        self._guarded(lambda: self._notebook.write(MEMORY_FILE, memory_to_json(memory)))
        self._guarded(lambda: self._notebook.write(PIECES_FILE, pieces_to_json(pieces)))
        if self._earlier_memory is None:
            self._guarded(lambda: self._notebook.remove(EARLIER_MEMORY_FILE))
        self._guarded(lambda: self._notebook.remove(RUNNING_FILE))

    def _write_earlier(self, earlier: tuple[Piece, ...]) -> None:
        self._notebook.write(EARLIER_PIECES_FILE, earlier_to_json(earlier))

    def _mark(self) -> None:
        runs_s = (*self._runs_s, self._ran_s)[-CRASHES:]
        self._notebook.write(RUNNING_FILE, runs_to_json(runs_s))

    def _send(self, job: Callable[[], None]) -> None:
        try:
            self._run(lambda: self._guarded(job))
        except LibraryError as error:
            self._fail(error)

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except LibraryError as error:
            self._fail(error)

    def _fail(self, error: LibraryError) -> None:
        """Tell it once, not every few seconds."""
        _LOG.warning("%s", error)
        if not self._has_failed:
            self._tell(error.message, error.remedy)
        self._has_failed = True

    def _complain(self, error: LibraryError) -> None:
        _LOG.warning("%s", error)
        sentence = f"{error.message[:1].upper()}{error.message[1:]}."
        self._problems.append(f"{sentence} {error.remedy}".strip())
