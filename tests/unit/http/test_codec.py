"""Reading JSON strictly."""

import contextlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_http.codec import decode, pointer_to
from payflow_http.problems import Problem

texts = st.text(st.characters(codec="utf-8") | st.sampled_from(':"\\'), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_what_is_encoded_is_decoded(document: dict[str, object]) -> None:
    assert decode(orjson.dumps(document)) == document


@given(st.binary() | st.binary().map(lambda noise: b'{"a":' + noise + b"}"))
def test_arbitrary_bytes_are_an_object_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Problem):
        assert decode(body) == json.loads(body)


@given(st.dictionaries(texts, values, min_size=1, max_size=5), st.data())
def test_a_repeated_member_is_found_wherever_it_is(
    document: dict[str, object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(document)))
    members = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in document.items()]
    again = f"{json.dumps(name)}:{json.dumps(data.draw(values))}"
    body = f'{{"outer":[{{{",".join([*members, again])}}}]}}'.encode()

    with pytest.raises(Problem) as caught:
        decode(body)

    where = pointer_to("/outer/0", name)
    assert [(f.where, f.code) for f in caught.value.faults] == [(where, "duplicate_member")]


@pytest.mark.parametrize(("depth", "is_read"), [(32, True), (33, False)])
def test_nesting_is_read_down_to_a_depth(depth: int, is_read: bool) -> None:  # noqa: FBT001
    body = b'{"a":' * depth + b"1" + b"}" * depth
    try:
        decode(body)
    except Problem:
        assert not is_read
    else:
        assert is_read


def test_a_pointer_escapes_what_would_part_it() -> None:
    assert pointer_to("/a", "b/c~d") == "/a/b~1c~0d"
