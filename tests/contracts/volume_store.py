"""The suite for stores of volumes: derive from ``VolumeStoreContract``."""

from datetime import date, timedelta

import pytest

from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post
from payflow_domain.ledger.volumes import Volume, VolumeOf, VolumeRoller
from tests.builders.ledger import FundedLedger, open_funded_ledger
from tests.builders.times import START, SettableClock
from tests.contracts.stores import LedgerSuite, VolumeStore

DAY = START.date()
EVER = (date(2000, 1, 1), date(2100, 1, 1))
TRANSFERS = VolumeOf(DAY, "EUR", "transfer")
CREDITS = VolumeOf(DAY, "EUR", "credit")


class Crash(Exception):
    """Something of the program's own went wrong."""


class VolumeStoreContract(LedgerSuite):
    """What ``VolumeUnitOfWork`` and ``VolumeReader`` promise."""

    @pytest.fixture
    def store(self, clock: SettableClock) -> VolumeStore:
        raise NotImplementedError(clock)

    def test_nothing_is_rolled_up_at_first(self, store: VolumeStore, ledger: FundedLedger) -> None:
        assert store.volumes_between(ledger.id, *EVER) == []
        assert store.volumes_sequence(ledger.id) == 0

    def test_what_was_completed_is_counted_once(
        self, store: VolumeStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        roller = VolumeRoller(store.begin, store)
        funded = roll_up(roller)
        post(ledgers, ledger, 7, 5)
        posted = roll_up(roller)

        assert (funded, posted, roll_up(roller)) == (6, 6, 0)
        assert dict(store.volumes_between(ledger.id, *EVER)) == {
            CREDITS: Volume(3, 3000),
            TRANSFERS: Volume(2, 12),
        }
        assert store.volumes_sequence(ledger.id) == 12

    def test_days_are_told_apart_and_listed_in_order(
        self, store: VolumeStore, ledgers: Ledgers, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        roller = VolumeRoller(store.begin, store)
        post(ledgers, ledger, 1)
        clock.advance(timedelta(days=1))
        post(ledgers, ledger, 2)
        roll_up(roller)

        tomorrow = DAY + timedelta(days=1)
        listed = store.volumes_between(ledger.id, DAY, tomorrow)
        assert [(of.day, of.type) for of, _ in listed] == [
            (DAY, "credit"),
            (DAY, "transfer"),
            (tomorrow, "transfer"),
        ]
        assert store.volumes_between(ledger.id, tomorrow, tomorrow) == listed[2:]

    def test_ledgers_are_told_apart(
        self, store: VolumeStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=1, environment=Environment.LIVE)
        post(ledgers, ledger, 1)
        roll_up(VolumeRoller(store.begin, store))

        assert dict(store.volumes_between(other.id, *EVER)) == {CREDITS: Volume(1, 1000)}

    def test_a_roll_up_that_crashes_has_counted_nothing(
        self, store: VolumeStore, ledger: FundedLedger
    ) -> None:
        def crash() -> None:
            with store.begin() as uow:
                for ledger_id, _ in uow.take_behind(10):
                    uow.add_volumes(ledger_id, {TRANSFERS: Volume(1, 1)}, 6)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert store.volumes_between(ledger.id, *EVER) == []
        roll_up(VolumeRoller(store.begin, store))
        assert dict(store.volumes_between(ledger.id, *EVER)) == {CREDITS: Volume(3, 3000)}

    def test_ledgers_take_turns(
        self, store: VolumeStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        other = open_funded_ledger(ledgers, wallets=1, environment=Environment.LIVE)
        turns = []
        for sequence in (1, 2, 3, 4):
            with store.begin() as uow:
                ((ledger_id, _),) = uow.take_behind(1)
                uow.add_volumes(ledger_id, {}, (sequence + 1) // 2)
                turns.append(ledger_id)

        assert turns in ([ledger.id, other.id] * 2, [other.id, ledger.id] * 2)

    def test_sums_beyond_any_balance_are_exact(
        self, store: VolumeStore, ledger: FundedLedger
    ) -> None:
        for _ in range(2):
            with store.begin() as uow:
                uow.take_behind(10)
                uow.add_volumes(ledger.id, {TRANSFERS: Volume(1, 2**70 + 1)}, 1)

        assert store.volumes_between(ledger.id, *EVER) == [(TRANSFERS, Volume(2, 2**71 + 2))]


def post(ledgers: Ledgers, ledger: FundedLedger, *amounts: int) -> None:
    units = tuple((Post(ledger.transfer(amount)),) for amount in amounts)
    ledgers.execute([Request(ledger.id, units)])


def roll_up(roller: VolumeRoller) -> int:
    done = 0
    while events := roller.roll_up():
        done += events
    return done
