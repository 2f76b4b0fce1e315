"""Idempotency keys of operators: what one of them asks for with a key is done once."""

from datetime import datetime
from typing import Protocol, TypeVar

from payflow_domain.access.operators import StaffActor
from payflow_domain.ids import OperatorId
from payflow_domain.ledger.batch import Replayed
from payflow_domain.ledger.idempotency import IdempotencyKey, Once, SpentKey, replay

Done = TypeVar("Done")


class StaffKeyUnitOfWork(Protocol):
    """Claims idempotency keys of operators, in one transaction with what they stand for."""

    def spent_by_operator(
        self, operator_id: OperatorId, key: IdempotencyKey, now: datetime
    ) -> SpentKey | None:
        """Return what an operator's key was spent for, unless it is remembered no longer.

        Nobody else can ask for or spend that key until this unit of work ends.
        """
        ...

    def spend_by_operator(self, operator_id: OperatorId, spent: SpentKey, now: datetime) -> None:
        """Keep what a key was spent for, which this unit of work has asked for.

        Some keys that are remembered no longer are removed by the way.
        """
        ...


def answered_before(
    uow: StaffKeyUnitOfWork, staff: StaffActor, once: Once[Done] | None, now: datetime
) -> Replayed | None:
    """Return how the operator's request was answered, if it was.

    Raises ``IdempotencyKeyReused``.
    """
    if once is None:
        return None
    spent = uow.spent_by_operator(staff.operator_id, once.claim.key, now)
    return None if spent is None else Replayed(replay(spent, once.claim))


def keep_answer(
    uow: StaffKeyUnitOfWork, staff: StaffActor, once: Once[Done] | None, done: Done, now: datetime
) -> None:
    """Keep how the operator's request is answered, for ``answered_before``."""
    if once is not None:
        spent = SpentKey(once.claim, once.render(done))
        uow.spend_by_operator(staff.operator_id, spent, now)
