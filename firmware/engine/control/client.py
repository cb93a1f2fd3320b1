"""A program's end of the control socket: one question at a time."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Self

from firmware.engine.control.lines import MAX_LINE_BYTES, checked_path, read_answer, request_line
from firmware.errors import ControlError, InstrumentOffError

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
"""How long an instrument that runs may take for a first word: it gives up sooner itself."""
SILENCE_S: Final = 150.0
_AGAIN_S: Final = 0.02

Report = Callable[[Mapping[str, Any]], None]


class ControlClient:
    """A connection to the instrument that runs, for a `with` block.

    Args:
        path: The socket, or None where there is no place for one.

    Raises:
        InstrumentOffError: If no instrument runs there.
        ControlError: If it cannot be reached otherwise.
    """

    def __init__(self, path: Path | None) -> None:
        if path is None:
            raise InstrumentOffError(
                "no instrument can be reached: there is no place for its socket",
                remedy="set XDG_RUNTIME_DIR, or control in the settings",
            )
        self._received = b""
        self._connection = _connected(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def ask(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: Report | None = None,
    ) -> dict[str, Any]:
        """Ask for something.

        Args:
            name: One of `lines.REQUESTS`.
            arguments: What stands beside it.
            on_progress: Called with how far it is.

        Returns:
            The answer, without its version.

        Raises:
            ControlError: If it is refused, as the instrument says, or never comes.
        """
        line = request_line(name, arguments or {})
        if len(line) > MAX_LINE_BYTES:
            raise ControlError("that is too much for one request", remedy="ask for less")
        with suppress(OSError):  # it may have said why before it went
            self._connection.sendall(line)
        due_s = monotonic() + ANSWER_S
        while True:
            answer = read_answer(self._line(due_s))
            if "progress" not in answer:
                break
            due_s = monotonic() + SILENCE_S
            if on_progress is not None:
                on_progress(answer["progress"])
        if not answer.pop("ok"):
            error, remedy = str(answer.get("error", "")), str(answer.get("remedy", ""))
            raise ControlError(error or "the instrument refuses", remedy=remedy)
        return answer

    def _line(self, due_s: float) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > MAX_LINE_BYTES:
                raise ControlError("what answers on the control socket is no instrument")
            self._connection.settimeout(max(due_s - monotonic(), 0.001))
            try:
                content = self._connection.recv(MAX_LINE_BYTES)
            except TimeoutError as error:
                raise ControlError(
                    "the instrument does not answer", remedy="sudo systemctl restart continuo"
                ) from error
            except OSError:
                content = b""
            if not content:
                raise ControlError(
                    "the instrument broke off in the middle of its answer",
                    remedy="try again; continuo log says more",
                )
            self._received += content
        line, _, self._received = self._received.partition(b"\n")
        return line


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(CONNECT_S)
    try:
        _connect(connection, checked_path(path))
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
        connection.close()
        raise InstrumentOffError(
            f"the instrument does not run: nobody answers on {path}",
            remedy="sudo systemctl start continuo, or continuo run",
        ) from error
    except PermissionError as error:
        connection.close()
        raise ControlError(
            f"you may not speak to the instrument on {path}",
            remedy="sudo usermod -aG continuo $USER, and log in again",
        ) from error
    except BlockingIOError as error:
        connection.close()
        raise ControlError(
            "the instrument does not answer", remedy="sudo systemctl restart continuo"
        ) from error
    except OSError as error:
        connection.close()
        if isinstance(error, ControlError):
            raise
        raise ControlError(
            f"the instrument cannot be reached on {path}: {error.strerror or error}",
            remedy="sudo systemctl restart continuo",
        ) from error
    return connection


def _connect(connection: socket.socket, name: str) -> None:
    """Connect; where too many others are about to, the kernel refuses at once."""
    due_s = monotonic() + CONNECT_S
    while True:
        try:
            connection.connect(name)
        except BlockingIOError:
            if monotonic() >= due_s:
                raise
            sleep(_AGAIN_S)
        else:
            return
