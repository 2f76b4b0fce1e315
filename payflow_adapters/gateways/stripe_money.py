"""Stripe's units of money, which are not for every currency those of ISO 4217.

Nothing is ever rounded: what cannot be said exactly in the other unit is refused.
https://docs.stripe.com/currencies has the rules.
"""

from payflow_adapters.currencies import iso_currencies
from payflow_domain.money import Money, decimal_places

_ISO = iso_currencies()

_NO_PLACES = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905 - a line
)
"""UGX and ISK are not among them: Stripe still writes both with two places, always 00."""

_THREE_PLACES = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_PLACES = dict.fromkeys(_NO_PLACES, 0) | dict.fromkeys(_THREE_PLACES, 3)

_STEPS = dict.fromkeys(_THREE_PLACES, 10)
"""Of which number an amount must be a multiple; 1 if it is not told here."""

_PAYOUT_STEPS = _STEPS | {"HUF": 100, "TWD": 100}


class UnsupportedAmount(ValueError):
    """An amount that cannot be told exactly in the other unit."""


def to_stripe(money: Money, *, is_payout: bool = False) -> int:
    """Return the amount in Stripe's unit; raises ``UnsupportedAmount``."""
    ours, theirs = _units_of(money.currency)
    amount = _scaled(money.amount, money.currency, ours, theirs)
    step = (_PAYOUT_STEPS if is_payout else _STEPS).get(money.currency, 1)
    if amount % step:
        raise UnsupportedAmount(f"Use a multiple of {step} minor units for {money.currency}.")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's ``amount``, of either sign, in our unit; raises ``UnsupportedAmount``."""
    ours, theirs = _units_of(currency.upper())
    return _scaled(amount, currency.upper(), theirs, ours)


def money_of(amount: int, currency: str) -> Money:
    """Return Stripe's ``amount`` as money; raises ``UnsupportedAmount`` and ``InvalidAmount``."""
    return Money(from_stripe(amount, currency), currency.upper())


def _units_of(currency: str) -> tuple[int, int]:
    """Tell how many of our minor units and of Stripe's make one of ``currency``."""
    ours, theirs = decimal_places(currency, _ISO), _PLACES.get(currency, 2)
    return int(10**ours), int(10**theirs)


def _scaled(amount: int, currency: str, unit: int, other: int) -> int:
    scaled, rest = divmod(amount * other, unit)
    if rest:
        raise UnsupportedAmount(f"{amount} is not a whole number of units of {currency}.")
    return scaled
