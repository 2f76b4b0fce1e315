"""What can go wrong on the way to a gateway and to the books, when a test wants it to."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import TypeVar

from attrs import Factory, define

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import (
    ChargeOrder,
    GatewayUnavailable,
    Movement,
    Notice,
    OutcomeUnknown,
    PaymentGateway,
    PayoutOrder,
    RefundOrder,
    Report,
    Sought,
)
from payflow_domain.payments.ports import PaymentUnitOfWork

_T = TypeVar("_T")


class Killed(BaseException):
    """The process died here. Nothing catches it; what is stored is all that is left."""


@define
class Perils:
    """Where the process dies, and what the gateway's network does.

    ``kill_at`` names a step (``before charge``, ``after commit``), ``kill_in`` counts steps;
    either is for one time. ``delayed`` are charges that are on their way to the gateway while
    ``is_network_slow``: their caller is told nothing. While it ``is_blind`` the gateway finds
    nothing. ``meanwhile`` is what another process does, once, at the next step on the way to the
    gateway or back.
    """

    kill_at: str | None = None
    kill_in: int | None = None
    is_network_slow: bool = False
    is_blind: bool = False
    delayed: list[ChargeOrder] = Factory(list)
    meanwhile: Callable[[], None] | None = None

    def step(self, name: str) -> None:
        """Die, if this is the step."""
        if self.kill_in is not None:
            self.kill_in -= 1
        if name == self.kill_at or self.kill_in == 0:
            self.kill_at = self.kill_in = None
            raise Killed(name)

    def around(self, name: str, call: Callable[[], _T]) -> _T:
        """Take a step before and after a call, and let others go on meanwhile."""
        self.step(f"before {name}")
        self._let_others_go_on()
        result = call()
        self._let_others_go_on()
        self.step(f"after {name}")
        return result

    def _let_others_go_on(self) -> None:
        """Let the other process do what it does, unless it is the one that is on its way."""
        others, self.meanwhile = self.meanwhile, None
        if others is not None:
            others()


@define
class PerilousGateway:
    """A gateway at the end of a perilous way; it may go by another name."""

    inner: PaymentGateway
    perils: Perils
    name: str = "mock"
    environment: Environment = Environment.SANDBOX

    def charge(self, order: ChargeOrder) -> Report:
        if self.perils.is_network_slow:
            self.perils.delayed.append(order)
            raise OutcomeUnknown("The gateway did not answer in time.")
        return self.perils.around("charge", lambda: self.inner.charge(order))

    def refund(self, order: RefundOrder) -> Report:
        return self.perils.around("refund", lambda: self.inner.refund(order))

    def pay_out(self, order: PayoutOrder) -> Report:
        return self.perils.around("payout", lambda: self.inner.pay_out(order))

    def find(self, sought: Sought) -> Report | None:
        found = self.perils.around("find", lambda: self.inner.find(sought))
        return None if self.perils.is_blind else found

    def read_notice(self, payload: bytes, signature: str) -> Notice:
        return self.inner.read_notice(payload, signature)

    def reread_notice(self, payload: bytes) -> Notice:
        return self.inner.reread_notice(payload)

    def movements(self, start: datetime, end: datetime) -> Iterable[Movement]:
        return self.inner.movements(start, end)

    def arrive(self) -> None:
        """Let the delayed charges arrive at the gateway; nobody waits for its answer."""
        while self.perils.delayed:
            with suppress(OutcomeUnknown, GatewayUnavailable):
                self.inner.charge(self.perils.delayed.pop(0))


def perilous(
    begin: Callable[[], AbstractContextManager[PaymentUnitOfWork]], perils: Perils
) -> Callable[[], AbstractContextManager[PaymentUnitOfWork]]:
    """Let units of work take steps: ``before begin``, ``before commit`` and ``after commit``."""

    @contextmanager
    def begin_perilously() -> Iterator[PaymentUnitOfWork]:
        perils.step("before begin")
        with begin() as uow:
            yield uow
            perils.step("before commit")
        perils.step("after commit")

    return begin_perilously
