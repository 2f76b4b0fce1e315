"""Signatures, with the stock library of Standard Webhooks as the oracle."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from payflow_adapters.webhooks.signing import signature

ID = "evt_01m84dvgzjes2s7w22msgv4g7v"
OLD, NEW, FOREIGN = (f"whsec_{letter * 32}" for letter in "abc")

bodies = st.text(st.characters(codec="utf-8")).map(str.encode)
moments = st.floats(0, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
secrets = st.binary(min_size=24, max_size=64).map(lambda key: f"whsec_{b64encode(key).decode()}")


def verify(secret: str, signed: str, at: datetime, body: bytes, message_id: str = ID) -> None:
    """Raise ``WebhookVerificationError`` unless a partner with that secret believes it."""
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signed,
    }
    Webhook(secret).verify(body, headers, json_parse=False)


@given(secrets, bodies)
def test_a_partner_believes_what_is_signed_with_its_secret(secret: str, body: bytes) -> None:
    now = datetime.now(UTC)

    verify(secret, signature([secret], ID, now, body), now, body)


@given(moments, bodies)
def test_it_is_what_the_stock_library_makes_at_any_time(at: datetime, body: bytes) -> None:
    assert signature([NEW], ID, at, body) == Webhook(NEW).sign(ID, at, body.decode())


def test_while_a_secret_rotates_either_of_them_will_do() -> None:
    now = datetime.now(UTC)

    signed = signature([NEW, OLD], ID, now, b"{}")

    verify(OLD, signed, now, b"{}")
    verify(NEW, signed, now, b"{}")
    with pytest.raises(WebhookVerificationError):
        verify(FOREIGN, signed, now, b"{}")


def test_it_holds_for_nothing_else() -> None:
    now = datetime.now(UTC)
    signed = signature([NEW], ID, now, b"{}")

    with pytest.raises(WebhookVerificationError):
        verify(NEW, signed, now, b"{ }")
    with pytest.raises(WebhookVerificationError):
        verify(NEW, signed, now + timedelta(seconds=1), b"{}")
    with pytest.raises(WebhookVerificationError):
        verify(NEW, signed, now, b"{}", message_id="evt_other")


@pytest.mark.parametrize(
    "keys", [[], ["whsec_"], [""], [NEW, "whsec_"], ["whsec_no base64"], ["a" * 32]]
)
def test_what_is_no_secret_signs_nothing(keys: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # binascii's errors are among them
        signature(keys, ID, datetime.now(UTC), b"{}")
