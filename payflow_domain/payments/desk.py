"""The desk: where payments are opened, and where what a gateway reports is booked, once.

Each of its methods is one unit of work, and none asks a gateway anything. A payment is read anew
under its ledger's lock before anything follows from it, so it does not matter who reports first:
the request that waits for the gateway's answer, a notice or a worker.
"""

from collections.abc import Callable

from attrs import evolve, frozen

from payflow_domain.clock import Clock
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.batch import Executed, Render, Replayed, Request
from payflow_domain.ledger.decisions import Applied
from payflow_domain.ledger.errors import AccountNotOpen, InsufficientFunds
from payflow_domain.ledger.idempotency import Answer, Claim, SpentKey
from payflow_domain.ledger.ports import Changes, Loaded, Wanted
from payflow_domain.ledger.published import publish_balances, publish_with_balances
from payflow_domain.ledger.service import Ledgers, load_ledger
from payflow_domain.ledger.transactions import Failure, Transaction, Unit
from payflow_domain.payments import booking
from payflow_domain.payments.gateway import MovementKind, Report, ReportStatus
from payflow_domain.payments.model import Leg, Payment, PaymentStatus
from payflow_domain.payments.ports import BeginPayments, PaymentUnitOfWork
from payflow_domain.payments.steps import (
    WITHOUT_STAND_IN,
    Instead,
    Step,
    first_step_of,
    step_of,
)

_STAND_IN_FOR = (InsufficientFunds, AccountNotOpen)
"""Why a wallet cannot give or take what has moved at the gateway; then settlement does."""

MakePayment = Callable[[Transaction], Payment]

RenderFor = Callable[[str], Render]
"""Writes the answer to the request with that id, for whoever finishes what it began."""


@frozen
class Desk:
    """Opens payments and books their outcomes."""

    begin: BeginPayments
    ledgers: Ledgers
    clock: Clock

    def open(
        self, ledger_id: LedgerId, unit: Unit, claim: Claim | None, make: MakePayment
    ) -> Payment | Replayed:
        """Commit the intent: the pending transaction, and the payment that ``make`` makes of it.

        The idempotency key is claimed and has no answer yet. Raises what the ledger refuses.
        """
        with self.begin() as uow:
            (result,) = self.ledgers.execute_in(uow, [Request(ledger_id, (unit,), claim)])
            if isinstance(result, Replayed):
                return result
            payment = make(_applied(result)[-1].transaction)
            uow.add_payment(payment)
        return payment

    def learn(self, payment: Payment, report: Report, render: Render) -> Answer | None:
        """Book what a gateway reports of ``payment``, unless it is booked already.

        Returns the answer to the request that made the payment; ``None`` while it is pending.
        """
        with self.begin() as uow:
            books, current = _read(uow, payment)
            current = evolve(current, gateway_id=report.gateway_id or current.gateway_id)
            step = step_of(current, books.transactions[current.transaction_id], report)
            if step is None or self._is_booked(uow, current, step, report):
                uow.replace_payment(current)
                is_pending = current.status is PaymentStatus.PENDING
                return None if is_pending else _answer_of(books, current, payment, render)
            claim = _unanswered(books, current)
            executed = self._carry_out(uow, current, step, claim, render)
            uow.replace_payment(current.moved(step.status))
            self._add_leg(uow, current, step, executed)
        return _answered(books, payment) or (executed.answer if executed else None)

    def begin_elsewhere(self, charge: Payment, report: Report) -> None:
        """Book a refund or a dispute of ``charge`` that did not begin here; once.

        Raises ``AlreadyReversed`` and ``ReversalExceedsOriginal`` where a refund that is under
        way leaves no room.
        """
        with self.begin() as uow:
            wanted = Wanted(transactions={charge.transaction_id})
            books = load_ledger(uow, charge.ledger_id, wanted)
            step = first_step_of(books.transactions[charge.transaction_id], report)
            known = uow.payment_at_gateway(charge.ledger_id, charge.gateway, report.gateway_id)
            if step is None or known or self._is_booked(uow, charge, step, report):
                return
            executed = self._carry_out(uow, charge, step, None, None)
            if executed is None:
                return
            made = _applied(executed)[-1].transaction
            payment = evolve(
                charge,
                transaction_id=made.id,
                kind=report.kind,
                status=step.status,
                money=report.money,
                created_at=self.clock.now(),
                gateway_id=report.gateway_id,
                reference=None,
                charge_id=charge.gateway_id,
                next_attempt_at=None,
                attempts=0,
                claim=None,
                request_id="",
            )
            uow.add_payment(payment)
            self._add_leg(uow, payment, step, executed)

    def answer_pending(self, payment: Payment, render: Render) -> Answer:
        """Answer the request that made ``payment`` with how it stands, and ask again later."""
        with self.begin() as uow:
            books, current = _read(uow, payment)
            answer = _answer_of(books, current, payment, render)
            claim = _unanswered(books, current)
            if claim is not None:
                uow.write([Changes(books.ledger, spent=[SpentKey(claim, answer)])])
            if current.status is PaymentStatus.PENDING:
                current = evolve(current, claim=None).asked_again(self.clock.now())
                uow.replace_payment(current)
        return answer

    def withdraw(self, payment: Payment, failure: Failure) -> None:
        """Undo a payment that the gateway did not take: its idempotency key is free again."""
        with self.begin() as uow:
            books, current = _read(uow, payment)
            if not current.leads_to(PaymentStatus.FAILED):
                return
            claim = _unanswered(books, current)
            unit = booking.void(books.transactions[current.transaction_id], failure)
            self._execute(uow, current.ledger_id, unit, None, None)
            uow.replace_payment(current.moved(PaymentStatus.FAILED))
            if claim is not None:
                head = load_ledger(uow, current.ledger_id, Wanted()).ledger
                uow.write([Changes(head, released=[claim.key])])

    def give_up(self, payment: Payment, failure: Failure, render: Render) -> None:
        """Undo a payment that the gateway never saw."""
        report = Report(
            payment.kind,
            payment.gateway_id or "",
            ReportStatus.FAILED,
            payment.money,
            payment.transaction_id,
            failure=failure,
        )
        self.learn(payment, report, render)

    def postpone(self, payment: Payment) -> None:
        """Ask again later."""
        with self.begin() as uow:
            _, current = _read(uow, payment)
            if current.status is PaymentStatus.PENDING:
                uow.replace_payment(current.asked_again(self.clock.now()))

    def pay_fee(self, unit: Unit, leg: Leg) -> Leg | None:
        """Book a fee once, as ``leg`` has it; returns it with its transaction if that was now."""
        with self.begin() as uow:
            load_ledger(uow, leg.ledger_id, Wanted())
            if uow.has_leg(leg):
                return None
            executed = self._execute(uow, leg.ledger_id, unit, None, None)
            booked = evolve(leg, transaction_id=_applied(executed)[-1].transaction.id)
            uow.add_leg(booked)
        return booked

    def _carry_out(
        self,
        uow: PaymentUnitOfWork,
        payment: Payment,
        step: Step,
        claim: Claim | None,
        render: Render | None,
    ) -> Executed | None:
        """Book a step: against the wallet, or where that cannot, the partner's settlement."""
        stand_in = {payment.wallet_id: booking.settlement(payment.money.currency)}
        tries: tuple[Instead, ...] = (WITHOUT_STAND_IN, stand_in)
        for instead in tries:
            unit = step.unit(instead)
            if not unit:
                return None
            try:
                return self._execute(uow, payment.ledger_id, unit, claim, render)
            except _STAND_IN_FOR:
                if instead:
                    raise
        raise AssertionError(payment)

    def _execute(
        self,
        uow: PaymentUnitOfWork,
        ledger_id: LedgerId,
        unit: Unit,
        claim: Claim | None,
        render: Render | None,
    ) -> Executed:
        request = Request(ledger_id, (unit,), claim, render, finishes=True)
        (result,) = self.ledgers.execute_in(uow, [request])
        _applied(result)
        if not isinstance(result, Executed):
            raise TypeError(result)
        return result

    def _is_booked(
        self, uow: PaymentUnitOfWork, payment: Payment, step: Step, report: Report
    ) -> bool:
        """Tell whether that line of the gateway's account is in the books."""
        if step.movement is None:
            return False
        return uow.has_leg(self._leg(evolve(payment, gateway_id=report.gateway_id), step, None))

    def _add_leg(
        self, uow: PaymentUnitOfWork, payment: Payment, step: Step, executed: Executed | None
    ) -> None:
        if step.movement is not None and executed is not None:
            uow.add_leg(self._leg(payment, step, _applied(executed)[-1].transaction))

    def _leg(self, payment: Payment, step: Step, moved: Transaction | None) -> Leg:
        return Leg(
            ledger_id=payment.ledger_id,
            transaction_id=moved.id if moved else payment.transaction_id,
            gateway=payment.gateway,
            environment=payment.environment,
            kind=step.movement or MovementKind.FEE,
            gateway_id=payment.gateway_id or "",
            amount=step.sign * payment.money.amount,
            currency=payment.money.currency,
            at=self.clock.now(),
        )


