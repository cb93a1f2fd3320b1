"""The instrument's end of the control socket: one thread, many programs, everything bounded.

The thread only carries lines. What they ask for goes onto the engine's queue as an `Exchange`, and
the engine's thread answers when it has the time; a program that sends rubbish, sends without end,
does not read or goes away costs itself its connection and nobody else anything.
"""

import logging
import selectors
import socket
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from firmware.engine.control.door import BACKLOG, Door, open_door
from firmware.engine.control.exchange import Exchange, Word
from firmware.engine.control.lines import MAX_LINE_BYTES, read_request, refusal_line
from firmware.errors import ControlError

STOP_S: Final = 2.0
_REST_S: Final = 0.005  # after a round with requests, so that a flood leaves time for the music
_RETRY_S: Final = 0.2
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What programs can have of the instrument.

    Attributes:
        clients: Connections at a time.
        idle_s: How long one may say nothing.
        answer_s: How long the engine may take for a first word.
        silence_s: How long it may say nothing after that.
        unsent_bytes: How much a program may leave unread.
        unread_s: How long it may read nothing.
    """

    clients: int = 32
    idle_s: float = 300.0
    answer_s: float = 5.0
    silence_s: float = 120.0
    unsent_bytes: int = 256 * 1024
    unread_s: float = 10.0


@dataclass(slots=True, kw_only=True)
class _Client:
    """A program at the other end.

    Attributes:
        connection: Its socket.
        due_s: When it, or the engine for it, must have done something.
        received: The beginning of a line.
        unsent: What it has not read yet.
        exchange: What it waits for, or None: nothing is read from it meanwhile.
        is_leaving: Whether it is let go once all is sent.
        watched: For what the selector looks at it.
    """

    connection: socket.socket
    due_s: float
    received: bytes = b""
    unsent: bytes = b""
    exchange: Exchange | None = None
    is_leaving: bool = False
    watched: int = 0

    @property
    def has_line(self) -> bool:
        """Whether a whole request waits to be taken."""
        is_free = self.exchange is None and not self.unsent and not self.is_leaving
        return is_free and b"\n" in self.received


class ControlServer:
    """Listens on a socket in the file system.

    Args:
        path: The socket; its folder is made if that of it is there.
        ask: Takes an `Exchange` for the engine; from the server's thread, returns at once.
        limits: What programs can have.
    """

    def __init__(
        self, path: Path, ask: Callable[[Exchange], None], *, limits: Limits | None = None
    ) -> None:
        self._path = path
        self._ask = ask
        self._limits = limits or Limits()
        self._door: Door | None = None
        self._clients: list[_Client] = []
        self._said: deque[Word] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="continuo-control", daemon=True)

    def start(self) -> None:
        """Listen.

        Raises:
            ControlError: If another instrument does there, or nothing can be there.
        """
        self._door = open_door(self._path)
        self._door.selector.register(self._door.listening, selectors.EVENT_READ, self._accept)
        self._door.selector.register(self._door.ears, selectors.EVENT_READ, self._hear_bell)
        self._thread.start()

    def close(self) -> None:
        """Let go of everybody, if anybody was listened to.

        Raises:
            ControlError: If the thread does not end.
        """
        if self._door is None:
            return
        self._closing.set()
        self._ring()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            raise ControlError("the thread of the control socket does not end")
        for client in self._clients:
            client.connection.close()
        self._door.close()
        self._door = None

    def _work(self) -> None:
        try:
            while not self._closing.is_set():
                self._round()
        except Exception:  # the top of this thread: the music goes on without it
            _LOG.error("the control socket ended\n%s", traceback.format_exc())

    def _round(self) -> None:
        assert self._door is not None
        for key, _ in self._door.selector.select(self._wait_s()):
            key.data()
        self._deliver()
        now_s = monotonic()
        for client in tuple(self._clients):
            if now_s >= client.due_s:
                self._expire(client)
        ready = [client for client in self._clients if client.has_line]
        for client in ready:
            self._take_line(client)
        if ready:
            self._closing.wait(_REST_S)

    def _wait_s(self) -> float | None:
        if any(client.has_line for client in self._clients):
            return 0.0
        due_s = min((client.due_s for client in self._clients), default=None)
        return None if due_s is None else max(due_s - monotonic(), 0.0)

    def _accept(self) -> None:
        assert self._door is not None
        for _ in range(BACKLOG):
            try:
                connection, _ = self._door.listening.accept()
            except OSError as error:  # nobody is left, or there are no more descriptors
                if not isinstance(error, BlockingIOError):
                    self._closing.wait(_RETRY_S)
                return
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        if len(self._clients) >= self._limits.clients:
            self._drop_gone()
        connection.settimeout(0)
        client = _Client(connection=connection, due_s=monotonic() + self._limits.idle_s)
        self._clients.append(client)
        if len(self._clients) > self._limits.clients:
            self._dismiss(client, ControlError("too many programs speak to the instrument"))
        else:
            self._watch(client)

    def _drop_gone(self) -> None:
        """Find those who went while they waited for an answer, when nothing is read from them."""
        for client in tuple(self._clients):
            with suppress(OSError):
                if client.exchange and not client.connection.recv(1, socket.MSG_PEEK):
                    self._drop(client)

    def _hear_bell(self) -> None:
        assert self._door is not None
        while True:
            try:
                self._door.ears.recv(4096)
            except BlockingIOError:
                return

    def _ring(self) -> None:
        """Wake the thread; from any thread."""
        door = self._door
        if door is not None:
            door.ring()

    def _touch(self, client: _Client) -> None:
        """The selector found that something can be read or written."""
        if client.unsent:
            self._send(client)
        else:
            self._receive(client)

    def _receive(self, client: _Client) -> None:
        try:
            content = client.connection.recv(MAX_LINE_BYTES - len(client.received))
        except BlockingIOError:
            return
        except OSError:
            content = b""
        if not content:
            self._drop(client)
            return
        client.received += content
        if len(client.received) >= MAX_LINE_BYTES and b"\n" not in client.received:
            sentence = f"a request is {MAX_LINE_BYTES} bytes long at most"
            self._dismiss(client, ControlError(sentence))
        else:
            self._watch(client)

    def _take_line(self, client: _Client) -> None:
        """Take one line; the next is taken after its answer."""
        line, _, client.received = client.received.partition(b"\n")
        try:
            request = read_request(line)
        except ControlError as error:
            client.due_s = monotonic() + self._limits.idle_s
            self._write(client, refusal_line(error))
            return
        client.exchange = Exchange(request, self._say)
        client.due_s = monotonic() + self._limits.answer_s
        self._watch(client)
        self._ask(client.exchange)

    def _say(self, word: Word) -> None:
        """From any thread."""
        self._said.append(word)
        self._ring()

    def _deliver(self) -> None:
        while self._said:
            word = self._said.popleft()
            client = next((c for c in self._clients if c.exchange is word.exchange), None)
            if client is None:  # it is gone, or was told that it takes too long
                continue
            if word.is_last:
                client.exchange = None
            limits = self._limits
            client.due_s = monotonic() + (limits.idle_s if word.is_last else limits.silence_s)
            self._write(client, word.line)

    def _write(self, client: _Client, line: bytes) -> None:
        if not client.unsent:
            client.unsent = line
            self._send(client)
            return
        client.unsent += line
        if len(client.unsent) > self._limits.unsent_bytes:
            self._drop(client)

    def _send(self, client: _Client) -> None:
        try:
            sent = client.connection.send(client.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(client)
            return
        client.unsent = client.unsent[sent:]
        if client.unsent:
            due_s = monotonic() + self._limits.unread_s
            client.due_s = due_s if sent else min(client.due_s, due_s)
        elif client.is_leaving:
            self._drop(client)
            return
        elif client.exchange is None:
            client.due_s = monotonic() + self._limits.idle_s
        self._watch(client)

    def _dismiss(self, client: _Client, error: ControlError) -> None:
        """Say why, and let it go."""
        client.is_leaving = True
        client.exchange = None
        client.due_s = monotonic() + self._limits.unread_s
        self._write(client, refusal_line(error))

    def _expire(self, client: _Client) -> None:
        if client.unsent or client.exchange is None:
            self._drop(client)
            return
        self._dismiss(
            client,
            ControlError(
                "the instrument did not answer in time", remedy="try again; continuo log says more"
            ),
        )

    def _drop(self, client: _Client) -> None:
        if client not in self._clients:
            return
        assert self._door is not None
        self._clients.remove(client)
        if client.watched:
            self._door.selector.unregister(client.connection)
        client.connection.close()

    def _watch(self, client: _Client) -> None:
        """Have the selector look for what the client is expected to do next."""
        assert self._door is not None
        if client.unsent:
            wanted = selectors.EVENT_WRITE
        else:
            wanted = 0 if client.exchange or client.has_line else selectors.EVENT_READ
        if wanted == client.watched:
            return
        selector, connection = self._door.selector, client.connection
        if not wanted:
            selector.unregister(connection)
        elif client.watched:
            selector.modify(connection, wanted, lambda: self._touch(client))
        else:
            selector.register(connection, wanted, lambda: self._touch(client))
        client.watched = wanted
