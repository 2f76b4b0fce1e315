"""Signed cursors."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.ids import LedgerId
from payflow_http.cursors import Cursors, Listing
from payflow_http.problems import Problem

CURSORS = Cursors(b"a secret")
WALLETS = Listing("wallets", LedgerId(1), (("currency", "EUR"),))
positions = st.text(st.characters(codec="utf-8"), max_size=60)


@given(positions)
def test_a_cursor_gives_back_its_position(position: str) -> None:
    assert CURSORS.read(WALLETS, CURSORS.make(WALLETS, position)) == position


@given(positions, st.data())
def test_a_cursor_with_any_character_changed_is_refused(position: str, data: st.DataObject) -> None:
    cursor = CURSORS.make(WALLETS, position)
    index = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cursor[index]))

    with pytest.raises(Problem, match="nextCursor"):
        CURSORS.read(WALLETS, cursor[:index] + other + cursor[index + 1 :])


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        CURSORS.read(WALLETS, text)


@pytest.mark.parametrize(
    "listing",
    [
        evolve(WALLETS, name="transactions"),
        evolve(WALLETS, ledger_id=LedgerId(2)),
        evolve(WALLETS, filters=()),
        evolve(WALLETS, filters=(("currency", "USD"),)),
    ],
)
def test_a_cursor_of_another_list_is_refused(listing: Listing) -> None:
    with pytest.raises(Problem):
        CURSORS.read(listing, CURSORS.make(WALLETS, "wal_1"))


def test_a_cursor_made_with_another_secret_is_refused() -> None:
    with pytest.raises(Problem):
        CURSORS.read(WALLETS, Cursors(b"another").make(WALLETS, "wal_1"))
