"""Where webhooks may go, as tables."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_adapters.webhooks.guard import AddressGuard, AddressRefused, is_public
from payflow_domain.webhooks.endpoints import UnsafeUrl

PUBLIC = ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2001:4860::8"]

INWARD = {
    "this network": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104  # nothing is bound to it
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.254"],
    "link-local": ["169.254.1.1", "fe80::1", "febf::1", "fe80::1%1"],
    "unique local": ["fc00::1", "fd12:3456::1"],
    "site-local": ["fec0::1", "feff::1"],
    "metadata": ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"],
    "a cloud's host": ["168.63.129.16"],
    "protocols": ["192.0.0.1", "192.0.0.171", "2001:1::1", "2001:20::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.254", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "5f00::1", "e000::1"],
    "discard": ["100::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::10.0.0.1"],
    "6to4": ["2002:7f00:1::1", "2002:808:808::1", "192.88.99.1"],
    "Teredo": ["2001::1", "2001:0:7f00:1::1"],
}
"""None of these is public, whatever Python says of it."""

REFUSED_URLS = {
    "http": "http://example.com/hook",
    "another scheme": "ftp://example.com/hook",
    "no scheme": "example.com/hook",
    "no host": "https:///hook",
    "nothing": "",
    "another port": "https://example.com:8080/hook",
    "port 80": "https://example.com:80/hook",
    "port 0": "https://example.com:0/hook",
    "no port there is": "https://example.com:99999/hook",
    "a port in other digits": "https://example.com:４４３/hook",  # noqa: RUF001  # that is the point
    "a user name": "https://user@example.com/hook",
    "a password": "https://user:word@example.com/hook",
    "an empty user name": "https://@example.com/hook",
    "a fragment": "https://example.com/hook#part",
    "an empty fragment": "https://example.com/hook#",
    "a space": "https://example.com/ho ok",
    "a new line": "https://example.com/hook\n",
    "NUL": "https://example.com/\0",
    "a zero-width space": "https://exam\u200bple.com/hook",
    "a lone surrogate": "https://example.com/\ud800",
    "a backslash": "https://example.com\\@10.0.0.1/hook",
    "too long": "https://example.com/" + "x" * 2_048,
    "a label too long": f"https://{'x' * 64}.com/hook",
    "a name too long": f"https://{'x.' * 130}com/hook",
    "an empty label": "https://a..example.com/hook",
    "a leading dot": "https://.example.com/hook",
    "a leading hyphen": "https://-example.com/hook",
    "no international name": "https://xn--a.com/hook",
    "localhost": "https://localhost/hook",
    "localhost with a dot": "https://localhost./hook",
    "localhost in upper case": "https://LOCALHOST/hook",
    "localhost in other letters": "https://ⓛocalhost/hook",
    "below localhost": "https://app.localhost/hook",
    "one label": "https://postgres/hook",
    ".local": "https://printer.local/hook",
    ".internal": "https://metadata.google.internal/hook",
    ".internal with a dot": "https://metadata.google.internal./hook",
    "metadata by name": "https://metadata.goog/hook",
    "metadata by address": "https://169.254.169.254/latest",
    "a private address": "https://10.0.0.1/hook",
    "loopback": "https://127.0.0.1/hook",
    "loopback with a dot": "https://127.0.0.1./hook",
    "loopback in hexadecimal": "https://0x7f.1/hook",
    "loopback in one hexadecimal number": "https://0x7f000001/hook",
    "loopback as one number": "https://2130706433/hook",
    "loopback in octal": "https://0177.0.0.1/hook",
    "loopback made short": "https://127.1/hook",
    "loopback in other digits": "https://１２７.0.0.1/hook",  # noqa: RUF001  # that is the point
    "loopback in circles": "https://①②⑦.⓪.⓪.①/hook",
    "loopback with other dots": "https://127。0。0。1/hook",
    "loopback with percents": "https://%31%32%37.0.0.1/hook",
    "a name with a percent": "https://example%2ecom/hook",
    "IPv6 loopback": "https://[::1]/hook",
    "IPv6 loopback at length": "https://[0:0:0:0:0:0:0:1]/hook",
    "mapped loopback": "https://[::ffff:127.0.0.1]/hook",
    "mapped loopback in hexadecimal": "https://[::ffff:7f00:1]/hook",
    "with a zone": "https://[fe80::1%25eth0]/hook",
    "an address of the future": "https://[v1.a]/hook",
    "an IPv4 address in brackets": "https://[8.8.8.8]/hook",
    "no end of an IPv6 address": "https://[2606:4700::1111/hook",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, each) for kind, listed in INWARD.items() for each in listed]
)
def test_an_address_that_leads_inward_is_not_public(kind: str, address: str) -> None:
    assert not is_public(ip_address(address)), kind


@given(st.ip_addresses())
def test_what_python_does_not_take_for_global_is_not_public(
    address: IPv4Address | IPv6Address,
) -> None:
    assert address.is_global or not is_public(address)


@pytest.mark.parametrize(
    "address", ["224.0.0.1", "ff0e::1", "64:ff9b::127.0.0.1", "fec0::1", "168.63.129.16"]
)
def test_some_that_python_takes_for_global_are_not_public(address: str) -> None:
    assert ip_address(address).is_global
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/hook?to=us",
        "https://example.com:443/hook",
        "https://example.com:8443/hook",
        "HTTPS://Example.COM./hook",
        "https://a_b.example.com/hook",
        "https://münchen.de/hook",
        "https://xn--mnchen-3ya.de/hook",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]:8443/hook",
    ],
)
def test_a_public_address_may_be_named(url: str) -> None:
    AddressGuard().check_url(url)
    AddressGuard(loopback_open=True).check_url(url)


@pytest.mark.parametrize("url", REFUSED_URLS.values(), ids=REFUSED_URLS.keys())
def test_anything_else_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(UnsafeUrl) as refused:
        AddressGuard().check_url(url)

    assert refused.value.code == "unsafe_url"
    assert refused.value.detail.endswith(".")


@given(st.text())
def test_nothing_but_a_refusal_comes_of_any_text(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/hook"):
        try:
            AddressGuard().check_url(url)
        except UnsafeUrl:
            continue


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:5000/hook",
        "https://localhost:5000/hook",
        "http://127.0.0.1/hook",
        "http://127.9.9.9:1/hook",
        "http://[::1]:5000/hook",
    ],
)
def test_this_machine_is_open_only_where_it_is_said_to_be(url: str) -> None:
    AddressGuard(loopback_open=True).check_url(url)
    with pytest.raises(UnsafeUrl):
        AddressGuard().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "http://10.0.0.1/hook",
        "http://user@localhost/hook",
        "ftp://localhost/hook",
        "http://0x7f.1/hook",
        "http://[::ffff:127.0.0.1]/hook",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/hook",
    ],
)
def test_an_open_loopback_opens_nothing_else(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        AddressGuard(loopback_open=True).check_url(url)


def test_a_socket_is_made_for_no_address_inside() -> None:
    def open_socket(guard: AddressGuard, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        guard.open_socket((family, socket.SOCK_STREAM, 0, "", (host, 443))).close()

    for address in PUBLIC:
        open_socket(AddressGuard(), address)
    open_socket(AddressGuard(loopback_open=True), "127.0.0.1")
    for address in (each for listed in INWARD.values() for each in listed):
        with pytest.raises(AddressRefused):
            open_socket(AddressGuard(), address)
    with pytest.raises(AddressRefused):
        open_socket(AddressGuard(loopback_open=True), "10.0.0.1")
