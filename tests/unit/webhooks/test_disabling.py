"""An endpoint that is disabled hears of nothing, and loses nothing."""

import json
from datetime import timedelta

import pytest

from payflow_domain.access.audit import AuditFilter
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ports import Page
from payflow_domain.webhooks import dispatch, service, taking
from payflow_domain.webhooks.deliveries import DeliveryStatus
from payflow_domain.webhooks.endpoints import (
    FAILING_MAX,
    DisabledReason,
    Endpoint,
    EndpointChange,
    EndpointStatus,
)
from payflow_domain.webhooks.published import publish_endpoint
from tests.builders.times import TICK
from tests.builders.webhooks import BROKEN, GONE, OK, PostOffice, Worker, events_of

DISABLED = EventType.WEBHOOK_ENDPOINT_DISABLED
DAY = timedelta(days=1)


@pytest.fixture
def worker(office: PostOffice) -> Worker:
    return office.worker()


@pytest.fixture
def endpoint(office: PostOffice) -> Endpoint:
    return office.endpoint()


def statuses(office: PostOffice, endpoint: Endpoint) -> list[str]:
    return [delivery.status.value for delivery in office.deliveries(endpoint)]


def is_enabled(office: PostOffice, endpoint: Endpoint) -> bool:
    return office.look(endpoint).status is EndpointStatus.ENABLED


