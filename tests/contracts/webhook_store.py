"""The suite for stores of webhooks: derive from ``WebhookStoreContract``."""

from tests.contracts.webhook_concluding import DeliveryConcluding
from tests.contracts.webhook_keeping import EndpointKeeping
from tests.contracts.webhook_leases import EndpointLeases
from tests.contracts.webhook_purging import DeliveryPurging
from tests.contracts.webhook_reading import DeliveryReading
from tests.contracts.webhook_recovering import DeliveryRecovering
from tests.contracts.webhook_taking import DeliveryTaking


class WebhookStoreContract(
    EndpointKeeping,
    EndpointLeases,
    DeliveryTaking,
    DeliveryConcluding,
    DeliveryRecovering,
    DeliveryPurging,
    DeliveryReading,
):
    """What ``DispatchUnitOfWork`` and ``EndpointReader`` promise."""
