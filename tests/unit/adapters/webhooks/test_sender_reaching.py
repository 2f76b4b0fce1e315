"""Sending: which addresses a sender reaches, and which it does not."""

import asyncio
import socket
import ssl
import time

import pytest
from aiohttp import TCPConnector

from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import Sender
from tests.builders.http_client import HOST
from tests.builders.sending import OK, SHORT_S, Names, Run, outgoing, sending
from tests.builders.webhook_receiver import (
    NAME,
    SELF_SIGNED,
    receiving,
    says,
    says_and_hangs,
    self_signed,
)

SHUT = AddressGuard()
FAR = "2fff:ffff::1"
"""A public address that nobody has."""


def forget_addresses(sender: Sender) -> None:
    assert sender._session is not None
    assert isinstance(sender._session.connector, TCPConnector)
    sender._session.connector.clear_dns_cache()


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
