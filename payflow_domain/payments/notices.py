"""What gateways tell of their own accord: kept as it came, and booked once."""

from collections.abc import Sequence

from attrs import frozen

from payflow_domain.access.security import SecurityEvent, SecurityEventKind, SecurityLog
from payflow_domain.clock import Clock
from payflow_domain.errors import Conflict, Invalid
from payflow_domain.ledger.errors import AlreadyReversed, ReversalExceedsOriginal
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.desk import Desk, RenderFor
from payflow_domain.payments.gateway import (
    GatewayOf,
    GatewayUnavailable,
    InvalidNotice,
    Notice,
    OutcomeUnknown,
    PaymentGateway,
    PaymentKind,
    Report,
    Sought,
)
from payflow_domain.payments.model import (
    NOTICE_WAITS_MAX,
    GatewayNotConfigured,
    KeptNotice,
    NoticeNotFound,
    NoticeStatus,
    Payment,
    PaymentStatus,
)
from payflow_domain.payments.ports import BeginPayments, PaymentReader

_WAITING_MAX = 1_000
_ON_A_CHARGE = frozenset({PaymentKind.REFUND, PaymentKind.DISPUTE})
_NOT_YET = (
    # A refund of ours is under way that the gateway is about to refuse.
    AlreadyReversed,
    ReversalExceedsOriginal,
    # The gateway could not say how it stands now.
    GatewayUnavailable,
    OutcomeUnknown,
)


