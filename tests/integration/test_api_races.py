"""What simultaneous requests may do to one another: nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from payflow_adapters.postgres.server import EmbeddedServer
from tests.builders.api_server import (
    ApiServer,
    Partner,
    running_api,
    transfer,
    transfer_call,
)
from tests.builders.http_client import Answer, Call, Client, connected, simultaneously
from tests.integration.conftest import new_database

SAME_KEY = 30
WAVE = 200


@pytest.fixture(scope="module")
def two_processes(
    postgres_server: EmbeddedServer, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """The API with two worker processes, on a database of its own."""
    log = tmp_path_factory.mktemp("api") / "api.log"
    with (
        new_database(postgres_server, migrated) as name,
        running_api(postgres_server.url(name), log, processes=2) as server,
    ):
        yield server
    assert "Traceback" not in log.read_text()


@pytest.fixture(params=["one process", "two processes"])
def racing(request: pytest.FixtureRequest) -> Partner:
    """A partner of an API of one process, and of one of two."""
    fixture = "api" if request.param == "one process" else "two_processes"
    server: ApiServer = request.getfixturevalue(fixture)
    return server.new_partner()


def race(partner: Partner, calls: list[Call]) -> list[Answer]:
    with partner.clients(len(calls)) as clients:
        return simultaneously(clients, calls)


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_of_50_debits_of_a_wallet_that_can_pay_one_exactly_one_succeeds(racing: Partner) -> None:
    wallet = racing.wallet(100)
    debit = Call(f"/wallets/{wallet}/debit", {"amount": 60, "currency": "EUR"})

    answers = race(racing, [debit] * 50)

    assert statuses(answers) == {201: 1, 422: 49}
    refused = [answer.json for answer in answers if answer.status == 422]
    assert {problem["code"] for problem in refused} == {"insufficient_funds"}
    assert {problem["shortfall"] for problem in refused} == {20}
    assert racing.available(wallet) == 40


def transfer_once(partner: Partner) -> Call:
    return transfer_call(partner.wallet(1000), partner.wallet(), 10, "once")


def open_once(_: Partner) -> Call:
    return Call("/wallets", {"name": "Once", "currency": "EUR"}, "once")


def transfer_a_batch_once(partner: Partner) -> Call:
    one, other = partner.wallet(1000), partner.wallet()
    items = [transfer(one, other, amount) for amount in (1, 2, 3)]
    return Call("/transfers/batch", {"mode": "atomic", "transfers": items}, "once")


def reverse_once(partner: Partner) -> Call:
    made = partner.client.post("/transfers", transfer(partner.wallet(1000), partner.wallet(), 50))
    return Call(f"/transactions/{made.json['id']}/reverse", {"amount": 10}, "once")


def credit_once(partner: Partner) -> Call:
    return Call(f"/wallets/{partner.wallet()}/credit", {"amount": 10, "currency": "EUR"}, "once")


@pytest.mark.parametrize(
    ("prepare", "event", "effects"),
    [
        (transfer_once, "transaction.completed", 1),
        (credit_once, "transaction.completed", 1),
        (reverse_once, "transaction.completed", 1),
        (transfer_a_batch_once, "transaction.completed", 3),
        (open_once, "wallet.created", 1),
    ],
)
def test_of_30_posts_with_one_key_one_takes_effect_and_all_get_the_same_bytes(
    racing: Partner, prepare: Callable[[Partner], Call], event: str, effects: int
) -> None:
    call = prepare(racing)
    before = events_of(racing)

    answers = race(racing, [call] * SAME_KEY)

    assert statuses(answers) == {201: SAME_KEY}
    assert len({answer.body for answer in answers}) == 1
    assert sum(answer.is_replayed for answer in answers) == SAME_KEY - 1
    made = events_of(racing)[len(before) :]
    assert sum(each["event"] == event for each in made) == effects


def test_of_two_requests_that_race_with_one_key_only_one_is_ever_done(racing: Partner) -> None:
    one, other = racing.wallet(1000), racing.wallet()
    calls = [transfer_call(one, other, amount, "once") for amount in (10, 20)] * 15

    answers = race(racing, calls)

    assert statuses(answers) == {201: 15, 422: 15}
    done = {answer.json["amount"] for answer in answers if answer.status == 201}
    refused = {answer.code for answer in answers if answer.status == 422}
    assert len(done) == 1
    assert refused == {"idempotency_key_reused"}
    assert racing.available(other) == done.pop()


def test_of_two_wallets_that_race_with_one_key_only_one_is_ever_opened(racing: Partner) -> None:
    bodies = [{"name": name, "currency": "EUR"} for name in ("Anna", "Bela")]

    answers = race(racing, [Call("/wallets", body, "once") for body in bodies] * 15)

    assert statuses(answers) == {201: 15, 422: 15}
    assert len(racing.client.get("/wallets").json["data"]) == 1


def test_of_many_wallets_with_one_external_id_one_is_opened(racing: Partner) -> None:
    body = {"name": "Anna", "currency": "EUR", "externalWalletId": "anna"}

    answers = race(racing, [Call("/wallets", body)] * 20)

    assert statuses(answers) == {201: 1, 409: 19}
    assert {answer.code for answer in answers if answer.status == 409} == {"external_id_taken"}


def test_a_key_that_was_used_is_refused_for_another_request(partner: Partner) -> None:
    one, other = partner.wallet(1000), partner.wallet()
    partner.client.post("/transfers", transfer(one, other, 10), "once")

    another_body = partner.client.post("/transfers", transfer(one, other, 11), "once")
    debit = {"amount": 10, "currency": "EUR"}
    another_path = partner.client.post(f"/wallets/{one}/debit", debit, "once")

    assert another_body.outcome == (422, "idempotency_key_reused")
    assert another_path.outcome == (422, "idempotency_key_reused")
    assert partner.available(one) == 990


def test_a_refused_request_leaves_its_key_free(partner: Partner) -> None:
    one, other = partner.wallet(50), partner.wallet()
    refused = partner.client.post("/transfers", transfer(one, other, 100), "k-1")
    malformed = partner.client.post("/transfers", transfer(one, other, 0), "k-1")
    partner.client.post(f"/wallets/{one}/credit", {"amount": 50, "currency": "EUR"})

    again = partner.client.post("/transfers", transfer(one, other, 100), "k-1")

    assert [refused.status, malformed.status, again.status] == [422, 400, 201]
    assert not again.is_replayed


def test_keys_of_two_partners_have_nothing_to_do_with_one_another(api: ApiServer) -> None:
    body = {"name": "Anna", "currency": "EUR"}

    opened = [api.new_partner().client.post("/wallets", body, "the same") for _ in range(2)]

    assert [(answer.status, answer.is_replayed) for answer in opened] == [(201, False)] * 2


def test_opposite_transfers_200_at_a_time_all_get_an_answer_and_keep_the_sum(
    racing: Partner,
) -> None:
    one, other = racing.wallet(150), racing.wallet(150)
    calls = [transfer_call(one, other, 3), transfer_call(other, one, 5)] * (WAVE // 2)

    with racing.clients(WAVE) as clients:
        answers = [each for _ in range(3) for each in simultaneously(clients, calls)]

    assert set(statuses(answers)) <= {201, 422}
    moved = Counter(answer.json["fromWalletId"] for answer in answers if answer.status == 201)
    assert racing.available(one) == 150 - 3 * moved[one] + 5 * moved[other]
    assert racing.available(one) + racing.available(other) == 300


def test_two_processes_and_many_ledgers_neither_deadlock_nor_spoil_the_books(
    two_processes: ApiServer,
) -> None:
    partners = [two_processes.new_partner(f"Partner {number}") for number in range(4)]
    wallets = {each.ledger.id: [each.wallet(1000) for _ in range(3)] for each in partners}
    callers = partners * (WAVE // len(partners))
    clients = [Client(two_processes.port, each.client.key) for each in callers]
    calls = [ring_call(wallets[each.ledger.id], turn) for turn, each in enumerate(callers)]

    with connected(clients):
        assert both_processes_serve(two_processes)
        answers = [answer for _ in range(3) for answer in simultaneously(clients, calls)]

    assert statuses(answers) == {201: 3 * WAVE}
    for each in partners:
        assert sum(map(each.available, wallets[each.ledger.id])) == 3000
    assert two_processes.books_are_in_order()


def ring_call(wallets: list[str], turn: int) -> Call:
    """Move money around a ring of wallets, now one way and then the other."""
    step = 1 if turn % 2 else -1
    at = turn // 4 % len(wallets)
    return transfer_call(wallets[at], wallets[(at + step) % len(wallets)])


def both_processes_serve(server: ApiServer) -> bool:
    serving = [
        any(each.status == "ESTABLISHED" for each in worker.net_connections("tcp4"))
        for worker in server.workers()
    ]
    return serving == [True, True]


def events_of(partner: Partner) -> list[dict[str, Any]]:
    """Return all events of a partner that has had less than a hundred."""
    answer = partner.client.get("/events?limit=100").json
    assert not answer["hasMore"]
    return list(answer["data"])
