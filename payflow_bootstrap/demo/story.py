"""The story: eight members, three rounds, cards and banks, and what is done when it goes wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from attrs import frozen

from payflow_bootstrap.demo.circle import Circle, Off, Wallet, expect
from payflow_bootstrap.demo.client import Json, new_key
from payflow_bootstrap.demo.stage import Stage, money

MEMBERS = ("Ada", "Bola", "Chidi", "Dede", "Efe", "Femi", "Gozie", "Hauwa")

CONTRIBUTION = 50_00
CARD, DECLINED_CARD, BANK_DEBIT = "pm_card_visa", "pm_card_chargeDeclined", "pm_async_success"
BANK, CLOSED_BANK = "ba_paid", "ba_returned_late"
_EVENTS_SHOWN = 9
_PAGES_MAX = 1_000


@frozen
class Round:
    """Whose turn it is, and to which bank account the pot is paid out."""

    number: int
    winner: int
    destination: str = BANK


ROUNDS = (Round(1, 2), Round(2, 5, CLOSED_BANK), Round(3, 0))


def play(circle: Circle, stage: Stage) -> None:
    """Play it from beginning to end; raises ``Off`` where PayFlow does not keep the books."""
    stage.title("RoSaBank opens a savings circle")
    group = circle.open_wallet("The circle", "circle")
    opened = circle.balance(group)["sequence"]
    members = [circle.open_wallet(name, name.lower()) for name in MEMBERS]
    stage.say(f"A group wallet and {len(members)} members' wallets, all empty:")
    _show_balances(circle, stage)
    for round_ in ROUNDS:
        _play_round(circle, stage, round_, group, members[round_.winner])
    _repeat_a_transfer(circle, stage, members[ROUNDS[1].winner], members[ROUNDS[0].winner])
    _overdraw(circle, stage, group, members[0])
    _read_journal(circle, stage, opened)
    stage.title("Every balance was right")
    stage.good(f"{circle.checks:,} balances were asked for, and each was what it had to be.")


def _play_round(circle: Circle, stage: Stage, round_: Round, group: Wallet, winner: Wallet) -> None:
    stage.title(
        f"Round {round_.number}: everyone pays {money(CONTRIBUTION)} by card, "
        f"{winner.name} wins the pot"
    )
    for member in circle.wallets[1:]:
        pay_in = _UNUSUAL.get((round_.number, member.name), _pay_by_card)
        pay_in(circle, stage, member)
        circle.transfer(member, group, CONTRIBUTION, f"Contribution to round {round_.number}")
        held = money(circle.due[group.id].posted)
        stage.say(f"  {member.name:<6} pays in and contributes; the circle holds {held:>10}")
    pot = circle.due[group.id].posted
    circle.transfer(group, winner, pot, f"Pot of round {round_.number}")
    stage.good(f"  {winner.name} gets the pot of {money(pot)}")
    _pay_out(circle, stage, winner, pot, round_.destination)
    _show_balances(circle, stage)


def _pay_by_card(circle: Circle, _: Stage, member: Wallet) -> None:
    circle.pay_in(member, CONTRIBUTION, CARD, f"Paid in by {member.name}")


def _pay_by_another_card(circle: Circle, stage: Stage, member: Wallet) -> None:
    problem = circle.be_declined(member, CONTRIBUTION, DECLINED_CARD, "The first card")
    stage.say(f"  {member.name}'s card is declined:")
    stage.note(f"    402 {problem['code']}: {problem['detail']}")
    stage.note(f"    {problem['transaction']['id']} is kept as failed; no money has moved.")
    stage.say(f"  {member.name} takes another card, and that one works.")
    _pay_by_card(circle, stage, member)


def _pay_too_much(circle: Circle, stage: Stage, member: Wallet) -> None:
    paid, back = 80_00, 80_00 - CONTRIBUTION
    payment = circle.pay_in(member, paid, CARD, "Too much")
    stage.say(f"  {member.name} pays in {money(paid)} by mistake.")
    circle.refund(payment, back, "Paid in too much")
    stage.note(f"    {money(back)} of {payment.id} go back to the card.")


def _pay_by_bank_debit(circle: Circle, stage: Stage, member: Wallet) -> None:
    payment = circle.pay_in_later(member, CONTRIBUTION, BANK_DEBIT, "By direct debit")
    stage.say(f"  {member.name} pays in by what takes its time: 202, {payment.id} is pending.")
    _show_balance(circle, stage, member)
    circle.await_end(payment)
    stage.note("    The gateway has the money, and the credit is completed:")
    _show_balance(circle, stage, member)


_PayIn = Callable[[Circle, Stage, Wallet], None]

_UNUSUAL: Mapping[tuple[int, str], _PayIn] = {
    (1, "Bola"): _pay_by_another_card,
    (1, "Gozie"): _pay_too_much,
    (2, "Dede"): _pay_by_bank_debit,
}
"""Who pays in otherwise than by a card that works, and in which round."""


def _pay_out(circle: Circle, stage: Stage, winner: Wallet, pot: int, destination: str) -> None:
    payment = circle.pay_out(winner, pot, destination, "The pot, to the bank")
    stage.say(f"  {winner.name} has it paid out to a bank: 202, {payment.id} is pending.")
    _show_balance(circle, stage, winner)
    circle.await_end(payment)
    stage.good("  The payout is completed.")
    _show_balance(circle, stage, winner)
    if destination == CLOSED_BANK:
        circle.await_return(payment)
        stage.say("  But the account was closed, and the bank sends the money back.")
        stage.good(f"  {winner.name} has the pot again: the payout is reversed.")
        _show_balance(circle, stage, winner)


def _show_balance(circle: Circle, stage: Stage, wallet: Wallet) -> None:
    figures = circle.due[wallet.id].balance
    told = ", ".join(f"{name} {money(amount)}" for name, amount in figures.items())
    stage.note(f"    {wallet.name}: {told}")


def _show_balances(circle: Circle, stage: Stage) -> None:
    rows = [
        (wallet.name, wallet.id, money(circle.due[wallet.id].posted)) for wallet in circle.wallets
    ]
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
        "available": circle.due[empty.id].posted,
        "shortfall": amount - circle.due[empty.id].posted,
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
    due = {wallet_id: each.posted for wallet_id, each in circle.due.items()}
    if moved != due:
        raise Off(f"The events come to {moved}, not {due}.")
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
