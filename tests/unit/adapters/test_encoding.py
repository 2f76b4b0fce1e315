"""The canonical form of events."""

import json

from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.encoding import encode_json

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(texts, values))
def test_any_json_reader_reads_back_what_was_written(value: dict[str, object]) -> None:
    assert json.loads(encode_json(value)) == value


@given(st.dictionaries(texts, st.integers(0, 9)))
def test_members_keep_their_order(value: dict[str, object]) -> None:
    assert list(json.loads(encode_json(value))) == list(value)


def test_it_is_compact_and_escapes_nothing_that_need_not_be() -> None:
    written = encode_json({"b": ["Zoë", "/<>&", 1], "a": {"quote": '"', "line": "\n"}})

    expected = r'{"b":["Zoë","/<>&",1],"a":{"quote":"\"","line":"\n"}}'
    assert written == expected.encode()
