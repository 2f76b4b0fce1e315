"""A savings circle: its wallets, what is done with them, and what must be in them then."""

import time
from collections.abc import Mapping
from http import HTTPStatus

from attrs import Factory, define, evolve, frozen

from payflow_bootstrap.demo.client import Answer, Client, Json, Unreachable, new_key

CURRENCY = "EUR"
PAYMENT_TIMEOUT_S = 30
"""How long a payment may be pending before the story is given up."""

_POLL_S = 0.1
_PENDING, _COMPLETED, _REVERSED = "pending", "completed", "reversed"


class Off(Exception):
    """PayFlow did not do what it should; the message says what was expected and what came."""


class Unready(Exception):
    """The story cannot be played here, now or with this key; the message says what it needs."""


@frozen
class Wallet:
    """A wallet and the name to tell it by."""

    id: str
    name: str


@frozen
class Due:
    """What must be in a wallet; ``coming`` and ``going`` are what pending payments move."""

    posted: int = 0
    coming: int = 0
    going: int = 0

    @property
    def balance(self) -> Json:
        """The balance that PayFlow must tell."""
        return {
            "posted": self.posted,
            "pending": self.coming - self.going,
            "available": self.posted - self.going,
        }

    def moved(self, amount: int) -> "Due":
        return evolve(self, posted=self.posted + amount)


@frozen
class Payment:
    """A payment through the gateway: the wallet it is of, and how much."""

    id: str
    wallet: Wallet
    amount: int


@define
class Circle:
    """Moves money into, between and out of the wallets it opened, and keeps its own account of it.

    After each movement it asks PayFlow for the balance of every wallet, and raises ``Off`` if one
    is not what its own arithmetic says. ``moving`` has the payment that a wallet waits for, and
    where that stood when it was last looked at.
    """

    client: Client
    run_id: str
    wallets: list[Wallet] = Factory(list)
    due: dict[str, Due] = Factory(dict)
    moving: dict[str, tuple[Payment, str]] = Factory(dict)
    checks: int = 0

    def open_wallet(self, name: str, user: str) -> Wallet:
        """Open a wallet for a user; external ids are this run's own."""
        body: Json = {
            "name": name,
            "currency": CURRENCY,
            "externalUserId": f"{self.run_id}-{user}",
            "externalWalletId": f"{self.run_id}-{user}-wallet",
            "metadata": {"demo": self.run_id},
        }
        opened = _done(self.client.post("/wallets", body, new_key()))
        wallet = Wallet(opened["id"], name)
        self.wallets.append(wallet)
        self.due[wallet.id] = Due()
        self.check()
        return wallet

    def pay_in(self, wallet: Wallet, amount: int, method: str, why: str) -> Payment:
        """Have a card charged, which the gateway decides at once, and credit the wallet."""
        made = _done(self._credit(wallet, amount, method, why))
        self.due[wallet.id] = self.due[wallet.id].moved(amount)
        self._check_told(made, wallet)
        self.check()
        return Payment(made["id"], wallet, amount)

    def be_declined(self, wallet: Wallet, amount: int, method: str, why: str) -> Json:
        """Have a card charged that the gateway declines; return the problem."""
        problem = expect(self._credit(wallet, amount, method, why), HTTPStatus.PAYMENT_REQUIRED)
        failed = problem.get("transaction") or {}
        if failed.get("status") != "failed" or failed.get("failure", {}).get("code") != problem.get(
            "code"
        ):
            raise Off(f"The refusal does not explain itself: {problem}.")
        self._check_told(failed, wallet)
        self.check()
        return problem

    def pay_in_later(self, wallet: Wallet, amount: int, method: str, why: str) -> Payment:
        """Begin to pay in by what takes its time; ``await_end`` waits for it."""
        made = _begun(self._credit(wallet, amount, method, why))
        self.due[wallet.id] = evolve(self.due[wallet.id], coming=amount)
        return self._wait_for(Payment(made["id"], wallet, amount), made)

    def pay_out(self, wallet: Wallet, amount: int, destination: str, why: str) -> Payment:
        """Begin to send money to a bank: it is held until ``await_end``."""
        body: Json = {
            "walletId": wallet.id,
            "amount": amount,
            "currency": CURRENCY,
            "destination": destination,
            "description": why,
        }
        made = _begun(self.client.post("/payouts", body, new_key()))
        self.due[wallet.id] = evolve(self.due[wallet.id], going=amount)
        return self._wait_for(Payment(made["id"], wallet, -amount), made)

    def await_end(self, payment: Payment) -> None:
        """Wait until a payment is completed."""
        found = self._await_change(payment)
        if found["status"] not in {_COMPLETED, _REVERSED}:
            raise Off(f"The payment did not complete: {found}.")
        due = self.due[payment.wallet.id]
        self.due[payment.wallet.id] = Due(due.posted + payment.amount)
        self.moving[payment.wallet.id] = payment, _COMPLETED
        self.check()

    def await_return(self, payment: Payment) -> None:
        """Wait until the bank has sent a completed payout back."""
        found = self._await_change(payment)
        if found["status"] != _REVERSED or found["reversedAmount"] != -payment.amount:
            raise Off(f"The payout did not come back: {found}.")
        self.due[payment.wallet.id] = self.due[payment.wallet.id].moved(-payment.amount)
        del self.moving[payment.wallet.id]
        self.check()

    def refund(self, payment: Payment, amount: int, why: str) -> None:
        """Give part of what was paid in back to the card."""
        body: Json = {"amount": amount, "description": why}
        path = f"/transactions/{payment.id}/reverse"
        made = _done(self.client.post(path, body, new_key()))
        self.due[payment.wallet.id] = self.due[payment.wallet.id].moved(-amount)
        self._check_told(made, payment.wallet)
        self.check()

    def transfer(self, source: Wallet, target: Wallet, amount: int, why: str) -> tuple[str, Answer]:
        """Move money; return the idempotency key that was used, and the answer."""
        key = new_key()
        answer = self.ask_transfer(source, target, amount, why, key)
        _done(answer)
        self.due[source.id] = self.due[source.id].moved(-amount)
        self.due[target.id] = self.due[target.id].moved(amount)
        self.check()
        return key, answer

    def ask_transfer(
        self, source: Wallet, target: Wallet, amount: int, why: str, key: str
    ) -> Answer:
        """Ask for a transfer, whatever the answer."""
        body: Json = {
            "fromWalletId": source.id,
            "toWalletId": target.id,
            "amount": amount,
            "currency": CURRENCY,
            "description": why,
        }
        return self.client.post("/transfers", body, key)

    def check(self) -> None:
        """Compare every balance with what is due; raises ``Off``.

        A wallet whose payment has moved on since it was looked at is left for the next time.
        """
        for wallet in self.wallets:
            have, want = _figures(self.balance(wallet)), self.due[wallet.id].balance
            if have == want:
                self.checks += 1
            elif not self._has_moved_on(wallet):
                raise Off(f"{wallet.name} ({wallet.id}): the balance is {have}, not {want}.")

    def balance(self, wallet: Wallet) -> Json:
        """Ask for the balance of a wallet."""
        return expect(self.client.get(f"/wallets/{wallet.id}/balance"), HTTPStatus.OK)

    def _credit(self, wallet: Wallet, amount: int, method: str, why: str) -> Answer:
        body: Json = {
            "amount": amount,
            "currency": CURRENCY,
            "paymentMethod": method,
            "description": why,
        }
        return self.client.post(f"/wallets/{wallet.id}/credit", body, new_key())

    def _wait_for(self, payment: Payment, made: Json) -> Payment:
        self.moving[payment.wallet.id] = payment, _PENDING
        self._check_told(made, payment.wallet)
        self.check()
        return payment

    def _await_change(self, payment: Payment) -> Json:
        """Return a payment once it stands elsewhere than when it was last looked at."""
        _, before = self.moving[payment.wallet.id]
        deadline = time.monotonic() + PAYMENT_TIMEOUT_S
        while time.monotonic() < deadline:
            found = self._payment(payment)
            if found["status"] != before:
                return found
            time.sleep(_POLL_S)
        raise Unready(
            f"{payment.id} is still {before} after {PAYMENT_TIMEOUT_S} s: is `payflow worker` "
            "running, and the gateway the mock?"
        )

    def _payment(self, payment: Payment) -> Json:
        return expect(self.client.get(f"/transactions/{payment.id}"), HTTPStatus.OK)

    def _has_moved_on(self, wallet: Wallet) -> bool:
        if wallet.id not in self.moving:
            return False
        payment, before = self.moving[wallet.id]
        return bool(self._payment(payment).get("status") != before)

    def _check_told(self, made: Json, wallet: Wallet) -> None:
        """Compare the balance that an answer tells with what is due; raises ``Off``."""
        want = [{"walletId": wallet.id, **self.due[wallet.id].balance}]
        if made.get("balances") != want:
            raise Off(f"{wallet.name}: the answer has {made.get('balances')}, not {want}.")


