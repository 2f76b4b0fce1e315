"""Ids are UUIDs of version 7 that sort in the order of their making."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.ids import UuidSource, least_id
from payflow_domain.ids import is_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SOURCE = UuidSource()
PER_MINT = 2**18

moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
prefixes = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=3)


@given(moments, prefixes)
def test_an_id_is_its_prefix_and_a_uuid_of_version_7(at: datetime, prefix: str) -> None:
    minted = SOURCE.minting(at)(prefix)

    uuid = _uuid(minted)
    assert is_id(minted, prefix)
    assert (uuid.version, uuid.variant) == (7, RFC_4122)


@given(moments, st.integers(0, 100))
def test_an_id_tells_its_moment_to_the_microsecond(at: datetime, earlier: int) -> None:
    mint = SOURCE.minting(at)
    uuid = _uuid([mint("txn") for _ in range(earlier + 1)][-1])

    milliseconds, fraction = uuid.int >> 80, uuid.int >> 64 & 0xFFF
    microseconds = -(-fraction * 1000 // 4096)
    assert EPOCH + timedelta(milliseconds=milliseconds, microseconds=microseconds) == at


@given(moments, st.integers(1, 10**9), st.integers(1, 100))
def test_ids_sort_by_moment_and_then_by_making(at: datetime, later: int, count: int) -> None:
    first, second = SOURCE.minting(at), SOURCE.minting(at + timedelta(microseconds=later))

    late = [second("evt") for _ in range(count)]
    early = [first("evt") for _ in range(count)]

    _check_ascending([*early, *late])


@given(moments, st.integers(1, 10**9))
def test_the_least_id_of_a_moment_parts_what_was_made_before_from_the_rest(
    at: datetime, later: int
) -> None:
    after = at + timedelta(microseconds=later)

    assert SOURCE.minting(at)("dlv") < least_id("dlv", after) < SOURCE.minting(after)("dlv")
    assert least_id("dlv", at) < SOURCE.minting(at)("dlv")


def test_a_mint_makes_2_to_the_18_ids_in_order_and_no_more() -> None:
    mint = SOURCE.minting(datetime.max.replace(tzinfo=UTC))

    _check_ascending(mint("evt") for _ in range(PER_MINT))

    with pytest.raises(OverflowError):
        mint("evt")


def test_the_random_part_of_each_id_is_its_own() -> None:
    mint = SOURCE.minting(EPOCH)

    tails = {mint("key")[-8:] for _ in range(1000)}

    assert len(tails) == 1000
    assert set("".join(tails)) == set(ALPHABET)


def test_two_mints_of_one_moment_do_not_meet() -> None:
    ids = {SOURCE.minting(EPOCH)("txn") for _ in range(1000)}

    assert len(ids) == 1000


def _uuid(minted: str) -> UUID:
    number = 0
    for character in re.sub("^[a-z]{3}_", "", minted):
        number = number * 32 + ALPHABET.index(character)
    return UUID(int=number)


def _check_ascending(ids: Iterable[str]) -> None:
    assert all(one < other for one, other in pairwise(ids))
