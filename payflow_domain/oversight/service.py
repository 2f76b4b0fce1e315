"""The use cases of staff who look after the whole."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Protocol, TypeVar

from attrs import frozen

from payflow_domain.access.audit import AuditEntry, AuditUnitOfWork
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.access.security import SecurityEvent, SecurityLog
from payflow_domain.access.staff_idempotency import (
    StaffKeyUnitOfWork,
    answered_before,
    keep_answer,
)
from payflow_domain.clock import Clock
from payflow_domain.errors import Unavailable
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Once
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.oversight.figures import (
    PENDING_AGES,
    RECENT_PERIOD,
    STATEMENTS_MAX,
    VOLUME_PERIOD,
    Figures,
    GatewayHealth,
    Stats,
)
from payflow_domain.payments.model import KeptNotice, NoticeStatus
from payflow_domain.payments.notices import Notices

NOTICE_REPLAYED = "gateway_event.replayed"

T = TypeVar("T")


class OversightUnitOfWork(AuditUnitOfWork, StaffKeyUnitOfWork, Protocol):
    """Writes down what was asked, and how that was answered."""


BeginOversight = Callable[[], AbstractContextManager[OversightUnitOfWork]]


@frozen
class Oversight:
    """Shows how the whole is doing; has notices booked again.

    Each method that takes a ``StaffActor`` raises ``MissingRole``.
    """

    begin: BeginOversight
    notices: Notices
    security: SecurityLog
    figures: Figures
    clock: Clock

    def list_notices(
        self, actor: StaffActor, status: NoticeStatus | None, page: Page
    ) -> list[KeptNotice]:
        """List what gateways told, newest first. The position of an item is its ``position``."""
        actor.require(StaffPermission.READ)
        return self.notices.reader.notices(status, page.limit, page.after)

    def replay_notice(
        self,
        actor: StaffActor,
        gateway: str,
        environment: Environment,
        notice_id: str,
        once: Once[KeptNotice] | None = None,
    ) -> KeptNotice | Replayed:
        """Book a notice again, which changes nothing that is booked.

        So an idempotency key decides no more than what is answered, and is spent afterwards.
        Raises what ``Notices.replay`` does, and ``IdempotencyKeyReused``.
        """
        actor.require(StaffPermission.REVIEW)
        with self.begin() as uow:
            if answered := answered_before(uow, actor, once, self.clock.now()):
                return answered
        by, address = actor.operator_id, actor.address
        notice = self.replay_notice_by(by, address, gateway, environment, notice_id)
        with self.begin() as uow:
            now = self.clock.now()
            if answered := answered_before(uow, actor, once, now):
                return answered
            keep_answer(uow, actor, once, notice, now)
        return notice

    def replay_notice_by(
        self, by: str, address: str | None, gateway: str, environment: Environment, notice_id: str
    ) -> KeptNotice:
        """Book a notice again for ``by``, an actor of the audit log who needs no role.

        That somebody asked is written down first: if it is cut short, the log says more than was
        done and not less.
        """
        known = self.notices.reader.notice(gateway, environment, notice_id)
        if known is not None:
            with self.begin() as uow:
                uow.add_audit(self._replayed(by, address, known))
        return self.notices.replay(gateway, environment, notice_id)

    def list_security_events(self, actor: StaffActor, page: Page) -> list[SecurityEvent]:
        """List what should not have been tried, newest first. The position is the ``number``."""
        actor.require(StaffPermission.READ)
        before = None if page.after is None else int(page.after)
        return self.security.security_events(page.limit, before)

    def stats(self, actor: StaffActor) -> Stats:
        """Count everything. What cannot be counted keeps nothing else from being told."""
        actor.require(StaffPermission.READ)
        now, figures, unavailable = self.clock.now(), self.figures, dict[str, str]()

        def read(name: str, count: Callable[[], T]) -> T | None:
            try:
                return count()
            except Unavailable as error:
                unavailable[name] = error.detail
                return None

        first_day = (now - VOLUME_PERIOD).astimezone(UTC).date()
        recent = now - RECENT_PERIOD
        edges = [now - age for age in PENDING_AGES[1:]]
        return Stats(
            as_of=now,
            partners=read("partners", figures.partners_by_status),
            wallets=read("wallets", figures.wallets_by_environment),
            volume=read("volume", lambda: figures.daily_volumes(first_day)),
            pending=read("pending", lambda: figures.pending_by_age(edges)),
            gateways=read("gateways", self._gateways),
            webhooks=read("webhooks", lambda: figures.webhook_health(recent)),
            security_events=read("securityEvents", lambda: figures.security_events_by_kind(recent)),
            connections=read("connections", figures.connections),
            statements=read("statements", lambda: figures.slowest_statements(STATEMENTS_MAX)),
            unavailable=unavailable,
        )

    def _gateways(self) -> list[GatewayHealth]:
        chosen = [(self.notices.gateway_of(each), each) for each in Environment]
        return [
            self.figures.gateway_health(gateway.name, environment)
            for gateway, environment in chosen
            if gateway is not None
        ]

    def _replayed(self, by: str, address: str | None, known: KeptNotice) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(),
            actor=by,
            action=NOTICE_REPLAYED,
            subject=known.id,
            address=address,
            before={"status": known.status.value},
            facts={"gateway": known.gateway, "environment": known.environment.value},
        )
