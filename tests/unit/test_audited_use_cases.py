"""Whoever changes operators, partners or API keys, it is in the audit log, once.

A use case that is added is named here: as one that only reads, or with how it changes something.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import attrs
import pytest
from attrs import Factory, evolve, frozen

import payflow_domain
from payflow_adapters.memory import MemoryStore
from payflow_adapters.memory.unit_of_work import MemoryUnitOfWork
from payflow_domain.access.audit import COMMAND_LINE
from payflow_domain.access.key_rules import OVERLAP, NewKey
from payflow_domain.access.keys import ApiKey
from payflow_domain.access.limits import Limit
from payflow_domain.access.operators import Role, StaffActor
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.partners.model import PartnerStatus
from payflow_domain.partners.onboarding import StatusWish
from payflow_domain.partners.profile import Profile
from payflow_domain.payments.model import KeptNotice
from tests.unit.http.world import PASSWORD, World, make_world

CAPABILITIES = ("access", "oversight", "partners")
TABLES = ("certified", "keys", "ledgers", "limits", "operators", "partners", "sessions")
"""What these capabilities look after."""

ADMIN = StaffActor(OperatorId("opr_1"), "ada", Role.ADMIN, "192.0.2.1")
NEW = NewKey("Backend", ALL_PERMISSIONS)
SANDBOX = Environment.SANDBOX


@frozen
class Scene:
    """A world, and for each unit of work what it changed and how much it audited."""

    world: World = Factory(make_world)
    watched: list[tuple[list[str], int]] = Factory(list)

    @property
    def store(self) -> MemoryStore:
        store = self.world.services.staff.reader
        assert isinstance(store, MemoryStore)
        return store

    @contextmanager
    def begin(self) -> Iterator[MemoryUnitOfWork]:
        """Begin a unit of work that is looked at before it is committed."""
        with self.store.begin() as uow:
            yield uow
            self.watched.append(
                ([name for name in TABLES if staged(uow, name)], staged(uow, "audit"))
            )

    @property
    def actor(self) -> Actor:
        return self.world.services.access.authenticate(self.world.key)

    @property
    def partner_id(self) -> str:
        return self.world.ledger.partner_id

    def key(self) -> ApiKey:
        (key,) = self.world.services.api_keys.list(self.actor, Page(1))
        return key

    def notice(self) -> KeptNotice:
        credit = {"amount": 100, "currency": "EUR", "paymentMethod": "pm_card_visa"}
        self.world.post(f"/wallets/{self.world.wallet()}/credit", credit)
        self.world.clock.advance(timedelta(minutes=1))
        self.world.deliver_notices()
        (notice,) = self.store.notices(None, 1, None)
        return notice

    def operator(self) -> str:
        return self.world.operators.create(COMMAND_LINE, "anna", Role.SUPPORT, PASSWORD).username


def staged(uow: MemoryUnitOfWork, table: str) -> int:
    """Return how many rows of a table a unit of work is about to write."""
    return len(getattr(uow._tables, table).maps[0])


def issue_key(scene: Scene) -> None:
    access = evolve(scene.world.services.access, begin=scene.begin)
    access.issue_key(scene.world.ledger, "Another", ALL_PERMISSIONS)


def keys(act: Callable[..., object]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        act(evolve(scene.world.services.api_keys, begin=scene.begin), scene)

    return run


def operators(act: Callable[..., object]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        act(evolve(scene.world.operators, begin=scene.begin), scene)

    return run


def log_in(scene: Scene) -> None:
    staff = evolve(scene.world.services.staff, begin=scene.begin)
    staff.log_in(scene.operator(), PASSWORD, None)


def log_out(scene: Scene) -> None:
    opened = scene.world.services.staff.log_in(scene.operator(), PASSWORD, None)
    staff = evolve(scene.world.services.staff, begin=scene.begin)
    staff.log_out(opened.actor, opened.session_id)


def change_limits(scene: Scene) -> None:
    metering = evolve(scene.world.services.metering, begin=scene.begin)
    metering.change(ADMIN, scene.partner_id, SANDBOX, Limit(1, 2), None)


def apply(scene: Scene) -> None:
    onboarding = evolve(scene.world.services.onboarding, begin=scene.begin)
    onboarding.apply(Profile(legal_name="A", contact_email="a@partner.example"), None)


def take_in(scene: Scene) -> None:
    evolve(scene.world.services.onboarding, begin=scene.begin).create(ADMIN, "A", Profile())


def activate(scene: Scene) -> None:
    onboarding = evolve(scene.world.services.onboarding, begin=scene.begin)
    wish = StatusWish(PartnerStatus.ACTIVE, "As agreed.", override=True)
    onboarding.change_status(ADMIN, scene.partner_id, wish)


def approve(scene: Scene) -> None:
    evolve(scene.world.partners, begin=scene.begin).approve("Another")


def replay_notice(scene: Scene) -> None:
    notice = scene.notice()
    oversight = evolve(scene.world.services.oversight, begin=scene.begin)
    oversight.replay_notice(ADMIN, notice.gateway, notice.environment, notice.id)


def replay_notice_by(scene: Scene) -> None:
    notice = scene.notice()
    oversight = evolve(scene.world.services.oversight, begin=scene.begin)
    where = (notice.gateway, notice.environment, notice.id)
    oversight.replay_notice_by(COMMAND_LINE, None, *where)


def certification_of(scene: Scene) -> None:
    scene.world.wallet(1000)
    certifications = evolve(scene.world.services.certifications, begin=scene.begin)
    certifications.of(scene.actor)


def certification_of_ledger(scene: Scene) -> None:
    scene.world.wallet(1000)
    certifications = evolve(scene.world.services.certifications, begin=scene.begin)
    certifications.of_ledger(scene.world.ledger.partner_id, scene.world.ledger.id)


def note_replay(scene: Scene) -> None:
    evolve(scene.world.services.certifications, begin=scene.begin).note_replay(scene.actor)


CHANGES: dict[str, Callable[[Scene], None]] = {
    "Access.issue_key": issue_key,
    "ApiKeys.create": keys(lambda it, scene: it.create(scene.actor, NEW)),
    "ApiKeys.create_for": keys(
        lambda it, scene: it.create_for(ADMIN, scene.partner_id, SANDBOX, NEW)
    ),
    "ApiKeys.revoke": keys(lambda it, scene: it.revoke(scene.actor, scene.key().id)),
    "ApiKeys.revoke_as_staff": keys(lambda it, scene: it.revoke_as_staff(ADMIN, scene.key().id)),
    "ApiKeys.rotate": keys(lambda it, scene: it.rotate(scene.actor, scene.key().id, OVERLAP)),
    "ApiKeys.rotate_as_staff": keys(
        lambda it, scene: it.rotate_as_staff(ADMIN, scene.key().id, OVERLAP)
    ),
    "Certifications.note_replay": note_replay,
    "Certifications.of": certification_of,
    "Certifications.of_ledger": certification_of_ledger,
    "Metering.change": change_limits,
    "Onboarding.apply": apply,
    "Onboarding.change_status": activate,
    "Onboarding.create": take_in,
    "Operators.create": operators(
        lambda it, _: it.create(COMMAND_LINE, "ben", Role.ADMIN, PASSWORD)
    ),
    "Operators.disable": operators(lambda it, scene: it.disable(COMMAND_LINE, scene.operator())),
    "Operators.reset_password": operators(
        lambda it, scene: it.reset_password(COMMAND_LINE, scene.operator(), PASSWORD)
    ),
    "Oversight.replay_notice": replay_notice,
    "Oversight.replay_notice_by": replay_notice_by,
    "Partners.approve": approve,
    "Staff.log_in": log_in,
    "Staff.log_out": log_out,
}

READS = {
    "Access.actor_of",
    "Access.authenticate",
    "ApiKeys.get",
    "ApiKeys.list",
    "ApiKeys.list_of",
    "Metering.look_up",
    "Metering.report",
    "Onboarding.get",
    "Onboarding.list",
    "Onboarding.look_up",
    "Operators.list",
    "Oversight.list_notices",
    "Oversight.list_security_events",
    "Oversight.stats",
    "Staff.audit",
    "Staff.identify",
}
"""What only reads, but for a session's last use and what certification has seen by the way."""


