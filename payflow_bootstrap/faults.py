"""What is told of faults that are not PayFlow's own."""

from sqlalchemy.exc import ArgumentError, OperationalError

from payflow_adapters.postgres.server import EmbeddedServerError
from payflow_bootstrap.programs import ApiNotReady
from payflow_bootstrap.settings import SettingsError

_SAYING_IT = (ApiNotReady, EmbeddedServerError, SettingsError)


def explain(error: Exception) -> str | None:
    """Say in a line what is the matter and what to do; ``None`` of a fault of ours."""
    if isinstance(error, _SAYING_IT):
        return str(error)
    if isinstance(error, ArgumentError):
        return f"The address of the database is malformed: {error}"
    if isinstance(error, OperationalError):
        return f"The database cannot be reached: {error.orig}"
    return None
