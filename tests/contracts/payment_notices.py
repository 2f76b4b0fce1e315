"""What the unit of work and the reader promise of a gateway's notices."""

import pytest
from attrs import evolve

from payflow_domain.ledger.errors import CommitFailed
from payflow_domain.payments.model import KeptNotice, NoticeStatus
from tests.builders.times import START, TICK
from tests.contracts.payment_suite import LIVE, MOCK, SANDBOX, Crash, PaymentSuite, keep_notices
from tests.contracts.stores import PaymentStore

NOTICE = KeptNotice(MOCK, SANDBOX, "evt_1", "charge.succeeded", b'{"\x00\xff": "\xc3"}', START)


def deliver(store: PaymentStore, notice: KeptNotice) -> KeptNotice:
    with store.begin() as uow:
        return uow.add_notice(notice)


def mark(store: PaymentStore, notice: KeptNotice, status: NoticeStatus) -> None:
    with store.begin() as uow:
        uow.mark_notice(notice, status)


def read(store: PaymentStore, notice: KeptNotice = NOTICE) -> KeptNotice | None:
    return store.notice(notice.gateway, notice.environment, notice.id)


class PaymentNotices(PaymentSuite):
    def test_a_notice_is_kept_as_it_came(self, store: PaymentStore) -> None:
        assert deliver(store, NOTICE) == NOTICE
        assert read(store) == NOTICE

    def test_a_notice_that_comes_again_is_kept_once_and_counted(self, store: PaymentStore) -> None:
        deliver(store, NOTICE)
        later = evolve(NOTICE, type="other", payload=b"other", received_at=START + TICK)

        kept = [deliver(store, later), deliver(store, NOTICE)]

        assert kept == [evolve(NOTICE, deliveries=2), evolve(NOTICE, deliveries=3)]
        assert read(store) == kept[-1]
        assert store.notices(None, 10) == kept[-1:]

    @pytest.mark.parametrize("status", NoticeStatus)
    def test_what_became_of_a_notice_is_kept(
        self, store: PaymentStore, status: NoticeStatus
    ) -> None:
        deliver(store, NOTICE)
        mark(store, NOTICE, status)

        assert read(store) == evolve(NOTICE, status=status)
        assert deliver(store, NOTICE) == evolve(NOTICE, status=status, deliveries=2)

    def test_a_notice_that_was_not_kept_is_not_marked(self, store: PaymentStore) -> None:
        with pytest.raises(CommitFailed):
            mark(store, NOTICE, NoticeStatus.APPLIED)

    def test_notices_are_told_apart(self, store: PaymentStore) -> None:
        live, stripe = evolve(NOTICE, environment=LIVE), evolve(NOTICE, gateway="stripe")
        keep_notices(store, NOTICE, live, stripe)
        mark(store, live, NoticeStatus.IGNORED)

        assert read(store) == NOTICE
        assert read(store, live) == evolve(live, status=NoticeStatus.IGNORED)
        assert read(store, stripe) == stripe
        assert read(store, evolve(NOTICE, id="evt_2")) is None

    def test_the_last_notices_are_listed_newest_first(self, store: PaymentStore) -> None:
        one, two, three = (
            evolve(NOTICE, id=f"evt_{n}", received_at=START + at * TICK)
            for n, at in enumerate([1, 3, 2])
        )
        keep_notices(store, one, two, three)

        assert store.notices(None, 10) == [two, three, one]
        assert store.notices(None, 2) == [two, three]

    def test_a_page_of_notices_goes_on_where_the_one_before_ended(
        self, store: PaymentStore
    ) -> None:
        same = [
            evolve(NOTICE, id=name, environment=environment)
            for name in ("evt 1", "evt_2")
            for environment in (LIVE, SANDBOX)
        ]
        later = evolve(NOTICE, id="evt_0", received_at=START + TICK)
        keep_notices(store, *same, later)

        seen: list[KeptNotice] = []
        while page := store.notices(None, 2, seen[-1].position if seen else None):
            seen += page

        assert seen == [later, *same[::-1]]
        assert store.notices(NoticeStatus.RECEIVED, 1, later.position) == [same[-1]]

    def test_notices_are_listed_by_what_became_of_them(self, store: PaymentStore) -> None:
        one, two, three = (
            evolve(NOTICE, id=f"evt_{n}", received_at=START + n * TICK) for n in range(3)
        )
        keep_notices(store, one, two, three)
        mark(store, two, NoticeStatus.APPLIED)

        assert store.notices(NoticeStatus.RECEIVED, 10) == [three, one]
        assert store.notices(NoticeStatus.RECEIVED, 1) == [three]
        assert store.notices(NoticeStatus.APPLIED, 10) == [evolve(two, status=NoticeStatus.APPLIED)]
        assert store.notices(NoticeStatus.IGNORED, 10) == []

    def test_waiting_notices_are_listed_oldest_first(self, store: PaymentStore) -> None:
        first, second, third, applied, ignored = (
            evolve(NOTICE, id=f"evt_{n}", received_at=START + at * TICK)
            for n, at in enumerate([1, 3, 2, 0, 4])
        )
        live = evolve(first, environment=LIVE, id="evt_9")
        keep_notices(store, first, second, third, applied, ignored, live)
        mark(store, applied, NoticeStatus.APPLIED)
        mark(store, ignored, NoticeStatus.IGNORED)

        assert store.waiting_notices(10) == [first, live, third, second]
        assert store.waiting_notices(3) == [first, live, third]

    def test_a_notice_is_seen_only_when_it_is_committed(self, store: PaymentStore) -> None:
        with store.begin() as uow:
            uow.add_notice(NOTICE)
            again = uow.add_notice(NOTICE)
            uow.mark_notice(NOTICE, NoticeStatus.APPLIED)
            outside = read(store)

        assert (again.deliveries, outside) == (2, None)
        assert read(store) == evolve(again, status=NoticeStatus.APPLIED)

    def test_an_exception_keeps_no_notice(self, store: PaymentStore) -> None:
        def crash() -> None:
            with store.begin() as uow:
                uow.add_notice(NOTICE)
                raise Crash

        with pytest.raises(Crash):
            crash()

        assert read(store) is None
