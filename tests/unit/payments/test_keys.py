"""Idempotency keys of payments: one payment and one answer, whatever dies on the way."""

from collections.abc import Callable

import pytest
from attrs import frozen

from payflow_adapters.gateways.mock_values import Behaviour, Change, Trouble
from payflow_domain.ids import AccountId, TransactionId
from payflow_domain.ledger.errors import (
    IdempotencyInFlight,
    IdempotencyKeyReused,
    InsufficientFunds,
)
from payflow_domain.payments.gateway import GatewayUnavailable, ReportStatus, Sought
from payflow_domain.payments.model import ANSWER_TIMEOUT, NEVER_SEEN_AFTER, PaymentStatus
from tests.builders.payments import AMOUNT, PayFlow, Told, claim, render
from tests.builders.perils import Killed

FUNDS = 2 * AMOUNT
PART = 1_000
KEY = claim("key-1")
OTHER_REQUEST = claim("key-1", b"\x01" * 32)


@frozen
class Scene:
    """A wallet with money, and a charge into it."""

    payflow: PayFlow
    wallet: AccountId
    charge: TransactionId

    def made(self) -> list[TransactionId]:
        """Return what was made since, newest first."""
        return [each for each in self.payflow.transactions() if each > self.charge]


@pytest.fixture
def scene(payflow: PayFlow) -> Scene:
    wallet = payflow.wallet(FUNDS)
    return Scene(payflow, wallet, payflow.charge(wallet).id)


Ask = Callable[[Scene], Told]

ASK: dict[str, Ask] = {
    "charge": lambda scene: scene.payflow.charge(scene.wallet, key=KEY),
    "refund": lambda scene: scene.payflow.refund(scene.charge, PART, KEY),
    "payout": lambda scene: scene.payflow.pay_out(scene.wallet, key=KEY),
}
ENDING: dict[str, Ask] = {
    "succeeds": ASK["charge"],
    "is declined": lambda s: s.payflow.charge(s.wallet, "pm_card_chargeDeclined", key=KEY),
    "is pending": lambda s: s.payflow.charge(s.wallet, "pm_async_success", key=KEY),
    "has no answer": lambda s: s.payflow.charge(s.wallet, "pm_timeout_with_effect", key=KEY),
    "is refunded": ASK["refund"],
    "is paid out": ASK["payout"],
}

each_kind = pytest.mark.parametrize("kind", ASK)


@pytest.mark.parametrize("ask", ENDING.values(), ids=ENDING)
def test_the_same_key_is_answered_with_the_same_bytes_for_ever(scene: Scene, ask: Ask) -> None:
    first = ask(scene)
    again = [ask(scene)]
    scene.payflow.wait()
    scene.payflow.deliver()
    again.append(ask(scene))
    scene.payflow.wait(NEVER_SEEN_AFTER)
    scene.payflow.work()
    again.append(ask(scene))

    assert not first.is_replay
    assert [told.is_replay for told in again] == [True] * 3
    assert {told.answer for told in again} == {first.answer}
    assert scene.payflow.is_in_step


def test_the_same_key_for_another_request_is_refused(scene: Scene) -> None:
    scene.payflow.charge(scene.wallet, key=KEY)

    with pytest.raises(IdempotencyKeyReused):
        scene.payflow.charge(scene.wallet, amount=1, key=OTHER_REQUEST)


def test_a_refusal_leaves_the_key_free(scene: Scene) -> None:
    with pytest.raises(InsufficientFunds):
        scene.payflow.pay_out(scene.wallet, amount=10 * FUNDS, key=KEY)

    assert not scene.payflow.pay_out(scene.wallet, key=OTHER_REQUEST).is_replay


@each_kind
def test_a_gateway_that_is_away_leaves_the_key_free(scene: Scene, kind: str) -> None:
    scene.payflow.mock.fail_next(Trouble.UNAVAILABLE)
    with pytest.raises(GatewayUnavailable):
        ASK[kind](scene)

    told = ASK[kind](scene)

    assert not told.is_replay
    assert told.status in {"completed", "pending"}
    assert len(scene.made()) == 2


