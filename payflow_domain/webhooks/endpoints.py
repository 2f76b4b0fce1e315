"""Webhook endpoints: where a partner wants to hear of what, and the secrets that sign it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from attrs import evolve, field, frozen

from payflow_domain.access.keys import SecretSource
from payflow_domain.errors import Conflict, Invalid, NotFound
from payflow_domain.ids import EndpointId, LedgerId
from payflow_domain.ledger.ledgers import Environment

ENDPOINTS_MAX = 50
"""How many endpoints a ledger may have."""

URL_LENGTH_MAX = 2_048
OVERLAP_DEFAULT = timedelta(hours=24)
OVERLAP_MAX = timedelta(days=7)
"""How long both secrets may sign after a rotation."""

FAILING_MAX = timedelta(days=5)
"""An endpoint with nothing but failures for so long is disabled."""

TEST_EVENT = "webhook_endpoint.test"
"""The type of a test event: it is in no journal, and its sequence is 0."""

_SECRET_PREFIX = "whsec_"  # noqa: S105  # how Standard Webhooks secrets begin
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SECRET_LENGTH = 32
"""So many characters are 24 bytes, the least that Standard Webhooks takes, without padding."""


EndpointKey = tuple[LedgerId, EndpointId]
"""Names an endpoint among those of all ledgers."""


class UnsafeUrl(Invalid):
    """Events cannot be sent there: it is no public HTTPS address."""

    code = "unsafe_url"


class EndpointNotFound(NotFound):
    """No such endpoint."""

    code = "webhook_endpoint_not_found"


class DeliveryNotFound(NotFound):
    """No such delivery."""

    code = "delivery_not_found"


class EndpointDisabled(Conflict):
    """Nothing is sent to an endpoint that is disabled; enable it first."""

    code = "webhook_endpoint_disabled"


class TooManyEndpoints(Conflict):
    """The ledger has ``ENDPOINTS_MAX`` endpoints; delete one first."""

    code = "too_many_webhook_endpoints"


class RotationUnderWay(Conflict):
    """Two secrets sign already: wait until the older one has expired, or rotate without overlap."""

    code = "rotation_under_way"


class InvalidOverlap(Invalid):
    """Two secrets may sign for at most ``OVERLAP_MAX``."""

    code = "invalid_overlap"


class EndpointStatus(StrEnum):
    """Whether events are sent to an endpoint."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why an endpoint is disabled: its partner did it, it answered 410, or it failed for days."""

    REQUESTED = "requested"
    GONE = "gone"
    FAILING = "failing"


@frozen
class Endpoint:
    """Where a partner hears of events.

    ``events`` are the types it hears of; none means all, also those to come. A type is no more
    than a name here: a newer version may know more of them.
    ``planned_through`` is the last event of the journal for which there is a delivery, if the
    endpoint was to hear of it. ``failing_since`` is the first of an unbroken row of failures.
    """

    ledger_id: LedgerId
    environment: Environment
    id: EndpointId
    url: str
    events: frozenset[str]
    description: str | None
    status: EndpointStatus
    secret: str = field(repr=False)
    created_at: datetime
    planned_through: int
    previous_secret: str | None = field(default=None, repr=False)
    previous_secret_until: datetime | None = None
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None

    @property
    def key(self) -> EndpointKey:
        """Return what names it among those of all ledgers."""
        return self.ledger_id, self.id

    def hears(self, type_: str) -> bool:
        """Tell whether it is to hear of events of that type."""
        return not self.events or type_ in self.events

    def secrets_at(self, at: datetime) -> Sequence[str]:
        """Return the secrets that sign at a moment, the newest first."""
        until = self.previous_secret_until
        if self.previous_secret is None or until is None or at >= until:
            return (self.secret,)
        return (self.secret, self.previous_secret)


@frozen
class NewEndpoint:
    """What a partner says of a new endpoint."""

    url: str
    events: frozenset[str] = frozenset()
    description: str | None = None


class Unchanged(Enum):
    """Leaves as it is what ``None`` would take away."""

    UNCHANGED = "unchanged"


@frozen
class EndpointChange:
    """What is to be changed; ``None`` leaves it as it is, but for the description: it has none."""

    url: str | None = None
    events: frozenset[str] | None = None
    description: str | Unchanged | None = Unchanged.UNCHANGED


def make_signing_secret(secrets: SecretSource) -> str:
    """Make a secret: ``whsec_`` and base64, as Standard Webhooks 1.0 has it."""
    return _SECRET_PREFIX + secrets.characters(_BASE64, _SECRET_LENGTH)


def apply_change(endpoint: Endpoint, change: EndpointChange) -> Endpoint:
    """Return the endpoint with what is to be changed; with a new URL it has a clean record."""
    has_moved = change.url not in (None, endpoint.url)
    return evolve(
        endpoint,
        url=change.url if change.url is not None else endpoint.url,
        failing_since=None if has_moved else endpoint.failing_since,
        events=change.events if change.events is not None else endpoint.events,
        description=(
            endpoint.description
            if isinstance(change.description, Unchanged)
            else change.description
        ),
    )


def rotate(endpoint: Endpoint, secret: str, at: datetime, overlap: timedelta) -> Endpoint:
    """Return the endpoint with a new secret; the present one signs as well for ``overlap``.

    Without an overlap only the new one signs from now on. Raises ``RotationUnderWay``: a third
    secret that signs would take one away before its time.
    """
    if overlap and len(endpoint.secrets_at(at)) > 1:
        detail = "Two secrets sign until the older one expires; rotate after that, or at once."
        raise RotationUnderWay(detail, subject=endpoint.id)
    return evolve(
        endpoint,
        secret=secret,
        previous_secret=endpoint.secret if overlap else None,
        previous_secret_until=at + overlap if overlap else None,
    )


def disable(endpoint: Endpoint, reason: DisabledReason, at: datetime) -> Endpoint:
    """Return the endpoint disabled; one that is disabled already stays as it is."""
    if endpoint.status is EndpointStatus.DISABLED:
        return endpoint
    return evolve(endpoint, status=EndpointStatus.DISABLED, disabled_reason=reason, disabled_at=at)


def enable(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint enabled, with a clean record."""
    return evolve(
        endpoint,
        status=EndpointStatus.ENABLED,
        disabled_reason=None,
        disabled_at=None,
        failing_since=None,
    )
