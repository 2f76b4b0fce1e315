"""The form of public ids."""

import pytest

from payflow_domain.ids import WALLET, is_id
from tests.builders.times import wallet_id

GOOD = wallet_id(12345)
LAST = "wal_7zzzzzzzzzzzzzzzzzzzzzzzzz"


@pytest.mark.parametrize("value", [GOOD, LAST])
def test_an_id_has_its_prefix_and_26_characters(value: str) -> None:
    assert is_id(value, WALLET)


@pytest.mark.parametrize(
    "value",
    [
        "",
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.replace("wal", "txn"),
        GOOD.replace("_", "-"),
        GOOD[:-1] + "i",
        GOOD[:-1] + "l",
        GOOD[:-1] + "o",
        GOOD[:-1] + "u",
        GOOD[:-1] + "٣",
        LAST.replace("_7", "_8"),
        "partner_settlement:EUR",
    ],
)
def test_nothing_else_is_one(value: str) -> None:
    assert not is_id(value, WALLET)