@frozen
class Notices:
    """Takes the notices of gateways: in any order, however often each is delivered.

    A notice is kept before anything follows from it. One whose charge PayFlow does not know
    yet stays ``RECEIVED`` and is tried again by the worker.
    """

    begin: BeginPayments
    reader: PaymentReader
    desk: Desk
    gateway_of: GatewayOf
    security: SecurityLog
    clock: Clock
    render_for: RenderFor

    def receive(self, payload: bytes, signature: str, address: str | None = None) -> KeptNotice:
        """Keep a notice that one of the gateways signed, and book what it tells.

        Raises ``InvalidNotice`` and records a security event where none of them signed it, or
        where it is of one environment and its payment of another. Nothing is changed then.
        """
        try:
            gateway, notice = self._read(payload, signature)
            self._refuse_foreign(gateway, notice)
        except InvalidNotice as error:
            self._record(error, address)
            raise
        kept = KeptNotice(
            gateway=gateway.name,
            environment=gateway.environment,
            id=notice.id,
            type=notice.type,
            payload=payload,
            received_at=self.clock.now(),
        )
        with self.begin() as uow:
            kept = uow.add_notice(kept)
        return self._apply(kept, notice)

    def replay(self, gateway: str, environment: Environment, notice_id: str) -> KeptNotice:
        """Book a kept notice again, which changes nothing that is booked.

        Raises ``NoticeNotFound``, ``GatewayNotConfigured`` where its gateway is not set up, and
        ``InvalidNotice`` where it can no longer be read.
        """
        kept = self.reader.notice(gateway, environment, notice_id)
        if kept is None:
            detail = "There is no such notice; check its id, gateway and environment."
            raise NoticeNotFound(detail, subject=notice_id)
        if self._gateway_of(kept) is None:
            detail = f"The {kept.gateway} gateway is not set up for {environment.value}."
            raise GatewayNotConfigured(detail, subject=notice_id)
        return self._apply_kept(kept, again=True)

    def retry_received(self) -> int:
        """Try the notices again that could not be booked yet; tells how many are settled now.

        One that has waited for too long is ignored if this time is in vain, too.
        """
        waiting = self.reader.waiting_notices(_WAITING_MAX)
        return sum(self._is_settled_now(kept) for kept in waiting)

    def _is_settled_now(self, kept: KeptNotice) -> bool:
        """Try a notice again; what is wrong with it keeps no other one waiting."""
        try:
            status = self._apply_kept(kept, again=False).status
        except (Invalid, Conflict):
            status = NoticeStatus.RECEIVED
        if status is not NoticeStatus.RECEIVED:
            return True
        if self.clock.now() - kept.received_at <= NOTICE_WAITS_MAX:
            return False
        with self.begin() as uow:
            uow.mark_notice(kept, NoticeStatus.IGNORED)
        return True

    def _read(self, payload: bytes, signature: str) -> tuple[PaymentGateway, Notice]:
        refusals: list[InvalidNotice] = []
        for gateway in self._gateways():
            try:
                return gateway, gateway.read_notice(payload, signature)
            except InvalidNotice as error:
                refusals.append(error)
        detail = "No payment gateway is set up that could have sent this."
        raise refusals[0] if refusals else InvalidNotice(detail)

    def _gateways(self) -> Sequence[PaymentGateway]:
        chosen = [self.gateway_of(environment) for environment in Environment]
        return [gateway for gateway in chosen if gateway is not None]

    def _refuse_foreign(self, gateway: PaymentGateway, notice: Notice) -> None:
        """Refuse what a gateway of one environment says of a payment in another."""
        payment = self._payment_of(gateway, notice.report) if notice.report else None
        if notice.environment is not gateway.environment or (
            payment is not None
            and (payment.gateway, payment.environment) != (gateway.name, gateway.environment)
        ):
            detail = "The notice is of another environment than its payment."
            raise InvalidNotice(detail, subject=notice.id)

    def _record(self, error: InvalidNotice, address: str | None) -> None:
        kind = SecurityEventKind.FOREIGN_NOTICE if error.subject else None
        self.security.record(
            SecurityEvent(
                at=self.clock.now(),
                kind=kind or SecurityEventKind.INVALID_NOTICE,
                detail=error.detail,
                address=address,
                facts={"notice": error.subject} if error.subject else {},
            )
        )

    def _apply_kept(self, kept: KeptNotice, *, again: bool) -> KeptNotice:
        gateway = self._gateway_of(kept)
        if gateway is None:
            return kept
        return self._apply(kept, gateway.reread_notice(kept.payload), again=again)

    def _gateway_of(self, kept: KeptNotice) -> PaymentGateway | None:
        """Return the gateway that sent a notice, if it is set up."""
        gateway = self.gateway_of(kept.environment)
        return gateway if gateway is not None and gateway.name == kept.gateway else None

    def _apply(self, kept: KeptNotice, notice: Notice, *, again: bool = False) -> KeptNotice:
        if kept.status is not NoticeStatus.RECEIVED and not again:
            return kept
        status = self._book(kept, notice.report)
        with self.begin() as uow:
            uow.mark_notice(kept, status)
        return KeptNotice(
            kept.gateway,
            kept.environment,
            kept.id,
            kept.type,
            kept.payload,
            kept.received_at,
            status,
            kept.deliveries,
        )

    def _book(self, kept: KeptNotice, report: Report | None) -> NoticeStatus:
        """Book what a notice says; tell whether that is settled."""
        gateway = self.gateway_of(kept.environment)
        if report is None or gateway is None:
            return NoticeStatus.IGNORED
        payment = self._payment_of(gateway, report)
        if payment is not None:
            self.desk.learn(payment, report, self.render_for(payment.request_id))
            return NoticeStatus.APPLIED
        if report.kind not in _ON_A_CHARGE or report.charge_id is None:
            return NoticeStatus.IGNORED
        return self._book_on_charge(gateway, report, report.charge_id)

    def _book_on_charge(
        self, gateway: PaymentGateway, report: Report, charge_id: str
    ) -> NoticeStatus:
        """Book a refund or a dispute that did not begin here, once its charge is booked."""
        charge = self.reader.payment_with_gateway_id(gateway.name, gateway.environment, charge_id)
        if charge is None or charge.status is PaymentStatus.PENDING:
            return NoticeStatus.RECEIVED
        try:
            report = self._as_it_is_now(gateway, charge, report)
            self.desk.begin_elsewhere(charge, report)
        except _NOT_YET:
            return NoticeStatus.RECEIVED
        payment = self._payment_of(gateway, report)
        if payment is None:
            return NoticeStatus.IGNORED
        self.desk.learn(payment, report, self.render_for(payment.request_id))
        return NoticeStatus.APPLIED

    def _as_it_is_now(self, gateway: PaymentGateway, charge: Payment, report: Report) -> Report:
        """Ask how something stands that did not begin here: a later notice may have come first."""
        sought = Sought(
            report.kind,
            charge.transaction_id,
            charge.created_at,
            report.gateway_id,
            report.charge_id,
        )
        return gateway.find(sought) or report

    def _payment_of(self, gateway: PaymentGateway, report: Report) -> Payment | None:
        """Return the payment that a report is of: by the gateway's id, else by ours."""
        found = self.reader.payment_with_gateway_id(
            gateway.name, gateway.environment, report.gateway_id
        )
        if found is None and report.transaction_id is not None:
            return self.reader.payment_of(report.transaction_id)
        return found
