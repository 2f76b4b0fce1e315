"""Passwords of operators: what may be one, and the port that hashes them."""

from typing import Protocol

from payflow_domain.errors import Invalid

PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 128


class InvalidPassword(Invalid):
    """Too short or too long to be a password."""

    code = "invalid_password"


class PasswordHasher(Protocol):
    """Hashes passwords with a salt, so slowly that guessing does not pay."""

    def hash(self, password: str) -> str:
        """Return the hash to be kept; it says how it was made."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the hash is of ``password``.

        ``None`` stands for no hash at all: it takes as long, and is false.
        """
        ...


def check_password(password: str) -> str:
    """Return ``password`` if it may be one; raises ``InvalidPassword``.

    Length is what counts: as NIST SP 800-63B has it, no kind of character is asked for.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        detail = f"A password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters."
        raise InvalidPassword(detail)
    return password
