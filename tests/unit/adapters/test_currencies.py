"""The currencies of ISO 4217."""

import pytest

from payflow_adapters.currencies import iso_currencies


@pytest.mark.parametrize(
    ("code", "places"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_its_decimal_places(code: str, places: int) -> None:
    assert iso_currencies()[code] == places


@pytest.mark.parametrize("code", ["XAU", "XDR", "XTS", "XXX", "eur", "DEM", ""])
def test_what_is_no_money_in_use_is_left_out(code: str) -> None:
    assert code not in iso_currencies()


def test_every_code_is_three_capital_letters() -> None:
    currencies = iso_currencies()

    assert len(currencies) > 150
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in currencies)
    assert set(currencies.values()) == {0, 2, 3, 4}