@each_kind
def test_while_the_first_request_waits_for_the_gateway_its_key_is_in_flight(
    scene: Scene, kind: str
) -> None:
    scene.payflow.perils.kill_at = f"before {kind}"
    with pytest.raises(Killed):
        ASK[kind](scene)

    with pytest.raises(IdempotencyInFlight):
        ASK[kind](scene)

    assert len(scene.made()) == 1


@each_kind
def test_a_request_that_died_after_the_gateway_is_answered_by_the_worker(
    scene: Scene, kind: str
) -> None:
    _die_at(scene, f"after {kind}", ASK[kind])

    scene.payflow.wait(ANSWER_TIMEOUT)
    assert scene.payflow.work() == 1

    told = ASK[kind](scene)
    assert (told.is_replay, told.status) == (True, "completed")
    assert scene.payflow.payment(told.id).status is PaymentStatus.SUCCEEDED
    assert scene.payflow.is_in_step


@each_kind
def test_a_request_that_died_before_the_gateway_is_answered_that_it_failed(
    scene: Scene, kind: str
) -> None:
    before = scene.payflow.balance(scene.wallet)
    _die_at(scene, f"before {kind}", ASK[kind])

    scene.payflow.wait(NEVER_SEEN_AFTER)
    scene.payflow.work()

    told = ASK[kind](scene)
    assert (told.is_replay, told.status, told.code) == (True, "failed", "gateway_timeout")
    assert scene.payflow.balance(scene.wallet) == before


def test_a_request_that_died_is_answered_although_the_outcome_is_not_known_yet(
    scene: Scene,
) -> None:
    pending, paid = Change(ReportStatus.PENDING), Change(ReportStatus.SUCCEEDED, after_s=3_600)
    scene.payflow.mock.script("ba_slow_bank", Behaviour((pending, paid)))

    def ask(scene: Scene) -> Told:
        return scene.payflow.pay_out(scene.wallet, "ba_slow_bank", key=KEY)

    _die_at(scene, "after payout", ask)
    scene.payflow.wait(ANSWER_TIMEOUT)

    scene.payflow.work()

    told = ask(scene)
    assert (told.is_replay, told.status) == (True, "pending")
    assert scene.payflow.payment(told.id).status is PaymentStatus.PENDING


def test_a_notice_answers_the_request_that_died(scene: Scene) -> None:
    _die_at(scene, "after charge", ASK["charge"])

    scene.payflow.deliver()

    told = ASK["charge"](scene)
    assert (told.is_replay, told.status) == (True, "completed")


def test_a_notice_that_it_is_pending_leaves_the_answer_to_the_request(scene: Scene) -> None:
    _die_at(scene, "after charge", ENDING["is pending"])

    scene.payflow.deliver()

    with pytest.raises(IdempotencyInFlight):
        ENDING["is pending"](scene)


def test_a_request_that_was_answered_meanwhile_is_told_that_answer(scene: Scene) -> None:
    _die_at(scene, "after charge", ASK["charge"])
    (made,) = scene.made()
    desk, waiting = scene.payflow.resolver.desk, scene.payflow.payment(made)
    answer = desk.answer_pending(waiting, render)
    found = scene.payflow.mock.find(Sought(waiting.kind, made, waiting.created_at))
    assert found is not None

    assert desk.learn(waiting, found, render) == answer

    assert scene.payflow.payment(made).status is PaymentStatus.SUCCEEDED
    assert ASK["charge"](scene) == Told(answer, is_replay=True)


@each_kind
@pytest.mark.parametrize("steps", range(1, 9))
def test_wherever_the_process_dies_there_is_one_payment_and_one_answer(
    scene: Scene, kind: str, steps: int
) -> None:
    scene.payflow.perils.kill_in = steps
    with pytest.raises(Killed):
        ASK[kind](scene)
    for _ in range(3):
        scene.payflow.wait(NEVER_SEEN_AFTER)
        scene.payflow.work()
        scene.payflow.deliver()

    first, again = ASK[kind](scene), ASK[kind](scene)

    assert again == Told(first.answer, is_replay=True)
    payments = [each for each in scene.made() if scene.payflow.store.payment_of(each)]
    assert payments == [first.id]
    scene.payflow.wait()
    scene.payflow.deliver()
    assert scene.payflow.is_in_step


def _die_at(scene: Scene, step: str, ask: Ask) -> None:
    scene.payflow.perils.kill_at = step
    with pytest.raises(Killed):
        ask(scene)
