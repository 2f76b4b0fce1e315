"""Sending, over real sockets, to receivers that behave badly in every way."""

import asyncio
import gzip
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook

from payflow_adapters.clock import SystemClock
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import READ_BYTES_MAX, Sender
from payflow_domain.clock import Clock
from payflow_domain.webhooks.deliveries import ANSWER_BYTES_MAX, Outcome, Outgoing
from tests.builders.http_client import HOST
from tests.builders.webhook_receiver import (
    NAME,
    SELF_SIGNED,
    Behaviour,
    receiving,
    repeats,
    resets,
    says,
    says_and_closes,
    says_and_hangs,
    self_signed,
)

SECRET = f"whsec_{'a' * 32}"
BODY = b'{"id":"evt_1","event":"wallet.created"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"
SHORT_S = 0.3
OPEN = AddressGuard(loopback_open=True)
SHUT = AddressGuard()
FAR = "2fff:ffff::1"
"""A public address that nobody has."""

Run = Callable[[Coroutine[None, None, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Either event loop: their errors are not the same."""
    chosen: Run = request.param
    return chosen


class Names(AbstractResolver):
    """Resolves any name to the next of the answers, and then to the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def sending(
    guard: AddressGuard = OPEN,
    clock: Clock | None = None,
    *,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
    attempt_s_max: float = 5,
) -> AsyncIterator[Sender]:
    sender = Sender(clock or SystemClock(), guard, attempt_s_max, tls, resolver)
    await sender.open()
    try:
        yield sender
    finally:
        await sender.close()


def forget_addresses(sender: Sender) -> None:
    assert sender._session is not None
    assert isinstance(sender._session.connector, TCPConnector)
    sender._session.connector.clear_dns_cache()


def outgoing(url: str, secrets: Sequence[str] = (SECRET,)) -> Outgoing:
    return Outgoing(url, secrets, "evt_1", BODY)


async def outcome_of(behave: Behaviour, attempt_s_max: float = 5) -> Outcome:
    async with receiving(behave) as receiver, sending(attempt_s_max=attempt_s_max) as sender:
        return await sender.send(outgoing(receiver.url))


def test_an_endpoint_gets_the_event_signed_and_its_answer_is_kept(run: Run) -> None:
    async def main() -> None:
        before = datetime.now(UTC)
        async with receiving(says(OK)) as receiver, sending() as sender:
            outcome = await sender.send(outgoing(receiver.url))

        assert (outcome.status, outcome.error, outcome.answer) == (200, None, b"ok")
        assert before <= outcome.at <= datetime.now(UTC)
        assert 0 <= outcome.latency_ms < 5_000
        (received,) = receiver.requests
        assert received.line == "POST /hook HTTP/1.1"
        assert received.body == BODY
        assert received.headers.pop("host") == f"{HOST}:{receiver.port}"
        Webhook(SECRET).verify(received.body, received.headers)
        assert received.headers.pop("webhook-signature").startswith("v1,")
        assert received.headers == {
            "content-type": "application/json",
            "content-length": str(len(BODY)),
            "user-agent": "PayFlow-Webhooks/1",
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(outcome.at.timestamp())),
        }

    run(main())


def test_every_attempt_is_signed_anew_with_every_secret(run: Run) -> None:
    class Ticking:
        at = datetime.now(UTC)

        def now(self) -> datetime:
            self.at += timedelta(seconds=1)
            return self.at

    async def main() -> None:
        other = f"whsec_{'b' * 32}"
        async with receiving(says(OK)) as receiver, sending(clock=Ticking()) as sender:
            for _ in range(2):
                await sender.send(outgoing(receiver.url, (SECRET, other)))

        first, second = receiver.requests
        assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
        for secret in (SECRET, other):
            Webhook(secret).verify(first.body, first.headers)
            Webhook(secret).verify(second.body, second.headers)

    run(main())


@pytest.mark.parametrize("status", [200, 204, 301, 307, 400, 410, 429, 500, 503])
def test_any_answer_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    async def main() -> None:
        async with receiving(says(OK)) as elsewhere:
            head = (
                f"HTTP/1.1 {status} Any\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n"
            )
            outcome = await outcome_of(says(head.encode()))

        assert (outcome.status, outcome.error) == (status, None)
        assert elsewhere.requests == []

    asyncio.run(main())


LONG = HEAD + b"Content-Length: 5000000\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FAILURES: dict[str, tuple[Behaviour, str]] = {
    "hanging before the head": (says_and_hangs(b""), "timeout"),
    "hanging in the head": (says_and_hangs(HEAD), "timeout"),
    "hanging in the body": (says_and_hangs(LONG + b"x"), "timeout"),
    "saying for ever that it goes on": (
        repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        "timeout",
    ),
    "a header without end": (repeats(HEAD + b"X: ", b"x" * 10_000), "invalid_answer"),
    "headers without end": (repeats(HEAD, b"X: x\r\n" * 1_000), "invalid_answer"),
    "a status line without end": (repeats(b"HTTP/1.1 200 ", b"x" * 10_000), "invalid_answer"),
    "no HTTP": (says_and_hangs(b"220 mail.example ESMTP\r\n"), "invalid_answer"),
    "bytes": (says_and_hangs(bytes(range(256))), "invalid_answer"),
    "a length that is none": (
        says_and_hangs(HEAD + b"Content-Length: x\r\n\r\n"),
        "invalid_answer",
    ),
    "two lengths": (
        says_and_hangs(HEAD + b"Content-Length: 1\r\n" * 2 + b"\r\n1"),
        "invalid_answer",
    ),
    "a chunk that is none": (says_and_hangs(CHUNKED + b"zz\r\n"), "invalid_answer"),
    "closing without a word": (says_and_closes(b""), "connection_lost"),
    "closing in the head": (says_and_closes(HEAD), "connection_lost"),
    "closing in the body": (says_and_closes(LONG + b"x"), "connection_lost"),
    "closing between chunks": (says_and_closes(CHUNKED + b"1\r\nx\r\n"), "connection_lost"),
    "a reset": (resets, "connection_lost"),
}


@pytest.mark.parametrize(("behave", "error"), FAILURES.values(), ids=FAILURES.keys())
def test_whatever_a_receiver_does_is_an_outcome(run: Run, behave: Behaviour, error: str) -> None:
    async def main() -> None:
        started = time.monotonic()
        outcome = await outcome_of(behave, attempt_s_max=SHORT_S)

        assert (outcome.status, outcome.error, outcome.answer) == (None, error, b"")
        assert not outcome.is_success
        assert outcome.latency_ms < 10 * SHORT_S * 1_000
        assert time.monotonic() - started < 10 * SHORT_S

    run(main())


def test_only_the_beginning_of_an_answer_is_kept(run: Run) -> None:
    async def main() -> None:
        body = b"0123456789" * 1_000
        answer = HEAD + b"Content-Length: 10000\r\n\r\n" + body
        outcome = await outcome_of(says(answer))

        assert outcome.status == 200
        assert outcome.answer == body[:ANSWER_BYTES_MAX]

    run(main())


def test_an_endless_answer_counts_and_costs_the_connection(run: Run) -> None:
    async def main() -> None:
        endless = repeats(HEAD + b"Content-Type: text/plain\r\n\r\n", b"x" * 10_000)
        async with receiving(endless) as receiver, sending() as sender:
            for _ in range(2):
                outcome = await sender.send(outgoing(receiver.url))
                assert outcome.status == 200
                assert outcome.answer == b"x" * ANSWER_BYTES_MAX

        assert receiver.connections == 2

    run(main())


def test_a_connection_is_kept_for_the_next_event_after_an_answer_of_bounded_length(
    run: Run,
) -> None:
    def of(length: int) -> bytes:
        return HEAD + f"Content-Length: {length}\r\n\r\n".encode() + b"x" * length

    async def connections(length: int) -> int:
        async with receiving(says(of(length))) as receiver, sending() as sender:
            for _ in range(3):
                assert (await sender.send(outgoing(receiver.url))).status == 200
        return receiver.connections

    async def main() -> None:
        assert await connections(0) == 1
        assert await connections(READ_BYTES_MAX) == 1
        assert await connections(10 * READ_BYTES_MAX) == 3

    run(main())


@pytest.mark.parametrize(("headers", "error"), [(50, None), (80, "invalid_answer")])
def test_an_answer_may_have_so_many_headers(headers: int, error: str | None) -> None:
    answer = HEAD + b"X: x\r\n" * headers + b"Content-Length: 0\r\n\r\n"

    assert asyncio.run(outcome_of(says(answer))).error == error


def test_nothing_is_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()

    outcome = asyncio.run(outcome_of(says(head + bomb)))

    assert outcome.status == 200
    assert outcome.answer == bomb[:ANSWER_BYTES_MAX]


def test_no_cookie_comes_back_and_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{HOST}:1")

    async def main() -> None:
        baking = HEAD + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        async with receiving(says(baking)) as receiver, sending(resolver=Names([HOST])) as sender:
            for _ in range(2):
                outcome = await sender.send(outgoing(f"http://{NAME}:{receiver.port}/hook"))
                assert outcome.status == 200

        assert all("cookie" not in each.headers for each in receiver.requests)

    asyncio.run(main())


def test_nobody_listening_is_a_refused_connection(run: Run) -> None:
    async def main() -> None:
        with socket.socket() as deaf:
            deaf.bind((HOST, 0))
            async with sending() as sender:
                outcome = await sender.send(outgoing(f"http://{HOST}:{deaf.getsockname()[1]}/"))

        assert (outcome.status, outcome.error) == (None, "connection_refused")

    run(main())


@pytest.mark.parametrize("name", [NAME, f"{'x' * 64}.example"])
def test_a_name_without_address_is_a_dns_failure(run: Run, name: str) -> None:
    async def main() -> None:
        resolver = Names([]) if name == NAME else None
        async with sending(resolver=resolver) as sender:
            outcome = await sender.send(outgoing(f"https://{name}/hook"))

        assert (outcome.status, outcome.error) == (None, "dns_failure")

    run(main())


def test_a_name_is_looked_up_and_lookups_do_not_wait_for_one_another(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def slow_for_some(host: str, *args: int, **options: int) -> object:
        if host.endswith(".slow.test"):
            time.sleep(0.5)
        return real(HOST if host.endswith(".test") else host, *args, **options)

    monkeypatch.setattr("socket.getaddrinfo", slow_for_some)

    async def main() -> None:
        async with receiving(says(OK)) as receiver, sending() as sender:
            slow = [
                asyncio.create_task(
                    sender.send(outgoing(f"http://n{i}.slow.test:{receiver.port}/"))
                )
                for i in range(40)
            ]
            await asyncio.sleep(0.1)
            quick = await sender.send(outgoing(f"http://quick.test:{receiver.port}/"))
            assert (quick.status, quick.latency_ms < 400) == (200, True)
            assert {(await each).status for each in slow} == {200}

    run(main())


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(SELF_SIGNED))


@pytest.mark.parametrize(
    ("name", "tls", "told"),
    [
        (NAME, trusting(), (200, None)),
        (NAME, None, (None, "tls_failure")),
        ("other.test", trusting(), (None, "tls_failure")),
    ],
    ids=["trusted", "self-signed", "another's"],
)
def test_a_certificate_must_be_trusted_and_of_that_name(
    run: Run, name: str, tls: ssl.SSLContext | None, told: tuple[int | None, str | None]
) -> None:
    async def main() -> None:
        async with (
            receiving(says(OK), self_signed()) as receiver,
            sending(tls=tls, resolver=Names([HOST])) as sender,
        ):
            outcome = await sender.send(outgoing(f"https://{name}:{receiver.port}/hook"))

        assert (outcome.status, outcome.error) == told
        assert len(receiver.requests) == (told[0] == 200)

    run(main())


def test_a_server_that_speaks_no_tls_is_a_tls_failure(run: Run) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(shout, HOST, 0)
        async with server, sending() as sender:
            port = server.sockets[0].getsockname()[1]
            outcome = await sender.send(outgoing(f"https://{HOST}:{port}/hook"))

        assert (outcome.status, outcome.error) == (None, "tls_failure")

    run(main())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "１２７.0.0.1",  # noqa: RUF001  # that is the point
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104  # nothing is bound to it
        "0",
    ],
)
def test_no_spelling_of_this_machine_reaches_it(run: Run, host: str) -> None:
    async def main() -> None:
        async with receiving(says(OK)) as receiver, sending(SHUT) as sender:
            outcome = await sender.send(outgoing(f"http://{host}:{receiver.port}/hook"))

        assert outcome.status is None
        # Some machines have no address for a localhost with a dot.
        assert outcome.error in {"address_refused"} | (
            {"dns_failure"} if host[-1] == "." else set()
        )
        assert receiver.connections == 0

    run(main())


