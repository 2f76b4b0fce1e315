"""A savings circle: its wallets, what is done with them, and what must be in them then."""

from attrs import Factory, define, frozen

from payflow_bootstrap.demo.client import Answer, Client, Json, new_key

CURRENCY = "EUR"


class Off(Exception):
    """PayFlow did not do what it should; the message says what was expected and what came."""


@frozen
class Wallet:
    """A wallet and the name to tell it by."""

    id: str
    name: str


@define
class Circle:
    """Moves money between the wallets it opened, and keeps its own account of it.

    After each movement it asks PayFlow for the balance of every wallet, and raises ``Off`` if one
    is not what its own arithmetic says.
    """

    client: Client
    run_id: str
    wallets: list[Wallet] = Factory(list)
    due: dict[str, int] = Factory(dict)
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
        opened = self._done(self.client.post("/wallets", body, new_key()))
        wallet = Wallet(opened["id"], name)
        self.wallets.append(wallet)
        self.due[wallet.id] = 0
        self.check()
        return wallet

    def credit(self, wallet: Wallet, amount: int, why: str) -> None:
        """Put money into a wallet out of the partner's settlement."""
        body: Json = {"amount": amount, "currency": CURRENCY, "description": why}
        self._done(self.client.post(f"/wallets/{wallet.id}/credit", body, new_key()))
        self.due[wallet.id] += amount
        self.check()

    def transfer(self, source: Wallet, target: Wallet, amount: int, why: str) -> tuple[str, Answer]:
        """Move money; return the idempotency key that was used, and the answer."""
        key = new_key()
        answer = self.ask_transfer(source, target, amount, why, key)
        self._done(answer)
        self.due[source.id] -= amount
        self.due[target.id] += amount
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
        """Compare every balance with what is due; raises ``Off``."""
        for wallet in self.wallets:
            found, due = self.balance(wallet), self.due[wallet.id]
            have = {name: found.get(name) for name in ("posted", "pending", "available")}
            want = {"posted": due, "pending": 0, "available": due}
            if have != want:
                raise Off(f"{wallet.name} ({wallet.id}): the balance is {have}, not {want}.")
            self.checks += 1

    def balance(self, wallet: Wallet) -> Json:
        """Ask for the balance of a wallet."""
        return expect(self.client.get(f"/wallets/{wallet.id}/balance"), 200)

    def _done(self, answer: Answer) -> Json:
        made = expect(answer, 201)
        if made.get("status") not in {"completed", "active"}:
            raise Off(f"The answer has status {made.get('status')!r}: {answer.body!r}.")
        return made


def expect(answer: Answer, status: int) -> Json:
    """Return the body of an answer that has ``status``; raises ``Off``."""
    if answer.status != status:
        body = answer.body[:1000].decode(errors="replace")
        raise Off(f"The answer is {answer.status}, not {status}: {body}")
    return answer.json
