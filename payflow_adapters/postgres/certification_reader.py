"""Reading what partners have shown in their sandboxes.

Each look-up finds its first row by an index, so that it costs the same in books of any length.
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen
from sqlalchemy import select

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.tables import certifications
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.accounts import AccountKind
from payflow_domain.partners.certification import CertificationItem

_WALLET_OPENED = "SELECT created_at FROM wallets WHERE ledger_id = %(ledger)s ORDER BY id LIMIT 1"

# Settlement accounts are named after their currencies: there are a few of them at most. What
# was ever credited to a wallet was debited to one of them, or came by a charge.
_CREDIT_COMPLETED = """
    SELECT min(e.at) FROM (
      (SELECT (
        SELECT n.at FROM entries n
        WHERE n.ledger_id = a.ledger_id AND n.account_id = a.id AND n.side = 'debit'
          AND n.phase IN ('posted', 'settled')
        ORDER BY n.at, n.version LIMIT 1
      ) AS at
      FROM accounts a
      WHERE a.ledger_id = %(ledger)s AND a.id >= %(settlement)s AND a.id < %(beyond)s
        AND a.debits_posted > 0)
      UNION ALL
      (SELECT t.completed_at FROM (
        SELECT ledger_id, transaction_id FROM payments
        WHERE ledger_id = %(ledger)s AND kind = 'charge' AND status = 'succeeded'
        ORDER BY transaction_id LIMIT 1
      ) p JOIN transactions t ON t.ledger_id = p.ledger_id AND t.id = p.transaction_id)
    ) e
"""

# A gateway that could not be asked has declined nothing. Only the last few that failed are
# looked at: an outage makes many of them.
_DECLINE_HANDLED = """
    SELECT min(t.completed_at) FROM (
      SELECT k.kind, p.ledger_id, p.transaction_id
      FROM (VALUES ('charge'), ('payout')) AS k(kind), LATERAL (
        SELECT ledger_id, transaction_id FROM payments
        WHERE ledger_id = %(ledger)s AND kind = k.kind AND status = 'failed'
        ORDER BY transaction_id DESC LIMIT 100
      ) p
    ) f JOIN transactions t ON t.ledger_id = f.ledger_id AND t.id = f.transaction_id
    WHERE t.failure ->> 'code' NOT IN ('gateway_unavailable', 'gateway_timeout')
"""

_PAYOUT_COMPLETED = """
    SELECT min(t.completed_at) FROM (
      SELECT p.ledger_id, p.transaction_id
      FROM (VALUES ('succeeded'), ('returned')) AS s(status), LATERAL (
        SELECT ledger_id, transaction_id FROM payments
        WHERE ledger_id = %(ledger)s AND kind = 'payout' AND status = s.status
        ORDER BY transaction_id LIMIT 1
      ) p
    ) f JOIN transactions t ON t.ledger_id = f.ledger_id AND t.id = f.transaction_id
"""

# The last hundred of each endpoint: what nobody answers for long is not looked through.
_WEBHOOK_RECEIVED = """
    SELECT min(d.created_at) FROM webhook_endpoints e, LATERAL (
      SELECT created_at, status FROM webhook_deliveries
      WHERE ledger_id = e.ledger_id AND endpoint_id = e.id ORDER BY id DESC LIMIT 100
    ) d
    WHERE e.ledger_id = %(ledger)s AND d.status = 'delivered'
"""

# The last thousand keys, whether they have ended or not.
_KEY_ROTATED = """
    SELECT min(n.created_at) FROM (
      SELECT replaced_by FROM api_keys WHERE ledger_id = %(ledger)s ORDER BY id DESC LIMIT 1000
    ) o JOIN api_keys n ON n.id = o.replaced_by
"""

EVIDENCE: Mapping[CertificationItem, str] = {
    CertificationItem.WALLET_OPENED: _WALLET_OPENED,
    CertificationItem.CREDIT_COMPLETED: _CREDIT_COMPLETED,
    CertificationItem.DECLINE_HANDLED: _DECLINE_HANDLED,
    CertificationItem.PAYOUT_COMPLETED: _PAYOUT_COMPLETED,
    CertificationItem.WEBHOOK_RECEIVED: _WEBHOOK_RECEIVED,
    CertificationItem.KEY_ROTATED: _KEY_ROTATED,
}
"""When an item was first done, by the books of a ledger."""


def evidence_values(ledger_id: LedgerId) -> Mapping[str, object]:
    """Return the parameters of each statement of ``EVIDENCE``."""
    kind = AccountKind.PARTNER_SETTLEMENT.value
    return {"ledger": ledger_id, "settlement": f"{kind}:", "beyond": f"{kind};"}


@frozen(slots=False)  # so that one store can be all the readers
class PostgresCertificationReader:
    """Reads what is kept as done, and what the books show."""

    database: Database

    def certified(self, ledger_id: LedgerId) -> Mapping[CertificationItem, datetime]:
        query = select(certifications.c.item, certifications.c.done_at).where(
            certifications.c.ledger_id == ledger_id
        )
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return {CertificationItem(item): done_at for item, done_at in rows}

    def evidence(
        self, ledger_id: LedgerId, items: frozenset[CertificationItem]
    ) -> Mapping[CertificationItem, datetime]:
        values = evidence_values(ledger_id)
        found: dict[CertificationItem, datetime] = {}
        with self.database.reading_of(ledger_id) as connection:
            for item in items & EVIDENCE.keys():
                at = connection.exec_driver_sql(EVIDENCE[item], values).scalar()
                if at is not None:
                    found[item] = at
        return found
