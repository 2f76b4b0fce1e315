"""Notices that cannot be booked yet: how long they wait, and for what."""

import pytest
from attrs import evolve

from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_domain.ids import AccountId
from payflow_domain.ledger.accounts import AccountKind
from payflow_domain.money import Money
from payflow_domain.payments.gateway import MovementKind, Sought
from payflow_domain.payments.model import (
    ANSWER_TIMEOUT,
    NEVER_SEEN_AFTER,
    NOTICE_WAITS_MAX,
    NoticeStatus,
)
from tests.builders.payments import AMOUNT, PayFlow, render
from tests.builders.perils import Killed
from tests.builders.times import TICK


def _dispute_of_a_charge_that_is_not_booked(
    payflow: PayFlow, wallet: AccountId
) -> list[SignedNotice]:
    payflow.perils.kill_at = "after charge"
    with pytest.raises(Killed):
        payflow.charge(wallet, "pm_card_createDispute")
    payflow.wait()
    return [notice for notice in payflow.take_notices() if b"dispute" in notice.payload]


def test_a_dispute_waits_for_its_charge(payflow: PayFlow, wallet: AccountId) -> None:
    kept = payflow.receive(_dispute_of_a_charge_that_is_not_booked(payflow, wallet))
    assert [notice.status for notice in kept] == [NoticeStatus.RECEIVED]

    payflow.wait(ANSWER_TIMEOUT)
    payflow.work()

    assert payflow.store.waiting_notices(10) == []
    assert payflow.balance(wallet).posted == 0
    assert payflow.is_in_step


def test_a_notice_is_tried_again_for_four_days_and_then_ignored(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.receive(_dispute_of_a_charge_that_is_not_booked(payflow, wallet))

    payflow.wait(NOTICE_WAITS_MAX)
    assert payflow.notices.retry_received() == 0
    assert len(payflow.store.waiting_notices(10)) == 1

    payflow.wait(TICK)
    assert payflow.notices.retry_received() == 1
    assert payflow.store.waiting_notices(10) == []
    assert len(payflow.store.notices(NoticeStatus.IGNORED, 10)) == 1


def test_an_old_notice_that_can_be_booked_now_is_booked(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.receive(_dispute_of_a_charge_that_is_not_booked(payflow, wallet))
    payflow.wait(NOTICE_WAITS_MAX + TICK)

    payflow.work()

    assert len(payflow.store.notices(NoticeStatus.APPLIED, 10)) == 1
    assert payflow.is_in_step


def test_a_late_charge_is_booked_as_it_was_ordered_whatever_is_reported(
    payflow: PayFlow, wallet: AccountId
) -> None:
    payflow.perils.is_blind = True
    payment = payflow.payment(payflow.charge(wallet, "pm_timeout_with_effect").id)
    payflow.wait(NEVER_SEEN_AFTER)
    payflow.work()
    report = payflow.mock.find(Sought(payment.kind, payment.transaction_id, payment.created_at))
    assert report is not None
    other = evolve(report, money=Money(AMOUNT - 1, "EUR"))

    payflow.resolver.desk.learn(payment, other, render)

    (leg,) = payflow.store.legs_at_gateway(
        "mock", payflow.actor.environment, [(MovementKind.CHARGE, report.gateway_id)]
    )
    assert payflow.posted(AccountKind.SUSPENSE) == leg.amount == AMOUNT
