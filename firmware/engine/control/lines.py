"""What is said over the control socket: lines of JSON, with a version on each.

A program sends `{"version": 1, "request": "status"}`, with arguments beside these two where the
request takes some. It is answered by lines with `progress`, where there is any, and one last line:
`{"version": 1, "ok": true, …}` or `{"version": 1, "ok": false, "error": …, "remedy": …}`.
Values only; `server` and `client` hold the two ends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from firmware.errors import ContinuoError, ControlError

VERSION: Final = 1
MAX_LINE_BYTES: Final = 64 * 1024
"""Of a request and of an answer, with its end."""

# A path that is longer does not fit into the kernel's `sockaddr_un`, unix(7).
_MAX_PATH_BYTES: Final = 107

_TEXT, _MAP, _NUMBER = (str,), (dict,), (int,)
REQUESTS: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = MappingProxyType(
    {
        # request: what can stand beside it, and of which kinds that may be
        "status": {},
        "params": {"technique": _TEXT},
        "set": {"values": _MAP},
        "generate": {"melody": _TEXT, "values": _MAP},
        "play": {},
        "stop": {},
        "keep": {},
        "library": {"first": _NUMBER},
        "models": {},
        "log": {"lines": _NUMBER},
        "ports": {},
    }
)
"""Everything that can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a program asks for.

    Attributes:
        name: One of `REQUESTS`.
        arguments: What stands beside it, each of a kind that it may be.
    """

    name: str
    arguments: Mapping[str, Any]


def read_request(line: bytes) -> Request:
    """Read what a program sent.

    Args:
        line: Without its end, `MAX_LINE_BYTES` at most.

    Raises:
        ControlError: If it makes no sense; the sentence says why.
    """
    content = _object(line, "a request")
    version = content.pop("version", None)
    if type(version) is not int or version != VERSION:
        raise ControlError(
            f"this instrument speaks version {VERSION}, the request has {version!r:.40}",
            remedy='begin each request with {"version": 1, …',
        )
    name = content.pop("request", None)
    if not isinstance(name, str) or name not in REQUESTS:
        raise ControlError(
            f"there is no request {name!r:.40}", remedy=f"there is {', '.join(REQUESTS)}"
        )
    takes = REQUESTS[name]
    for key, value in content.items():
        if key not in takes:
            raise ControlError(
                f"{name} takes no {key!r:.40}", remedy=f"it takes {', '.join(takes) or 'nothing'}"
            )
        if type(value) not in takes[key]:
            kinds = {str: "a text", dict: "an object", int: "a whole number"}
            wanted = " or ".join(kinds[kind] for kind in takes[key])
            raise ControlError(f"{key} of {name} must be {wanted}, got {value!r:.40}")
    return Request(name=name, arguments=content)


def request_line(name: str, arguments: Mapping[str, Any]) -> bytes:
    """The line that asks for something."""
    return _line({"version": VERSION, "request": name, **arguments})


def answer_line(content: Mapping[str, Any]) -> bytes:
    """The last line of an answer; a refusal where it would be too long."""
    line = _line({"version": VERSION, "ok": True, **content})
    if len(line) > MAX_LINE_BYTES:
        return refusal_line(ControlError("the answer is too long", remedy="ask for less"))
    return line


def progress_line(content: Mapping[str, Any]) -> bytes:
    """A line that says how far something is."""
    return _line({"version": VERSION, "progress": content})


def refusal_line(error: ContinuoError) -> bytes:
    """The last line of an answer that is a refusal."""
    error_text, remedy = error.message[:2000], error.remedy[:2000]
    return _line({"version": VERSION, "ok": False, "error": error_text, "remedy": remedy})


def read_answer(line: bytes) -> dict[str, Any]:
    """Read a line of an answer: it has `progress`, or else `ok`.

    Raises:
        ControlError: If it is none.
    """
    content = _object(line, "an answer")
    known = isinstance(content.get("progress"), dict) or type(content.get("ok")) is bool
    if content.pop("version", None) != VERSION or not known:
        raise ControlError(
            "what answers on the control socket speaks another language than this command",
            remedy="use the command of the version that runs",
        )
    return content


def checked_path(path: Path) -> str:
    """A path at which there can be a socket.

    Raises:
        ControlError: If it is too long for the kernel.
    """
    if len(bytes(path)) > _MAX_PATH_BYTES:
        raise ControlError(
            f"{path} is too long for a socket: {_MAX_PATH_BYTES} bytes at most",
            remedy="set control in the settings to a shorter path",
        )
    return str(path)


def _object(line: bytes, what: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ControlError(f"{what} must be one line of JSON") from error
    if not isinstance(content, dict):
        raise ControlError(f"{what} must be a JSON object, got {line[:40]!r}")
    return content


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"
