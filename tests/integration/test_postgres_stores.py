"""The stores in PostgreSQL keep what the ports promise, and do what a simple model does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import psycopg
import pytest
from attrs import evolve
from hypothesis import Phase, settings

from payflow_adapters.postgres.certification_reader import EVIDENCE, evidence_values
from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.key_purging import PURGE_KEYS
from payflow_adapters.postgres.payment_statements import TAKE_DUE
from payflow_adapters.postgres.store import PostgresStore
from payflow_adapters.postgres.transaction_lists import transactions_page
from payflow_adapters.postgres.usage_statements import NOTE_FLUSH
from payflow_adapters.postgres.webhook_reader import deliveries_query
from payflow_adapters.postgres.webhook_statements import PURGE_DELIVERIES, RECOVER
from payflow_domain.access.shared_limits import Taken
from payflow_domain.access.usage import Flush
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.batch import Request
from payflow_domain.ledger.idempotency import RETENTION, Answer, Claim, IdempotencyKey, SpentKey
from payflow_domain.ledger.journal import Event
from payflow_domain.ledger.ports import Changes, Page, TransactionFilter, Wanted
from payflow_domain.ledger.service import Ledgers
from payflow_domain.ledger.transactions import Post, Status
from payflow_domain.partners.certification import CertificationItem
from payflow_domain.webhooks.ports import DeliveryFilter
from tests.builders.ledger import FundedLedger, transfer
from tests.builders.times import START, TICK, SettableClock, endpoint_id
from tests.contracts.access_store import KeyStoreContract
from tests.contracts.audit_log import AuditLogContract
from tests.contracts.certification_store import CertificationStoreContract
from tests.contracts.key_purging import KeyPurgingContract, keys_of, purge, spend
from tests.contracts.ledger_machine import LedgerMachine
from tests.contracts.ledger_store import LedgerStoreContract
from tests.contracts.limit_store import LimitStoreContract
from tests.contracts.partner_store import PartnerStoreContract
from tests.contracts.payment_due import LATER, put_off
from tests.contracts.payment_store import PaymentStoreContract
from tests.contracts.payment_suite import keep
from tests.contracts.security_log import SecurityLogContract
from tests.contracts.staff_store import StaffStoreContract
from tests.contracts.usage_store import DAY, FAST, ONE, UsageStoreContract, used
from tests.contracts.volume_store import VolumeStoreContract
from tests.contracts.wallet_store import WalletStoreContract
from tests.contracts.webhook_store import WebhookStoreContract
from tests.contracts.webhook_suite import FAILED, PENDING, new_delivery, new_endpoint
from tests.contracts.webhook_suite import keep as keep_endpoints

_VIEWED = """
    SELECT sequence, type, at, convert_to(body, 'UTF8'), hash FROM events WHERE ledger_id = %s
    ORDER BY sequence
"""


_DELIVERIES_READ = """
    SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index
    WHERE indrelid = 'webhook_deliveries'::regclass
