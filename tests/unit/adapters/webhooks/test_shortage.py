"""Sending when this process lacks something: that is no attempt."""

import socket
from threading import Thread

import pytest

from payflow_adapters.webhooks.shortage import ResourcesExhausted
from tests.builders.descriptors import no_descriptor_left
from tests.builders.http_client import HOST
from tests.builders.sending import OK, Names, Run, outgoing, sending
from tests.builders.webhook_receiver import NAME, receiving, says


@pytest.mark.parametrize("addresses", [[HOST], [HOST, "127.0.0.2"], ["::1", HOST]])
def test_without_a_descriptor_nothing_is_attempted(run: Run, addresses: list[str]) -> None:
    async def main() -> None:
        async with receiving(says(OK)) as receiver, sending(resolver=Names(addresses)) as sender:
            message = outgoing(f"http://{NAME}:{receiver.port}/hook")
            with no_descriptor_left(), pytest.raises(ResourcesExhausted, match="open files"):
                await sender.send(message)
            assert receiver.connections == 0

            outcome = await sender.send(message)

        assert outcome.status == 200

    run(main())


def test_without_a_descriptor_no_name_is_missing(run: Run) -> None:
    async def main() -> None:
        async with sending() as sender:
            with no_descriptor_left(), pytest.raises(ResourcesExhausted):
                await sender.send(outgoing("https://localhost:1/"))

    run(main())


def test_without_a_thread_no_name_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        async with sending() as sender:
            monkeypatch.setattr(Thread, "start", refuse)
            with pytest.raises(ResourcesExhausted):
                await sender.send(outgoing("https://localhost:1/"))

    run(main())


def test_a_shortage_before_an_attempt_excuses_nothing(run: Run) -> None:
    async def main() -> None:
        with socket.socket() as deaf:
            deaf.bind((HOST, 0))
            message = outgoing(f"http://{HOST}:{deaf.getsockname()[1]}/")
            async with sending() as sender:
                with no_descriptor_left(), pytest.raises(ResourcesExhausted):
                    await sender.send(message)
                outcome = await sender.send(message)

        assert outcome.error == "connection_refused"

    run(main())
