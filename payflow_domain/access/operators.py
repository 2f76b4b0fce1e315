"""Operators: PayFlow's own staff, their roles, and what each role may do."""

import re
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from payflow_domain.errors import Conflict, Forbidden, Invalid, NotFound
from payflow_domain.ids import OperatorId

_USERNAME = re.compile(r"[a-z0-9._-]{3,64}")


class Role(StrEnum):
    """What an operator is."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    SUPPORT = "support"


class StaffPermission(StrEnum):
    """What staff may be allowed to do."""

    READ = "staff:read"
    REVIEW = "staff:review"
    ADMINISTER = "staff:administer"


_OF_ROLE = {
    Role.ADMIN: frozenset(StaffPermission),
    Role.REVIEWER: frozenset({StaffPermission.READ, StaffPermission.REVIEW}),
    Role.SUPPORT: frozenset({StaffPermission.READ}),
}


class MissingRole(Forbidden):
    """The operator's role does not include it; ``subject`` names the permission."""

    code = "missing_role"


@frozen
class StaffActor:
    """Who acts: an operator who has logged in, from ``address``."""

    operator_id: OperatorId
    username: str
    role: Role
    address: str | None = None

    def require(self, permission: StaffPermission) -> None:
        """Raise ``MissingRole`` unless the operator's role includes ``permission``."""
        if permission not in _OF_ROLE[self.role]:
            detail = f"The role {self.role.value} does not include {permission.value}."
            facts = {"permission": permission.value}
            raise MissingRole(detail, facts=facts, subject=permission.value)


class InvalidUsername(Invalid):
    """A username that no operator can have."""

    code = "invalid_username"


class UsernameTaken(Conflict):
    """Another operator has that username, or had it before being disabled."""

    code = "username_taken"


class OperatorNotFound(NotFound):
    """There is no such operator."""

    code = "operator_not_found"


class OperatorDisabled(Conflict):
    """The operator was disabled, which is for good."""

    code = "operator_disabled"


@frozen
class Operator:
    """One of our staff; the password itself is not kept."""

    id: OperatorId
    username: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether the operator may log in."""
        return self.disabled_at is None

    def acting(self, address: str | None) -> StaffActor:
        """Who acts when the operator does, from ``address``."""
        return StaffActor(self.id, self.username, self.role, address)


def can_be_username(text: str) -> bool:
    """Tell whether an operator can have that username."""
    return _USERNAME.fullmatch(text) is not None


def check_username(username: str) -> str:
    """Return ``username`` if an operator can have it; raises ``InvalidUsername``."""
    if not can_be_username(username):
        detail = "A username has 3 to 64 lower-case letters, digits, dots, hyphens and underscores."
        raise InvalidUsername(detail, subject=username)
    return username
