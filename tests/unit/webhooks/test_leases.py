"""What becomes of deliveries when workers die, are late, or leave."""

from payflow_domain.webhooks.deliveries import DeliveryStatus
from payflow_domain.webhooks.dispatch import ATTEMPT_MAX
from payflow_domain.webhooks.rooms import WINDOW, WINDOWS_HELD
from tests.builders.times import TICK
from tests.builders.webhooks import BROKEN, PostOffice, events_of

HELD = WINDOWS_HELD * WINDOW


def test_a_lease_lasts_until_all_that_a_worker_holds_has_been_attempted(
    office: PostOffice,
) -> None:
    assert office.dispatcher.lease > WINDOWS_HELD * ATTEMPT_MAX


def test_what_a_dead_worker_left_is_due_when_its_lease_ends(office: PostOffice) -> None:
    office.endpoint()
    happened = office.create_wallets(3)
    dead, other = office.worker("dead"), office.worker("other")
    dead.conclude(dead.take()[:1])
    later = office.create_wallets(1)

    office.clock.advance(office.dispatcher.lease)
    assert other.take() == []
    office.clock.advance(TICK)

    assert other.deliver() == happened[1:] + later


def test_a_worker_that_is_late_does_no_harm(office: PostOffice) -> None:
    endpoint = office.endpoint()
    office.create_wallets(1)
    late, other = office.worker("late"), office.worker("other")
    errands = late.take()
    office.clock.advance(office.dispatcher.lease + TICK)
    other.deliver()
    office.clock.advance(TICK)

    late.conclude(errands, BROKEN)

    (delivery,) = office.deliveries(endpoint)
    assert delivery.status is DeliveryStatus.DELIVERED
    assert [attempt.number for attempt in delivery.attempts] == [1, 2]
    assert other.take() == []


def test_a_worker_that_leaves_lets_others_go_on_at_once(office: PostOffice) -> None:
    office.endpoint()
    office.create_wallets(1)
    leaving, other = office.worker("leaving"), office.worker("other")
    leaving.deliver()
    happened = office.create_wallets(1)
    assert other.take() == []

    office.dispatcher.release("leaving")

    assert events_of(other.take()) == happened


def test_what_it_leaves_is_attempted_at_once_and_before_what_comes_next(
    office: PostOffice,
) -> None:
    office.endpoint()
    happened = office.create_wallets(HELD + 1)
    leaving, other = office.worker("leaving"), office.worker("other")
    errands = leaving.take()
    leaving.conclude(errands[:WINDOW])

    office.dispatcher.release("leaving", errands[WINDOW:])

    assert other.deliver() == happened[WINDOW:]


def test_what_is_retried_meanwhile_is_not_put_back(office: PostOffice) -> None:
    office.endpoint()
    office.create_wallets(1)
    leaving, other = office.worker("leaving"), office.worker("other")
    (errand,) = leaving.take()
    office.clock.advance(office.dispatcher.lease + TICK)
    (same,) = other.take()

    office.dispatcher.release("leaving", [errand])

    assert same.delivery.id == errand.delivery.id
    assert office.worker("third").take() == other.take() == []
