"""``payflow listen``: bring events to a server on this machine, signed like webhooks."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from attrs import define

from payflow_adapters.clock import SystemClock
from payflow_adapters.encoding import encode_json
from payflow_adapters.webhooks.failures import CONNECTION_REFUSED
from payflow_adapters.webhooks.guard import AddressGuard
from payflow_adapters.webhooks.sender import Sender
from payflow_adapters.webhooks.signing import signature
from payflow_bootstrap.commands.reaching import ApiFault, client_of, reaches_api
from payflow_bootstrap.demo.client import Json, Unreachable
from payflow_bootstrap.feed import Feed, Refused
from payflow_domain.ledger.journal import EventType
from payflow_domain.webhooks.deliveries import Outcome, Outgoing
from payflow_domain.webhooks.endpoints import UnsafeUrl

_POLL_S = 0.2
_PATIENCE_S = 1.0
_KEY_BYTES = 24
_GUARD = AddressGuard(loopback_open=True)


@define
class Listener:
    """Follows a feed from ``after`` on, and brings what it should to ``url``, one by one."""

    feed: Feed
    sender: Sender
    url: str
    secret: str
    wanted: Collection[str]
    after: int | None
    _is_away: bool = False

    async def run(self) -> None:
        """Never end; raises ``Refused``."""
        await self.sender.open()
        try:
            while True:
                await self._step()
        finally:
            await self.sender.close()

    async def _step(self) -> None:
        """Bring what is new, or wait a little if there is nothing."""
        try:
            if self.after is None:
                self.after = await asyncio.to_thread(self.feed.end)
            events = await asyncio.to_thread(self.feed.after, self.after)
        except Unreachable as error:
            self._tell_once(str(error))
            await asyncio.sleep(_PATIENCE_S)
            return
        self._is_away = False
        for event in events:
            if not self.wanted or event["event"] in self.wanted:
                await self._bring(event)
            self.after = event["sequence"]
        if not events:
            await asyncio.sleep(_POLL_S)

    async def _bring(self, event: Json) -> None:
        """Bring one event; while nobody listens, wait for somebody who does."""
        message = Outgoing(self.url, (self.secret,), event["id"], encode_json(event))
        while (outcome := await self.sender.send(message)).error == CONNECTION_REFUSED:
            self._tell_once(f"Nobody listens at {self.url}; {event['id']} waits.")
            await asyncio.sleep(_PATIENCE_S)
        self._is_away = False
        click.echo(_line(event, outcome))

    def _tell_once(self, what: str) -> None:
        if not self._is_away:
            click.echo(f"{_time(datetime.now(UTC))}  {what}", err=True)
        self._is_away = True


@click.command()
@click.option("--forward-to", required=True, help="Such as http://localhost:5000/payflow.")
@click.option("--events", default="", help="Only these, such as wallet.created,payout.failed.")
@click.option(
    "--after",
    type=click.IntRange(0),
    help="Begin after the event with this sequence; 0 is the first ever.  [default: now]",
)
@click.option(
    "--secret",
    help="whsec_ and base64: what signs.  [default: one of the API key's own]",
)
@reaches_api
def listen(
    forward_to: str,
    events: str,
    after: int | None,
    secret: str | None,
    base_url: str | None,
    api_key: str | None,
    data_dir: Path,
) -> None:
    """Bring events to a server on this machine, signed like webhooks, as they happen.

    Each is sent once, and what was answered is printed. While nobody listens there, events wait;
    while the API is away, it is asked again. Ends with Ctrl-C.
    """
    client = client_of(base_url, api_key, data_dir)
    chosen = _checked_secret(secret or secret_of(client.api_key))
    listener = Listener(
        Feed(client),
        Sender(SystemClock(), _GUARD),
        _checked_url(forward_to),
        chosen,
        _checked_events(events),
        after,
    )
    click.echo(f"Events go to {forward_to}, signed with\n{chosen}")
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(listener.run())
    except Refused as refused:
        raise ApiFault(str(refused)) from None
    finally:
        client.close()


def secret_of(api_key: str) -> str:
    """Return a signing secret that is the same whenever it is made from that key."""
    key = hmac.digest(api_key.encode(), b"payflow listen", "sha256")[:_KEY_BYTES]
    return f"whsec_{b64encode(key).decode()}"


def _checked_secret(secret: str) -> str:
    try:
        signature([secret], "evt", datetime.now(UTC), b"")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--secret") from None
    return secret


def _checked_url(url: str) -> str:
    try:
        _GUARD.check_url(url)
    except UnsafeUrl as error:
        raise click.BadParameter(error.detail, param_hint="--forward-to") from None
    return url


def _checked_events(events: str) -> Collection[str]:
    wanted = {each.strip() for each in events.split(",") if each.strip()}
    if unknown := wanted - set(EventType):
        detail = f"There is no {', '.join(sorted(unknown))}; there are {', '.join(EventType)}."
        raise click.BadParameter(detail, param_hint="--events")
    return wanted


def _line(event: Json, outcome: Outcome) -> str:
    told = outcome.error or str(outcome.status)
    return f"{_time(outcome.at)}  {event['event']:<24} {event['id']}  {told}"


def _time(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"
