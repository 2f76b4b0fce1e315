"""Devices from which operators have logged in before, known by a signed cookie.

OWASP calls it a device cookie. It opens nothing: it says only that whoever tries to log in is no
stranger to that operator, and is counted apart from strangers.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from attrs import field, frozen

from payflow_http.incoming import ApiRequest

COOKIE = "payflow_device"
AGE_MAX = timedelta(days=180)
"""For how long after its last login a device is known."""

_PARTS = 3


@frozen
class Devices:
    """Makes cookies of devices, and reads them; ``secret`` has 32 random bytes."""

    secret: bytes = field(repr=False)

    def cookie_of(self, device: str, username: str, now: datetime) -> str:
        """Return the cookie by which a device of that operator is known from now on."""
        ends = f"{int((now + AGE_MAX).timestamp())}"
        return f"{device}.{ends}.{self._sign(device, ends, username)}"

    def find(self, req: ApiRequest, username: str, now: datetime) -> str | None:
        """Return the id of the device that asks, if that operator has logged in from it."""
        values = req.get_cookie_values(COOKIE) or []
        return next((found for one in values if (found := self._read(one, username, now))), None)

    def _read(self, value: str, username: str, now: datetime) -> str | None:
        parts = value.split(".")
        if len(parts) != _PARTS:
            return None
        device, ends, signature = parts
        signed = self._sign(device, ends, username)
        is_ours = hmac.compare_digest(signature.encode(), signed.encode())
        return device if is_ours and now.timestamp() < int(ends) else None

    def _sign(self, device: str, ends: str, username: str) -> str:
        signed = f"{device}.{ends}.{username}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, signed, hashlib.sha256).hex()
