"""Each transaction is told alike wherever a partner looks, those that move no wallet included."""

from datetime import timedelta

import pytest

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import TransactionType
from payflow_domain.payments.reconciling import Reconciler
from tests.builders.http_client import Json
from tests.unit.http.test_documentation import DOCS
from tests.unit.http.test_payments import card, payout
from tests.unit.http.world import World, transfer

DAY = timedelta(days=1)


@pytest.fixture
def busy(world: World) -> World:
    """A world in which there is a transaction of each type."""
    one, other = world.wallet(100), world.wallet()
    for method in ("pm_card_createDisputeWon", "pm_card_refundFail", "pm_async_success"):
        made = world.post(f"/wallets/{one}/credit", card(method=method)).json
        if method == "pm_card_refundFail":
            world.post(f"/transactions/{made['id']}/reverse")
    world.post(f"/wallets/{one}/debit", {"amount": 10, "currency": "EUR"})
    world.post("/transfers", transfer(one, other, 20))
    world.post("/payouts", payout(one, 30, "ba_returned_late"))
    world.post("/payouts", payout(one, 40, "ba_refused"))
    for _ in range(3):
        world.clock.advance(timedelta(seconds=3))
        world.deliver_notices()
    payments, now = world.services.payments, world.clock.now()
    reconciler = Reconciler(payments.reader, payments.desk, payments.gateway_of, world.clock)
    assert reconciler.reconcile(Environment.SANDBOX, now - DAY, now + DAY).fees_booked
    return world


def test_the_list_has_what_the_events_tell_of_as_they_tell_it(busy: World) -> None:
    page = busy.get("/events", "limit=100").json
    assert not page["hasMore"]
    told: Json = {}
    for event in page["data"]:
        if event["event"].startswith("transaction."):
            told[event["data"]["id"]] = {**event["data"]}
            told[event["data"]["id"]].pop("balances", None)

    listed = busy.get("/transactions", "limit=100").json["data"]

    assert {each["type"] for each in listed} == set(TransactionType)
    assert {each["id"]: each for each in listed} == told


def test_what_is_listed_can_be_read_by_itself(busy: World) -> None:
    listed = busy.get("/transactions", "limit=100").json["data"]

    assert [busy.get(f"/transactions/{each['id']}").json for each in listed] == listed


def test_each_type_is_explained() -> None:
    contract = (DOCS / "api.md").read_text()
    table = contract.partition("#### Types of transactions\n")[2].partition("\n### ")[0]

    told = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}

    assert told - {"type"} == set(TransactionType)
