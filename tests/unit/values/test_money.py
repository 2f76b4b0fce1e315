"""Money: integers of minor units."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.money import (
    MAX_AMOUNT,
    InvalidAmount,
    Money,
    UnknownCurrency,
    decimal_places,
    format_money,
)

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}


@given(st.integers(1, MAX_AMOUNT))
def test_money_is_one_minor_unit_or_more(amount: int) -> None:
    assert Money(amount, "EUR").amount == amount


def test_the_largest_amount_is_the_largest_integer_that_javascript_keeps() -> None:
    assert Money(MAX_AMOUNT, "EUR").amount == 9_007_199_254_740_991


@given(st.one_of(st.integers(max_value=0), st.integers(min_value=MAX_AMOUNT + 1)))
def test_an_amount_out_of_bounds_is_refused(amount: int) -> None:
    with pytest.raises(InvalidAmount) as refusal:
        Money(amount, "EUR")

    assert refusal.value.code == "invalid_amount"


@pytest.mark.parametrize("amount", [True, 1.0, "1", None])
def test_what_is_no_integer_is_no_amount(amount: Any) -> None:  # noqa: ANN401
    with pytest.raises(InvalidAmount):
        Money(amount, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "EUR", "0.00 EUR"),
        (5, "EUR", "0.05 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (-123450, "EUR", "-1,234.50 EUR"),
        (500, "JPY", "500 JPY"),
        (1234567, "JPY", "1,234,567 JPY"),
        (1234567, "KWD", "1,234.567 KWD"),
    ],
)
def test_money_is_shown_with_the_places_of_its_currency(
    amount: int, currency: str, shown: str
) -> None:
    assert format_money(amount, currency, CURRENCIES) == shown


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_shown_is_exact(amount: int, currency: str) -> None:
    digits = format_money(amount, currency, CURRENCIES).removesuffix(f" {currency}")

    assert int(digits.replace(",", "").replace(".", "")) == amount


@pytest.mark.parametrize("currency", ["XXX", "eur", ""])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        decimal_places(currency, CURRENCIES)

    assert (refusal.value.code, refusal.value.subject) == ("unknown_currency", currency)
