"""The words that callers attach to things, and their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.texts import InvalidText, check_metadata, check_text

exchangeable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
kept = st.text(exchangeable, min_size=1, max_size=20)


@given(kept)
def test_any_text_that_utf_8_can_hold_is_kept_as_it_is(text: str) -> None:
    assert check_text(text, length_max=20) is text


@given(kept, kept, st.sampled_from(["\0", "\ud800", "\udbff", "\udc00", "\udfff"]))
def test_nul_and_lone_surrogates_are_refused(before: str, after: str, bad: str) -> None:
    with pytest.raises(InvalidText):
        check_text(before + bad + after, length_max=100)


@pytest.mark.parametrize("text", ["\ud7ff", "\ue000", "\n", "\x01", "👛"])
def test_what_looks_odd_but_can_be_exchanged_is_kept(text: str) -> None:
    assert check_text(text, length_max=1) == text


@pytest.mark.parametrize("length", [0, 11, 12])
def test_a_text_is_neither_empty_nor_too_long(length: int) -> None:
    with pytest.raises(InvalidText) as refusal:
        check_text("a" * length, length_max=10)

    assert refusal.value.code == "invalid_text"
    assert "1 to 10" in refusal.value.detail


@pytest.mark.parametrize(
    "metadata",
    [{}, {"k": ""}, {"k" * 40: "v" * 500}, {str(n): "" for n in range(50)}],
    ids=["none", "empty value", "longest", "most"],
)
def test_metadata_within_bounds_is_kept(metadata: dict[str, str]) -> None:
    assert check_metadata(metadata) is metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"": "v"},
        {"k" * 41: "v"},
        {"k": "v" * 501},
        {"k\0": "v"},
        {"k": "\ud800"},
        {str(n): "" for n in range(51)},
    ],
    ids=["empty key", "long key", "long value", "NUL", "surrogate", "too many"],
)
def test_metadata_out_of_bounds_is_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(InvalidText):
        check_metadata(metadata)
