"""Books that must not change, whatever is asked, and the form of the answer to what is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from string import Template

from attrs import frozen

from tests.builders.api_server import ApiServer, Partner, transfer
from tests.builders.http_client import Answer

UNKNOWN_WALLET = "wal_01jd0000000000000000000000"
UNKNOWN_TRANSACTION = "txn_01jd0000000000000000000000"
TRANSFER = '{"fromWalletId":"$rich","toWalletId":"$poor","amount":100,"currency":"EUR"}'

_MEMBER_NAMES = {"type", "title", "status", "detail", "code", "requestId", "errors"}


@frozen
class Books:
    """A ledger with one object of each kind, by what ``routes`` call them."""

    partner: Partner
    objects: dict[str, str]


@frozen
class Scene:
    """A partner, a stranger, the partner's live ledger, and names for what is in their books."""

    api: ApiServer
    mine: Books
    theirs: Books
    live: Books
    ids: dict[str, str]

    @property
    def partner(self) -> Partner:
        return self.mine.partner

    @property
    def stranger(self) -> Partner:
        return self.theirs.partner

    def fill(self, text: str) -> str:
        """Put ids in the place of names such as $rich."""
        return Template(text).substitute(self.ids)

    def post(self, path: str, body: object, key: str | None = None) -> Answer:
        """Post to a path, a body as text; names in both are filled in."""
        content = self.fill(body).encode() if isinstance(body, str) else body
        return self.partner.client.post(self.fill(path), content, key)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        before = self.api.footprint()
        yield
        assert self.api.footprint() == before


def set_scene(api: ApiServer) -> Scene:
    """Open wallets: rich has 900 EUR, poor 100 EUR, the others 1000 of what they are called."""
    partner = api.new_partner()
    mine = keep_books(partner, "poor")
    theirs = keep_books(api.new_partner("Another"), "theirs")
    ids = {
        "rich": mine.objects["wallet_id"],
        "poor": mine.objects["other_wallet_id"],
        "dollars": partner.wallet(1000, "USD"),
        "foreign": theirs.objects["wallet_id"],
        "made": mine.objects["transaction_id"],
        "foreign_made": theirs.objects["transaction_id"],
        "unknown": UNKNOWN_WALLET,
        "unknown_made": UNKNOWN_TRANSACTION,
    }
    return Scene(api, mine, theirs, keep_books(api.live_of(partner), "real"), ids)


def keep_books(partner: Partner, external_id: str) -> Books:
    """Make an object of each kind in the ledger that the partner's key opens."""
    wallet, other = partner.wallet(1000), partner.wallet(externalWalletId=external_id)
    endpoint = partner.client.post("/webhook-endpoints", {"url": "https://example.com/hook"})
    endpoint_id = endpoint.json["id"]
    delivery = partner.client.post(f"/webhook-endpoints/{endpoint_id}/test", {})
    objects = {
        "endpoint_id": endpoint_id,
        "delivery_id": delivery.json["id"],
        "key_id": partner.client.get("/api-keys").json["data"][0]["id"],
        "wallet_id": wallet,
        "other_wallet_id": other,
        "external_wallet_id": external_id,
        "transaction_id": partner.client.post("/transfers", transfer(wallet, other)).json["id"],
    }
    return Books(partner, objects)


def assert_problem(answer: Answer, status: int, code: str) -> None:
    """Check the form that every problem has."""
    told = answer.json
    assert (answer.status, told["code"]) == (status, code), told
    assert told.keys() >= _MEMBER_NAMES
    assert told["status"] == status
    assert told["type"] == f"urn:payflow:problem:{code}"
    assert told["requestId"] == answer.headers["Payflow-Request-Id"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def faults(answer: Answer) -> list[str]:
    """Return where each fault of a body is, and its code."""
    return [f"{fault['pointer']} {fault['code']}" for fault in answer.json["errors"]]


def query_faults(answer: Answer) -> list[str]:
    """Return the parameter of each fault of a query, and its code."""
    return [f"{fault['parameter']} {fault['code']}" for fault in answer.json["errors"]]
