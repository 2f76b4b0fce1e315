"""The suite for stores of payments: derive from ``PaymentStoreContract``."""

from tests.contracts.payment_due import PaymentDue
from tests.contracts.payment_keeping import PaymentKeeping
from tests.contracts.payment_legs import PaymentLegs
from tests.contracts.payment_notices import PaymentNotices


class PaymentStoreContract(PaymentKeeping, PaymentDue, PaymentLegs, PaymentNotices):
    """What ``PaymentUnitOfWork`` and ``PaymentReader`` promise."""
