"""The endpoints of the stand-in: what they take, and what they do."""

from collections.abc import Callable, Mapping

from attrs import frozen

from payflow_adapters.gateways.mock_values import DESTINATIONS, PAYMENT_METHODS, Trouble
from tests.builders.stripe_lists import page_of
from tests.builders.stripe_payins import cancel_charge, make_charge, make_refund
from tests.builders.stripe_payouts import make_payout
from tests.builders.stripe_wire import Answer, Refusal, Request, Thing, invalid
from tests.builders.stripe_world import World

Make = Callable[[World, Thing], Thing]


@frozen
class Resource:
    """A kind of object: how one is made and listed, with the parameters of each."""

    kind: str
    make: Make | None = None
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    listed_by: frozenset[str] = frozenset()


_PAGED = frozenset({"created", "limit", "starting_after"})

RESOURCES: Mapping[str, Resource] = {
    "payment_intents": Resource(
        "payment_intent",
        make_charge,
        frozenset({"amount", "currency", "payment_method", "confirm"}),
        frozenset(
            {
                "automatic_payment_methods",
                "error_on_requires_action",
                "metadata",
                "statement_descriptor_suffix",
            }
        ),
        _PAGED,
    ),
    "refunds": Resource(
        "refund",
        make_refund,
        frozenset({"payment_intent"}),
        frozenset({"amount", "metadata"}),
        _PAGED | {"payment_intent"},
    ),
    "payouts": Resource(
        "payout",
        make_payout,
        frozenset({"amount", "currency", "destination"}),
        frozenset({"metadata", "statement_descriptor"}),
        _PAGED,
    ),
    "disputes": Resource("dispute", listed_by=_PAGED | {"payment_intent"}),
    "balance_transactions": Resource("balance_transaction", listed_by=_PAGED | {"expand"}),
}

_DESCRIPTOR_LENGTH_MAX = 22


def carry_out(world: World, request: Request) -> Answer:
    """Do what was asked; a refusal is an answer, too."""
    try:
        return Answer(200, _carried_out(world, request))
    except Refusal as refusal:
        return refusal.answer


def trouble_of(request: Request) -> Trouble | None:
    """Return what keeps the answer of an order back, by its payment method or destination."""
    known = PAYMENT_METHODS.get(request.params.get("payment_method", ""))
    behaviour = known or DESTINATIONS.get(request.params.get("destination", ""))
    return behaviour.trouble if behaviour else None


def _carried_out(world: World, request: Request) -> Thing:
    match request.method, request.parts:
        case "POST", [name] if name in RESOURCES:
            return _made(world, RESOURCES[name], request.params)
        case "POST", ["payment_intents", id_, "cancel"]:
            _check(request.params, frozenset(), frozenset({"cancellation_reason"}))
            return cancel_charge(world, world.find("payment_intent", id_), request.params)
        case "GET", [name] if name in RESOURCES:
            _check(request.params, frozenset(), RESOURCES[name].listed_by)
            return page_of(world, RESOURCES[name].kind, request.path, request.params)
        case "GET", [name, id_] if name in RESOURCES:
            _check(request.params, frozenset(), frozenset())
            return world.find(RESOURCES[name].kind, id_)
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    raise Refusal(404, "invalid_request_error", message)


def _made(world: World, resource: Resource, params: Thing) -> Thing:
    if resource.make is None:
        raise Refusal(404, "invalid_request_error", f"No {resource.kind} can be made.")
    _check(params, resource.required, resource.optional)
    return resource.make(world, params)


def _check(params: Thing, required: frozenset[str], optional: frozenset[str]) -> None:
    for name in sorted(params.keys() - required - optional):
        raise invalid(f"Received unknown parameter: {name}", "parameter_unknown", name)
    for name in sorted(required - params.keys()):
        raise invalid(f"Missing required param: {name}.", "parameter_missing", name)
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if len(params.get(name, "")) > _DESCRIPTOR_LENGTH_MAX:
            raise invalid("The statement descriptor is too long.", None, name)
