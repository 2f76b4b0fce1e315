"""How a worker's room is shared: nobody takes it all, and it is never more than there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ids import EndpointId, LedgerId
from payflow_domain.ledger.journal import EventType
from payflow_domain.webhooks.endpoints import EndpointKey
from payflow_domain.webhooks.rooms import HELD_MAX, WINDOW, WINDOWS_HELD, share, share_room
from tests.builders.times import TICK
from tests.builders.webhooks import PostOffice, Worker

HELD = WINDOWS_HELD * WINDOW

counts = st.integers(0, 300)
rooms = st.integers(-5, 2_000)
keys = st.builds(
    lambda of, name: (LedgerId(of), EndpointId(f"whk_{name}")), st.integers(1, 5), st.integers(1, 9)
)
by_key = st.dictionaries(keys, counts, max_size=30)


def of_ledger(shares: dict[EndpointKey, int], ledger_id: LedgerId) -> int:
    return sum(count for (of, _), count in shares.items() if of == ledger_id)


@given(st.dictionaries(st.integers(), counts, max_size=20), rooms)
def test_nobody_gets_more_than_is_wanted_nor_all_more_than_there_is(
    wanted: dict[int, int], room: int
) -> None:
    shares = share(wanted, room)

    assert shares.keys() == wanted.keys()
    assert all(0 <= shares[name] <= count for name, count in wanted.items())
    assert sum(shares.values()) == min(sum(wanted.values()), max(0, room))


@given(st.dictionaries(st.integers(), counts, max_size=20), rooms)
def test_who_wants_more_than_it_gets_has_no_less_than_others(
    wanted: dict[int, int], room: int
) -> None:
    shares = share(wanted, room)

    unmet = [shares[name] for name, count in wanted.items() if shares[name] < count]
    # What cannot be divided is one more for some.
    assert all(count + 1 >= max(shares.values()) for count in unmet)


@given(by_key, by_key, rooms)
def test_a_ledger_leaves_as_much_room_as_it_takes(
    wanted: dict[EndpointKey, int], held: dict[EndpointKey, int], room: int
) -> None:
    shares = share_room(wanted, held, room)

    assert shares.keys() == wanted.keys()
    assert all(0 <= shares[key] <= count for key, count in wanted.items())
    assert sum(shares.values()) <= max(0, room)
    for ledger_id in {of for of, _ in wanted}:
        taken = of_ledger(shares, ledger_id)
        assert not taken or of_ledger(held, ledger_id) + taken <= room - taken


def backlog(office: PostOffice, endpoints: int) -> Worker:
    """Make so many endpoints with more events than can be held of each, and a worker."""
    for _ in range(endpoints):
        office.endpoint()
    office.create_wallets(2 * HELD)
    return office.worker()


def test_a_worker_never_holds_more_than_it_may(office: PostOffice) -> None:
    other = office.other_actor()
    for _ in range(5):
        office.endpoint(actor=other)
    office.happen(*[EventType.WALLET_CREATED] * HELD, actor=other)
    worker = backlog(office, 5)
    worker.held_max = 500

    for _ in range(20):
        worker.take()

    held = Counter(of for of, _, _ in worker.under_way)
    assert all(count <= 250 for count in held.values())
    assert 330 < held.total() <= 500


def test_a_partner_whose_endpoints_hang_leaves_room_to_others(office: PostOffice) -> None:
    other = office.other_actor()
    office.endpoint(actor=other)
    worker = backlog(office, 5)
    worker.held_max = 500
    hanging = worker.take()
    worker.take()
    happened = office.happen(*[EventType.WALLET_CREATED] * 100, actor=other)

    taken = worker.take()

    assert len(hanging) == 250
    assert [errand.delivery.event_id for errand in taken][:100] == happened


def test_all_of_a_partners_endpoints_get_some_of_its_room(office: PostOffice) -> None:
    worker = backlog(office, 5)
    worker.held_max = 100

    taken = worker.take()

    of_each = Counter(errand.endpoint.key for errand in taken)
    assert sorted(of_each.values()) == [10] * 5


def test_what_is_due_is_shared_out_as_well(office: PostOffice) -> None:
    worker = backlog(office, 5)
    errands = worker.take()
    office.dispatcher.release("anna", errands)
    office.clock.advance(TICK)
    other = office.worker("ben")
    other.held_max = 100

    assert len(other.take()) == 50


def test_where_there_is_no_room_nobody_is_told_to_look_again_at_once(office: PostOffice) -> None:
    worker = backlog(office, 2)
    worker.held_max = 1

    assert worker.take() == []
    assert worker.last.behind == {}


def test_there_is_room_for_many_partners_with_full_windows() -> None:
    assert HELD_MAX >= 40 * HELD
