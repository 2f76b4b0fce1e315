"""What a store offers to the suites."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import pytest

from payflow_domain.access.limit_service import LimitStore
from payflow_domain.access.ports import (
    KeyReader,
    KeyUnitOfWork,
    StaffReader,
    StaffUnitOfWork,
)
from payflow_domain.access.shared_limits import LimitUnitOfWork
from payflow_domain.access.usage_service import UsageStore
from payflow_domain.clock import Clock
from payflow_domain.ids import IdSource
from payflow_domain.ledger.batch import Request, load_for
from payflow_domain.ledger.ports import Changes, LedgerReader, UnitOfWork
from payflow_domain.ledger.purging import KeyPurgingUnitOfWork
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.volumes import VolumeReader, VolumeUnitOfWork
from payflow_domain.partners.ports import PartnerReader, PartnerUnitOfWork
from payflow_domain.payments.ports import PaymentReader, PaymentUnitOfWork
from payflow_domain.wallets.ports import WalletReader, WalletUnitOfWork
from payflow_domain.webhooks.ports import DispatchUnitOfWork, EndpointReader
from tests.builders.deciding import decide_in_one
from tests.builders.ledger import FundedLedger, ledgers_over, open_funded_ledger
from tests.builders.times import CountingIds, SettableClock


class LedgerStore(LedgerReader, Protocol):
    """Keeps books."""

    def begin(self) -> AbstractContextManager[UnitOfWork]: ...


class WalletStore(LedgerReader, WalletReader, Protocol):
    """Keeps wallets, and the books that they stand in."""

    def begin(self) -> AbstractContextManager[WalletUnitOfWork]: ...


class PartnerStore(LedgerReader, PartnerReader, Protocol):
    """Keeps partners and their ledgers."""

    def begin(self) -> AbstractContextManager[PartnerUnitOfWork]: ...


class AccessUnitOfWork(KeyUnitOfWork, PartnerUnitOfWork, Protocol):
    """One database transaction on API keys and on whose they are."""


class AccessStore(KeyReader, PartnerReader, Protocol):
    """Keeps API keys, and the partners whose they are."""

    def begin(self) -> AbstractContextManager[AccessUnitOfWork]: ...


class StaffStore(StaffReader, Protocol):
    """Keeps operators, their sessions, and what was done."""

    def begin(self) -> AbstractContextManager[StaffUnitOfWork]: ...


class LimitedUnitOfWork(LimitUnitOfWork, PartnerUnitOfWork, Protocol):
    """One database transaction on limits and on whose they are."""


class LimitedStore(LimitStore, PartnerReader, Protocol):
    """Keeps limits, and the partners whose they are."""

    def begin(self) -> AbstractContextManager[LimitedUnitOfWork]: ...


class VolumedUnitOfWork(VolumeUnitOfWork, UnitOfWork, Protocol):
    """One database transaction on volumes and on the books that they are of."""


class UsedStore(UsageStore, AccessStore, Protocol):
    """Keeps the record of use, and the API keys that are used."""


class VolumeStore(LedgerReader, VolumeReader, Protocol):
    """Keeps volumes, and the books that they are of."""

    def begin(self) -> AbstractContextManager[VolumedUnitOfWork]: ...


class PurgedUnitOfWork(KeyPurgingUnitOfWork, UnitOfWork, Protocol):
    """One database transaction on spent keys and on the books that they are of."""


class KeyPurgingStore(LedgerReader, Protocol):
    """Keeps spent keys, and the books that they are of."""

    def begin(self) -> AbstractContextManager[PurgedUnitOfWork]: ...


class PaymentStore(LedgerReader, PaymentReader, Protocol):
    """Keeps payments, and the books that they stand in."""

    def begin(self) -> AbstractContextManager[PaymentUnitOfWork]: ...


class WebhookStore(LedgerReader, EndpointReader, Protocol):
    """Keeps endpoints and deliveries, and the journals that they are of."""

    def begin(self) -> AbstractContextManager[DispatchUnitOfWork]: ...


class LedgerSuite:
    """The fixtures of every suite on the ledger's ports."""

    @pytest.fixture
    def clock(self) -> SettableClock:
        return SettableClock()

    @pytest.fixture
    def store(self, clock: SettableClock) -> LedgerStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def ids(self) -> CountingIds:
        return CountingIds()

    @pytest.fixture
    def ledgers(self, store: LedgerStore, clock: SettableClock) -> Ledgers:
        return ledgers_over(store.begin, store, clock)

    @pytest.fixture
    def ledger(self, ledgers: Ledgers) -> FundedLedger:
        """A ledger with three wallets of 1000 each: six events are in its journal."""
        return open_funded_ledger(ledgers, wallets=3)


def changes_for(uow: UnitOfWork, request: Request, clock: Clock, ids: IdSource) -> Changes:
    """Load what ``request`` takes and decide it; some of it must take effect."""
    (books,) = load_for(uow, [request]).values()
    at: datetime = books.ledger.next_moment(clock.now())
    decided = decide_in_one(books, [request], at, ids.minting(at))
    assert decided.changes is not None
    return decided.changes