@pytest.mark.parametrize("inward", [HOST, "::1", "::ffff:127.0.0.1", "10.0.0.1", "fe80::1%1"])
def test_a_name_that_leads_inward_is_refused(run: Run, inward: str) -> None:
    async def main() -> None:
        async with (
            receiving(says(OK)) as receiver,
            sending(SHUT, resolver=Names([inward])) as sender,
        ):
            outcome = await sender.send(outgoing(f"http://{NAME}:{receiver.port}/hook"))

        assert (outcome.status, outcome.error) == (None, "address_refused")
        assert receiver.connections == 0

    run(main())


def test_a_name_that_first_leads_out_and_later_inward_reaches_nothing_inside(run: Run) -> None:
    async def main() -> None:
        names = Names([FAR], [HOST])
        async with (
            receiving(says(OK)) as receiver,
            sending(SHUT, resolver=names, attempt_s_max=SHORT_S) as sender,
        ):
            message = outgoing(f"http://{NAME}:{receiver.port}/hook")
            outward = await sender.send(message)
            forget_addresses(sender)
            inward = await sender.send(message)

        assert outward.error in {"timeout", "connection_refused"}
        assert inward.error == "address_refused"
        assert names.asked == 2
        assert receiver.connections == 0

    run(main())


@pytest.mark.parametrize("mixed", [[FAR, HOST], [HOST, FAR], [HOST, "::1", FAR, "10.0.0.1"]])
def test_a_name_that_leads_both_ways_reaches_nothing_inside(run: Run, mixed: list[str]) -> None:
    async def main() -> None:
        async with (
            receiving(says(OK)) as receiver,
            sending(SHUT, resolver=Names(mixed), attempt_s_max=SHORT_S) as sender,
        ):
            outcome = await sender.send(outgoing(f"http://{NAME}:{receiver.port}/hook"))

        assert outcome.error in {"timeout", "connection_refused", "address_refused"}
        assert receiver.connections == 0

    run(main())


