"""HTTP as bytes: what a connection gets that is slow, wordy, in a hurry or not HTTP at all."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from uvicorn import Config
from uvicorn.server import ServerState

from payflow_bootstrap.http_worker import HEAD_BYTES_MAX, BoundedProtocol
from tests.builders.api_server import ApiServer, Partner, running_api
from tests.builders.http_client import BASE, HOST, TIMEOUT_S, Chunks
from tests.builders.processes import eventually, survivors

HEALTH = b"GET /health HTTP/1.1\r\nHost: payflow\r\n\r\n"
READY = b"GET /ready HTTP/1.1\r\nHost: payflow\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: payflow\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST /health HTTP/1.1\r\nHost: payflow\r\nTransfer-Encoding: chunked\r\n\r\n"
WALLET = b'{"name":"Ada","currency":"EUR"}'
STOP_SECONDS_MAX = 4


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), TIMEOUT_S) as connection:
        yield connection


def all_of(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes as they are; return all that comes back until the connection is closed."""
    with connected(port) as connection:
        connection.sendall(sent)
        return all_of(connection)


def parsed(answer: bytes) -> tuple[str, Message, bytes]:
    """Take an answer apart: the status line, the headers and the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, headers = head.partition(b"\r\n")
    return line.decode(), BytesParser().parsebytes(headers), body


def assert_refused(answer: bytes, line: str, code: str) -> None:
    status_line, headers, body = parsed(answer)
    problem = json.loads(body)
    assert status_line == f"HTTP/1.1 {line}"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Connection"] == "close"
    assert headers["Payflow-Request-Id"] == problem["requestId"]
    assert problem["code"] == code


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /health HTTP/9.9\r\nHost: payflow\r\n\r\n",
        b"GET /health HTTP/2.0\r\nHost: payflow\r\n\r\n",
        b"GET /health HTTP/0.9\r\nHost: payflow\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"get /health HTTP/1.1\r\nHost: payflow\r\n\r\n",
        b"CONNECT payflow:80 HTTP/1.1\r\nHost: payflow\r\n\r\n",
        b"GET http://payflow:x/ HTTP/1.1\r\nHost: payflow\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: payflow\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: payflow\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        CHUNKED.replace(b"chunked", b"gzip, chunked"),
        b"GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /health HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
    ids=repr,
)
def test_bytes_that_are_no_http_are_a_problem_and_the_end(api: ApiServer, sent: bytes) -> None:
    assert_refused(exchange(api.port, sent), "400 Bad Request", "invalid_http")


@pytest.mark.parametrize("target", [b"*", b"//", b"http://payflow/nothing", b"/%00", b"/%ff"])
@pytest.mark.parametrize("method", [b"GET", b"OPTIONS", b"CONNECT", b"TRACE", b"PURGE"])
def test_a_request_that_nobody_expects_is_answered_by_the_application(
    api: ApiServer, method: bytes, target: bytes
) -> None:
    head = b"%s %s HTTP/1.1\r\nHost: payflow\r\nX: \xff\r\nConnection: close\r\n\r\n"

    line, headers, body = parsed(exchange(api.port, head % (method, target)))

    assert line.startswith("HTTP/1.1 4")
    assert headers["Payflow-Request-Id"] == json.loads(body)["requestId"]


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_an_upgrade_is_not_taken_and_http_goes_on(api: ApiServer, protocol: bytes) -> None:
    upgrade = HEALTH[:-2] + b"Connection: Upgrade\r\nUpgrade: %s\r\n\r\n" % protocol

    answers = exchange(api.port, upgrade + upgrade + LAST)

    assert answers.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_a_body_that_is_announced_as_too_large_is_not_waited_for(
    api: ApiServer, expect: bytes
) -> None:
    head = b"POST /health HTTP/1.1\r\nHost: payflow\r\n%sContent-Length: 1048577\r\n\r\n"

    answer = exchange(api.port, head % expect)

    assert_refused(answer, f"413 {HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase}", "body_too_large")


def test_a_caller_that_sends_on_still_reads_why_it_was_refused(api: ApiServer) -> None:
    with connected(api.port) as connection:
        connection.sendall(
            b"POST /health HTTP/1.1\r\nHost: payflow\r\nContent-Length: 9999999\r\n\r\n"
        )
        time.sleep(0.1)
        connection.sendall(b" " * 2**21)

        assert b"body_too_large" in all_of(connection)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health?" + b"x" * HEAD_BYTES_MAX,
        b"GET /health HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES_MAX,
        b"GET /health HTTP/1.1\r\n" + b"X: x\r\n" * (HEAD_BYTES_MAX // 6 + 1),
        b"GET /health HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES_MAX + b"\r\n\r\n",
    ],
    ids=["address", "header", "headers", "whole"],
)
def test_a_head_that_is_too_large_is_a_problem_and_the_end(api: ApiServer, head: bytes) -> None:
    answer = exchange(api.port, head)

    assert_refused(answer, "431 Request Header Fields Too Large", "head_too_large")


def test_a_head_may_be_large(api: ApiServer) -> None:
    large = {"X-Large": "x" * (HEAD_BYTES_MAX - 200)}

    assert api.client().send("GET", "/health", headers=large).status == 200


def test_trailers_are_bounded_too(api: ApiServer) -> None:
    with connected(api.port) as connection:
        connection.sendall(CHUNKED + b"0\r\n")
        # What comes in one read with the last chunk is not counted.
        connection.sendall(b"X: " + b"x" * 2 * HEAD_BYTES_MAX)
        time.sleep(0.1)
        connection.sendall(b"x" * (HEAD_BYTES_MAX + 1))

        assert b"head_too_large" in all_of(connection)


def test_requests_sent_at_once_are_answered_in_order(api: ApiServer) -> None:
    answers = exchange(api.port, HEALTH + READY + HEALTH + READY + LAST)

    health, ready = b'{"status":"ok"}', b'{"status":"ready"}'
    bodies = [part[: part.index(b"}") + 1] for part in answers.split(b"\r\n\r\n")[1:]]
    assert bodies == [health, ready, health, ready, health]


def test_what_came_before_nonsense_is_answered_first(api: ApiServer) -> None:
    answers = exchange(api.port, HEALTH + READY + b"nonsense\r\n\r\n")

    first, second, refusal = answers.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"200 ")
    assert second.startswith(b"200 ")
    assert_refused(b"HTTP/1.1 " + refusal, "400 Bad Request", "invalid_http")


def test_a_caller_may_ask_before_it_sends_a_body(partner: Partner) -> None:
    head = (
        f"POST {BASE}/wallets HTTP/1.1\r\nHost: payflow\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {partner.client.key}\r\nContent-Length: {len(WALLET)}\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with connected(partner.client.port) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(WALLET)

        assert parsed(all_of(connection))[0] == "HTTP/1.1 201 Created"


def test_a_body_may_come_in_chunks(partner: Partner) -> None:
    chunks = Chunks([WALLET[:1], WALLET[1:20], WALLET[20:]])

    answer = partner.client.send("POST", f"{BASE}/wallets", chunks)

    assert answer.status == 201
    assert answer.json["name"] == "Ada"


def test_an_idle_connection_does_not_keep_a_server_from_stopping(
    migrated_url: str, tmp_path: Path
) -> None:
    with running_api(migrated_url, tmp_path / "api.log") as server:
        idle = HTTPConnection(HOST, server.port, timeout=TIMEOUT_S)
        idle.request("GET", "/health")
        answer = idle.getresponse()
        answer.read()
        assert answer.status == 200
        process, workers = psutil.Process(server.pid), server.workers()

        process.send_signal(signal.SIGTERM)

        assert not survivors([process, *workers], STOP_SECONDS_MAX)
        assert "Traceback" not in (tmp_path / "api.log").read_text()
        idle.close()


class _Impatient(BoundedProtocol):
    request_seconds_max = 0.2


async def _answer_nothing(_scope: object, receive: Any, _send: object) -> None:  # noqa: ANN401 - as ASGI has it
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer_at_once(_scope: object, _receive: object, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[tuple[ServerState, tuple[str, int]]]:  # noqa: ANN401 - as ASGI has it
    """Serve an application to connections that are waited for a fifth of a second."""
    config = Config(app, http=_Impatient, ws="none", log_config=None, timeout_keep_alive=1)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Impatient(config, state, {}), HOST, 0)
    async with server:
        yield state, server.sockets[0].getsockname()


def _left_alone_after(*sent: bytes, app: Any = _answer_nothing) -> tuple[bytes, float]:  # noqa: ANN401 - as ASGI has it
    """Send pieces, one every 50 ms; return what came before the end, and after how many seconds."""

    async def send_all() -> tuple[bytes, float]:
        async with _serving(app) as (state, address):
            reader, writer = await asyncio.open_connection(*address)
            started = time.monotonic()
            try:
                for piece in sent:
                    writer.write(piece)
                    await asyncio.sleep(0.05)
                answer = await asyncio.wait_for(reader.read(), TIMEOUT_S)
                return answer, time.monotonic() - started
            finally:
                writer.close()
                await asyncio.gather(*state.tasks)

    return uvloop.run(send_all())


@pytest.mark.parametrize(
    "sent",
    [
        (b"GET /health HTT",),
        (b"GET /health HTTP/1.1\r\n", b"X: x\r\n", b"X: x\r\n"),
        (b"POST /health HTTP/1.1\r\nHost: payflow\r\nContent-Length: 9\r\n\r\n", b"1", b"2"),
        (CHUNKED, b"1\r\n1\r\n"),
    ],
    ids=["line", "headers", "body", "chunks"],
)
def test_a_request_that_takes_too_long_to_arrive_is_told_so(sent: tuple[bytes, ...]) -> None:
    answer, seconds = _left_alone_after(*sent)

    assert_refused(answer, "408 Request Timeout", "request_timeout")
    assert 0.15 < seconds < 5


def test_who_connects_and_asks_nothing_is_told_nothing() -> None:
    answer, seconds = _left_alone_after()

    assert answer == b""
    assert 0.15 < seconds < 5


async def _answer_at_length(_scope: object, _receive: object, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    await send({"type": "http.response.start", "status": 200})
    for _ in range(16):
        await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("sent", [HEALTH, b"nonsense\r\n\r\n"], ids=["answer", "refusal"])
def test_a_caller_that_neither_reads_nor_closes_is_not_waited_for(sent: bytes) -> None:
    async def hang() -> None:
        async with _serving(_answer_at_length) as (state, address):
            connection = socket.create_connection(address)
            connection.sendall(sent)
            assert await asyncio.to_thread(eventually, lambda: bool(state.connections))
            assert await asyncio.to_thread(eventually, lambda: not state.connections, 15)
            connection.close()

    uvloop.run(hang())


def test_empty_lines_do_not_keep_a_connection_open() -> None:
    answer, seconds = _left_alone_after(HEALTH, b"\r\n", b"\r\n", app=_answer_at_once)

    assert answer.count(b"HTTP/1.1 204") == 1
    assert 0.9 < seconds < 5


@pytest.mark.parametrize("rest", [b"", b"zz\r\n"], ids=["slow", "malformed"])
def test_what_was_answered_before_it_was_whole_gets_no_second_answer(rest: bytes) -> None:
    begun = CHUNKED + b"1\r\n1\r\n"

    answer, seconds = _left_alone_after(begun, rest, app=_answer_at_once)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert seconds < 5


def test_what_strangers_send_is_a_line_of_json_without_a_traceback(
    migrated_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "api.log"
    upgrade = LAST[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with running_api(migrated_url, log, variables={"PAYFLOW_LOG_LEVEL": "info"}) as server:
        refusal = exchange(server.port, b"nonsense\r\n\r\n")
        exchange(server.port, b"GET /health HTTP/2.0\r\nHost: payflow\r\n\r\n")
        exchange(server.port, upgrade)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    refused = [line for line in lines if line["event"] == "request_refused"]
    assert [line["code"] for line in refused] == ["invalid_http", "invalid_http"]
    assert refused[0]["request_id"] == parsed(refusal)[1]["Payflow-Request-Id"]
    assert not [line for line in lines if line["level"] != "info" or "exception" in line]