"""
WAITING = {"next_attempt_at": START + timedelta(days=1)}


class _OnPostgres:
    @pytest.fixture
    def store(self, clock: SettableClock, emptied: Database) -> PostgresStore:
        return PostgresStore(emptied, clock)


class TestPostgresLedgerStore(_OnPostgres, LedgerStoreContract):
    def test_the_view_of_events_has_them_as_the_reader_does(
        self, store: PostgresStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        for count in (1, 60, 40):
            units = [(Post(ledger.transfer(1)),)] * count
            ledgers.execute([Request(ledger.id, tuple(units))])

        with store.database.writing() as connection:
            rows = connection.execute(_VIEWED, [ledger.id]).fetchall()

        read = store.events(ledger.id, 0, 1000)
        assert len(read) == 6 + 3 * 101
        assert [Event(*row) for row in rows] == read

    @pytest.mark.parametrize("status", [None, Status.POSTED, Status.PENDING, Status.VOIDED])
    def test_a_page_of_a_wallets_transactions_costs_no_more_where_there_are_more(
        self, store: PostgresStore, ledgers: Ledgers, ledger: FundedLedger, status: Status | None
    ) -> None:
        which = TransactionFilter(ledger.wallets[0], status)
        few = self.pages_read_after(100, store, ledgers, ledger, which)

        many = self.pages_read_after(1_500, store, ledgers, ledger, which)

        assert all(after <= before + 30 for before, after in zip(few, many, strict=True)), many

    def pages_read_after(
        self,
        count: int,
        store: PostgresStore,
        ledgers: Ledgers,
        ledger: FundedLedger,
        which: TransactionFilter,
    ) -> list[int]:
        """Make transactions; return how much is read for the first page and for the next one."""
        post_many(ledgers, ledger, count)
        for _ in range(20):
            held = ledgers.hold(ledger.id, ledger.transfer(1)).transaction
            if which.status is Status.VOIDED:
                ledgers.void(ledger.id, held.id)
        # As autovacuum does within a minute.
        with store.database.writing() as connection:
            connection.execute("SET LOCAL ROLE none")
            connection.execute("ANALYZE entries, transactions")
        last = store.transactions(ledger.id, which, Page(10))[-1]
        return [pages_read(store, ledger, which, page) for page in (Page(10), Page(10, last.id))]


def post_many(ledgers: Ledgers, ledger: FundedLedger, count: int) -> None:
    """Post transfers out of the first wallet and back into it, ten in a commit."""
    there, back = ledger.transfer(1), transfer(ledger.wallets[1], ledger.wallets[0], 1)
    for _ in range(count // 10):
        ledgers.execute([Request(ledger.id, ((Post(there),), (Post(back),)) * 5)])


def pages_read(
    store: PostgresStore, ledger: FundedLedger, which: TransactionFilter, page: Page
) -> int:
    """Return how many pages of the database are read for a page of a list."""
    query = transactions_page(ledger.id, which, page)
    with store.database.reading_of(ledger.id) as connection:
        text = query.compile(connection.engine, compile_kwargs={"literal_binds": True})
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}"
        ((explained,),) = connection.exec_driver_sql(explain.replace("%", "%%")).scalars()
    plan = explained["Plan"]
    assert plan["Actual Rows"] == page.limit
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


class TestPostgresWalletStore(_OnPostgres, WalletStoreContract):
    pass


class TestPostgresPartnerStore(_OnPostgres, PartnerStoreContract):
    pass


class TestPostgresCertificationStore(_OnPostgres, CertificationStoreContract):
    @pytest.mark.parametrize("item", EVIDENCE)
    def test_what_was_shown_is_found_by_indexes_and_the_first_rows_of_them(
        self, store: PostgresStore, item: CertificationItem
    ) -> None:
        with store.database.reading_of(LedgerId(1)) as connection:
            # Such a read may not scan tables: what has no index for it would be scanned anyway.
            query, values = f"EXPLAIN {EVIDENCE[item]}", evidence_values(LedgerId(1))
            plan = connection.exec_driver_sql(query, dict(values)).scalars().all()

        lines = [line.strip() for line in plan]
        conditions = [line for line in lines if line.startswith("Index Cond")]
        assert not [line for line in lines if "Seq Scan" in line or "Sort" in line], lines
        assert conditions
        # A ledger's own rows, or one row by its id.
        assert all("ledger_id = " in line or "(id = " in line for line in conditions), lines


class TestPostgresKeyStore(_OnPostgres, KeyStoreContract):
    pass


class TestPostgresPaymentStore(_OnPostgres, PaymentStoreContract):
    def test_no_worker_waits_for_what_another_one_takes(
        self, store: PostgresStore, ledgers: Ledgers, ledger: FundedLedger
    ) -> None:
        one, two, three = self.due_payments(ledgers, ledger, -3, -2, -1)
        keep(store, one, two, three)

        with store.begin() as first, store.begin() as second:
            taken = [uow.take_due(START, LATER, 2) for uow in (first, second)]

        assert taken == [put_off(one, two), put_off(three)]

    def test_what_is_due_is_found_without_reading_every_payment(self, store: PostgresStore) -> None:
        with store.database.writing() as connection:
            plan = connection.execute(f"EXPLAIN {TAKE_DUE}", [START, 10, START]).fetchall()

        lines = [line for (line,) in plan if "Scan" in line]
        assert any("payments_due" in line for line in lines), lines
        assert not any("Seq Scan" in line for line in lines)


class TestPostgresKeyPurging(_OnPostgres, KeyPurgingContract):
    def test_no_worker_waits_for_keys_that_another_one_removes(
        self, store: PostgresStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        for key in ("one", "two", "three"):
            clock.advance(TICK)
            spend(store, clock, ledger, key)
        past = clock.now() + TICK

        with store.begin() as first, store.begin() as second:
            purged = [first.purge_keys(past, 2), second.purge_keys(past, 2)]

        assert purged == [2, 1]

    def test_no_worker_waits_for_a_key_that_is_spent_again(
        self, store: PostgresStore, ledger: FundedLedger, clock: SettableClock
    ) -> None:
        spend(store, clock, ledger, "again", "other")
        clock.advance(RETENTION + TICK)
        claim = Claim(IdempotencyKey("again"), bytes(32))

        with store.begin() as committing:
            books = committing.load({ledger.id: Wanted(keys={claim.key})})[ledger.id]
            head = evolve(books.ledger, last_at=clock.now())
            committing.write([Changes(head, spent=[SpentKey(claim, Answer(2, b"two"))])])
            committing.driver.run()
            assert purge(store, clock) == 1

        assert keys_of(store, ledger, ["again", "other"]) == ["again"]

    def test_what_is_to_be_removed_is_found_without_reading_every_key(
        self, store: PostgresStore
    ) -> None:
        with store.database.writing() as connection:
            plan = connection.execute(f"EXPLAIN {PURGE_KEYS}", [START, 10]).fetchall()

        lines = [line for (line,) in plan]
        assert any("idempotency_keys_spent" in line for line in lines), lines
        assert not [line for line in lines if "Seq Scan on" in line or "Sort" in line], lines


class TestPostgresWebhookStore(_OnPostgres, WebhookStoreContract):
    def test_no_worker_waits_for_an_endpoint_that_another_one_takes(
        self, store: PostgresStore, ledger: FundedLedger
    ) -> None:
        keep_endpoints(store, *[new_endpoint(ledger, number) for number in (1, 2, 3)])

        with store.begin() as first, store.begin() as second:
            taken = [
                uow.take_endpoints(worker, START, START, None, 2)
                for worker, uow in (("anna", first), ("ben", second))
            ]

        assert [[one.endpoint.id for one in some] for some in taken] == [
            [endpoint_id(1), endpoint_id(2)],
            [endpoint_id(3)],
        ]

    def test_no_worker_waits_for_an_endpoint_whose_ledger_commits(
        self, store: PostgresStore, ledger: FundedLedger
    ) -> None:
        keep_endpoints(store, new_endpoint(ledger))

        with store.begin() as committing, store.begin() as uow:
            committing.load({ledger.id: Wanted()})
            taken = uow.take_endpoints("anna", START, START, None, 2)

        assert [one.sequence for one in taken] == [4]

    def test_what_is_to_be_recovered_is_found_without_reading_every_delivery(
        self, store: PostgresStore
    ) -> None:
        values = [1, "whk_", START, 1, START]
        with store.database.writing() as connection:
            plan = connection.execute(f"EXPLAIN {RECOVER}".encode(), values).fetchall()

        assert any("webhook_deliveries_lost" in line for (line,) in plan), plan

    @pytest.mark.parametrize(
        ("which", "index"),
        [
            (DeliveryFilter(event_type="payout.failed"), "webhook_deliveries_by_event"),
            (DeliveryFilter(PENDING, "payout.failed"), "webhook_deliveries_by_event"),
            (DeliveryFilter(FAILED), "webhook_deliveries_lost"),
            (DeliveryFilter(event_type="wallet.credited"), "webhook_deliveries_pkey"),
            (DeliveryFilter(), "webhook_deliveries_pkey"),
        ],
    )
    def test_deliveries_are_listed_without_reading_all_of_them(
        self, store: PostgresStore, ledger: FundedLedger, which: DeliveryFilter, index: str
    ) -> None:
        query = deliveries_query(ledger.id, endpoint_id(1), which, Page(21))
        with store.database.reading_of(ledger.id) as connection:
            # As it is sent: what is a parameter there says nothing of which index has it.
            sent = query.compile(connection, compile_kwargs={"render_postcompile": True})
            explained = connection.exec_driver_sql(f"EXPLAIN {sent}", sent.params)
            plan = explained.scalars().all()

        assert any(index in line for line in plan), plan

    def test_what_is_to_be_forgotten_is_found_without_reading_every_delivery(
        self, store: PostgresStore
    ) -> None:
        values = {"before": "dlv_", "limit": 1}
        with store.database.writing() as connection:
            plan = connection.execute(f"EXPLAIN {PURGE_DELIVERIES}".encode(), values).fetchall()

        conditions = [line for (line,) in plan if "Index Cond" in line]
        assert any("(id < CASE" in line for line in conditions), plan

    def test_workers_read_no_more_where_more_waits(
        self, store: PostgresStore, ledger: FundedLedger
    ) -> None:
        """Also where their plan was made while there were few deliveries."""
        endpoint = new_endpoint(ledger)
        keep_endpoints(store, endpoint)
        with store.begin() as uow:
            uow.plan({}, [new_delivery(endpoint, number, **WAITING) for number in range(1, 257)])
        self.rows_read_to_take(store, ledger)
        with store.begin() as uow:
            uow.plan(
                {}, [new_delivery(endpoint, number, **WAITING) for number in range(257, 2_000)]
            )

        assert self.rows_read_to_take(store, ledger) < 200

    def rows_read_to_take(self, store: PostgresStore, ledger: FundedLedger) -> int:
        with store.begin() as uow:
            uow.take_endpoints("anna", START, START, {ledger.id}, 10)
            ((row,),) = uow.driver.run((_DELIVERIES_READ, []))
        return int(row[0])


class TestPostgresLimitStore(_OnPostgres, LimitStoreContract):
    def test_buckets_that_are_full_again_for_a_while_are_forgotten(
        self, store: PostgresStore
    ) -> None:
        quick, slow = Taken("quick", 10**9, 10**6), Taken("slow", 10**15, 1)
        store.exchange_taken([quick, slow])
        long_ago = "UPDATE rate_buckets SET at = at - interval '11 minutes'"
        with store.database.writing() as connection:
            connection.execute(long_ago)
        store.exchange_taken([Taken("new", 0, 1)])

        store.forget_use(START, START.date(), 1)

        with store.database.reading() as connection:
            kept = connection.exec_driver_sql("SELECT key FROM rate_buckets ORDER BY key")
            assert kept.scalars().all() == ["new", "slow"]


class TestPostgresUsageStore(_OnPostgres, UsageStoreContract):
    def test_what_is_added_again_while_it_is_being_added_is_in_the_record_once(
        self, store: PostgresStore, reused_url: str
    ) -> None:
        with psycopg.connect(reused_url) as first, ThreadPoolExecutor(1) as threads:
            first.execute(NOTE_FLUSH, ["process", 1])
            again = threads.submit(store.add_use, used(FAST), Flush("process", 1))
            with pytest.raises(TimeoutError):
                again.result(0.2)
            first.commit()
            again.result(10)

        assert store.route_days(ONE, DAY, DAY) == []

    def test_what_a_process_added_last_is_forgotten_in_the_end(self, store: PostgresStore) -> None:
        flush, later = Flush("process", 1), datetime.now(UTC) + timedelta(minutes=1)
        store.add_use(used(FAST), flush)

        store.forget_use(later, DAY, 100)
        store.add_use(used(FAST), flush)

        ((_, counts),) = store.route_days(ONE, DAY, DAY)
        assert counts.requests == 2


class TestPostgresVolumeStore(_OnPostgres, VolumeStoreContract):
    def test_no_worker_waits_for_a_ledger_that_another_one_rolls_up(
        self, store: PostgresStore, ledger: FundedLedger
    ) -> None:
        with store.begin() as uow:
            uow.take_behind(1)

        with store.begin() as first, store.begin() as second:
            taken = [uow.take_behind(1) for uow in (first, second)]

        assert taken == [[(ledger.id, 0)], []]


class TestPostgresSecurityLog(_OnPostgres, SecurityLogContract):
    pass


class TestPostgresAuditLog(_OnPostgres, AuditLogContract):
    pass


class TestPostgresStaffStore(_OnPostgres, StaffStoreContract):
    pass


class PostgresMachine(LedgerMachine):
    database: ClassVar[Database]
    empty: ClassVar[Callable[[], None]]

    def make_store(self, clock: SettableClock) -> PostgresStore:
        PostgresMachine.empty()
        return PostgresStore(self.database, clock)


class TestPostgresMachine(PostgresMachine.TestCase):  # type: ignore[misc,valid-type]  # made anew
    # Each example is many commits, so a failing one is shown as it was found.
    settings = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )

    @pytest.fixture(autouse=True)
    def on(self, reused_database: Database, empty: Callable[[], None]) -> None:
        PostgresMachine.database = reused_database
        PostgresMachine.empty = empty
