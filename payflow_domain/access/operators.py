"""Operators: PayFlow's own staff, their roles, and what each role may do."""

from enum import StrEnum

from attrs import frozen

from payflow_domain.errors import Forbidden
from payflow_domain.ids import OperatorId


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
