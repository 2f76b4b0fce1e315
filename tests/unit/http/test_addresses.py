from typing import Any

import pytest

from payflow_http.addresses import ClientAddresses
from payflow_http.incoming import ApiRequest


def request_from(peer: str, forwarded_for: str | None = None) -> ApiRequest:
    headers = [] if forwarded_for is None else [(b"x-forwarded-for", forwarded_for.encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "client": (peer, 4711),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return ApiRequest(scope, receive)


@pytest.mark.parametrize("told", ["198.51.100.1", "127.0.0.1, 198.51.100.1", "nonsense", ""])
def test_what_a_stranger_says_of_its_address_changes_nothing(told: str) -> None:
    assert ClientAddresses().of(request_from("203.0.113.9", told)) == "203.0.113.9"
    assert ClientAddresses(["10.0.0.0/8"]).of(request_from("203.0.113.9", told)) == "203.0.113.9"


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("8.8.8.8, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("8.8.8.8, nonsense, 10.0.0.2", "10.0.0.2"),
        ("nonsense", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_behind_trusted_proxies_the_last_hop_that_is_none_of_them_counts(
    told: str, client: str
) -> None:
    assert ClientAddresses(["10.0.0.0/8"]).of(request_from("10.0.0.1", told)) == client


def test_without_the_header_a_proxy_is_the_client() -> None:
    assert ClientAddresses(["10.0.0.0/8"]).of(request_from("10.0.0.1")) == "10.0.0.1"


def test_an_address_written_as_ipv6_is_the_same_address() -> None:
    assert ClientAddresses().of(request_from("::ffff:203.0.113.9")) == "203.0.113.9"
