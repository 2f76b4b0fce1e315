"""API keys: their form, and what is kept of them."""

import hashlib
import random
import re
import string
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payflow_domain.access.keys import (
    BASE62,
    InvalidApiKey,
    digest_of,
    make_secret,
    secret_prefix,
)
from payflow_domain.ledger.ledgers import Environment


class SeededSecrets:
    """Draws the same secrets from the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret but a test's

    def characters(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choices(alphabet, k=length))


secrets = st.builds(
    lambda environment, seed: make_secret(environment, SeededSecrets(seed)),
    st.sampled_from(Environment),
    st.integers(0, 2**32),
)


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [(Environment.SANDBOX, "sk_test_pf_"), (Environment.LIVE, "sk_live_pf_")],
)
def test_a_key_shows_its_environment_then_30_and_6_characters(
    environment: Environment, prefix: str
) -> None:
    secret = make_secret(environment, SeededSecrets(1))

    assert secret_prefix(environment) == prefix
    assert re.fullmatch(prefix + "[0-9A-Za-z]{30}[0-9A-Za-z]{6}", secret)


@given(secrets)
def test_the_last_six_characters_are_the_crc_32_of_the_rest(secret: str) -> None:
    number = 0
    for character in secret[-6:]:
        number = number * 62 + BASE62.index(character)

    assert number == zlib.crc32(secret[:-6].encode())


@given(secrets)
def test_a_key_is_looked_up_by_its_sha_256(secret: str) -> None:
    assert digest_of(secret) == hashlib.sha256(secret.encode()).digest()


@given(secrets, st.data())
def test_any_single_wrong_character_is_refused_before_the_look_up(
    secret: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(secret) - 1))
    character = data.draw(st.sampled_from(string.printable) | st.characters())
    assume(character != secret[place])

    with pytest.raises(InvalidApiKey):
        digest_of(secret[:place] + character + secret[place + 1 :])


@given(secrets, st.integers(11, 46))
def test_swapped_neighbours_are_refused(secret: str, place: int) -> None:
    assume(place < len(secret) - 1 and secret[place] != secret[place + 1])

    with pytest.raises(InvalidApiKey):
        digest_of(secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :])


@given(st.text())
def test_anything_else_is_refused_alike(text: str) -> None:
    with pytest.raises(InvalidApiKey) as refusal:
        digest_of(text)

    assert refusal.value.code == "invalid_api_key"
    assert refusal.value.subject is None


def test_a_key_with_anything_more_or_less_is_refused() -> None:
    secret = make_secret(Environment.LIVE, SeededSecrets(2))

    for changed in (secret.upper(), f"{secret}\n", f" {secret}", secret[:-1], f"{secret}0"):
        with pytest.raises(InvalidApiKey):
            digest_of(changed)
