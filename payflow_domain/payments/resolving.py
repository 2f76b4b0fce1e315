"""Finding out what is not known: the part of payments that a worker does."""

from datetime import timedelta

from attrs import frozen

from payflow_domain.clock import Clock
from payflow_domain.ledger.transactions import Failure
from payflow_domain.payments.desk import Desk, RenderFor
from payflow_domain.payments.gateway import (
    GatewayOf,
    GatewayUnavailable,
    OutcomeUnknown,
    PaymentGateway,
    Sought,
)
from payflow_domain.payments.model import NEVER_SEEN_AFTER, Payment
from payflow_domain.payments.ports import BeginPayments

LEASE = timedelta(minutes=2)
"""How long a worker has for the payments that it took before another one may take them."""

NEVER_SEEN = Failure(
    "gateway_timeout", "The payment gateway never received it; nothing was moved. Try again."
)


@frozen
class Resolver:
    """Asks gateways for the outcome of what is pending. Any number of these may run."""

    begin: BeginPayments
    desk: Desk
    gateway_of: GatewayOf
    clock: Clock
    render_for: RenderFor

    def resolve_due(self, limit: int) -> int:
        """Ask for up to ``limit`` payments that are due; returns how many there were."""
        now = self.clock.now()
        with self.begin() as uow:
            due = uow.take_due(now, now + LEASE, limit)
        for payment in due:
            self._resolve(payment)
        return len(due)

    def _resolve(self, payment: Payment) -> None:
        gateway = self.gateway_of(payment.environment)
        if gateway is None or gateway.name != payment.gateway:
            self.desk.postpone(payment)
            return
        try:
            self._ask(gateway, payment)
        except (OutcomeUnknown, GatewayUnavailable):
            self.desk.postpone(payment)

    def _ask(self, gateway: PaymentGateway, payment: Payment) -> None:
        asked_at = self.clock.now()
        report = gateway.find(
            Sought(
                payment.kind,
                payment.transaction_id,
                payment.created_at,
                payment.gateway_id,
                payment.charge_id,
            )
        )
        render = self.render_for(payment.request_id)
        if report is not None:
            # A request whose process died is answered, too, and does not wait for the outcome.
            if self.desk.learn(payment, report, render) is None:
                self.desk.answer_pending(payment, render)
        elif asked_at - payment.created_at >= NEVER_SEEN_AFTER:
            self.desk.give_up(payment, NEVER_SEEN, render)
        else:
            self.desk.postpone(payment)
