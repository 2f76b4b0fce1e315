"""The load for machines without wrk."""

import asyncio
import json
from pathlib import Path

import pytest
from attrs import frozen

from payflow_bootstrap.bench.generator import Load, run

SECONDS = 0.2


@frozen
class Request:
    """What the server was sent."""

    line: str
    headers: dict[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.split("\r\n")[:-2]
    headers = dict(field.lower().split(": ", 1) for field in fields)
    return Request(line, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def load_a_server(
    tmp_path: Path, kind: str, answer: bytes
) -> tuple[list[Request], dict[str, float]]:
    """Load a server that answers every request alike; return what it got and the result."""
    got: list[Request] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                got.append(await read_request(reader))
                writer.write(answer)
                await asyncio.sleep(0.01)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def both() -> dict[str, float]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        wallets = tmp_path / "wallets"
        wallets.write_text("wal_hot\nwal_a\nwal_b")
        load = Load(f"http://{host}:{port}", 3, SECONDS, kind, "run", wallets, items=4)
        async with server:
            result = await run(load, "sk_key")
            await asyncio.sleep(0.1)  # for the connections to see that they are closed
            return result

    result = asyncio.run(both())
    return got, result


def answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode()


def test_it_sends_transfers_between_two_wallets_each_with_its_own_key(tmp_path: Path) -> None:
    got, result = load_a_server(tmp_path, "transfers", answer("201 Created"))

    assert len(got) == result["requests"] > 3
    assert (result["refused"], result["broken"]) == (0, 0)
    assert {request.line for request in got} == {"POST /api/v1/transfers HTTP/1.1"}
    assert {request.headers["authorization"] for request in got} == {"bearer sk_key"}
    assert len({request.headers["idempotency-key"] for request in got}) == len(got)
    for body in (json.loads(request.body) for request in got):
        assert body["fromWalletId"] != body["toWalletId"]


def test_every_hot_transfer_touches_the_first_wallet(tmp_path: Path) -> None:
    got, _ = load_a_server(tmp_path, "hot", answer("201 Created"))

    bodies = [json.loads(request.body) for request in got]
    ends = [(body["fromWalletId"] == "wal_hot", body["toWalletId"] == "wal_hot") for body in bodies]
    assert set(ends) == {(True, False), (False, True)}


def test_a_batch_has_as_many_transfers_as_it_should(tmp_path: Path) -> None:
    got, _ = load_a_server(tmp_path, "batch", answer("201 Created"))

    assert {len(json.loads(request.body)["transfers"]) for request in got} == {4}


def test_balances_are_read(tmp_path: Path) -> None:
    got, _ = load_a_server(tmp_path, "balance", answer("200 OK"))

    assert {request.line.split("/")[-3] for request in got} <= {"wal_hot", "wal_a", "wal_b"}
    assert {request.body for request in got} == {b""}


def test_refusals_are_counted(tmp_path: Path) -> None:
    _, result = load_a_server(tmp_path, "transfers", answer("503 Service Unavailable"))

    assert result["refused"] == result["requests"] > 0


@pytest.mark.parametrize(
    "nothing", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nshort"]
)
def test_what_is_never_answered_is_counted(
    tmp_path: Path, nothing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payflow_bootstrap.bench.generator._ANSWER_TIMEOUT_S", 0.2)

    _, result = load_a_server(tmp_path, "transfers", nothing)

    assert (result["requests"], result["broken"]) == (0, 3)
