"""What an auditor asks of payments that have come to rest."""

from collections import Counter

from payflow_domain.ledger.accounts import AccountKind, Phase, Side
from payflow_domain.ledger.journal import link
from payflow_domain.ledger.ledgers import GENESIS
from payflow_domain.ledger.transactions import Status
from payflow_domain.payments.gateway import MovementKind, PaymentKind, ReportStatus, Sought
from payflow_domain.payments.model import Payment, PaymentStatus
from tests.builders.ledger import EUR
from tests.builders.payments import PayFlow

ASKED_FOR = "asked for "
"""How the description of whatever was asked for begins; what follows tells which request it is."""

_POSTS = frozenset({Phase.POSTED, Phase.SETTLED})
_PENDING = {Phase.POSTED: 0, Phase.HELD: 1, Phase.SETTLED: -1, Phase.VOIDED: -1}
_MOVEMENT = {
    PaymentKind.CHARGE: MovementKind.CHARGE,
    PaymentKind.REFUND: MovementKind.REFUND,
    PaymentKind.PAYOUT: MovementKind.PAYOUT,
    PaymentKind.DISPUTE: MovementKind.DISPUTE,
}
_AT_GATEWAY = {
    PaymentStatus.SUCCEEDED: ReportStatus.SUCCEEDED,
    PaymentStatus.FAILED: ReportStatus.FAILED,
    PaymentStatus.RETURNED: ReportStatus.FAILED,
    PaymentStatus.WON: ReportStatus.WON,
    PaymentStatus.LOST: ReportStatus.LOST,
}


def check_books(payflow: PayFlow) -> None:
    """Counters are the sums of the entries, debits are the credits, no wallet is overdrawn."""
    tables = payflow.store._tables
    sums: Counter[tuple[str, Side, str]] = Counter()
    for entry in tables.entries.values():
        posted = entry.amount if entry.phase in _POSTS else 0
        sums[entry.account_id, entry.side, "posted"] += posted
        sums[entry.account_id, entry.side, "pending"] += entry.amount * _PENDING[entry.phase]
    net: Counter[str] = Counter()
    for account in tables.accounts.values():
        counters = account.counters
        assert counters.debits_posted == sums[account.id, Side.DEBIT, "posted"]
        assert counters.credits_posted == sums[account.id, Side.CREDIT, "posted"]
        assert counters.debits_pending == sums[account.id, Side.DEBIT, "pending"]
        assert counters.credits_pending == sums[account.id, Side.CREDIT, "pending"]
        net["posted"] += counters.debits_posted - counters.credits_posted
        net["pending"] += counters.debits_pending - counters.credits_pending
        if account.kind is AccountKind.WALLET:
            assert account.balance.posted >= account.balance.available >= 0
    assert not any(net.values())


def check_journal(payflow: PayFlow) -> None:
    """Every event is linked to the one before it, up to the ledger's head."""
    ledger = payflow.store.ledger(payflow.actor.ledger_id)
    assert ledger is not None
    head = GENESIS
    for number, event in enumerate(payflow.store.events(ledger.id, 0, ledger.sequence), 1):
        head = link(head, event.body)
        assert (event.sequence, event.hash) == (number, head)
    assert ledger.head == head


def check_nothing_is_pending(payflow: PayFlow) -> None:
    tables = payflow.store._tables
    assert [one for one in tables.transactions.values() if one.status is Status.PENDING] == []
    assert [one for one in tables.payments.values() if one.status is PaymentStatus.PENDING] == []
    assert [one for one in tables.payments.values() if one.next_attempt_at or one.claim] == []
    assert [key for key in tables.spent.values() if key and key.spent.answer is None] == []
    assert payflow.store.waiting_notices(1) == []
    assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0
    for account in tables.accounts.values():
        assert account.balance.pending == 0
    for transaction in tables.transactions.values():
        assert transaction.reversing_amount == 0


def check_gateway_agrees(payflow: PayFlow) -> None:
    """Line by line and payment by payment; and clearing is what the gateway holds, less fees."""
    payflow.reconcile()
    reconciliation = payflow.reconcile()
    assert (reconciliation.unmatched, reconciliation.fees_booked) == ([], 0)
    held = payflow.mock.held(EUR)
    assert payflow.posted(AccountKind.GATEWAY_FEES) == held.fees
    assert payflow.posted(AccountKind.GATEWAY_CLEARING) == held.balance - held.fees
    for payment in payflow.store._tables.payments.values():
        _check_payment(payflow, payment)


def check_nothing_moved_twice(payflow: PayFlow) -> None:
    """What was asked for once has moved money once at most."""
    moved: Counter[str] = Counter()
    for payment in payflow.store._tables.payments.values():
        words = payflow.transaction(payment.transaction_id).description or ""
        if words.startswith(ASKED_FOR):
            moved[words] += _has_moved(payflow, payment)
    assert set(moved.values()) <= {0, 1}


def _check_payment(payflow: PayFlow, payment: Payment) -> None:
    """A payment stands as at the gateway, but for a charge that is kept in suspense."""
    sought = Sought(payment.kind, payment.transaction_id, payment.created_at, payment.gateway_id)
    found = payflow.mock.find(sought)
    if found is None:
        assert payment.status is PaymentStatus.FAILED
        return
    assert found.money == payment.money
    is_failed_charge = (payment.kind, payment.status) == (PaymentKind.CHARGE, PaymentStatus.FAILED)
    if is_failed_charge and _has_moved(payflow, payment):
        assert found.status is ReportStatus.SUCCEEDED
    else:
        assert found.status is _AT_GATEWAY[payment.status]


def _has_moved(payflow: PayFlow, payment: Payment) -> bool:
    """Tell whether it is booked that the gateway has moved money for it."""
    wanted = [(_MOVEMENT[payment.kind], payment.gateway_id or "")]
    return bool(payflow.store.legs_at_gateway(payment.gateway, payment.environment, wanted))
