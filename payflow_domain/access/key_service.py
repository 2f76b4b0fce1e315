"""The use cases of API keys: made, rotated and revoked, by partners themselves and by staff."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from payflow_domain.access.audit import AuditEntry, Told
from payflow_domain.access.key_authors import Author, PartnerAuthor, StaffAuthor
from payflow_domain.access.key_rules import (
    LIVE_KEYS_MAX,
    EnvironmentNotOpen,
    KeyNotFound,
    NewKey,
    TooManyKeys,
    check_expiry,
    check_grant,
    check_replaceable,
    replace_key,
)
from payflow_domain.access.keys import ApiKey, IssuedKey, SecretSource, issue
from payflow_domain.access.operators import StaffActor, StaffPermission
from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.access.ports import BeginKeys, KeyReader, KeyUnitOfWork
from payflow_domain.access.published import publish_key
from payflow_domain.clock import Clock
from payflow_domain.ids import API_KEY, IdSource, KeyId, LedgerId, PartnerId, is_id
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import Once
from payflow_domain.ledger.ledgers import Environment, Ledger
from payflow_domain.ledger.ports import Loaded, Page, Wanted
from payflow_domain.ledger.service import load_ledger


@frozen
class ApiKeys:
    """Keeps the API keys of ledgers.

    A partner's key keeps those of its own ledger only, and grants no more than it has itself.
    ``address`` is where the caller is, for the audit log.
    """

    begin: BeginKeys
    reader: KeyReader
    clock: Clock
    ids: IdSource
    secrets: SecretSource

    def create(
        self,
        actor: Actor,
        new: NewKey,
        address: str | None = None,
        once: Once[IssuedKey] | None = None,
    ) -> IssuedKey | Replayed:
        """Make a key for the actor's ledger.

        Raises ``MissingPermission``, ``GrantExceedsKey``, ``InvalidExpiry``, ``TooManyKeys``.
        """
        actor.require(Permission.KEYS_WRITE)
        check_grant(actor, new)
        return self._create(PartnerAuthor(actor, address, once), actor.ledger_id, new)

    def create_for(
        self,
        staff: StaffActor,
        partner_id: str,
        environment: Environment,
        new: NewKey,
        once: Once[IssuedKey] | None = None,
    ) -> IssuedKey | Replayed:
        """Make a key for a partner; raises ``EnvironmentNotOpen`` and as ``create``."""
        staff.require(StaffPermission.ADMINISTER)
        ledger = self.reader.ledger_of(PartnerId(partner_id), environment)
        if ledger is None:
            detail = f"The partner has no {environment.value} ledger; approve or activate it first."
            raise EnvironmentNotOpen(detail, subject=partner_id)
        return self._create(StaffAuthor(staff, once), ledger.id, new)

    def rotate(
        self,
        actor: Actor,
        key_id: str,
        overlap: timedelta,
        address: str | None = None,
        once: Once[IssuedKey] | None = None,
    ) -> IssuedKey | Replayed:
        """Make a key in the place of another one, which works for ``overlap`` more at most.

        Raises ``KeyNotFound``, ``KeyNotLive`` and as ``create``.
        """
        actor.require(Permission.KEYS_WRITE)
        found = self._find(actor.ledger_id, key_id)
        check_grant(actor, _alike(found))
        return self._rotate(PartnerAuthor(actor, address, once), found, overlap)

    def rotate_as_staff(
        self,
        staff: StaffActor,
        key_id: str,
        overlap: timedelta,
        once: Once[IssuedKey] | None = None,
    ) -> IssuedKey | Replayed:
        """Rotate a key of any ledger; raises ``KeyNotFound``, ``KeyNotLive``."""
        staff.require(StaffPermission.ADMINISTER)
        found = self._find(None, key_id)
        return self._rotate(StaffAuthor(staff, once), found, overlap)

    def revoke(self, actor: Actor, key_id: str, address: str | None = None) -> ApiKey:
        """End a key for good; one that is revoked stays as it is. Raises ``KeyNotFound``."""
        actor.require(Permission.KEYS_WRITE)
        found = self._find(actor.ledger_id, key_id)
        return self._revoke(PartnerAuthor(actor, address), found)

    def revoke_as_staff(self, staff: StaffActor, key_id: str) -> ApiKey:
        """End a key of any ledger for good; raises ``KeyNotFound``."""
        staff.require(StaffPermission.ADMINISTER)
        found = self._find(None, key_id)
        return self._revoke(StaffAuthor(staff), found)

    def get(self, actor: Actor, key_id: str) -> ApiKey:
        """Return a key of the actor's ledger; raises ``KeyNotFound``."""
        actor.require(Permission.KEYS_READ)
        return self._find(actor.ledger_id, key_id)

    def list(self, actor: Actor, page: Page) -> Sequence[ApiKey]:
        """Return the keys of the actor's ledger, newest first."""
        actor.require(Permission.KEYS_READ)
        return self.reader.keys(actor.ledger_id, page)

    def list_of(self, staff: StaffActor, partner_id: str, page: Page) -> Sequence[ApiKey]:
        """Return the keys of a partner in both environments, newest first."""
        staff.require(StaffPermission.READ)
        return self.reader.keys_of_partner(PartnerId(partner_id), page)

    def _create(self, author: Author, ledger_id: LedgerId, new: NewKey) -> IssuedKey | Replayed:
        with self.begin() as uow:
            books, now = _load(uow, ledger_id, author), self.clock.now()
            if answered := author.answered(uow, books, now):
                return answered
            check_expiry(new.expires_at, now)
            issued = self._issue(books.ledger, new, now)
            _check_room(uow, ledger_id, now)
            uow.add_key(issued.key)
            _note(uow, author, "api_key.created", issued.key, now, (None, publish_key(issued.key)))
            author.spend(uow, books.ledger, issued)
        return issued

    def _rotate(self, author: Author, found: ApiKey, overlap: timedelta) -> IssuedKey | Replayed:
        with self.begin() as uow:
            books, now = _load(uow, found.ledger_id, author), self.clock.now()
            if answered := author.answered(uow, books, now):
                return answered
            old = _present(uow, found)
            check_replaceable(old, now)
            issued = self._issue(books.ledger, _alike(old), now)
            replaced = replace_key(old, issued.key.id, now, overlap)
            issued = evolve(issued, old=replaced)
            uow.replace_key(replaced)
            _check_room(uow, found.ledger_id, now)
            uow.add_key(issued.key)
            told = publish_key(old), publish_key(replaced)
            _note(uow, author, "api_key.rotated", old, now, told)
            author.spend(uow, books.ledger, issued)
        return issued

    def _revoke(self, author: Author, found: ApiKey) -> ApiKey:
        with self.begin() as uow:
            _load(uow, found.ledger_id, author)
            before, now = _present(uow, found), self.clock.now()
            if before.revoked_at is not None:
                return before
            after = evolve(before, revoked_at=now)
            uow.replace_key(after)
            told = publish_key(before), publish_key(after)
            _note(uow, author, "api_key.revoked", after, now, told)
        return after

    def _issue(self, ledger: Ledger, new: NewKey, now: datetime) -> IssuedKey:
        key_id = KeyId(self.ids.minting(now)(API_KEY))
        key, secret = issue(key_id, ledger, new.name, new.permissions, now, self.secrets)
        networks = new.allowed_networks
        key = evolve(key, expires_at=new.expires_at, allowed_networks=networks)
        return IssuedKey(key, secret)

    def _find(self, ledger_id: LedgerId | None, key_id: str) -> ApiKey:
        """Return a key; of any ledger where ``ledger_id`` is ``None``."""
        found = self.reader.key(KeyId(key_id)) if is_id(key_id, API_KEY) else None
        if found is None or ledger_id not in (None, found.ledger_id):
            detail = "There is no such API key; check its id."
            raise KeyNotFound(detail, subject=key_id)
        return found


