"""The examples for partners: they believe us and nobody else, and can do the sums."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.encoding import encode_json
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import Account, AccountKind
from payflow_domain.ledger.journal import EventType, Fact, facts_of, write_events
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.published import publish_balance
from tests.builders.ledger import PARTNER_ID
from tests.builders.times import START, CountingIds
from tests.builders.webhook_examples import (
    BODY,
    EVENT_ID,
    EXAMPLES,
    SECRET,
    arguments_of,
    mirror_example,
)
from tests.strategies.batches import Batch, batches

Json = dict[str, Any]

MIRROR = mirror_example()


def verify(body: bytes) -> subprocess.CompletedProcess[str]:
    """Run ``verify.py`` on a message whose signature is that of ``BODY``."""
    return subprocess.run(  # noqa: S603  # our own script
        [sys.executable, EXAMPLES / "verify.py", *arguments_of(datetime.now(UTC))],
        env={**os.environ, "WEBHOOK_SECRET": SECRET},
        input=body.decode(),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_verify_py_believes_what_we_sign_and_nothing_else() -> None:
    believed = verify(BODY)
    doubted = verify(BODY + b" ")

    assert (believed.returncode, believed.stdout) == (0, f"wallet.created {EVENT_ID}\n")
    assert (doubted.returncode, doubted.stdout) == (1, "")
    assert "WebhookVerificationError" in doubted.stderr


def opened(account: Account) -> Fact:
    """Tell of a wallet that is there already."""
    return EventType.WALLET_CREATED, {
        "id": account.id,
        "balance": publish_balance(account.balance),
    }


def events_of(batch: Batch) -> list[Json]:
    """Return all that the journal tells of the batch's wallets, and of the batch."""
    wallets = [a for a in batch.books.accounts.values() if a.kind is AccountKind.WALLET]
    applied = chain.from_iterable(
        outcome for outcome in batch.decide().outcomes if isinstance(outcome, tuple)
    )
    facts = [*map(opened, wallets), *chain.from_iterable(map(facts_of, applied))]
    ledger = Ledger(LedgerId(1), PARTNER_ID, Environment.SANDBOX, None, START)
    events = write_events(ledger, facts, START, CountingIds().minting(START), encode_json)
    return [json.loads(event.body) for event in events]


def balances_after(batch: Batch) -> Json:
    accounts = {**batch.books.accounts, **batch.decide().accounts}
    return {
        account.id: publish_balance(account.balance)
        for account in accounts.values()
        if account.kind is AccountKind.WALLET
    }


def take_all(mirror: Any, events: Sequence[Json]) -> None:  # noqa: ANN401  # a script's class
    for event in events:
        mirror.take(event["id"], event)


@given(batches(12), st.randoms(use_true_random=False))
def test_the_mirror_has_our_balances_in_whatever_order_events_come_and_come_again(
    batch: Batch, random: Random
) -> None:
    events = events_of(batch)
    mirror = MIRROR.Mirror()

    take_all(mirror, random.sample([*events, *events], 2 * len(events)))

    assert mirror.balances == balances_after(batch)
    assert (mirror.through, mirror.has_gap) == (len(events), False)


@given(batches(12), st.randoms(use_true_random=False))
def test_the_mirror_fills_its_gaps_from_the_feed(batch: Batch, random: Random) -> None:
    events = events_of(batch)
    mirror = MIRROR.Mirror()
    take_all(mirror, random.sample(events, len(events) // 2))

    def page(after: int) -> Json:
        rest = [event for event in events if event["sequence"] > after]
        return {"data": rest[:2], "hasMore": len(rest) > 2}

    MIRROR.fill(mirror, page)

    assert mirror.balances == balances_after(batch)
    assert (mirror.through, mirror.has_gap) == (len(events), False)


def test_the_mirror_notices_a_gap_and_takes_an_event_once() -> None:
    events: list[Json] = [{"id": f"evt_{n}", "sequence": n, "data": {}} for n in (1, 2, 3)]
    mirror = MIRROR.Mirror()

    assert mirror.take("evt_1", events[0])
    assert not mirror.take("evt_1", events[0])
    assert mirror.take("evt_3", events[2])
    assert (mirror.through, mirror.has_gap) == (1, True)
    assert mirror.take("evt_2", events[1])
    assert (mirror.through, mirror.has_gap) == (3, False)
