"""The story: eight members, three rounds, and what PayFlow does when things go wrong."""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

from payflow_bootstrap.demo.circle import Circle, Off, Wallet, expect
from payflow_bootstrap.demo.client import Json, new_key
from payflow_bootstrap.demo.stage import Stage, money

MEMBERS = ("Ada", "Bola", "Chidi", "Dede", "Efe", "Femi", "Gozie", "Hauwa")
WINNERS = (2, 5, 0)
"""Whose turn it is in each round."""

CONTRIBUTION = 50_00
_EVENTS_SHOWN = 9
_PAGES_MAX = 1_000


def play(circle: Circle, stage: Stage) -> None:
    """Play it from beginning to end; raises ``Off`` where PayFlow does not keep the books."""
    stage.title("RoSaBank opens a savings circle")
    group = circle.open_wallet("The circle", "circle")
    opened = circle.balance(group)["sequence"]
    members = [circle.open_wallet(name, name.lower()) for name in MEMBERS]
    stage.say(f"A group wallet and {len(members)} members' wallets, all empty:")
    _show_balances(circle, stage)
    for number, winner in enumerate(WINNERS, 1):
        _play_round(circle, stage, number, group, members[winner])
    _repeat_a_transfer(circle, stage, members[WINNERS[-1]], members[WINNERS[0]])
    _overdraw(circle, stage, group, members[0])
    _read_journal(circle, stage, opened)
    stage.title("Every balance was right")
    stage.good(f"{circle.checks:,} balances were asked for, and each was what it had to be.")


def _play_round(circle: Circle, stage: Stage, number: int, group: Wallet, winner: Wallet) -> None:
    stage.title(f"Round {number}: everyone pays {money(CONTRIBUTION)}, {winner.name} wins the pot")
    for member in circle.wallets[1:]:
        circle.credit(member, CONTRIBUTION, f"Paid in by {member.name}")
        circle.transfer(member, group, CONTRIBUTION, f"Contribution to round {number}")
        held = money(circle.due[group.id])
        stage.say(f"  {member.name:<6} pays in and contributes; the circle holds {held:>10}")
    pot = circle.due[group.id]
    circle.transfer(group, winner, pot, f"Pot of round {number}")
    stage.good(f"  {winner.name} gets the pot of {money(pot)}")
    _show_balances(circle, stage)


def _show_balances(circle: Circle, stage: Stage) -> None:
    rows = [(wallet.name, wallet.id, money(circle.due[wallet.id])) for wallet in circle.wallets]
    stage.table(("Wallet", "Id", "Balance"), rows)


def _repeat_a_transfer(circle: Circle, stage: Stage, source: Wallet, target: Wallet) -> None:
    stage.title("The network fails, so RoSaBank asks again")
    why = "A gift"
    key, first = circle.transfer(source, target, 10_00, why)
    stage.say(f"{source.name} sends {target.name} {money(10_00)}, with Idempotency-Key {key}.")
    again = circle.ask_transfer(source, target, 10_00, why, key)
    if again.headers.get("idempotent-replayed") != "true" or again.body != first.body:
        raise Off(f"The repeated transfer was not replayed: {again.status} {again.body!r}")
    circle.check()
    stage.say("The same request with the same key got the same answer, byte for byte:")
    stage.note(f"  {again.status} Idempotent-Replayed: true, transaction {again.json['id']}")
    stage.good("The money moved once.")


def _overdraw(circle: Circle, stage: Stage, empty: Wallet, target: Wallet) -> None:
    amount = 75_00
    stage.title(f"{empty.name} is empty, and somebody tries to take {money(amount)} out of it")
    answer = circle.ask_transfer(empty, target, amount, "Too much", new_key())
    problem = expect(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    due = {
        "code": "insufficient_funds",
        "required": amount,
        "available": circle.due[empty.id],
        "shortfall": amount - circle.due[empty.id],
        "held": 0,
    }
    if {name: problem.get(name) for name in due} != due:
        raise Off(f"The refusal does not explain itself: {problem}, not {due}.")
    circle.check()
    stage.say(f"{answer.status} {problem['code']}: {problem['detail']}")
    facts = ("required", "available", "shortfall", "held")
    stage.table(("What", "How much"), [(name, money(problem[name])) for name in facts])
    stage.good("Nothing changed.")


def _read_journal(circle: Circle, stage: Stage, opened: int) -> None:
    """Show the events of this run, and add them up once more."""
    stage.title("The journal tells all of it, in order and without a gap")
    events = list(_events_from(circle, opened))
    moved = _add_up(circle, events)
    if moved != circle.due:
        raise Off(f"The events come to {moved}, not {circle.due}.")
    counts = Counter(event["event"] for event in events)
    stage.table(("Event", "Times"), [(name, f"{n:,}") for name, n in sorted(counts.items())])
    stage.say("The last of them:")
    names = {wallet.id: wallet.name for wallet in circle.wallets}
    told = [_tell(event, names) for event in events[-_EVENTS_SHOWN:]]
    stage.table(("Number", "Event", "Wallet", "Amount"), told)


def _events_from(circle: Circle, first: int) -> Iterator[Json]:
    """Yield the events of the ledger from number ``first`` on; raises ``Off`` at a gap."""
    after = first - 1
    for _ in range(_PAGES_MAX):
        page = expect(circle.client.get(f"/events?after={after}&limit=100"), HTTPStatus.OK)
        for event in page["data"]:
            if event["sequence"] != after + 1:
                raise Off(f"Event {event['sequence']} follows event {after}.")
            after = event["sequence"]
            yield event
        if not page["hasMore"]:
            return
    raise Off(f"There is no end to the events after {after}.")


def _add_up(circle: Circle, events: list[Json]) -> dict[str, int]:
    """Return what the events say is in each wallet of this run; others may use the ledger too."""
    moved = dict.fromkeys(circle.due, 0)
    signs = {"wallet.credited": 1, "wallet.debited": -1}
    for event in events:
        if event["event"] in signs and event["data"]["walletId"] in moved:
            moved[event["data"]["walletId"]] += signs[event["event"]] * event["data"]["amount"]
    return moved


def _tell(event: Json, names: dict[str, str]) -> tuple[str, str, str, str]:
    data = event["data"]
    ids = [data[name] for name in ("walletId", "fromWalletId", "toWalletId") if name in data]
    wallets = " to ".join(names.get(wallet_id, wallet_id) for wallet_id in ids)
    amount = money(data["amount"]) if "amount" in data else ""
    return str(event["sequence"]), event["event"], wallets, amount
