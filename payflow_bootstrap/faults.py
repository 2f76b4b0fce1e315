"""What is told of faults that are not PayFlow's own."""

import psycopg
from sqlalchemy.exc import DBAPIError

from payflow_adapters.postgres.address import AddressError, told
from payflow_adapters.postgres.migrate import UnknownSchema
from payflow_adapters.postgres.server import EmbeddedServerError
from payflow_bootstrap.programs import ApiNotReady
from payflow_bootstrap.settings import SettingsError

_SAYING_IT = (AddressError, ApiNotReady, EmbeddedServerError, SettingsError, UnknownSchema)
_OF_THE_DATABASE = (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege)


def explain(error: Exception) -> str | None:
    """Say in a line what is the matter and what to do; ``None`` of a fault of ours."""
    if isinstance(error, _SAYING_IT):
        return str(error)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return told(cause) if isinstance(cause, _OF_THE_DATABASE) else None
