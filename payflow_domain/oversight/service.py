"""The use cases of staff who look after the whole."""

from attrs import frozen

from payflow_domain.access.audit import AuditEntry, BeginAudit
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.access.security import SecurityEvent, SecurityLog
from payflow_domain.clock import Clock
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.payments.model import KeptNotice, NoticeStatus
from payflow_domain.payments.notices import Notices

NOTICE_REPLAYED = "gateway_event.replayed"


@frozen
class Oversight:
    """Shows what gateways told and what was tried; has notices booked again.

    Each method raises ``MissingRole``.
    """

    begin: BeginAudit
    notices: Notices
    security: SecurityLog
    clock: Clock

    def list_notices(
        self, actor: StaffActor, status: NoticeStatus | None, page: Page
    ) -> list[KeptNotice]:
        """List what gateways told, newest first. The position of an item is its ``position``."""
        actor.require(StaffPermission.READ)
        return self.notices.reader.notices(status, page.limit, page.after)

    def replay_notice(
        self, actor: StaffActor, gateway: str, environment: Environment, notice_id: str
    ) -> KeptNotice:
        """Book a notice again, which changes nothing that is booked.

        Raises what ``Notices.replay`` does. That somebody asked is written down first: if it is
        cut short, the log says more than was done and not less.
        """
        actor.require(StaffPermission.REVIEW)
        known = self.notices.reader.notice(gateway, environment, notice_id)
        if known is not None:
            with self.begin() as uow:
                uow.add_audit(self._replayed(actor, known))
        return self.notices.replay(gateway, environment, notice_id)

    def list_security_events(self, actor: StaffActor, page: Page) -> list[SecurityEvent]:
        """List what should not have been tried, newest first. The position is the ``number``."""
        actor.require(StaffPermission.READ)
        before = None if page.after is None else int(page.after)
        return self.security.security_events(page.limit, before)

    def _replayed(self, actor: StaffActor, known: KeptNotice) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(),
            actor=actor.operator_id,
            action=NOTICE_REPLAYED,
            subject=known.id,
            address=actor.address,
            before={"status": known.status.value},
            facts={"gateway": known.gateway, "environment": known.environment.value},
        )
