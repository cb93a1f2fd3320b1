"""The control socket serves many programs, and no program can do harm to it or to the others."""

import json
import os
import random
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.engine.control.client import ControlClient
from firmware.engine.control.door import MODE
from firmware.engine.control.exchange import Exchange
from firmware.engine.control.lines import MAX_LINE_BYTES, answer_line
from firmware.engine.control.server import ControlServer, Limits
from firmware.errors import ControlError, EngineStateError, InstrumentOffError

STATUS = b'{"version": 1, "request": "status"}\n'
PATIENCE_S = 5.0

Serve = Callable[..., Path]


def answer(exchange: Exchange) -> None:
    """What an engine would do, on another thread."""
    match exchange.request.name:
        case "status":
            threading.Timer(0.0, exchange.finish, [{"state": "idle"}]).start()
        case "stop":
            exchange.refuse(EngineStateError("not now", remedy="later"))
        case "generate":
            for done in range(3):
                exchange.tell({"done": done, "total": 3})
            exchange.finish({"name": "done"})
            exchange.finish({"name": "twice"})
        case "keep":
            pass  # as if the queue was full
        case "models":
            exchange.finish({"bundles": ["x" * MAX_LINE_BYTES]})
        case "play":
            for _ in range(1000):
                exchange.tell({"done": "x" * 1000})


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server whose engine is `answer`; the path of its socket."""
    started: list[ControlServer] = []

    def start(name: str = "control.sock", **limits: Any) -> Path:
        path = tmp_path / "run" / name
        server = ControlServer(path, answer, limits=Limits(**limits))
        server.start()
        started.append(server)
        return path

    yield start
    for server in started:
        server.close()
    assert not [t.name for t in threading.enumerate() if t.name == "continuo-control"]


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    connection.connect(str(path))
    return connection


def read_line(connection: socket.socket) -> dict[str, Any]:
    with connection.makefile("rb") as file:
        content = json.loads(file.readline())
    assert isinstance(content, dict)
    return content


def is_well(path: Path) -> bool:
    with ControlClient(path) as client:
        return client.ask("status") == {"state": "idle"}


def test_a_request_is_answered_with_its_version(serve: Serve) -> None:
    with connected(serve()) as connection:
        connection.sendall(STATUS)
        assert read_line(connection) == {"version": 1, "ok": True, "state": "idle"}


def test_a_refusal_carries_its_remedy(serve: Serve) -> None:
    with ControlClient(serve()) as client, pytest.raises(ControlError) as caught:
        client.ask("stop")
    assert (caught.value.message, caught.value.remedy) == ("not now", "later")


def test_progress_comes_before_the_one_answer(serve: Serve) -> None:
    seen: list[object] = []
    with ControlClient(serve()) as client:
        found = client.ask("generate", on_progress=lambda content: seen.append(content["done"]))
        assert client.ask("status") == {"state": "idle"}, "nothing is left of the one before"
    assert seen == [0, 1, 2]
    assert found == {"name": "done"}


def test_requests_that_come_at_once_are_answered_one_by_one(serve: Serve) -> None:
    with connected(serve()) as connection:
        connection.sendall(STATUS * 20 + b"nonsense\n" * 3 + STATUS)
        with connection.makefile("rb") as file:
            lines = [json.loads(file.readline()) for _ in range(24)]
    assert [line["ok"] for line in lines] == [True] * 20 + [False] * 3 + [True]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "must be one line of JSON"),
        (b"\xff\xfe", "must be one line of JSON"),
        (b"[" * 60_000, "must be one line of JSON"),
        (b"1" * 60_000, "must be one line of JSON"),
        (b"[1]", "must be a JSON object"),
        (b"{}", "speaks version 1, the request has None"),
        (b'{"version": 2, "request": "status"}', "speaks version 1, the request has 2"),
        (b'{"version": true, "request": "status"}', "speaks version 1"),
        (b'{"version": 1}', "there is no request None"),
        (b'{"version": 1, "request": ["status"]}', "there is no request ['status']"),
        (b'{"version": 1, "request": "explode"}', "there is no request 'explode'"),
        (b'{"version": 1, "request": "status", "x": 1}', "status takes no 'x'"),
        (b'{"version": 1, "request": "log", "lines": "all"}', "lines of log must be a whole"),
        (b'{"version": 1, "request": "log", "lines": true}', "lines of log must be a whole"),
        (b'{"version": 1, "request": "set", "values": []}', "values of set must be an object"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(serve: Serve, line: bytes, said: str) -> None:
    path = serve()
    with connected(path) as connection:
        connection.sendall(line + b"\n")
        found = read_line(connection)
        assert not found["ok"]
        assert said in found["error"]
        connection.sendall(STATUS)
        assert read_line(connection)["ok"], "the next one is a chance again"


def test_a_line_without_end_is_refused_and_the_connection_closed(serve: Serve) -> None:
    path = serve()
    with connected(path) as connection:
        connection.sendall(b"x" * MAX_LINE_BYTES)
        assert "at most" in read_line(connection)["error"]
        assert connection.recv(1) == b""
    assert is_well(path)


def test_an_answer_that_is_too_long_is_a_refusal(serve: Serve) -> None:
    with ControlClient(serve()) as client, pytest.raises(ControlError, match="too long"):
        client.ask("models")
    assert len(answer_line({"x": "\N{GREEK SMALL LETTER PI}" * 20_000})) < MAX_LINE_BYTES


def test_rubbish_half_lines_and_disconnects_harm_nobody(serve: Serve) -> None:
    """Two hundred programs that are broken, one after the other; a fixed seed."""
    path = serve()
    dice = random.Random(7)
    for _ in range(200):
        with connected(path) as connection:
            kind = dice.randrange(5)
            if kind == 0:
                connection.sendall(dice.randbytes(dice.randrange(1, 3000)))
            elif kind == 1:
                connection.sendall(STATUS[: dice.randrange(1, len(STATUS))])
            elif kind == 2:
                connection.sendall(STATUS * dice.randrange(1, 5))
            elif kind == 3:
                connection.sendall(b'{"version": 1, "request": "generate"}\n')
                connection.recv(dice.randrange(1, 60))
            else:
                connection.sendall(b'{"version": 1, "request": "keep"}\n')
    assert is_well(path)


def test_fifty_programs_are_served_or_told_that_they_are_too_many(serve: Serve) -> None:
    path = serve(clients=32)
    connections = [connected(path) for _ in range(50)]
    for connection in connections[:32]:
        connection.sendall(STATUS)
    assert all(read_line(connection)["ok"] for connection in connections[:32])
    for connection in connections[32:]:
        assert read_line(connection)["error"] == "too many programs speak to the instrument"
        assert connection.recv(1) == b""
    for connection in connections:
        connection.close()
    assert is_well(path)


def test_fifty_threads_get_fifty_answers(serve: Serve) -> None:
    path = serve(clients=64)
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(is_well(path))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == [True] * 50


def test_an_engine_that_does_not_answer_is_not_waited_for(serve: Serve) -> None:
    with connected(serve(answer_s=0.05)) as connection:
        connection.sendall(b'{"version": 1, "request": "keep"}\n')
        assert read_line(connection)["error"] == "the instrument did not answer in time"
        assert connection.recv(1) == b""


@pytest.mark.parametrize("begins", [b"", STATUS[:10]], ids=["silent", "half a line"])
def test_a_program_that_says_nothing_is_let_go(serve: Serve, begins: bytes) -> None:
    with connected(serve(idle_s=0.05)) as connection:
        connection.sendall(begins)
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "limits", [{"unsent_bytes": 64 * 1024}, {"unread_s": 0.05}], ids=["too much", "too long"]
)
def test_a_program_that_reads_nothing_is_let_go(serve: Serve, limits: dict[str, Any]) -> None:
    """A megabyte of progress is more than the kernel keeps for it."""
    path = serve(**limits)
    with connected(path) as connection:
        connection.sendall(b'{"version": 1, "request": "play"}\n')
        received = 0
        assert is_well(path), "others are served meanwhile"
        while content := connection.recv(65536):
            received += len(content)
            if "unread_s" in limits:
                threading.Event().wait(0.2)
    assert received < 1_000_000


def test_only_user_and_group_may_speak(serve: Serve) -> None:
    path = serve()
    assert stat.S_IMODE(path.stat().st_mode) == MODE == 0o660
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_dead_instruments_socket_is_replaced(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    assert path.is_socket()
    assert is_well(serve())


def test_a_living_instruments_socket_is_left_alone(serve: Serve) -> None:
    path = serve()
    with pytest.raises(ControlError, match="another instrument answers on"):
        serve()
    assert is_well(path)


def test_somebody_elses_living_socket_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(ControlError, match="another instrument answers on"):
            serve()
        assert path.is_socket()


def test_a_file_in_the_place_of_the_socket_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(ControlError, match="is no socket"):
        serve()
    assert path.read_text() == "precious"


def test_a_place_where_no_socket_can_be_is_one_sentence(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="107 bytes at most"):
        serve("x" * 120)
    (tmp_path / "run").write_text("a file")
    with pytest.raises(ControlError, match="no program can speak to the instrument"):
        serve()


def test_the_socket_goes_when_the_instrument_does(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    server = ControlServer(path, answer)
    server.start()
    held = connected(path)
    server.close()
    assert held.recv(1) == b""
    held.close()
    assert not path.exists()
    with pytest.raises(InstrumentOffError, match="does not run") as caught:
        ControlClient(path)
    assert caught.value.remedy == "sudo systemctl start continuo, or continuo run"
    server.close()  # again, and nothing happens


def test_without_a_place_for_a_socket_the_remedy_is_said() -> None:
    with pytest.raises(InstrumentOffError, match="no place for its socket"):
        ControlClient(None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may speak to everybody")
def test_who_may_not_speak_is_told_the_group(serve: Serve) -> None:
    path = serve()
    path.chmod(0)
    with pytest.raises(ControlError, match="may not speak") as caught:
        ControlClient(path)
    assert "usermod" in caught.value.remedy


def test_an_answer_that_is_none_is_told_from_one(tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            for said in (b"HTTP/1.1 400 Bad Request\r\n", b'{"version": 1}\n', b'{"versi'):
                other, _ = listening.accept()
                with other:
                    other.recv(1000)
                    other.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        for sentence in ("one line of JSON", "another language", "in the middle of its answer"):
            with ControlClient(path) as client, pytest.raises(ControlError, match=sentence):
                client.ask("status")
        thread.join()