def test_a_slow_host_holds_up_no_other(run: Run) -> None:
    async def main() -> None:
        async with (
            receiving(says_and_hangs(b"")) as slow,
            receiving(says(OK)) as quick,
            sending(attempt_s_max=2 * SHORT_S) as sender,
        ):
            stuck = [
                asyncio.create_task(sender.send(outgoing(f"http://localhost:{slow.port}/")))
                for _ in range(6)
            ]
            await asyncio.sleep(0.05)
            outcomes = [await sender.send(outgoing(quick.url)) for _ in range(20)]
            assert not any(each.done() for each in stuck)
            ended = await asyncio.gather(*stuck)

        assert {each.status for each in outcomes} == {200}
        assert all(each.error == "timeout" for each in ended)
        assert all(each.latency_ms < 4 * SHORT_S * 1_000 for each in ended)

    run(main())


def test_an_attempt_that_is_called_off_leaves_nothing_behind(run: Run) -> None:
    async def main() -> None:
        async with receiving(says_and_hangs(b"")) as receiver, sending() as sender:
            attempts = [asyncio.create_task(sender.send(outgoing(receiver.url))) for _ in range(2)]
            await asyncio.sleep(0.1)
            for each in attempts:
                each.cancel()
            ended = await asyncio.gather(*attempts, return_exceptions=True)

            assert all(isinstance(each, asyncio.CancelledError) for each in ended)

    run(main())


def test_an_address_that_is_none_is_refused() -> None:
    async def main() -> None:
        async with sending() as sender:
            for url in ("nonsense", "http://[::1", "ftp://localhost/"):
                outcome = await sender.send(outgoing(url))
                assert (outcome.status, outcome.error) == (None, "address_refused")

    asyncio.run(main())


def test_when_to_come_again_is_passed_on() -> None:
    answer = b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"

    assert asyncio.run(outcome_of(says(answer))).retry_after_s == 120
