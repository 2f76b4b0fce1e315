"""A sandbox in which things are made happen, each of them told."""

from collections.abc import Callable
from http import HTTPStatus

from attrs import Factory, define

from payflow_bootstrap.demo.client import Answer, Client, Json, new_key

CURRENCY = "EUR"
FUNDS = 1_000

_MADE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


class NotTriggered(Exception):
    """Something was not done as it was asked for; the message says what, and why."""


@define
class Sandbox:
    """Calls the API; ``touched`` are the ids of what it made or changed."""

    client: Client
    tell: Callable[[str], None]
    touched: set[str] = Factory(set)

    def open_wallet(self, funds: int = 0) -> str:
        """Open a wallet, credit it, and return its id."""
        wallet_id: str = self.post("/wallets", {"name": "Triggered", "currency": CURRENCY})["id"]
        if funds:
            self.credit(wallet_id, funds)
        return wallet_id

    def credit(self, wallet_id: str, amount: int, **more: str) -> Json:
        return self.post(f"/wallets/{wallet_id}/credit", _money(amount, more))

    def decline(self, wallet_id: str, amount: int, payment_method: str) -> None:
        """Credit by a card that is declined."""
        body = _money(amount, {"paymentMethod": payment_method})
        path = f"/wallets/{wallet_id}/credit"
        declined = self._told("POST", path, self.client.post(path, body, new_key()))
        self._expect(path, declined, {HTTPStatus.PAYMENT_REQUIRED})

    def debit(self, wallet_id: str, amount: int) -> Json:
        return self.post(f"/wallets/{wallet_id}/debit", _money(amount, {}))

    def pay_out(self, wallet_id: str, amount: int, destination: str) -> None:
        """Pay out to a bank, which may refuse it at once."""
        body = _money(amount, {"walletId": wallet_id, "destination": destination})
        answer = self._told("POST", "/payouts", self.client.post("/payouts", body, new_key()))
        self._expect("/payouts", answer, _MADE | {HTTPStatus.PAYMENT_REQUIRED})

    def post(self, path: str, body: Json) -> Json:
        """Post, and return what was made."""
        answer = self._told("POST", path, self.client.post(path, body, new_key()))
        return self._expect(path, answer, _MADE)

    def patch(self, path: str, body: Json) -> Json:
        answer = self._told("PATCH", path, self.client.patch(path, body))
        return self._expect(path, answer, _MADE)

    def delete(self, path: str) -> None:
        self._told("DELETE", path, self.client.delete(path))

    def _told(self, method: str, path: str, answer: Answer) -> Answer:
        made = answer.json.get("id", "") if answer.body else ""
        if made:
            self.touched.add(made)
        self.tell(f"{method:<6} {path}  {answer.status} {made}".rstrip())
        return answer

    def _expect(self, path: str, answer: Answer, statuses: frozenset[int] | set[int]) -> Json:
        told = answer.json
        if answer.status not in statuses:
            reason = told.get("detail", "")
            raise NotTriggered(f"{path} was answered {answer.status} {told.get('code')}: {reason}")
        return told


def _money(amount: int, more: Json) -> Json:
    return {"amount": amount, "currency": CURRENCY, **more}
