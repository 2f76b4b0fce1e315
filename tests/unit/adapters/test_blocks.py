"""The journal in blocks: what is packed is what is unpacked, and no block is too large."""

from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.encoding import encode_json
from payflow_adapters.postgres.blocks import (
    BLOCK_BYTES_MAX,
    EVENTS_MAX,
    Block,
    blocks_of,
    events_of,
)
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.journal import Event, EventType
from tests.builders.times import START

Content = tuple[EventType, bytes, bytes]

LEDGER = LedgerId(7)
BLOCK = Block(LEDGER, 1, 2, START, "wallet.created wallet.updated", b"{}\n{}", bytes(64))

texts = st.text(st.characters(codec="utf-8"), max_size=30)
bodies = st.one_of(
    st.builds(lambda text: encode_json({"text": text}), texts),
    st.integers(0, BLOCK_BYTES_MAX + 100).map(lambda size: encode_json({"text": "x" * size})),
)
contents = st.tuples(st.sampled_from(EventType), bodies, st.binary(min_size=32, max_size=32))
commits = st.one_of(
    st.lists(contents, max_size=30),
    st.builds(lambda one, count: [one] * count, contents, st.integers(1, 3 * EVENTS_MAX)),
)


def events(commit: list[Content], first: int = 1) -> list[Event]:
    return [
        Event(number, type_, START, body, link)
        for number, (type_, body, link) in enumerate(commit, first)
    ]


def unpacked(block: Block) -> list[Event]:
    text = block.bodies.decode()
    return list(events_of(block.first_sequence, block.at, block.types, text, block.hashes))


@given(commits, st.integers(1, 2**62))
def test_what_is_packed_is_what_is_unpacked(commit: list[Content], first: int) -> None:
    packed = events(commit, first)

    assert [event for block in blocks_of(LEDGER, packed) for event in unpacked(block)] == packed


def test_a_type_that_only_a_newer_version_knows_is_a_name() -> None:
    newer = evolve(BLOCK, types="wallet.created wallet.painted")

    known, unknown = unpacked(newer)

    assert known.type == EventType.WALLET_CREATED
    assert unknown.type == "wallet.painted"


@given(commits)
def test_blocks_follow_one_another_without_a_gap(commit: list[Content]) -> None:
    blocks = list(blocks_of(LEDGER, events(commit)))

    assert all(block.ledger_id == LEDGER for block in blocks)
    assert all(one.last_sequence + 1 == another.first_sequence for one, another in pairwise(blocks))
    if blocks:
        assert (blocks[0].first_sequence, blocks[-1].last_sequence) == (1, len(commit))


@given(commits)
def test_no_block_is_larger_than_a_reader_and_a_page_expect(commit: list[Content]) -> None:
    for block in blocks_of(LEDGER, events(commit)):
        count = block.last_sequence - block.first_sequence + 1
        size = sum(len(event.body) for event in unpacked(block))
        assert count <= EVENTS_MAX
        assert size <= BLOCK_BYTES_MAX or count == 1


@given(commits)
def test_no_block_could_take_the_first_event_of_the_next(commit: list[Content]) -> None:
    for block, another in pairwise(blocks_of(LEDGER, events(commit))):
        together = [*unpacked(block), unpacked(another)[0]]
        size = sum(len(event.body) for event in together)
        assert len(together) > EVENTS_MAX or size > BLOCK_BYTES_MAX


@pytest.mark.parametrize(
    "changes",
    [
        {"types": "wallet.created"},
        {"types": "wallet.created wallet.created wallet.created"},
        {"types": ""},
        {"bodies": b"{}"},
        {"bodies": b"{}\n{}\n{}"},
        {"hashes": b""},
        {"hashes": bytes(32)},
        {"hashes": bytes(96)},
    ],
    ids=repr,
)
def test_parts_that_do_not_go_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\d types, \d bodies and \d hashes"):
        unpacked(evolve(BLOCK, **changes))
