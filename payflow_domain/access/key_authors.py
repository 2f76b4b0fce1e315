"""Who makes changes of API keys, and under whose idempotency keys."""

from datetime import datetime
from typing import Protocol

from attrs import evolve, frozen

from payflow_domain.access.keys import IssuedKey
from payflow_domain.access.operators import StaffActor
from payflow_domain.access.permissions import Actor
from payflow_domain.access.ports import KeyUnitOfWork
from payflow_domain.access.staff_idempotency import answered_before, keep_answer
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import IdempotencyKey, Once, SpentKey, replay
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.ledger.ports import Changes, Loaded


class Author(Protocol):
    """Makes a change, once for each idempotency key; what is kept of it has no secret."""

    @property
    def id(self) -> str:
        """The actor of the audit log."""
        ...

    @property
    def address(self) -> str | None:
        """Where the author is."""
        ...

    @property
    def ledger_keys(self) -> set[IdempotencyKey]:
        """The idempotency keys of the ledger that are to be loaded with it."""
        ...

    def answered(self, uow: KeyUnitOfWork, books: Loaded, now: datetime) -> Replayed | None:
        """Return how the request was answered, if it was."""
        ...

    def spend(self, uow: KeyUnitOfWork, ledger: Ledger, issued: IssuedKey) -> None:
        """Keep how the request is answered."""
        ...


@frozen
class PartnerAuthor:
    """A partner, who acts with a key; its idempotency keys are those of the ledger."""

    actor: Actor
    address: str | None
    once: Once[IssuedKey] | None = None

    @property
    def id(self) -> str:
        return self.actor.key_id

    @property
    def ledger_keys(self) -> set[IdempotencyKey]:
        return set() if self.once is None else {self.once.claim.key}

    def answered(self, _: KeyUnitOfWork, books: Loaded, __: datetime) -> Replayed | None:
        if self.once is None or self.once.claim.key not in books.spent:
            return None
        return Replayed(replay(books.spent[self.once.claim.key], self.once.claim))

    def spend(self, uow: KeyUnitOfWork, ledger: Ledger, issued: IssuedKey) -> None:
        if self.once is not None:
            answer = self.once.render(_without_secret(issued))
            head = evolve(ledger, last_at=ledger.next_moment(issued.key.created_at))
            uow.write([Changes(head, spent=[SpentKey(self.once.claim, answer)])])


@frozen
class StaffAuthor:
    """An operator, whose idempotency keys are the same for all partners."""

    staff: StaffActor
    once: Once[IssuedKey] | None = None

    @property
    def id(self) -> str:
        return self.staff.operator_id

    @property
    def address(self) -> str | None:
        return self.staff.address

    @property
    def ledger_keys(self) -> set[IdempotencyKey]:
        return set()

    def answered(self, uow: KeyUnitOfWork, _: Loaded, now: datetime) -> Replayed | None:
        return answered_before(uow, self.staff, self.once, now)

    def spend(self, uow: KeyUnitOfWork, _: Ledger, issued: IssuedKey) -> None:
        now = issued.key.created_at
        keep_answer(uow, self.staff, self.once, _without_secret(issued), now)


def _without_secret(issued: IssuedKey) -> IssuedKey:
    return evolve(issued, secret=None)