def _alike(key: ApiKey) -> NewKey:
    """Return what a key that replaces ``key`` inherits."""
    return NewKey(key.name, key.permissions, key.expires_at, key.allowed_networks)


def _present(uow: KeyUnitOfWork, found: ApiKey) -> ApiKey:
    """Return a key as it is now that its ledger is locked; keys are never removed."""
    return uow.key(found.ledger_id, found.id) or found


def _load(uow: KeyUnitOfWork, ledger_id: LedgerId, author: Author) -> Loaded:
    return load_ledger(uow, ledger_id, Wanted(keys=author.ledger_keys))


def _check_room(uow: KeyUnitOfWork, ledger_id: LedgerId, now: datetime) -> None:
    """Raise ``TooManyKeys`` unless there is room for one more."""
    if uow.count_live_keys(ledger_id, now) >= LIVE_KEYS_MAX:
        detail = f"A ledger has at most {LIVE_KEYS_MAX} live keys; revoke one of them first."
        raise TooManyKeys(detail)


def _note(
    uow: KeyUnitOfWork,
    author: Author,
    action: str,
    key: ApiKey,
    now: datetime,
    told: tuple[Told | None, Told],
) -> None:
    """Write a change to the audit log, with what the key was before and after."""
    before, after = told
    entry = AuditEntry(
        at=now,
        actor=author.id,
        action=action,
        subject=key.id,
        address=author.address,
        partner_id=key.partner_id,
        before=before,
        after=after,
    )
    uow.add_audit(entry)
