"""A state machine that plays with two ledgers of a store and compares them with a simple model.

An adapter's test module derives from ``LedgerMachine``, gives ``make_store``, and runs its
``TestCase``. The store may be used before: each run takes a partner of its own.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import count
from typing import ClassVar

import pytest
from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from payflow_domain.errors import PayFlowError
from payflow_domain.ids import LedgerId, PartnerId
from payflow_domain.ledger.accounts import Account, AccountKind
from payflow_domain.ledger.batch import Executed, Replayed, Request, Result, Telling
from payflow_domain.ledger.decisions import Outcome
from payflow_domain.ledger.errors import AccountExists, LedgerNotFound
from payflow_domain.ledger.idempotency import RETENTION, Answer, Claim, IdempotencyKey
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.transactions import (
    Command,
    Draft,
    Hold,
    Post,
    Reverse,
    Settle,
    TransactionType,
    Unit,
    Void,
)
from tests.builders.ledger import ledgers_over, settlement, transfer, wallet
from tests.builders.times import TICK, SettableClock, transaction_id
from tests.contracts.ledger_model import ModelKey
from tests.contracts.ledger_watch import WatchedLedger
from tests.contracts.stores import LedgerStore
from tests.strategies.ledger import (
    CURRENCIES,
    claims,
    commands,
    drafts,
    failures,
    invalid_drafts,
    small_amounts,
)

FUNDS = 500
ABSENT = transaction_id(0)
KINDS = (AccountKind.WALLET, AccountKind.SUSPENSE, AccountKind.GATEWAY_CLEARING)

whiches = st.integers(0, 1)
maybe_claims = st.none() | claims
Accounts = tuple[Account, ...]
Tried = dict[IdempotencyKey, tuple[Claim, Result]]


def parts(left: int) -> st.SearchStrategy[int | None]:
    """Draw how much to settle or reverse of what is ``left``: now and then one too many."""
    return st.sampled_from([None, left or 1, left + 1]) | small_amounts


def tell(outcomes: Sequence[Telling]) -> Answer:
    """Answer with what became of a request."""
    told = [
        outcome.code if isinstance(outcome, PayFlowError) else str(outcome[-1]["id"])
        for outcome in outcomes
    ]
    return Answer(200, " ".join(told).encode())


# A strategy is checked when it is first drawn from, which takes longer than drawing.
@lru_cache(maxsize=1000)
def valid_drafts(accounts: Accounts) -> st.SearchStrategy[Draft]:
    return drafts(accounts, small_amounts)


@lru_cache(maxsize=1000)
def refused_drafts(accounts: Accounts) -> st.SearchStrategy[Draft]:
    return invalid_drafts(accounts)


@lru_cache(maxsize=1000)
def unit_lists(accounts: Accounts) -> st.SearchStrategy[list[list[Command]]]:
    """Draw up to three units; settle, void and reverse name ``FIRST_IDS``."""
    unit = st.lists(commands(accounts), min_size=1, max_size=3)
    return st.lists(unit, min_size=1, max_size=3)


class LedgerMachine(RuleBasedStateMachine):
    """Two ledgers of one partner side by side, with accounts of equal ids."""

    partners: ClassVar = count(1)

    def make_store(self, clock: SettableClock) -> LedgerStore:
        raise NotImplementedError(clock)

    @initialize()
    def open_two_ledgers(self) -> None:
        self.clock = SettableClock()
        self.store = self.make_store(self.clock)
        self.ledgers = ledgers_over(self.store.begin, self.store, self.clock)
        partner = PartnerId(f"ptr_{next(self.partners):026d}")
        opened = [
            self.ledgers.open_ledger(partner, environment, None) for environment in Environment
        ]
        self.watched = [WatchedLedger(self.ledgers, ledger.id) for ledger in opened]
        for watched in self.watched:
            for number, currency in enumerate(("EUR", "EUR", "JPY", "JPY"), 1):
                watched.open(wallet(number, currency=currency))
            watched.open(settlement("EUR"))
            watched.open(settlement("JPY"))
        for which, source in ((0, "EUR"), (0, "JPY"), (1, "EUR"), (1, "JPY")):
            first = 1 if source == "EUR" else 3
            draft = transfer(settlement(source).id, wallet(first).id, FUNDS, source)
            self.run(which, Post(draft))

    def run(self, which: int, *unit: Post | Hold | Settle | Void | Reverse) -> None:
        self.execute([Request(self.watched[which].id, (unit,))])

    def execute(self, requests: Sequence[Request]) -> None:
        """Give requests to the ledger, and what came of them to the model."""
        before = [watched.all_of_it() for watched in self.watched]
        results = self.ledgers.execute(requests)
        for watched, was in zip(self.watched, before, strict=True):
            tried: Tried = {}
            made = len(watched.entries)
            for request, result in zip(requests, results, strict=True):
                if request.ledger_id == watched.id:
                    self.compare(watched, request, result, tried)
            if len(watched.entries) == made:
                assert watched.all_of_it() == was
            else:
                watched.remember()
            watched.check()

    def compare(
        self, watched: WatchedLedger, request: Request, result: Result, tried: Tried
    ) -> None:
        """Compare a result with what the model says, which looks at the key first."""
        claim = request.claim
        known = watched.model.key(claim.key, self.clock.now()) if claim else None
        if claim is not None and known is not None:
            self.compare_repeated(known, claim, result)
        elif claim is not None and claim.key in tried:
            first, told = tried[claim.key]
            if first == claim:
                assert result == told
            else:
                assert _code(result) == "idempotency_in_flight"
        else:
            assert isinstance(result, Executed)
            for unit, outcome in zip(request.units, result.outcomes, strict=True):
                self.compare_unit(watched, unit, outcome)
            if claim is not None:
                tried[claim.key] = claim, result
                self.spend(watched, claim, result)

    def compare_repeated(self, known: ModelKey, claim: Claim, result: Result) -> None:
        if known.fingerprint == claim.fingerprint:
            assert isinstance(result, Replayed)
            assert result.answer == known.answer
        else:
            assert _code(result) == "idempotency_key_reused"

    def compare_unit(self, watched: WatchedLedger, unit: Unit, outcome: Outcome) -> None:
        applied = outcome if isinstance(outcome, tuple) else ()
        names = [str(one.transaction.id) for one in applied] or [""] * len(unit)
        refusal = watched.model.refusal_of(list(zip(unit, names, strict=True)))
        if refusal is None:
            assert applied, outcome
            watched.take(applied)
        else:
            assert _code(outcome) == refusal

    def spend(self, watched: WatchedLedger, claim: Claim, result: Executed) -> None:
        if result.took_effect:
            at = watched.stored().last_at
            watched.model.keys[claim.key] = ModelKey(claim.fingerprint, result.answer, at)

    @rule(seconds=st.integers(-5, 60))
    def wait(self, seconds: int) -> None:
        """Move the clock, sometimes back: it was another machine's."""
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def wait_until_keys_are_forgotten(self) -> None:
        self.clock.advance(RETENTION + TICK)

    @rule(
        which=whiches,
        currency=st.sampled_from(CURRENCIES),
        kind=st.sampled_from(KINDS),
        floor=st.none() | st.integers(-100, 0),
    )
    def open_account(self, which: int, currency: str, kind: AccountKind, floor: int | None) -> None:
        watched = self.watched[which]
        number = len(watched.opened) + 1
        # A store may take it that wallets are never overdrawn.
        limit = 0 if kind is AccountKind.WALLET else floor
        watched.open(Account(wallet(number).id, kind, currency, limit))

    @rule(which=whiches)
    def open_account_again(self, which: int) -> None:
        with pytest.raises(AccountExists):
            self.ledgers.open_account(self.watched[which].id, wallet(1))

    @rule(which=whiches, data=st.data())
    def post(self, which: int, data: st.DataObject) -> None:
        self.run(which, Post(data.draw(valid_drafts(tuple(self.watched[which].opened)))))

    @rule(which=whiches, data=st.data())
    def hold(self, which: int, data: st.DataObject) -> None:
        self.run(which, Hold(data.draw(valid_drafts(tuple(self.watched[which].opened)))))

    @rule(which=whiches, data=st.data())
    def settle(self, which: int, data: st.DataObject) -> None:
        watched = self.watched[which]
        held = data.draw(st.sampled_from(watched.of_state("pending") or [ABSENT]))
        self.run(which, Settle(held, data.draw(parts(watched.left_of(held)))))

    @rule(which=whiches, data=st.data(), failure=st.none() | failures)
    def void(self, which: int, data: st.DataObject, failure: None) -> None:
        pending = self.watched[which].of_state("pending") or [ABSENT]
        self.run(which, Void(data.draw(st.sampled_from(pending)), failure))

    @rule(which=whiches, data=st.data())
    def reverse(self, which: int, data: st.DataObject) -> None:
        watched = self.watched[which]
        posted = data.draw(st.sampled_from(watched.of_state("posted") or [ABSENT]))
        amount = data.draw(parts(watched.left_of(posted)))
        self.run(which, Reverse(posted, amount, is_held=data.draw(st.booleans())))

    @rule(which=whiches, data=st.data(), is_held=st.booleans())
    def reverse_elsewhere(self, which: int, data: st.DataObject, *, is_held: bool) -> None:
        """Let an account stand in; not a wallet, which a store may keep from being overdrawn."""
        watched = self.watched[which]
        posted = data.draw(st.sampled_from(watched.of_state("posted") or [ABSENT]))
        accounts = [account for account in watched.opened if account.kind is not AccountKind.WALLET]
        replaced = data.draw(st.sampled_from(watched.opened)).id
        instead = {replaced: data.draw(st.sampled_from(accounts)).id}
        self.run(which, Reverse(posted, is_held=is_held, instead=instead))

    @rule(which=whiches, data=st.data(), of_types=st.sets(st.sampled_from(TransactionType)))
    def reverse_some_types(
        self, which: int, data: st.DataObject, of_types: set[TransactionType]
    ) -> None:
        posted = data.draw(st.sampled_from(self.watched[which].of_state("posted") or [ABSENT]))
        self.run(which, Reverse(posted, 1, of_types=frozenset(of_types)))

    @rule(which=whiches, data=st.data())
    def post_beyond_a_floor(self, which: int, data: st.DataObject) -> None:
        watched = self.watched[which]
        draft = data.draw(valid_drafts(tuple(watched.opened)))
        named = [each.id for each in watched.opened if each.kind is not AccountKind.WALLET]
        self.run(which, Post(evolve(draft, beyond_floor=frozenset(named))))

    @rule(which=whiches, data=st.data(), kind=st.sampled_from([Post, Hold]))
    def refuse(self, which: int, data: st.DataObject, kind: type[Post | Hold]) -> None:
        self.run(which, kind(data.draw(refused_drafts(tuple(self.watched[which].opened)))))

    @rule(which=whiches, data=st.data())
    def settle_void_or_reverse_what_is_done(self, which: int, data: st.DataObject) -> None:
        done = [ABSENT, *self.watched[which].of_state("posted", "voided")]
        chosen = data.draw(st.sampled_from(done))
        kind = data.draw(st.sampled_from([Settle, Void, Reverse]))
        self.run(which, kind(chosen))

    @rule(data=st.data(), size=st.integers(1, 4))
    def execute_together(self, data: st.DataObject, size: int) -> None:
        """Give several requests at once, to both ledgers, with keys that meet again."""
        requests = []
        for _ in range(size):
            watched = self.watched[data.draw(whiches)]
            units = tuple(
                tuple(watched.resolve(command) for command in unit)
                for unit in data.draw(unit_lists(tuple(watched.opened)))
            )
            requests.append(Request(watched.id, units, data.draw(maybe_claims), tell))
        self.execute(requests)

    @rule(which=whiches, claim=claims, data=st.data())
    def repeat_a_key(self, which: int, claim: Claim, data: st.DataObject) -> None:
        """Use a key again, for the same request or another, together and one after the other."""
        watched = self.watched[which]
        unit = (Post(data.draw(valid_drafts(tuple(watched.opened)))),)
        request = Request(watched.id, (unit,), claim, tell)
        self.execute([request, request])
        self.execute([request])

    @rule()
    def ask_a_ledger_that_does_not_exist(self) -> None:
        command = Post(transfer(wallet(1).id, wallet(2).id, 1))
        (result,) = self.ledgers.execute([Request(LedgerId(2**40), ((command,),))])
        assert _code(result) == LedgerNotFound.code

    @rule(which=whiches, data=st.data())
    def look_back(self, which: int, data: st.DataObject) -> None:
        watched = self.watched[which]
        moment = data.draw(st.integers(0, len(watched.moments) - 1))
        watched.check_balances_at(moment)

    @rule(which=whiches, data=st.data(), limit=st.integers(1, 5))
    def read_a_statement(self, which: int, data: st.DataObject, limit: int) -> None:
        watched = self.watched[which]
        watched.check_statement(data.draw(st.sampled_from(watched.opened)), limit)


def _code(result: Result | Outcome) -> str:
    assert isinstance(result, PayFlowError), result
    return result.code
