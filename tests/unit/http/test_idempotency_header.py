"""The Idempotency-Key header."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_http.idempotency import read_key
from payflow_http.problems import Problem

keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=255)


def quoted(key: str) -> bytes:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()


@given(keys)
def test_a_quoted_key_is_what_is_between_the_quotes(key: str) -> None:
    assert read_key(quoted(key)) == key


@given(keys.filter(lambda key: '"' not in key and key == key.strip(" ")))
def test_a_bare_key_and_the_same_key_quoted_are_one(key: str) -> None:
    assert read_key(key.encode()) == read_key(quoted(key)) == key


@given(st.binary(max_size=300))
def test_anything_is_a_key_within_bounds_or_refused(header: bytes) -> None:
    with contextlib.suppress(Problem):
        key = read_key(header)

        assert 1 <= len(key) <= 255
        assert key.isascii()
        assert key.isprintable()


@pytest.mark.parametrize(
    "header",
    [b"", b'""', b'"', b'"a', b'a"', b'"a"b', rb'"\a"', b"a" * 256, "ä".encode(), b"a\tb"],
)
def test_a_malformed_key_is_refused(header: bytes) -> None:
    with pytest.raises(Problem):
        read_key(header)
