"""``payflow dev``: everything on one machine, with nothing to set up."""

import json
import os
import secrets
import signal
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event
from types import FrameType

import click
import psutil
from attrs import frozen

from payflow_adapters.postgres.migrate import migrate
from payflow_adapters.postgres.server import EmbeddedServer
from payflow_bootstrap.commands.dev_json import DevelopmentError
from payflow_bootstrap.containers import Core
from payflow_bootstrap.lifeline import stop_without
from payflow_bootstrap.programs import Program, program
from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.access.keys import InvalidApiKey
from payflow_domain.access.operators import Operator, Role
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ledger.ledgers import Environment, Ledger

HOST = "127.0.0.1"
DEMO_PARTNER = "RoSaBank"
ADMIN = "admin"
_RESTART_PAUSE_S = 0.5


@frozen
class Facts:
    """What ``dev.json`` tells other programs."""

    base_url: str
    api_key: str
    admin_password: str
    database_url: str

    def as_json(self) -> str:
        """Write them by their public names."""
        return json.dumps(
            {
                "baseUrl": self.base_url,
                "apiKey": self.api_key,
                "adminUsername": ADMIN,
                "adminPassword": self.admin_password,
                "databaseUrl": self.database_url,
            },
            indent=2,
        )


def develop(data_dir: Path, port: int, parent: int | None = None) -> None:
    """Run PostgreSQL, the API, a worker and a demo partner until SIGINT or SIGTERM.

    ``data_dir`` is there, absolute and ours alone. Once all is ready, ``dev.json`` in it says how
    to reach it. With ``parent`` all ends as well when that process, which started this one, does.
    Raises ``DevelopmentError`` where the port is taken, ``EmbeddedServerError`` and ``OSError``.
    """
    stop = _stop_event()
    if parent is not None:
        threading.Thread(target=stop_without, args=(parent, stop), daemon=True).start()
    while not stop.is_set():
        _run(data_dir, port, stop)
    click.echo("Stopped.")


def _run(data_dir: Path, port: int, stop: Event) -> None:
    """Run all of it until ``stop`` is set or PostgreSQL ends by itself."""
    with EmbeddedServer.start(data_dir / "postgres") as postgres:
        # Of one that was killed.
        (data_dir / "dev.json").unlink(missing_ok=True)
        _check_port(port)
        postgres.create_database("payflow")
        url = postgres.url("payflow")
        migrate(url)
        key, password = _credentials(url, data_dir)
        facts = Facts(f"http://{HOST}:{port}", key, password, url)
        environment = development_environment(url, port, data_dir)
        with program("serve", environment) as api, program("worker", environment) as worker:
            api.await_ready(facts.base_url, stop)
            _write_private(data_dir / "dev.json", facts.as_json())
            click.echo(_welcome(facts, data_dir))
            _watch([api, worker], postgres.pid, stop)
        (data_dir / "dev.json").unlink()


def _stop_event() -> Event:
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DevelopmentError(
                f"Port {port} cannot be had ({error.strerror}); choose another with --port."
            ) from None


def _credentials(url: str, data_dir: Path) -> tuple[str, str]:
    """Return the demo partner's key, and the password of ``ADMIN``."""
    core = Core(database_url=url)
    try:
        return _demo_key(core, data_dir / "api-key"), _password(core, data_dir / "admin-password")
    finally:
        core.database().close()


def _demo_key(core: Core, kept: Path) -> str:
    """Return a key of the demo partner's sandbox: the one made before, or a new one."""
    if kept.exists() and _opens_all(core, secret := _read(kept)):
        return secret
    _, secret = core.access().issue_key(_demo_ledger(core), "payflow dev", ALL_PERMISSIONS)
    _write_private(kept, secret)
    return secret


def _password(core: Core, kept: Path) -> str:
    """Return the password of ``ADMIN``, who is made if need be: the one before, or a new one."""
    admin: Operator | None = core.store().operator_named(ADMIN)
    if admin is not None and kept.exists():
        password = _read(kept)
        if core.hasher().verify(admin.password_hash, password):
            return password
    password = secrets.token_urlsafe(18)
    if admin is None:
        core.operators().create(COMMAND_LINE, ADMIN, Role.ADMIN, password)
    else:
        core.operators().reset_password(COMMAND_LINE, ADMIN, password)
    _write_private(kept, password)
    return password


def _opens_all(core: Core, secret: str) -> bool:
    """Tell whether a key is good, and has also the permissions that are new since it was made."""
    try:
        actor: Actor = core.access().authenticate(secret)
    except InvalidApiKey:
        return False
    return actor.permissions == ALL_PERMISSIONS


def _demo_ledger(core: Core) -> Ledger:
    partner = core.store().partner_named(DEMO_PARTNER)
    if partner is not None:
        ledger: Ledger | None = core.store().ledger_of(partner.id, Environment.SANDBOX)
        if ledger is not None:
            return ledger
    _, made = core.partners().approve(DEMO_PARTNER)
    return made


def development_environment(url: str, port: int, data_dir: Path) -> Mapping[str, str]:
    """Return the environment that the programs of ``payflow dev`` in ``data_dir`` run in."""
    kept = data_dir / "session-secret"
    if not kept.exists():
        _write_private(kept, secrets.token_urlsafe(48))
    return {
        "PAYFLOW_ACCESS_LOG": "off",
        "PAYFLOW_COOKIE_SECURE": "off",
        "PAYFLOW_LOG_LEVEL": "warning",
        "PAYFLOW_SANDBOX_GATEWAY": "mock",
        "PAYFLOW_WEBHOOK_LOOPBACK": "on",
        **os.environ,
        "PAYFLOW_DATABASE_URL": url,
        "PAYFLOW_HOST": HOST,
        "PAYFLOW_PORT": str(port),
        "PAYFLOW_MOCK_GATEWAY_FILE": str(data_dir / "mock-gateway.sqlite3"),
        "SESSION_SECRET": _read(kept),
    }


def _watch(programs: Sequence[Program], postgres_pid: int, stop: Event) -> None:
    """Start what ends by itself again, until ``stop`` is set or PostgreSQL has ended."""
    while not stop.wait(_RESTART_PAUSE_S):
        if not _is_running(postgres_pid):
            click.echo("PostgreSQL ended; starting everything again.", err=True)
            return
        for one in programs:
            status = one.process.poll()
            if status is not None:
                name = one.command[-1]
                click.echo(f"payflow {name} ended ({status}); starting it again.", err=True)
                one.start()


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _read(kept: Path) -> str:
    return kept.read_text(errors="replace").strip()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only this account can read, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(f"{text}\n")
    part.replace(path)


def _welcome(facts: Facts, data_dir: Path) -> str:
    body = json.dumps({"name": "Ada", "currency": "EUR"})
    return f"""
PayFlow is ready at {facts.base_url}

  API key (sandbox)  {facts.api_key}
  Operator           {ADMIN}, with the password {facts.admin_password}
  Database           {facts.database_url}
  All of this        {data_dir / "dev.json"}

Open a wallet:

  curl -s {facts.base_url}/api/v1/wallets \\
    -H 'Authorization: Bearer {facts.api_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{body}'

Pay with a test card: docs/mock-gateway.md has them all, pm_card_visa is one.
See it play a savings circle: .venv/bin/payflow demo    Stop: Ctrl-C
"""
