"""The use cases of whoever decides who our staff are."""

from attrs import evolve, frozen

from payflow_domain.access.attempts import strangers_with
from payflow_domain.access.audit import AuditEntry, Told
from payflow_domain.access.operators import (
    Operator,
    OperatorDisabled,
    OperatorNotFound,
    Role,
    check_username,
)
from payflow_domain.access.passwords import PasswordHasher, check_password
from payflow_domain.access.ports import BeginStaff, StaffReader, StaffUnitOfWork
from payflow_domain.clock import Clock
from payflow_domain.ids import OPERATOR, IdSource, OperatorId


@frozen
class Operators:
    """Takes operators in, and lets them go; ``by`` is the actor of the audit log who does it."""

    begin: BeginStaff
    reader: StaffReader
    hasher: PasswordHasher
    clock: Clock
    ids: IdSource

    def create(self, by: str, username: str, role: Role, password: str) -> Operator:
        """Take in an operator.

        Raises ``InvalidUsername``, ``InvalidPassword`` and ``UsernameTaken``.
        """
        now = self.clock.now()
        operator = Operator(
            id=OperatorId(self.ids.minting(now)(OPERATOR)),
            username=check_username(username),
            role=role,
            password_hash=self.hasher.hash(check_password(password)),
            created_at=now,
        )
        with self.begin() as uow:
            uow.add_operator(operator)
            self._tell(uow, by, "operator.created", operator, after=_publish(operator))
        return operator

    def list(self) -> list[Operator]:
        """Return every operator, in the order of their usernames."""
        return self.reader.operators()

    def disable(self, by: str, username: str) -> Operator:
        """Let an operator in no more, and end what sessions there are.

        Raises ``OperatorNotFound`` and ``OperatorDisabled``.
        """
        with self.begin() as uow:
            operator = self._take(uow, username)
            disabled = evolve(operator, disabled_at=self.clock.now())
            uow.replace_operator(disabled)
            uow.end_sessions_of(operator.id)
            before, after = _publish(operator), _publish(disabled)
            self._tell(uow, by, "operator.disabled", operator, before, after)
        return disabled

    def reset_password(self, by: str, username: str, password: str) -> Operator:
        """Give an operator another password, and end what sessions there are.

        What strangers failed with that username is forgotten: so an operator whom they keep from
        using a new device can.

        Raises ``InvalidPassword``, ``OperatorNotFound`` and ``OperatorDisabled``.
        """
        password_hash = self.hasher.hash(check_password(password))
        with self.begin() as uow:
            operator = self._take(uow, username)
            changed = evolve(operator, password_hash=password_hash)
            uow.replace_operator(changed)
            uow.end_sessions_of(operator.id)
            uow.forget_attempts(strangers_with(operator.username))
            self._tell(uow, by, "operator.password_reset", operator)
        return changed

    def _take(self, uow: StaffUnitOfWork, username: str) -> Operator:
        """Return an operator who is not disabled, and keep others from changing that."""
        named = self.reader.operator_named(username)
        operator = named and uow.operator(named.id)
        if operator is None:
            detail = "There is no such operator; `payflow operator list` shows them all."
            raise OperatorNotFound(detail, subject=username)
        if not operator.is_enabled:
            detail = "The operator is disabled; create another one."
            raise OperatorDisabled(detail, subject=username)
        return operator

    def _tell(
        self,
        uow: StaffUnitOfWork,
        by: str,
        action: str,
        operator: Operator,
        before: Told | None = None,
        after: Told | None = None,
    ) -> None:
        entry = AuditEntry(
            at=self.clock.now(),
            actor=by,
            action=action,
            subject=operator.id,
            before=before,
            after=after,
            facts={"username": operator.username},
        )
        uow.add_audit(entry)


def _publish(operator: Operator) -> Told:
    disabled_at = operator.disabled_at
    return {
        "role": operator.role.value,
        "disabledAt": None if disabled_at is None else disabled_at.isoformat(),
    }
