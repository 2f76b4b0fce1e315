"""``payflow listen``, beside an API and a receiver that come and go."""

import asyncio
import re
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from standardwebhooks import Webhook

from payflow_adapters.clock import SystemClock
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import Sender
from payflow_bootstrap.commands import listen as command
from payflow_bootstrap.commands.listen import Listener, listen, secret_of
from payflow_bootstrap.demo.client import Client
from payflow_bootstrap.feed import Feed
from tests.builders.http_client import HOST, Json
from tests.builders.processes import free_port
from tests.builders.scripted_api import Script, scripted_api
from tests.builders.webhook_receiver import receiving, says

SECRET = secret_of("sk_test_pf_any")
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
TYPES = ("wallet.created", "wallet.credited", "wallet.debited")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(command, "_POLL_S", 0.01)


def event(sequence: int) -> Json:
    return {"id": f"evt_{sequence}", "event": TYPES[sequence % 3], "sequence": sequence}


def feed_of(count: int) -> Script:
    """Answer as the feed of a ledger with so many events."""

    def answer(_: str, path: str) -> tuple[int, Json]:
        after, limit = map(int, re.findall(r"\d+", path))
        numbers = range(after + 1, min(after + limit, count) + 1)
        return 200, {"data": [event(n) for n in numbers]}

    return answer


def listening(
    base_url: str, url: str, after: int | None = 0, wanted: Collection[str] = ()
) -> Listener:
    feed = Feed(Client(base_url, "sk_test_pf_any"))
    sender = Sender(SystemClock(), AddressGuard(loopback_open=True))
    return Listener(feed, sender, url, SECRET, wanted, after)


async def run_until(listener: Listener, condition: Callable[[], bool]) -> None:
    """Listen until a condition holds."""
    task = asyncio.create_task(listener.run())
    async with asyncio.timeout(10):
        while not condition() and not task.done():  # noqa: ASYNC110  # the condition has no event
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    listener.feed.client.close()


def run(main: Coroutine[None, None, None]) -> None:
    asyncio.run(main)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 1_000_003])
def test_the_end_of_a_feed_is_found(count: int) -> None:
    with scripted_api(feed_of(count)) as base_url:
        client = Client(base_url, "sk_test_pf_any")
        assert Feed(client).end() == count
        client.close()


def test_every_event_is_brought_in_order_and_signed(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        with scripted_api(feed_of(250)) as base_url:
            async with receiving(says(OK)) as receiver:
                listener = listening(base_url, receiver.url)
                await run_until(listener, lambda: len(receiver.requests) == 250)

        told = [Webhook(SECRET).verify(each.body, each.headers) for each in receiver.requests]
        assert told == [event(n) for n in range(1, 251)]
        assert [each.headers["webhook-id"] for each in receiver.requests] == [
            f"evt_{n}" for n in range(1, 251)
        ]

    run(main())
    first, *rest = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  wallet.credited +evt_1  204", first)
    assert len(rest) == 249


def test_it_begins_where_it_is_told_and_brings_what_is_wanted() -> None:
    async def main() -> None:
        with scripted_api(feed_of(12)) as base_url:
            async with receiving(says(OK)) as receiver:
                listener = listening(base_url, receiver.url, 5, {"wallet.created"})
                await run_until(listener, lambda: listener.after == 12)

        assert [each.headers["webhook-id"] for each in receiver.requests] == [
            "evt_6",
            "evt_9",
            "evt_12",
        ]

    run(main())


def test_without_a_beginning_it_brings_what_comes_from_now_on() -> None:
    count = 7

    def growing(method: str, path: str) -> tuple[int, Json]:
        return feed_of(count)(method, path)

    async def main() -> None:
        nonlocal count
        with scripted_api(growing) as base_url:
            async with receiving(says(OK)) as receiver:
                listener = listening(base_url, receiver.url, None)
                await run_until(listener, lambda: listener.after == 7)
                assert receiver.requests == []
                count = 8
                listener = listening(base_url, receiver.url, listener.after)
                await run_until(listener, lambda: listener.after == 8)

        assert [each.headers["webhook-id"] for each in receiver.requests] == ["evt_8"]

    run(main())


def test_an_answer_that_is_no_success_is_told_and_the_next_event_follows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def main() -> None:
        with scripted_api(feed_of(2)) as base_url:
            async with receiving(says(UNAVAILABLE)) as receiver:
                listener = listening(base_url, receiver.url)
                await run_until(listener, lambda: listener.after == 2)

        assert len(receiver.requests) == 2

    run(main())
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["503", "503"]


def test_events_wait_until_somebody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()

    async def main() -> None:
        with scripted_api(feed_of(2)) as base_url:
            listener = listening(base_url, f"http://{HOST}:{port}/hook")
            task = asyncio.create_task(run_until(listener, lambda: listener.after == 2))
            await asyncio.sleep(0.3)
            async with receiving(says(OK), port=port) as receiver:
                await task

        assert [each.headers["webhook-id"] for each in receiver.requests] == ["evt_1", "evt_2"]

    run(main())
    (told,) = capsys.readouterr().err.splitlines()
    assert "evt_1 waits" in told


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_that_is_away_is_asked_again(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = 0

    def away_at_first(method: str, path: str) -> tuple[int, Json]:
        nonlocal asked
        asked += 1
        return feed_of(1)(method, path) if asked > 3 else (status, {"detail": "Not now."})

    async def main() -> None:
        with scripted_api(away_at_first) as base_url:
            async with receiving(says(OK)) as receiver:
                listener = listening(base_url, receiver.url)
                await run_until(listener, lambda: listener.after == 1)

        assert len(receiver.requests) == 1

    run(main())
    (told,) = capsys.readouterr().err.splitlines()
    assert "Not now." in told


def test_an_api_that_cannot_be_reached_is_asked_again() -> None:
    async def main() -> None:
        listener = listening(f"http://{HOST}:{free_port()}", f"http://{HOST}:9/")
        task = asyncio.create_task(listener.run())
        await asyncio.sleep(0.3)
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    run(main())


def test_an_api_that_refuses_ends_it() -> None:
    def refuse(_: str, __: str) -> tuple[int, Json]:
        return 403, {"detail": "The key lacks events:read."}

    with scripted_api(refuse) as base_url:
        ran = CliRunner().invoke(
            listen, [f"--base-url={base_url}", "--api-key=x", "--forward-to=http://localhost:9/"]
        )

    assert ran.exit_code == 2
    assert "events:read" in ran.output


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--forward-to=http://10.0.0.1/", "https://"),
        ("--events=wallet.created,nonsense", "There is no nonsense"),
        ("--secret=whsec_", "whsec_ and base64"),
        ("--after=-1", "x>=0"),
    ],
)
def test_a_wrong_option_is_told_before_anything_happens(option: str, told: str) -> None:
    options = ["--base-url=http://127.0.0.1:9", "--api-key=x", "--forward-to=http://localhost:9/"]

    ran = CliRunner().invoke(listen, [*options, option])

    assert ran.exit_code == 2
    assert told in ran.output


def test_the_secret_is_of_the_key() -> None:
    assert secret_of("sk_test_pf_any") == SECRET
    assert secret_of("sk_test_pf_other") != SECRET
    Webhook(SECRET)


def test_without_dev_it_says_what_to_start(tmp_path: Path) -> None:
    ran = CliRunner().invoke(listen, ["--forward-to=http://localhost:9/", f"--data-dir={tmp_path}"])

    assert ran.exit_code == 2
    assert "payflow dev" in ran.output
