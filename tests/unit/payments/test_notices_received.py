"""What gateways tell: who is believed, and that each thing told takes effect once."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from payflow_adapters.gateways.chosen import Gateways
from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_domain.access.security import SecurityEventKind
from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import AccountKind, Balance
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import InvalidNotice
from payflow_domain.payments.model import (
    ANSWER_TIMEOUT,
    KeptNotice,
    NoticeNotFound,
    NoticeStatus,
    PaymentStatus,
)
from tests.builders.payments import AMOUNT, LATER, PayFlow
from tests.builders.perils import Killed, PerilousGateway

CHARGED = Balance(AMOUNT, 0, AMOUNT)
PENDING = Balance(0, AMOUNT, 0)


def _asynchronously(payflow: PayFlow, wallet: AccountId) -> SignedNotice:
    """Charge, and return the notice that tells of the outcome."""
    payflow.charge(wallet, "pm_async_success")
    payflow.wait()
    *_, last = payflow.take_notices()
    return last


def _kept_and_not_booked(payflow: PayFlow, wallet: AccountId) -> KeptNotice:
    """Let the process die as soon as it has kept the notice of a charge's outcome."""
    notice = _asynchronously(payflow, wallet)
    payflow.perils.kill_at = "after commit"
    with pytest.raises(Killed):
        payflow.receive([notice])
    (kept,) = payflow.store.waiting_notices(10)
    return kept


def _everything_that_happens(payflow: PayFlow) -> None:
    """Do one of each thing that a gateway tells of."""
    wallet = payflow.wallet(AMOUNT)
    payflow.charge(wallet, "pm_async_success")
    payflow.charge(wallet, "pm_card_createDisputeWon")
    payflow.refund(payflow.charge(wallet, "pm_card_refundFail").id)
    payflow.pay_out(wallet, "ba_returned_late", 1_000)
    payflow.mock.refund_outside(payflow.gateway_id(payflow.charge(wallet).id), 1_000)


def _replay(payflow: PayFlow, kept: KeptNotice) -> KeptNotice:
    return payflow.notices.replay(kept.gateway, kept.environment, kept.id)


def test_a_notice_is_kept_as_it_came(payflow: PayFlow, wallet: AccountId) -> None:
    notice = _asynchronously(payflow, wallet)

    (kept,) = payflow.receive([notice])

    assert kept == KeptNotice(
        gateway="mock",
        environment=Environment.SANDBOX,
        id=notice.id,
        type="charge.succeeded",
        payload=notice.payload,
        received_at=payflow.clock.now(),
        status=NoticeStatus.APPLIED,
        deliveries=1,
    )
    assert payflow.store.notice("mock", Environment.SANDBOX, notice.id) == kept


def test_each_delivery_is_counted_and_only_the_first_takes_effect(
    payflow: PayFlow, wallet: AccountId
) -> None:
    notice = _asynchronously(payflow, wallet)
    payflow.receive([notice])
    before = payflow.everything()

    kept = payflow.receive([notice, notice])

    assert [each.deliveries for each in kept] == [2, 3]
    assert payflow.everything() == before
    assert payflow.balance(wallet) == CHARGED


@pytest.mark.parametrize(
    "arrange",
    [
        lambda notices: [each for each in notices for _ in range(2)],
        lambda notices: [*notices, *notices],
        lambda notices: notices[::-1],
        lambda notices: [*notices[::-1], *notices],
    ],
    ids=["each twice", "all twice", "backwards", "backwards and again"],
)
def test_however_often_and_in_whatever_order_they_come_notices_take_effect_once(
    payflow: PayFlow, arrange: Callable[[list[SignedNotice]], list[SignedNotice]]
) -> None:
    _everything_that_happens(payflow)
    payflow.wait(2 * LATER)

    payflow.receive(arrange(payflow.take_notices()))

    assert payflow.store.waiting_notices(10) == []
    assert payflow.is_in_step
    assert payflow.reconcile().unmatched == []


