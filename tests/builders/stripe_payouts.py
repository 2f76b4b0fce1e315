"""What the stand-in makes of payouts."""

from functools import partial

from payflow_adapters.gateways.mock_values import DESTINATIONS, Change
from payflow_domain.payments.gateway import ReportStatus
from tests.builders.stripe_payins import amount_in
from tests.builders.stripe_wire import Thing, invalid, missing
from tests.builders.stripe_world import World

_CANCELED = "payout_canceled"


def make_payout(world: World, params: Thing) -> Thing:
    """Take the money from the balance at once; what the bank does comes later."""
    amount, behaviour = amount_in(params), DESTINATIONS.get(params["destination"])
    if behaviour is None:
        raise missing("external account", params["destination"], "destination")
    refused = behaviour.changes[0].failure
    if refused is not None:
        raise invalid(refused.message, refused.code)
    payout = world.make(
        "po",
        "payout",
        amount=amount,
        currency=params["currency"],
        destination=params["destination"],
        failure_code=None,
        failure_message=None,
        metadata=params.get("metadata", {}),
        statement_descriptor=params.get("statement_descriptor"),
        status="pending",
    )
    world.move(payout, "payout", "payout", -amount)
    world.tell("payout.created", payout)
    for change in behaviour.changes[1:]:
        world.plan(change.after_s, partial(_change, world, payout, change))
    return payout


def _change(world: World, payout: Thing, change: Change) -> None:
    if change.status is ReportStatus.SUCCEEDED:
        payout["status"] = "paid"
        world.tell("payout.paid", payout)
    elif change.failure is not None and change.failure.code == _CANCELED:
        payout["status"] = "canceled"
        world.move(payout, "payout_cancel", "payout_reversal", payout["amount"])
        world.tell("payout.canceled", payout)
    elif change.failure is not None:
        payout["status"] = "failed"
        payout["failure_code"] = change.failure.code
        payout["failure_message"] = change.failure.message
        world.move(payout, "payout_failure", "payout_reversal", payout["amount"])
        world.tell("payout.failed", payout)
