"""Sending, over real sockets, to receivers that behave badly in every way."""

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from payflow_adapters.webhooks.sender import READ_BYTES_MAX
from payflow_domain.webhooks.deliveries import ANSWER_BYTES_MAX, Outcome
from tests.builders.http_client import HOST
from tests.builders.sending import BODY, HEAD, OK, SECRET, SHORT_S, Names, Run, outgoing, sending
from tests.builders.webhook_receiver import (
    NAME,
    Behaviour,
    receiving,
    repeats,
    resets,
    says,
    says_and_closes,
    says_and_hangs,
)


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
        assert outcome.latency_ms < 30 * SHORT_S * 1_000
        assert time.monotonic() - started < 30 * SHORT_S

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
