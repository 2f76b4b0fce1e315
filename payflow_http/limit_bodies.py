"""The body that sets limits."""

from collections.abc import Callable, Mapping
from typing import NewType

from attrs import frozen

from payflow_domain.access.limits import BURST_MAX, RATE_MAX
from payflow_domain.ledger.ledgers import Environment
from payflow_http.refusals import refused

Rate = NewType("Rate", int)
Burst = NewType("Burst", int)


@frozen
class LimitsBody:
    """``PUT /api/admin/partners/{id}/limits``: requests a second, and at once.

    Those that move money are as in the environment, unless both of their members are there.
    """

    environment: Environment
    rate: Rate
    burst: Burst
    money_rate: Rate | None = None
    money_burst: Burst | None = None


def _up_to(most: int) -> Callable[[object, object], int]:
    def structure_count(value: object, _: object) -> int:
        if type(value) is int and 1 <= value <= most:
            return value
        raise refused("invalid_integer", f"Use an integer from 1 to {most}.")

    return structure_count


LIMIT_SCALARS: Mapping[object, Callable[[object, object], object]] = {
    Rate: _up_to(RATE_MAX),
    Burst: _up_to(BURST_MAX),
}
