"""Rate limits: how often somebody may ask.

A limit is a token bucket: ``burst`` units at once, and ``rate`` units every ``period_s`` seconds
come back. What is kept is how much of it is used and since when. All of it is in integers, so that
no rounding adds up: time in microseconds, and units in grains, of which ``rate`` come back each
microsecond.
"""

from collections.abc import Mapping

from attrs import evolve, field, frozen
from attrs.validators import ge, le

from payflow_domain.ledger.ledgers import Environment

RATE_MAX = 100_000
BURST_MAX = 1_000_000

_MICROSECONDS = 1_000_000


@frozen
class Limit:
    """``rate`` units every ``period_s`` seconds in the long run, and ``burst`` at once.

    Raises ``ValueError`` for what is not positive or beyond ``RATE_MAX`` and ``BURST_MAX``.
    """

    rate: int = field(validator=[ge(1), le(RATE_MAX)])
    burst: int = field(validator=[ge(1), le(BURST_MAX)])
    period_s: int = field(default=1, validator=ge(1))
    grains: int = field(init=False, eq=False, repr=False)
    """How many grains a unit has."""

    capacity: int = field(init=False, eq=False, repr=False)
    """How many grains the whole burst has."""

    @grains.default
    def _grains(self) -> int:
        return self.period_s * _MICROSECONDS

    @capacity.default
    def _capacity(self) -> int:
        return self.burst * self.grains

    def grains_of(self, cost: int) -> int:
        """Return what ``cost`` units are; what costs more than the burst takes all of it."""
        return min(cost, self.burst) * self.grains

    @property
    def window_s(self) -> int:
        """How many seconds it takes, rounded up, until all of the burst is there again."""
        return -(-self.burst * self.period_s // self.rate)


@frozen
class Level:
    """How many grains were used at a moment, which is in microseconds of whatever clock."""

    used: int = 0
    at_us: int = 0


@frozen
class Decision:
    """Whether something may be done now.

    ``remaining`` units are left. It takes ``more_us`` microseconds until there is one more (0
    where there are all), and ``wait_us`` until what was asked for can be had.
    """

    is_allowed: bool
    remaining: int
    more_us: int
    wait_us: int = 0


def take(level: Level, limit: Limit, now_us: int, cost: int = 1) -> tuple[Level, Decision]:
    """Take ``cost`` units where there are as many; else take none. No units can always be had.

    A clock that goes back is taken to stand still.
    """
    at_us = max(now_us, level.at_us)
    before = max(0, level.used - (at_us - level.at_us) * limit.rate)
    after = before + limit.grains_of(cost)
    lacking = after - limit.capacity if cost else 0
    used = before if lacking > 0 else after
    remaining, part = divmod(limit.capacity - used, limit.grains)
    more_us = -(-(limit.grains - part) // limit.rate) if used else 0
    if remaining < 0:
        # More than the burst is used: other processes took it.
        remaining, more_us = 0, -((limit.capacity - limit.grains - used) // limit.rate)
    wait_us = -(-lacking // limit.rate) if lacking > 0 else 0
    return Level(used, at_us), Decision(lacking <= 0, remaining, more_us, wait_us)


def settle(level: Level, limit: Limit, now_us: int) -> Level:
    """Give back what has come back since."""
    passed_us = now_us - level.at_us
    if passed_us <= 0:
        return level
    return Level(max(0, level.used - passed_us * limit.rate), now_us)


def join(level: Level, limit: Limit, now_us: int, used: int) -> Level:
    """Count that ``used`` grains are used, by whomever; it may be more than the burst.

    What goes beyond the burst has to come back before anything can be taken.
    """
    level = settle(level, limit, now_us)
    return evolve(level, used=max(level.used, used))


@frozen
class LedgerLimits:
    """What the keys of one ledger may do together.

    ``api`` counts every request; ``money`` counts those that move money once more.
    """

    api: Limit
    money: Limit


DEFAULT_LIMITS: Mapping[Environment, LedgerLimits] = {
    Environment.SANDBOX: LedgerLimits(api=Limit(100, 500), money=Limit(50, 250)),
    Environment.LIVE: LedgerLimits(api=Limit(500, 2000), money=Limit(250, 1000)),
}

FAILED_AUTHENTICATION = Limit(rate=10, burst=20, period_s=60)
"""How often one address may fail to prove who it is."""

FAILED_SESSIONS = Limit(rate=60, burst=60, period_s=60)
"""How often one address may show a session that is none: a page left open goes on asking."""

PUBLIC = Limit(rate=10, burst=20, period_s=60)
"""How often one address may use what needs no key."""

BATCH_ITEMS_PER_UNIT = 50


def batch_cost(items: int) -> int:
    """Return what a batch of ``items`` transfers costs beside the request itself."""
    return items // BATCH_ITEMS_PER_UNIT