def _read(uow: PaymentUnitOfWork, payment: Payment) -> tuple[Loaded, Payment]:
    """Lock the ledger of a payment, and read how the payment stands."""
    wanted = Wanted(
        accounts={payment.wallet_id},
        transactions={payment.transaction_id},
        keys={payment.claim.key} if payment.claim else set(),
    )
    books = load_ledger(uow, payment.ledger_id, wanted)
    current = uow.payment(payment.ledger_id, payment.transaction_id)
    if current is None:
        raise AssertionError(payment)
    return books, current


def _unanswered(books: Loaded, payment: Payment) -> Claim | None:
    """Return the payment's claim where its request has had no answer yet."""
    spent = books.spent.get(payment.claim.key) if payment.claim else None
    return payment.claim if spent is not None and spent.answer is None else None


def _answered(books: Loaded, asked: Payment) -> Answer | None:
    """Return the answer that the request with the payment's key was given, if any."""
    spent = books.spent.get(asked.claim.key) if asked.claim else None
    return spent.answer if spent else None


def _answer_of(books: Loaded, current: Payment, asked: Payment, render: Render) -> Answer:
    """Return the answer that the request was given, or write it from how things stand."""
    if answer := _answered(books, asked):
        return answer
    wallet = books.accounts[current.wallet_id]
    transaction = books.transactions[current.transaction_id]
    return render([(publish_with_balances(transaction, publish_balances([wallet])),)])


def _applied(result: Executed | Replayed | PayFlowError) -> tuple[Applied, ...]:
    """Return what a request of one unit came to; raises why it was refused."""
    outcome = result.outcomes[0] if isinstance(result, Executed) else result
    if isinstance(outcome, PayFlowError):
        raise outcome
    if isinstance(outcome, Replayed):
        raise TypeError(outcome)
    return outcome
