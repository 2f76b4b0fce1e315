"""A payment gateway that is none: for trying PayFlow out, and for tests. It moves no money."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from payflow_adapters.gateways import mock_notices, mock_orders
from payflow_adapters.gateways.mock_book import Book, Held
from payflow_adapters.gateways.mock_file import SharedFile
from payflow_adapters.gateways.mock_notices import SignedNotice
from payflow_adapters.gateways.mock_schema import SCHEMA
from payflow_adapters.gateways.mock_scripts import Scripts
from payflow_adapters.gateways.mock_values import SLOW_S, Behaviour, Trouble
from payflow_domain.clock import Clock
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import (
    ChargeOrder,
    GatewayUnavailable,
    Movement,
    Notice,
    Order,
    OutcomeUnknown,
    PayoutOrder,
    RefundOrder,
    Report,
    Sought,
)


class MockGateway:
    """A ``PaymentGateway`` for the sandbox, whose orders choose by magic values what they come to.

    What it knows is in the file at ``path`` (``":memory:"``: in this object alone), which any
    number of threads and processes may share. It does the same in every run: its ids follow from
    those of our transactions, and its time is that of ``clock``. ``secret`` signs its notices.
    docs/mock-gateway.md lists the values.
    """

    def __init__(self, path: Path | str, clock: Clock, secret: str) -> None:
        if not secret:
            raise ValueError("Without a secret anyone could sign notices.")
        self._clock = clock
        self._secret = secret
        self._file = SharedFile(path, SCHEMA)

    @property
    def name(self) -> str:
        return "mock"

    @property
    def environment(self) -> Environment:
        return Environment.SANDBOX

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def charge(self, order: ChargeOrder) -> Report:
        return self._take(order)

    def refund(self, order: RefundOrder) -> Report:
        return self._take(order)

    def pay_out(self, order: PayoutOrder) -> Report:
        return self._take(order)

    def find(self, sought: Sought) -> Report | None:
        self._meet_trouble()
        with self._book() as book:
            if sought.gateway_id:
                found = book.standing(sought.gateway_id)
            else:
                found = book.standing_of(sought.transaction_id)
        return found if found and found.kind is sought.kind else None

    def movements(self, start: datetime, end: datetime) -> list[Movement]:
        self._meet_trouble()
        with self._book() as book:
            return book.movements(start, end)

    def held(self, currency: str) -> Held:
        """Return what the movements of a currency come to."""
        with self._book() as book:
            return book.held(currency)

    def read_notice(self, payload: bytes, signature: str) -> Notice:
        mock_notices.check_signature(self._secret, payload, signature, self._clock.now())
        return mock_notices.read_notice(payload)

    def reread_notice(self, payload: bytes) -> Notice:
        return mock_notices.read_notice(payload)

    def sign(self, payload: bytes, at: datetime) -> str:
        """Return the signature that a notice sent at that moment has."""
        return mock_notices.sign(self._secret, payload, at)

    def due_notices(self, limit: int = 100) -> list[SignedNotice]:
        """Return notices to send now, oldest first: the same ones until they are marked."""
        with self._book() as book:
            notices = book.notices(limit)
        payloads = [mock_notices.write_notice(notice) for notice in notices]
        return [
            SignedNotice(payload, self.sign(payload, self._clock.now()), notice.id)
            for notice, payload in zip(notices, payloads, strict=True)
        ]

    def mark_delivered(self, notice_id: str) -> None:
        """Do not send a notice again; marking it twice is no error."""
        with self._book() as book:
            book.mark_delivered(notice_id)

    def script(self, value: str, behaviour: Behaviour) -> None:
        """Let a payment method or a destination behave so, in every process on the file."""
        with self._book() as book:
            Scripts(book.connection).keep(value, behaviour)

    def fail_next(self, trouble: Trouble) -> None:
        """Let the next call meet ``trouble``, whoever makes it: an order, find or movements.

        Several wait for several calls.
        """
        with self._book() as book:
            Scripts(book.connection).add_trouble(trouble)

    def refund_outside(self, charge_id: str, amount: int) -> str:
        """Refund in the gateway's dashboard, without a word to us; returns the refund's id.

        Raises ``ValueError`` where that cannot be, as the next two do.
        """
        with self._book() as book:
            return mock_orders.refund_outside(book, charge_id, amount)

    def open_dispute(self, charge_id: str, amount: int | None = None) -> str:
        """Let the payer dispute a charge, once: all that is left of it if no amount is given."""
        with self._book() as book:
            return mock_orders.open_dispute(book, charge_id, amount)

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        """Decide an open dispute; what was planned for it does not happen."""
        with self._book() as book:
            mock_orders.close_dispute(book, dispute_id, won=won)

    @contextmanager
    def _book(self) -> Iterator[Book]:
        with self._file.transaction() as connection:
            yield Book(connection, self._clock.now())

    def _take(self, order: Order) -> Report:
        with self._book() as book:
            told, trouble = mock_orders.take(book, order)
        if trouble is Trouble.SLOW:
            time.sleep(SLOW_S)
        elif trouble is not None:
            raise _error_of(trouble)
        if told is None:
            raise AssertionError(order)
        return told

    def _meet_trouble(self) -> None:
        """Raise what this call meets, if a test has said so."""
        with self._book() as book:
            trouble = Scripts(book.connection).take_trouble()
        if trouble is not None:
            raise _error_of(trouble)


def _error_of(trouble: Trouble) -> OutcomeUnknown | GatewayUnavailable:
    if trouble is Trouble.UNAVAILABLE:
        return GatewayUnavailable("The mock gateway is out of order; nothing was done.")
    return OutcomeUnknown("The mock gateway did not answer in time.")
