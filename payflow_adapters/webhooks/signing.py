"""Signatures of Standard Webhooks 1.0."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

_PREFIX = "whsec_"


def signature(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> str:
    """Sign a message with each of ``secrets``, for the header ``webhook-signature``.

    A secret is ``whsec_`` and base64. Raises ``ValueError`` if there is none, or one that is no
    key: an empty one would sign what everybody can sign.
    """
    if not secrets:
        raise ValueError("A message is signed with one secret at least.")
    signed = b"%b.%d.%b" % (message_id.encode(), int(at.timestamp()), body)
    return " ".join(["v1," + _sign(_key_of(secret), signed) for secret in secrets])


def _key_of(secret: str) -> bytes:
    key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    if not key or not secret.startswith(_PREFIX):
        raise ValueError("A signing secret is whsec_ and base64.")
    return key


def _sign(key: bytes, signed: bytes) -> str:
    return b64encode(hmac.digest(key, signed, "sha256")).decode()
