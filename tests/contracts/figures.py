"""The suite for what counts for staff: derive from ``FiguresContract``."""

from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Protocol

import pytest
from attrs import evolve

from payflow_adapters.currencies import iso_currencies
from payflow_adapters.encoding import encode_json
from payflow_adapters.ids import UuidSource
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor
from payflow_domain.access.security import SecurityEvent, SecurityEventKind, SecurityLog
from payflow_domain.ids import DELIVERY, DeliveryId, KeyId
from payflow_domain.ledger.accounts import MAX_COUNTER
from payflow_domain.ledger.ports import LedgerReader
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.volumes import Volume, VolumeOf, VolumeRoller, VolumeUnitOfWork
from payflow_domain.oversight.figures import DailyVolume, Figures, WebhookHealth
from payflow_domain.partners.ports import PartnerReader, PartnerUnitOfWork
from payflow_domain.payments.model import NoticeStatus
from payflow_domain.payments.ports import PaymentReader, PaymentUnitOfWork
from payflow_domain.wallets.model import NewWallet
from payflow_domain.wallets.ports import WalletReader, WalletUnitOfWork
from payflow_domain.wallets.service import Wallets
from payflow_domain.webhooks.ports import DispatchUnitOfWork, EndpointReader
from tests.builders.ledger import PARTNER_ID, FundedLedger
from tests.builders.times import START, TICK, SettableClock
from tests.contracts.partner_store import BANK
from tests.contracts.partner_store import add as add_partners
from tests.contracts.payment_notices import NOTICE, mark
from tests.contracts.payment_suite import LIVE, MOCK, SANDBOX, PaymentSuite, keep, keep_notices
from tests.contracts.webhook_suite import (
    DELIVERED,
    FAILED,
    SKIPPED,
    new_delivery,
    new_endpoint,
    over,
    plan,
)
from tests.contracts.webhook_suite import keep as keep_endpoints

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = date(2026, 1, 31)


class CountedUnitOfWork(
    PartnerUnitOfWork,
    PaymentUnitOfWork,
    WalletUnitOfWork,
    DispatchUnitOfWork,
    VolumeUnitOfWork,
    Protocol,
):
    """One database transaction on what is counted."""


class CountedStore(
    LedgerReader,
    PartnerReader,
    PaymentReader,
    WalletReader,
    EndpointReader,
    SecurityLog,
    Protocol,
):
    """Keeps all that is counted."""

    def begin(self) -> AbstractContextManager[CountedUnitOfWork]: ...


def roll_up(store: CountedStore) -> None:
    roller = VolumeRoller(store.begin, store)
    while roller.roll_up():
        pass