def test_a_notice_may_come_before_the_call_has_returned(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.perils.kill_at = "after charge"
    with pytest.raises(Killed):
        payflow.charge(wallet)

    payflow.deliver()

    (made,) = payflow.transactions()
    assert payflow.payment(made).status is PaymentStatus.SUCCEEDED
    assert payflow.balance(wallet) == CHARGED
    payflow.wait(ANSWER_TIMEOUT)
    assert payflow.work() == 0


def test_a_notice_that_it_is_pending_changes_nothing(payflow: PayFlow, wallet: AccountId) -> None:
    told = payflow.charge(wallet, "pm_async_success")
    before = payflow.payment(told.id)

    (kept,) = payflow.deliver()

    assert kept.status is NoticeStatus.APPLIED
    assert payflow.payment(told.id) == before
    assert payflow.balance(wallet) == PENDING


def test_a_notice_of_an_unknown_type_is_kept_and_ignored(payflow: PayFlow) -> None:
    payload = json.dumps(
        {
            "id": "evt_future",
            "type": "invention.patented",
            "environment": "sandbox",
            "createdAt": "2026-01-31T12:00:00.000000Z",
            "report": None,
        }
    ).encode()

    kept = payflow.notices.receive(payload, payflow.mock.sign(payload, payflow.clock.now()))

    assert (kept.type, kept.status) == ("invention.patented", NoticeStatus.IGNORED)
    assert kept.payload == payload
    assert payflow.transactions() == []


def test_a_payment_that_is_not_ours_is_kept_and_ignored(
    payflow: PayFlow, wallet: AccountId
) -> None:
    notice = _asynchronously(payflow, wallet)
    payload = notice.payload.replace(b"mock_ch_", b"else_ch_").replace(b"txn_0", b"txn_1")
    before = payflow.balance(wallet)

    kept = payflow.notices.receive(payload, payflow.mock.sign(payload, payflow.clock.now()))

    assert kept.status is NoticeStatus.IGNORED
    assert payflow.balance(wallet) == before


@pytest.mark.parametrize("fault", ["signature", "payload", "age"])
def test_what_the_gateway_did_not_sign_is_refused_and_reported(
    payflow: PayFlow, wallet: AccountId, fault: str
) -> None:
    notice = _asynchronously(payflow, wallet)
    payload, signature = notice.payload, notice.signature
    if fault == "signature":
        signature = payflow.mock.sign(payload + b" ", payflow.clock.now())
    elif fault == "payload":
        payload = payload.replace(b"5000", b"5001")
    else:
        payflow.wait(timedelta(hours=1))
    before = payflow.everything()

    with pytest.raises(InvalidNotice):
        payflow.notices.receive(payload, signature, "203.0.113.9")

    assert payflow.everything() == before
    (event,) = payflow.store.security_events(10)
    assert event.kind is SecurityEventKind.INVALID_NOTICE
    assert (event.at, event.address) == (payflow.clock.now(), "203.0.113.9")
    assert signature not in str(event)
    assert payflow.balance(wallet) == PENDING


def test_a_gateway_tells_nothing_of_the_other_environment(
    payflow: PayFlow, wallet: AccountId
) -> None:
    notice = _asynchronously(payflow, wallet)
    live = PerilousGateway(payflow.mock, payflow.perils, "stripe", Environment.LIVE)
    notices = evolve(payflow.notices, gateway_of=Gateways(sandbox=None, live=live))
    before = payflow.everything()

    with pytest.raises(InvalidNotice):
        notices.receive(notice.payload, notice.signature)

    assert payflow.everything() == before
    (event,) = payflow.store.security_events(10)
    assert event.kind is SecurityEventKind.FOREIGN_NOTICE
    assert event.facts == {"notice": notice.id}


def test_without_a_gateway_no_notice_is_believed(payflow: PayFlow, wallet: AccountId) -> None:
    notice = _asynchronously(payflow, wallet)
    notices = evolve(payflow.notices, gateway_of=Gateways(sandbox=None, live=None))

    with pytest.raises(InvalidNotice):
        notices.receive(notice.payload, notice.signature)


def test_a_replay_changes_nothing_that_is_booked(payflow: PayFlow) -> None:
    _everything_that_happens(payflow)
    payflow.wait(2 * LATER)
    kept = payflow.deliver()
    before = payflow.everything()

    again = [_replay(payflow, notice) for notice in kept]

    assert {notice.status for notice in again} == {NoticeStatus.APPLIED}
    assert payflow.everything() == before


def test_a_replay_books_what_could_not_be_booked(payflow: PayFlow, wallet: AccountId) -> None:
    kept = _kept_and_not_booked(payflow, wallet)

    assert _replay(payflow, kept).status is NoticeStatus.APPLIED
    assert payflow.balance(wallet) == CHARGED


@pytest.mark.parametrize("steps", range(1, 10))
def test_a_notice_takes_effect_once_wherever_the_process_dies(
    payflow: PayFlow, wallet: AccountId, steps: int
) -> None:
    notice = _asynchronously(payflow, wallet)
    payflow.perils.kill_in = steps
    with pytest.raises(Killed):
        payflow.receive([notice])

    payflow.receive([notice])
    payflow.work()

    assert payflow.balance(wallet) == CHARGED
    assert payflow.is_in_step
    assert payflow.store.waiting_notices(10) == []


def test_what_was_kept_and_not_booked_is_booked_by_the_worker(
    payflow: PayFlow, wallet: AccountId
) -> None:
    _kept_and_not_booked(payflow, wallet)
    assert payflow.balance(wallet) == PENDING

    assert payflow.notices.retry_received() == 1

    assert payflow.balance(wallet) == CHARGED


def test_a_notice_that_is_not_kept_is_not_replayed(payflow: PayFlow) -> None:
    with pytest.raises(NoticeNotFound) as refusal:
        payflow.notices.replay("mock", Environment.SANDBOX, "evt_1")

    assert refusal.value.subject == "evt_1"


def test_a_notice_of_a_gateway_that_is_gone_waits(payflow: PayFlow, wallet: AccountId) -> None:
    _kept_and_not_booked(payflow, wallet)
    notices = evolve(payflow.notices, gateway_of=Gateways(sandbox=None, live=None))

    assert notices.retry_received() == 0
    assert len(payflow.store.waiting_notices(10)) == 1


def test_one_notice_that_cannot_be_read_any_more_keeps_no_other_waiting(
    payflow: PayFlow, wallet: AccountId
) -> None:
    kept = _kept_and_not_booked(payflow, wallet)
    with payflow.store.begin() as uow:
        uow.add_notice(evolve(kept, id="evt_0", payload=b"{}"))

    assert payflow.notices.retry_received() == 1

    assert payflow.balance(wallet) == CHARGED
    assert [each.id for each in payflow.store.waiting_notices(10)] == ["evt_0"]


def test_clearing_agrees_at_every_moment(payflow: PayFlow) -> None:
    _everything_that_happens(payflow)
    payflow.deliver()
    for _ in range(3):
        payflow.wait()
        payflow.deliver()

    assert payflow.posted(AccountKind.PAYOUTS_IN_TRANSIT) == 0
    assert payflow.is_in_step
