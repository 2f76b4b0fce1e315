"""Payments in memory, new for each test."""

from collections.abc import Iterator

import pytest

from payflow_domain.ids import AccountId
from tests.builders.payments import PayFlow, open_payflow


@pytest.fixture
def payflow() -> Iterator[PayFlow]:
    with open_payflow() as opened:
        yield opened


@pytest.fixture
def wallet(payflow: PayFlow) -> AccountId:
    """An empty wallet."""
    return payflow.wallet()
