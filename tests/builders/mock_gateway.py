"""The mock gateway with a clock that a test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from attrs import frozen

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_values import Trouble
from tests.builders.times import SettableClock
from tests.contracts.gateway_harness import Values

SECRET = "whsec_mock"


@frozen
class MockHarness:
    """The mock as the contract suite wants it."""

    gateway: MockGateway
    clock: SettableClock
    values: Values

    @classmethod
    @contextmanager
    def opened(cls, path: Path | str) -> Iterator["MockHarness"]:
        clock = SettableClock()
        gateway = MockGateway(path, clock, SECRET)
        try:
            yield cls(gateway, clock, Values())
        finally:
            gateway.close()

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def take_notices(self) -> list[tuple[bytes, str]]:
        taken = []
        while due := self.gateway.due_notices():
            for notice in due:
                self.gateway.mark_delivered(notice.id)
                taken.append((notice.payload, notice.signature))
        return taken

    def refund_outside(self, charge_id: str, amount: int) -> str:
        return self.gateway.refund_outside(charge_id, amount)

    def open_dispute(self, charge_id: str) -> str:
        return self.gateway.open_dispute(charge_id)

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        self.gateway.close_dispute(dispute_id, won=won)

    def forge(self, payload: bytes, seconds: int = 0) -> str:
        return self.gateway.sign(payload, self.now() + timedelta(seconds=seconds))

    def lose_next(self, *, effect: bool) -> None:
        timeouts = (Trouble.TIMEOUT_NO_EFFECT, Trouble.TIMEOUT_WITH_EFFECT)
        self.gateway.fail_next(timeouts[effect])

    def refuse_next(self) -> None:
        self.gateway.fail_next(Trouble.UNAVAILABLE)