def services() -> Iterator[type]:
    """List every class of the capabilities that can begin a unit of work."""
    for capability in CAPABILITIES:
        package = importlib.import_module(f"{payflow_domain.__name__}.{capability}")
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for _, kind in inspect.getmembers(module, inspect.isclass):
                is_its_own = kind.__module__ == module.__name__
                if is_its_own and attrs.has(kind) and "begin" in attrs.fields_dict(kind):
                    yield kind


def use_cases() -> Iterator[str]:
    for service in services():
        for name, _ in inspect.getmembers(service, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{service.__name__}.{name}"


def test_every_use_case_is_known_to_change_something_or_nothing() -> None:
    assert set(use_cases()) == CHANGES.keys() | READS


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_something_is_audited_once_in_the_same_transaction(name: str) -> None:
    scene = Scene()

    CHANGES[name](scene)

    assert sum(audited for _, audited in scene.watched) == 1
    assert [audited for tables, audited in scene.watched if tables] in ([1], [])


def test_an_item_of_certification_is_audited_once_however_often_it_is_seen() -> None:
    scene = Scene()

    for _ in range(2):
        certification_of(scene)
        note_replay(scene)

    assert sum(audited for _, audited in scene.watched) == 2
    first, second = scene.world.audited("certification.advanced")[::-1]
    assert first.facts == {"items": ["wallet_opened", "credit_completed"]}
    assert second.facts == {"items": ["transfer_replayed"]}
    assert (first.actor, first.partner_id) == ("worker", scene.partner_id)