def expect(answer: Answer, status: int) -> Json:
    """Return the body of an answer that has ``status``; raises ``Off``, and ``Unready``."""
    if answer.status == status:
        return answer.json
    body = answer.body[:1000].decode(errors="replace")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unready(f"PayFlow cannot serve now ({answer.status}), play it later: {body}")
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        code = _code(answer)
        if code is None:
            raise Unready(f"It is not PayFlow that answers {answer.status}; see --base-url: {body}")
        if code in _NEEDED:
            raise Unready(f"{_NEEDED[code]}: {body}")
    raise Off(f"The answer is {answer.status}, not {status}: {body}")


_NEEDED: Mapping[str, str] = {
    "gateway_not_configured": "The story needs a payment gateway, the mock's",
    "invalid_api_key": "The API key was refused; see --api-key and --data-dir",
    "missing_permission": "The story needs an API key with all permissions",
    "partner_closed": "The story needs an API key of another partner",
    "partner_suspended": "The story needs an API key of another partner",
    "rate_limited": "The ledger's limit of requests is used up, play it later",
}
"""What is said of a refusal that has nothing to do with the books, by its code."""


def _code(answer: Answer) -> str | None:
    """Return the code of a problem; ``None`` where it is none of PayFlow's."""
    try:
        code = answer.json.get("code")
    except Unreachable:
        return None
    return code if isinstance(code, str) else None


def _done(answer: Answer) -> Json:
    return _standing(expect(answer, HTTPStatus.CREATED), {_COMPLETED, "active"})


def _begun(answer: Answer) -> Json:
    return _standing(expect(answer, HTTPStatus.ACCEPTED), {_PENDING})


def _standing(made: Json, statuses: set[str]) -> Json:
    if made.get("status") not in statuses:
        raise Off(f"The answer has status {made.get('status')!r}: {made}.")
    return made


def _figures(balance: Json) -> Json:
    return {name: balance.get(name) for name in ("posted", "pending", "available")}
