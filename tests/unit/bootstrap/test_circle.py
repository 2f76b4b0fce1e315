"""The demo's own account of its wallets: what it takes for right, and what for off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from payflow_bootstrap.demo.circle import Circle, Due, Off, Payment, Unready, Wallet
from payflow_bootstrap.demo.client import Client
from tests.builders.http_client import Json
from tests.builders.scripted_api import scripted_api

ADA = Wallet("wal_ada", "Ada")
MADE = "txn_made"

Use = Callable[[Circle], object]


def balance(posted: int, pending: int = 0, available: int | None = None) -> Json:
    return {
        "posted": posted,
        "pending": pending,
        "available": posted if available is None else available,
    }


def told(status: str, after: Json, **members: object) -> Json:
    """Return a transaction as an answer tells it, with what it left in the wallet."""
    return {"id": MADE, "status": status, "balances": [{"walletId": ADA.id, **after}], **members}


@contextmanager
def circle(
    *, answer: tuple[int, Json] = (500, {}), after: Json, status: str = "pending", funds: int = 0
) -> Iterator[Circle]:
    """A circle of Ada, who had ``funds``.

    The API answers every POST with ``answer``, tells ``after`` for her balance, and that the
    transaction has ``status``.
    """

    def script(method: str, path: str) -> tuple[int, Json]:
        if method == "POST":
            return answer
        if path.startswith("/transactions/"):
            return 200, {"id": MADE, "status": status, "reversedAmount": 0}
        return 200, after

    with scripted_api(script) as base_url:
        client = Client(base_url, "sk_test_pf_any")
        yield Circle(client, "a run", [ADA], {ADA.id: Due(funds)})
        client.close()


def pay_in(circle: Circle) -> object:
    return circle.pay_in(ADA, 50, "pm_card_visa", "In")


def pay_in_later(circle: Circle) -> object:
    return circle.pay_in_later(ADA, 50, "pm_async_success", "In")


def pay_out(circle: Circle) -> object:
    return circle.pay_out(ADA, 50, "ba_paid", "Out")


def be_declined(circle: Circle) -> object:
    return circle.be_declined(ADA, 50, "pm_card_chargeDeclined", "In")


DECLINED = {
    "code": "card_declined",
    "transaction": told("failed", balance(0), failure={"code": "card_declined"}),
}


@pytest.mark.parametrize(
    ("use", "answer", "after", "funds"),
    [
        (pay_in, (201, told("completed", balance(50))), balance(50), 0),
        (pay_in_later, (202, told("pending", balance(0, 50))), balance(0, 50), 0),
        (pay_out, (202, told("pending", balance(50, -50, 0))), balance(50, -50, 0), 50),
        (be_declined, (402, DECLINED), balance(0), 0),
    ],
)
def test_what_is_as_it_should_be_is_counted(
    use: Use, answer: tuple[int, Json], after: Json, funds: int
) -> None:
    with circle(answer=answer, after=after, funds=funds) as played:
        use(played)

        assert played.checks == 1


@pytest.mark.parametrize(
    ("use", "answer", "after", "funds"),
    [
        # What is pending, and what is available meanwhile.
        (pay_in_later, (202, told("pending", balance(0, 50))), balance(0), 0),
        (pay_in_later, (202, told("pending", balance(0, 50))), balance(0, 50, 50), 0),
        (pay_out, (202, told("pending", balance(50, -50, 0))), balance(50, -50), 50),
        (pay_out, (202, told("pending", balance(50, -50, 0))), balance(0), 50),
        # What the answer itself tells.
        (pay_in, (201, told("completed", balance(0))), balance(50), 0),
        (pay_in_later, (202, told("pending", balance(50))), balance(0, 50), 0),
        (pay_out, (202, told("pending", balance(50))), balance(50, -50, 0), 50),
        # How far the answer says that it is.
        (pay_in, (202, told("pending", balance(0, 50))), balance(0, 50), 0),
        (pay_in_later, (201, told("completed", balance(50))), balance(50), 0),
        (pay_out, (202, told("completed", balance(50, -50, 0))), balance(50, -50, 0), 50),
        # What a refusal says of itself.
        (be_declined, (402, {"code": "card_declined"}), balance(0), 0),
        (be_declined, (402, {**DECLINED, "code": "lost_card"}), balance(0), 0),
        (be_declined, (402, DECLINED), balance(50), 0),
        (be_declined, (422, DECLINED), balance(0), 0),
    ],
)
def test_anything_else_is_off(use: Use, answer: tuple[int, Json], after: Json, funds: int) -> None:
    with circle(answer=answer, after=after, funds=funds) as played, pytest.raises(Off):
        use(played)


def test_a_payment_that_has_moved_on_meanwhile_is_not_off() -> None:
    answer = (202, told("pending", balance(0, 50)))
    with circle(answer=answer, after=balance(50), status="completed") as played:
        payment = played.pay_in_later(ADA, 50, "pm_async_success", "In")
        assert played.checks == 0

        played.await_end(payment)

        assert played.checks == 1
        assert played.due[ADA.id] == Due(50)


@pytest.mark.parametrize(("status", "after"), [("failed", balance(0)), ("completed", balance(40))])
def test_a_payment_that_ends_otherwise_is_off(status: str, after: Json) -> None:
    with circle(after=after, status=status) as played:
        payment = Payment(MADE, ADA, 50)
        played.moving[ADA.id] = payment, "pending"

        with pytest.raises(Off):
            played.await_end(payment)


def test_a_payout_that_comes_back_in_part_is_off() -> None:
    with circle(after=balance(50), status="reversed") as played:
        payment = Payment(MADE, ADA, -50)
        played.moving[ADA.id] = payment, "completed"

        with pytest.raises(Off):
            played.await_return(payment)


def test_a_payment_that_stays_pending_says_nothing_of_the_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("payflow_bootstrap.demo.circle.PAYMENT_TIMEOUT_S", 0.2)
    answer = (202, told("pending", balance(0, 50)))
    with circle(answer=answer, after=balance(0, 50)) as played:
        payment = played.pay_in_later(ADA, 50, "pm_async_success", "In")

        with pytest.raises(Unready, match="payflow worker"):
            played.await_end(payment)


def test_an_api_without_a_gateway_is_not_off() -> None:
    answer: tuple[int, Json] = (409, {"code": "gateway_not_configured"})
    with circle(answer=answer, after=balance(0)) as played, pytest.raises(Unready):
        pay_in(played)
