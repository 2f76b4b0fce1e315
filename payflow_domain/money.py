"""Money: integers of minor units, never floats."""

from collections.abc import Mapping

from attrs import frozen

from payflow_domain.errors import Invalid

MAX_AMOUNT = 2**53 - 1
"""The largest amount of one movement: the largest integer that every JSON reader keeps exact."""

Currencies = Mapping[str, int]
"""ISO 4217 alphabetic codes with the number of decimal places of each (JPY 0, EUR 2, KWD 3)."""


AMOUNT_RULE = f"An amount is an integer of minor units from 1 to {MAX_AMOUNT}."


class InvalidAmount(Invalid):
    """An amount outside 1 to ``MAX_AMOUNT``, or not an integer."""

    code = "invalid_amount"


class UnknownCurrency(Invalid):
    """Not a currency of ISO 4217 in use today."""

    code = "unknown_currency"


@frozen
class Money:
    """An amount of 1 to ``MAX_AMOUNT`` minor units of one ISO 4217 currency.

    Raises ``InvalidAmount`` outside those bounds.
    """

    amount: int
    currency: str

    def __attrs_post_init__(self) -> None:
        """Refuse what is no amount."""
        check_amount(self.amount)


def check_amount(value: object) -> None:
    """Refuse what is no amount; raises ``InvalidAmount``."""
    if not is_amount(value):
        raise InvalidAmount(AMOUNT_RULE)


def is_amount(value: object) -> bool:
    """Tell whether ``value`` is an integer of 1 to ``MAX_AMOUNT``; ``True`` is not 1."""
    return type(value) is int and 0 < value <= MAX_AMOUNT


def format_money(amount: int, currency: str, currencies: Currencies) -> str:
    """Show ``amount`` minor units to a person: ``-1,234.50 EUR``, ``500 JPY``.

    Raises ``UnknownCurrency``.
    """
    places = decimal_places(currency, currencies)
    whole, fraction = divmod(abs(amount), 10**places)
    decimals = f".{fraction:0{places}d}" if places else ""
    return f"{'-' if amount < 0 else ''}{whole:,}{decimals} {currency}"


def decimal_places(currency: str, currencies: Currencies) -> int:
    """Tell how many decimal places ``currency`` has; raises ``UnknownCurrency``."""
    places = currencies.get(currency)
    if places is None:
        detail = "Use the upper-case ISO 4217 code of a currency in use, such as EUR."
        raise UnknownCurrency(detail, subject=currency)
    return places
