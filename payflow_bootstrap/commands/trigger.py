"""``payflow trigger``: make an event happen in a sandbox."""

import time
from collections.abc import Collection
from pathlib import Path

import click
from attrs import define

from payflow_bootstrap.commands.reaching import ApiFault, reaches_api, sandbox_client_of
from payflow_bootstrap.demo.client import Json, Unreachable
from payflow_bootstrap.feed import Feed, Refused
from payflow_bootstrap.trigger.recipes import RECIPES
from payflow_bootstrap.trigger.sandbox import NotTriggered, Sandbox
from payflow_domain.ledger.journal import EventType

TIMEOUT_S = 30
"""How long an event may take to happen."""

_POLL_S = 0.1
_CHOICES = "\n".join(f"  {event:<26}{recipe.what}" for event, recipe in RECIPES.items())


@define
class Watch:
    """Looks for an event of something that was ``touched``, after the event ``after``."""

    feed: Feed
    event: EventType
    touched: Collection[str]
    after: int

    def wait(self) -> None:
        """Wait until it has happened, and tell of it; raises ``NotTriggered``."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            for event in self.feed.after(self.after):
                self.after = event["sequence"]
                if self._is_it(event):
                    return click.echo(f"{event['event']}  {event['id']}  sequence {self.after}")
            time.sleep(_POLL_S)
        raise NotTriggered(f"No {self.event} after {TIMEOUT_S} s: does a `payflow worker` run?")

    def _is_it(self, event: Json) -> bool:
        data = event["data"]
        told = {data.get("id"), data.get("walletId"), data.get("transactionId")}
        return event["event"] == self.event and not told.isdisjoint(self.touched)


@click.command(epilog=f"\b\nEvents, and how they are made:\n{_CHOICES}")
@click.argument("event", metavar="EVENT", type=click.Choice([each.value for each in RECIPES]))
@reaches_api
def trigger(event: str, base_url: str | None, api_key: str | None, data_dir: Path) -> None:
    """Make an EVENT happen in the sandbox, through the API, and wait until it is in the feed.

    Each call and what came of it is printed. What it makes stays: wallets and transactions.
    """
    client = sandbox_client_of(base_url, api_key, data_dir)
    feed = Feed(client)
    sandbox = Sandbox(client, click.echo)
    try:
        watch = Watch(feed, EventType(event), sandbox.touched, feed.end())
        RECIPES[watch.event].follow(sandbox, watch.wait)
    except (NotTriggered, Refused) as error:
        raise ApiFault(str(error)) from None
    except Unreachable as error:
        raise ApiFault(f"{error} Is `payflow dev` running?") from None
    finally:
        client.close()
