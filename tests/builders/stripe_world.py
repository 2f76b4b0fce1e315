"""What the stand-in of Stripe knows: objects, lines of its balance, events, and what is planned."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from attrs import Factory, define

from tests.builders.stripe_webhooks import Outbox
from tests.builders.stripe_wire import Thing, missing
from tests.builders.times import SettableClock


@define
class World:
    """One account at Stripe. What is planned happens when ``advance`` gets there."""

    clock: SettableClock
    outbox: Outbox
    livemode: bool = False
    things: dict[str, Thing] = Factory(dict)
    """By id, oldest first."""
    methods: dict[str, str] = Factory(dict)
    """The payment method of each PaymentIntent."""
    _planned: list[tuple[datetime, int, Callable[[], None]]] = Factory(list)
    _numbers: "count[int]" = Factory(lambda: count(1))

    def seconds(self) -> int:
        return int(self.clock.now().timestamp())

    def make(self, letters: str, kind: str, **members: object) -> Thing:
        """Make an object with what all of Stripe's have."""
        thing = {
            "id": f"{letters}_{next(self._numbers):014d}",
            "object": kind,
            "created": self.seconds(),
            "livemode": self.livemode,
            **members,
        }
        self.things[str(thing["id"])] = thing
        return thing

    def find(self, kind: str, id_: object, param: str = "id") -> Thing:
        thing = self.things.get(str(id_))
        if thing is None or thing["object"] != kind:
            raise missing(kind, str(id_), param)
        return thing

    def all_of(self, kind: str, **members: object) -> list[Thing]:
        """Return the objects of a kind that have these members, oldest first."""
        return [
            thing
            for thing in self.things.values()
            if thing["object"] == kind
            and all(thing.get(name) == value for name, value in members.items())
        ]

    def move(self, source: Thing, type_: str, category: str, amount: int, fee: int = 0) -> Thing:
        """Write a line of the balance: a balance transaction."""
        return self.make(
            "txn",
            "balance_transaction",
            amount=amount,
            currency=source["currency"],
            exchange_rate=None,
            fee=fee,
            fee_details=[],
            net=amount - fee,
            reporting_category=category,
            source=source["id"],
            status="available",
            type=type_,
        )

    def tell(self, type_: str, thing: Thing) -> None:
        """Send an event with the object as it is now."""
        event = {
            "id": f"evt_{next(self._numbers):014d}",
            "object": "event",
            "api_version": "2026-01-28.clover",
            "created": self.seconds(),
            "data": {"object": json.loads(json.dumps(thing))},
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        self.outbox.waiting.append(event)

    def plan(self, after_s: int, do: Callable[[], None]) -> None:
        """Let something happen so many seconds from now; at once, if there are none."""
        if not after_s:
            do()
            return
        at = self.clock.now() + timedelta(seconds=after_s)
        self._planned.append((at, next(self._numbers), do))

    def advance(self, seconds: int) -> None:
        end = self.clock.now() + timedelta(seconds=seconds)
        while due := sorted((each for each in self._planned if each[0] <= end), key=_when):
            self._planned.remove(due[0])
            self.clock.at, _, do = due[0]
            do()
        self.clock.at = end


def _when(planned: tuple[datetime, int, Callable[[], None]]) -> tuple[datetime, int]:
    return planned[:2]
