"""A real API server: ``payflow serve`` in a process of its own, on a real database."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from attrs import field, frozen

from payflow_adapters.postgres.verify import Summary, snapshot, verify
from payflow_bootstrap.containers import Core
from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.access.operators import Role
from payflow_domain.access.permissions import ALL_PERMISSIONS, Permission
from payflow_domain.ledger.ledgers import Environment, Ledger
from tests.builders.http_client import HOST, Call, Client, Json, connected
from tests.builders.processes import environment, eventually, family, free_port, kill_all, payflow

SESSION_SECRET = "a session secret of more than thirty-two bytes"
PASSWORD = "a password of staff"
STOP_SECONDS_MAX = 60
LIVE_SETTLEMENT_LIMIT = 1_000_000

_FOOTPRINT = """
    SELECT (SELECT coalesce(sum(sequence), 0) FROM ledgers), (SELECT count(*) FROM entries),
      (SELECT count(*) FROM wallets), (SELECT count(*) FROM idempotency_keys),
      (SELECT coalesce(sum(hashtext(e::text)), 0) FROM webhook_endpoints e),
      (SELECT coalesce(sum(hashtext(d::text)), 0) FROM webhook_deliveries d),
      (SELECT count(*) FROM partners), (SELECT count(*) FROM partner_changes),
      (SELECT coalesce(sum(hashtext(concat_ws(' ', id, revoked_at, expires_at, replaced_by))), 0)
        FROM api_keys)
"""


@frozen
class Partner:
    """A partner with a sandbox, and a client that may do everything in it."""

    core: Core = field(repr=False)
    ledger: Ledger
    client: Client

    def wallet(self, amount: int = 0, currency: str = "EUR", **members: object) -> str:
        """Open a wallet with ``amount`` in it; return its id."""
        body = {"name": "A wallet", "currency": currency, **members}
        opened = self.client.post("/wallets", body)
        assert opened.status == 201, opened
        wallet_id = str(opened.json["id"])
        if amount:
            credit = {"amount": amount, "currency": currency}
            credited = self.client.post(f"/wallets/{wallet_id}/credit", credit)
            assert credited.status == 201, credited
        return wallet_id

    def available(self, wallet_id: str) -> int:
        return int(self.client.get(f"/wallets/{wallet_id}/balance").json["available"])

    def key_with(self, *permissions: Permission) -> str:
        """Issue a key that may do only what is listed."""
        return self.core.access().issue_key(self.ledger, "A key", frozenset(permissions))[1]

    @contextmanager
    def clients(self, count: int) -> Iterator[list[Client]]:
        """Connect as many times, with the same key."""
        clients = [Client(self.client.port, self.client.key) for _ in range(count)]
        with connected(clients):
            yield clients


@frozen
class ApiServer:
    """A running server and the use cases behind it, for what has no endpoint."""

    port: int
    pid: int
    database_url: str = field(repr=False)
    core: Core = field(repr=False)
    _opened: ExitStack = field(repr=False)

    def new_partner(self, name: str = "RoSaBank") -> Partner:
        _, ledger = self.core.partners().approve(name)
        return self._opened_with_a_key(ledger)

    def live_of(self, partner: Partner) -> Partner:
        """Open the live ledger of a partner, and a client that may do everything in it."""
        partner_id, now = partner.ledger.partner_id, self.core.clock().now()
        with self.core.store().begin() as uow:
            ledger = uow.add_ledger(partner_id, Environment.LIVE, LIVE_SETTLEMENT_LIMIT, now)
        return self._opened_with_a_key(ledger)

    def _opened_with_a_key(self, ledger: Ledger) -> Partner:
        _, secret = self.core.access().issue_key(ledger, "A key", ALL_PERMISSIONS)
        return Partner(self.core, ledger, self.client(secret))

    def client(self, key: str | None = None) -> Client:
        """Return a client whose connection is closed before the server stops."""
        client = Client(self.port, key)
        self._opened.callback(client.close)
        return client

    def log_in(self, role: Role = Role.ADMIN) -> Client:
        """Return a client with the session of an operator who is new."""
        name = f"{role.value}-{uuid4().hex}"
        self.core.operators().create(COMMAND_LINE, name, role, PASSWORD)
        client = self.client()
        answer = client.send("POST", "/api/auth/login", {"username": name, "password": PASSWORD})
        assert answer.status == 200, answer
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        client.own = {"Cookie": cookie, "X-CSRF-Token": answer.json["csrfToken"]}
        return client

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children()

    def footprint(self) -> tuple[int, ...]:
        """Return what changes with whatever is written: the lengths of journals, for one."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(_FOOTPRINT).fetchone() or ()

    def books_are_in_order(self) -> bool:
        with snapshot(self.database_url) as connection:
            return isinstance(verify(connection), Summary)


@contextmanager
def running_api(
    database_url: str,
    log: Path,
    *,
    port: int = 0,
    processes: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[ApiServer]:
    """Serve a migrated database until the block is left. What the server says goes to ``log``.

    Nobody is limited, unless ``variables`` of the environment say so.
    """
    port = port or free_port()
    lifeline, held = os.pipe()
    settings = environment(
        PAYFLOW_DATABASE_URL=database_url,
        PAYFLOW_HOST=HOST,
        PAYFLOW_PORT=str(port),
        PAYFLOW_PROCESSES=str(processes),
        PAYFLOW_SANDBOX_GATEWAY="mock",
        PAYFLOW_MOCK_GATEWAY_FILE=str(log.with_suffix(".mock-gateway")),
        SESSION_SECRET=SESSION_SECRET,
        **{
            "PAYFLOW_LOG_LEVEL": "warning",
            "PAYFLOW_RATE_LIMIT": "off",
            **(variables or {}),
        },
    )
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            payflow("serve", f"--lifeline={lifeline}"),
            env=settings,
            stderr=output,
            pass_fds=[lifeline],
            start_new_session=True,
        )
    core = Core(database_url=database_url)
    opened = ExitStack()
    try:
        assert eventually(lambda: process.poll() is not None or is_ready(port)), "never ready"
        assert process.poll() is None, log.read_text()
        yield ApiServer(port, process.pid, database_url, core, opened)
    finally:
        opened.close()
        core.database().close()
        stop(process)
        os.close(held)
        os.close(lifeline)


def is_ready(port: int) -> bool:
    client = Client(port)
    try:
        return client.send("GET", "/ready").status == 200
    except OSError:
        return False
    finally:
        client.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process as its supervisor would, and what is below it by force if need be."""
    below = family(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    finally:
        kill_all(below)
        process.wait()


def transfer(
    from_id: str, to_id: str, amount: object = 100, currency: str = "EUR", **members: object
) -> Json:
    """Return the body of a transfer."""
    ids = {"fromWalletId": from_id, "toWalletId": to_id}
    return {**ids, "amount": amount, "currency": currency, **members}


def transfer_call(from_id: str, to_id: str, amount: int = 1, key: str | None = None) -> Call:
    return Call("/transfers", transfer(from_id, to_id, amount), key)