def test_what_happens_meanwhile_is_skipped_and_can_be_recovered(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.disable(endpoint)
    happened = office.create_wallets(100)
    assert worker.deliver() == []
    office.enable(endpoint)

    assert worker.deliver() == []
    assert statuses(office, endpoint) == ["skipped"] * 100
    assert office.recover(endpoint) == 100

    assert worker.deliver() == happened
    assert statuses(office, endpoint) == ["delivered"] * 100


def test_however_much_happens_meanwhile(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.disable(endpoint)
    office.create_wallets(1_001)

    while worker.take() or worker.last.behind:
        pass

    assert statuses(office, endpoint) == ["skipped"] * 1_001


def test_what_waits_when_it_is_disabled_is_skipped_too(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    happened = office.create_wallets(2)
    worker.conclude(worker.take(), BROKEN)

    office.disable(endpoint)
    office.clock.advance(DAY)

    assert worker.deliver() == []
    assert statuses(office, endpoint) == ["skipped"] * 2
    office.enable(endpoint)
    assert office.recover(endpoint, ago=2 * DAY) == 2
    assert worker.deliver() == happened


def test_however_much_waits_it_is_skipped_bit_by_bit(
    office: PostOffice, endpoint: Endpoint, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (service, dispatch, taking):
        monkeypatch.setattr(module, "SKIPPED_AT_A_TIME", 2)
    office.create_wallets(7)
    worker.conclude(worker.take(), BROKEN)
    office.disable(endpoint)
    seen = [statuses(office, endpoint).count("skipped")]

    while not worker.take() and worker.last.behind:
        seen.append(statuses(office, endpoint).count("skipped"))

    assert seen == [2, 4, 6]
    assert statuses(office, endpoint) == ["skipped"] * 7


@pytest.mark.parametrize(("status", "becomes"), [(OK, "delivered"), (BROKEN, "skipped")])
def test_an_attempt_under_way_when_it_is_disabled_may_still_arrive(
    office: PostOffice, endpoint: Endpoint, worker: Worker, status: int, becomes: str
) -> None:
    office.create_wallets(1)
    errands = worker.take()
    office.disable(endpoint)

    worker.conclude(errands, status)

    assert statuses(office, endpoint) == [becomes]
    office.clock.advance(DAY)
    assert worker.take() == []


def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.create_wallets(2)
    one, _ = worker.take()

    (told,) = worker.conclude([one], GONE)

    disabled = office.look(endpoint)
    assert told.id == endpoint.id
    assert disabled.disabled_reason is DisabledReason.GONE
    assert disabled.disabled_at == office.journal()[-1].at
    assert statuses(office, endpoint) == ["skipped", "skipped"]


@pytest.mark.parametrize("status", [BROKEN, GONE])
def test_the_partners_other_endpoints_hear_of_it(
    office: PostOffice, endpoint: Endpoint, worker: Worker, status: int
) -> None:
    other = office.endpoint(DISABLED)
    office.create_wallets(1)
    worker.conclude(worker.take(), BROKEN)
    office.clock.advance(FAILING_MAX)

    worker.conclude(worker.take(), status)

    (errand,) = worker.take()
    body = json.loads(errand.delivery.body or b"")
    assert errand.endpoint.id == other.id
    assert (body["event"], body["sequence"]) == ("webhook_endpoint.disabled", 2)
    assert body["data"] == json.loads(json.dumps(publish_endpoint(office.look(endpoint))))
    assert body["data"]["disabledReason"] == {BROKEN: "failing", GONE: "gone"}[status]
    assert "secret" not in body["data"]
    # It would have heard of it itself, and may recover that like anything else.
    assert statuses(office, endpoint) == ["skipped", "skipped"]


def test_what_a_partner_does_is_no_event(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.disable(endpoint)
    office.enable(endpoint)

    assert office.journal() == []
    assert worker.take() == []


def fail_daily(office: PostOffice, worker: Worker, days: int) -> None:
    for _ in range(days):
        office.clock.advance(DAY)
        office.create_wallets(1)
        worker.conclude(worker.take(), None)


def test_five_days_of_nothing_but_failures_disable_it(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.create_wallets(1)
    worker.conclude(worker.take(), BROKEN)
    first = office.clock.now()
    fail_daily(office, worker, 4)
    office.clock.at = first + FAILING_MAX - TICK
    (happened,) = office.create_wallets(1)
    one, *others = [one for one in worker.take() if one.delivery.event_id == happened]
    worker.conclude([one], BROKEN)
    assert others == []
    assert office.look(endpoint).failing_since == first
    assert is_enabled(office, endpoint)

    office.clock.at = first + FAILING_MAX
    office.create_wallets(1)
    worker.conclude(worker.take(), BROKEN)

    assert office.look(endpoint).disabled_reason is DisabledReason.FAILING
    assert [event.type for event in office.journal()][-1] == DISABLED
    assert set(statuses(office, endpoint)) == {"skipped", "failed"}


def test_one_success_in_between_is_enough(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    fail_daily(office, worker, 4)
    office.create_wallets(1)
    worker.deliver()
    assert office.look(endpoint).failing_since is None

    fail_daily(office, worker, 5)
    assert is_enabled(office, endpoint)
    fail_daily(office, worker, 1)

    assert not is_enabled(office, endpoint)


def test_a_success_among_failures_that_are_kept_together_counts(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    fail_daily(office, worker, 1)
    office.clock.advance(FAILING_MAX)
    one, *others = worker.take()
    assert len(others) == 0
    office.create_wallets(1)
    (another,) = worker.take()

    worker.conclude([another])
    worker.conclude([one], BROKEN)

    assert office.look(endpoint).failing_since == office.clock.now()


def test_an_endpoint_that_is_enabled_has_another_five_days(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    fail_daily(office, worker, 6)
    assert not is_enabled(office, endpoint)

    office.enable(endpoint)
    fail_daily(office, worker, 5)
    assert is_enabled(office, endpoint)
    fail_daily(office, worker, 1)

    assert not is_enabled(office, endpoint)


def test_nobody_is_told_twice(office: PostOffice, endpoint: Endpoint, worker: Worker) -> None:
    office.create_wallets(3)
    one, two, three = worker.take()

    told = [worker.conclude([one, two], GONE), worker.conclude([three], GONE)]

    assert [[each.id for each in some] for some in told] == [[endpoint.id], []]
    assert [event.type for event in office.journal()].count(DISABLED) == 1


def test_a_partner_who_was_quicker_has_the_last_word(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.create_wallets(1)
    errands = worker.take()
    office.disable(endpoint)

    assert worker.conclude(errands, GONE) == []

    assert office.look(endpoint).disabled_reason is DisabledReason.REQUESTED


def move(office: PostOffice, endpoint: Endpoint) -> None:
    office.change(endpoint, EndpointChange(url="https://example.org/moved"))


@pytest.mark.parametrize("status", [BROKEN, GONE])
def test_an_endpoint_that_has_moved_is_not_disabled_for_where_it_was(
    office: PostOffice, endpoint: Endpoint, worker: Worker, status: int
) -> None:
    fail_daily(office, worker, 5)
    office.clock.advance(FAILING_MAX)
    office.create_wallets(1)
    errands = worker.take()
    move(office, endpoint)

    assert worker.conclude(errands, status) == []

    assert is_enabled(office, endpoint)


def test_an_endpoint_that_has_moved_has_a_clean_record(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    fail_daily(office, worker, 1)

    office.change(endpoint, EndpointChange(url=endpoint.url, description="the same"))
    assert office.look(endpoint).failing_since is not None
    move(office, endpoint)

    assert office.look(endpoint).failing_since is None


def test_nothing_is_told_of_an_endpoint_that_was_removed(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.create_wallets(1)
    errands = worker.take()
    office.webhooks.remove(office.actor, endpoint.id)

    assert worker.conclude(errands, GONE) == []

    assert len(office.journal()) == 1


def test_an_endpoint_that_fails_keeps_no_other_from_being_told(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    other = office.endpoint(url="https://example.org")
    happened = office.create_wallets(1)
    errands = worker.take()
    bad = [errand for errand in errands if errand.endpoint.id == endpoint.id]
    worker.conclude(bad, BROKEN)
    worker.conclude([errand for errand in errands if errand not in bad])
    happened += office.create_wallets(100)

    told = events_of([one for one in worker.take() if one.endpoint.id == other.id])

    assert told == happened[1:]
    assert office.look(other).failing_since is None
    assert DeliveryStatus.PENDING.value in statuses(office, endpoint)


def test_staff_find_in_the_audit_log_that_it_was_disabled(
    office: PostOffice, endpoint: Endpoint, worker: Worker
) -> None:
    office.create_wallets(1)
    worker.deliver(GONE)

    (record,) = office.store.audit_entries(AuditFilter(action=DISABLED), Page(10))

    entry = record.entry
    assert (entry.actor, entry.subject, entry.reason) == ("worker", endpoint.id, "gone")
    assert entry.before is not None
    assert entry.before["status"] == "enabled"
    assert entry.after == publish_endpoint(office.look(endpoint))