class FiguresContract(PaymentSuite):
    """What ``Figures`` promises."""

    @pytest.fixture
    def store(self, clock: SettableClock) -> CountedStore:
        raise NotImplementedError(clock)

    @pytest.fixture
    def figures(self, store: CountedStore) -> Figures:
        raise NotImplementedError(store)

    @pytest.fixture
    def ledgers(self, store: CountedStore, clock: SettableClock) -> Ledgers:
        return Ledgers(store.begin, store, clock, UuidSource(), encode_json)

    def test_where_there_is_nothing_nothing_is_counted(self, figures: Figures) -> None:
        assert figures.partners_by_status() == {}
        assert figures.wallets_by_environment() == {}
        assert figures.daily_volumes(TODAY) == []
        assert figures.pending_by_age([START, START - DAY]) == [0, 0, 0]
        health = figures.gateway_health(MOCK, SANDBOX)
        assert (health.pending, health.oldest_pending_at) == (0, None)
        assert (health.waiting_notices, health.last_notice_at) == (0, None)
        assert figures.webhook_health(START) == WebhookHealth(0, 0, 0, None)
        assert figures.webhook_health(START).success_rate is None
        assert figures.security_events_by_kind(START) == {}

    def test_partners_are_counted_by_status(self, store: CountedStore, figures: Figures) -> None:
        add_partners(store, BANK)

        assert figures.partners_by_status() == {"approved": 1}

    def test_wallets_are_counted_by_environment(
        self, store: CountedStore, ledger: FundedLedger, other: FundedLedger, figures: Figures
    ) -> None:
        wallets = Wallets(
            store.begin, store, SettableClock(), UuidSource(), encode_json, iso_currencies()
        )
        for which, environment in ((ledger, SANDBOX), (ledger, SANDBOX), (other, LIVE)):
            actor = Actor(KeyId("key_1"), PARTNER_ID, which.id, environment, ALL_PERMISSIONS)
            wallets.create(actor, NewWallet("A wallet", "EUR"))

        assert figures.wallets_by_environment() == {"sandbox": 2, "live": 1}

    def test_volume_is_summed_up_by_day_environment_and_currency(
        self,
        store: CountedStore,
        ledgers: Ledgers,
        clock: SettableClock,
        ledger: FundedLedger,
        other: FundedLedger,
        figures: Figures,
    ) -> None:
        clock.advance(DAY)
        ledgers.post(ledger.id, ledger.transfer(10))
        ledgers.post(ledger.id, ledger.transfer(5))
        posted = ledgers.post(other.id, other.transfer(1)).transaction
        ledgers.reverse(other.id, posted.id)
        roll_up(store)

        tomorrow = TODAY + DAY
        assert figures.daily_volumes(TODAY) == [
            DailyVolume(tomorrow, LIVE, "EUR", 1, 1),
            DailyVolume(tomorrow, SANDBOX, "EUR", 2, 15),
            DailyVolume(TODAY, LIVE, "EUR", 2, 2000),
            DailyVolume(TODAY, SANDBOX, "EUR", 2, 2000),
        ]
        assert figures.daily_volumes(tomorrow) == [
            DailyVolume(tomorrow, LIVE, "EUR", 1, 1),
            DailyVolume(tomorrow, SANDBOX, "EUR", 2, 15),
        ]

    def test_a_volume_beyond_what_can_be_counted_is_that_much_at_least(
        self, store: CountedStore, ledger: FundedLedger, figures: Figures
    ) -> None:
        credits_ = VolumeOf(TODAY, "EUR", "credit")
        with store.begin() as uow:
            uow.take_behind(1)
            uow.add_volumes(ledger.id, {credits_: Volume(2, 2 * MAX_COUNTER)}, 1)

        assert figures.daily_volumes(TODAY) == [DailyVolume(TODAY, SANDBOX, "EUR", 2, MAX_COUNTER)]

    def test_pending_transactions_are_counted_by_age(
        self, ledgers: Ledgers, clock: SettableClock, ledger: FundedLedger, figures: Figures
    ) -> None:
        for after in (HOUR, HOUR, DAY):
            clock.advance(after)
            ledgers.hold(ledger.id, ledger.transfer(1))
        last = clock.now()

        assert figures.pending_by_age([last]) == [0, 3]
        assert figures.pending_by_age([last - TICK]) == [1, 2]
        assert figures.pending_by_age([last - HOUR, last - DAY]) == [1, 0, 2]
        assert figures.pending_by_age([last - DAY, last - DAY - HOUR]) == [1, 1, 1]

    def test_a_gateway_is_known_by_what_is_open_and_by_what_it_told(
        self, store: CountedStore, ledgers: Ledgers, ledger: FundedLedger, figures: Figures
    ) -> None:
        first, second = self.due_payments(ledgers, ledger, 1, 2)
        settled, stripes = self.due_payments(ledgers, ledger, 3, 4)
        keep(
            store,
            evolve(first, created_at=START + HOUR),
            second,
            evolve(settled, created_at=START - DAY, next_attempt_at=None),
            evolve(stripes, created_at=START - DAY, gateway="stripe"),
        )
        later = evolve(NOTICE, id="evt_2", received_at=START + HOUR)
        keep_notices(
            store,
            NOTICE,
            later,
            evolve(later, id="evt_3", gateway="stripe", received_at=START + DAY),
            evolve(later, id="evt_4", environment=LIVE, received_at=START + DAY),
        )
        mark(store, later, NoticeStatus.APPLIED)

        health = figures.gateway_health(MOCK, SANDBOX)

        assert (health.gateway, health.environment) == (MOCK, SANDBOX)
        assert (health.pending, health.oldest_pending_at) == (2, START)
        assert (health.waiting_notices, health.last_notice_at) == (1, START + HOUR)

    def test_webhooks_are_known_by_what_became_of_recent_ones_and_what_is_to_be_sent(
        self, store: CountedStore, ledger: FundedLedger, figures: Figures
    ) -> None:
        endpoint = new_endpoint(ledger)
        keep_endpoints(store, endpoint)
        made = [
            (over(DELIVERED), START),
            (over(DELIVERED), START + HOUR),
            (over(DELIVERED), START - TICK),
            (over(FAILED), START),
            (over(FAILED), START - DAY),
            (over(SKIPPED), START),
            ({"next_attempt_at": START + HOUR}, START - DAY),
            ({"next_attempt_at": START + DAY}, START),
        ]
        deliveries = [
            new_delivery(
                endpoint,
                number,
                id=DeliveryId(UuidSource().minting(at)(DELIVERY)),
                created_at=at,
                **changes,
            )
            for number, (changes, at) in enumerate(made, 1)
        ]
        plan(store, *deliveries)

        health = figures.webhook_health(START)

        assert health == WebhookHealth(2, 1, 2, START + HOUR)
        assert health.success_rate == 2 / 3

    def test_security_events_are_counted_by_kind(
        self, store: CountedStore, figures: Figures
    ) -> None:
        forged, foreign = SecurityEventKind.INVALID_NOTICE, SecurityEventKind.FOREIGN_NOTICE
        for kind, at in ((forged, START), (forged, START + TICK), (foreign, START)):
            store.record(SecurityEvent(at, kind, "detail"))

        assert figures.security_events_by_kind(START) == {
            "invalid_notice": 2,
            "foreign_notice": 1,
        }
        assert figures.security_events_by_kind(START + TICK) == {"invalid_notice": 1}
        assert figures.security_events_by_kind(START + HOUR) == {}
