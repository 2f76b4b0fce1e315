"""Where webhooks may go: to public addresses, and to nothing of ours.

A partner names the address and PayFlow connects to it, from inside its own network. So it is
checked twice: the URL when an endpoint is made, to tell the partner at once, and every address at
the moment when a socket is made for it. Only the second check is one to rely on, because a name
may resolve to something else a second later.
"""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import AddrInfoType
from attrs import frozen
from yarl import URL

from payflow_domain.webhooks.endpoints import URL_LENGTH_MAX, UnsafeUrl

PORTS = frozenset({443, 8443})

_NAME_LENGTH_MAX = 253
"""The longest name that DNS can hold."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_AUTHORITY = re.compile(r"[a-z]+://([^/?#]+)", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(:[0-9]{1,5})?", re.IGNORECASE)

_INWARD_SUFFIXES = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
    ".metadata.goog",
    ".metadata.tencentyun.com",
    ".metadata.platformequinix.com",
)
"""Names of one machine, one network or a cloud's metadata service (RFC 6761, 6762 and 8375)."""

_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host, in the guise of a public address
        "169.254.0.0/16",  # link-local, and the metadata services of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata service
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_GLOBAL_V6 = IPv6Network("2000::/3")
"""All of IPv6 that IANA has given out for use between networks."""

_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address is in it
        "3fff::/20",  # documentation
    )
)


class AddressRefused(OSError):
    """Webhooks are not sent to that address."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is on the public internet, and names no other address in disguise.

    Python's ``is_global`` is not enough: it takes multicast, NAT64 and site-local addresses for
    global, in some versions also 6to4 and IPv4-mapped ones.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)


@frozen
class AddressGuard:
    """Lets webhooks go to public addresses; ``loopback_open`` adds those of this machine."""

    loopback_open: bool = False

    def check_url(self, url: str) -> None:
        """Raise ``UnsafeUrl`` unless it is one to send events to, as far as can be seen from it."""
        target = _parse(url)
        if self.loopback_open and _is_loopback(target):
            return
        if target.scheme != "https":
            raise UnsafeUrl("Use an address that begins with https://.")
        if target.port not in PORTS:
            raise UnsafeUrl("Use port 443 or 8443.")
        _check_host(_host(target))

    def open_socket(self, address: AddrInfoType) -> socket.socket:
        """Make the socket for a connection to an address; raises ``AddressRefused``."""
        family, type_, protocol, _, (host, *_) = address
        if not self._allows(ip_address(str(host))):
            raise AddressRefused("Webhooks are not sent to that address.")
        return socket.socket(family, type_, protocol)

    def _allows(self, address: IPv4Address | IPv6Address) -> bool:
        return is_public(address) or (self.loopback_open and address.is_loopback)


def _parse(url: str) -> URL:
    """Take a URL apart, as it will be taken apart when something is sent there."""
    if not 0 < len(url) <= URL_LENGTH_MAX:
        raise UnsafeUrl(f"Use an address of 1 to {URL_LENGTH_MAX} characters.")
    if not url.isprintable() or " " in url or "\\" in url:
        raise UnsafeUrl("Leave out spaces, backslashes and control characters.")
    authority = _AUTHORITY.match(url)
    if authority is None:
        raise UnsafeUrl("Use an address with a host, such as https://example.com/webhooks.")
    if "@" in authority[1]:
        raise UnsafeUrl("Leave out the user name and password.")
    if "#" in url:
        raise UnsafeUrl("Leave out the fragment.")
    if not _HOST_AND_PORT.fullmatch(authority[1]):
        raise UnsafeUrl("The host or the port is malformed.")
    return _target(url)


def _target(url: str) -> URL:
    try:
        target = URL(url)
        target.host  # noqa: B018  # decodes an international name, if it can be decoded
    except ValueError:
        raise UnsafeUrl("The host or the port is malformed.") from None
    return target


def _host(target: URL) -> str:
    return (target.raw_host or "").removesuffix(".")


def _is_loopback(target: URL) -> bool:
    if target.scheme not in {"http", "https"}:
        return False
    host = _host(target)
    address = _literal(host)
    return host == "localhost" if address is None else address.is_loopback


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_host(host: str) -> None:
    """Refuse a host that is certainly none of the public internet; nothing is looked up."""
    address = _literal(host)
    if address is None:
        _check_name(host)
    elif not is_public(address):
        raise UnsafeUrl("Use a public address: that one is reserved or private.")


def _check_name(name: str) -> None:
    labels = name.split(".")
    if len(name) > _NAME_LENGTH_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise UnsafeUrl("The host is no name that DNS can hold.")
    # What ends in a number is an IPv4 address to many programs, however it is spelled.
    if _NUMBER.fullmatch(labels[-1]):
        raise UnsafeUrl("Write an IPv4 address as four decimal numbers.")
    if len(labels) == 1 or f".{name}".endswith(_INWARD_SUFFIXES):
        raise UnsafeUrl("Use a name of the public internet: that one is of a machine or network.")
