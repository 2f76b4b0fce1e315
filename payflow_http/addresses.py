"""Where a request comes from, as far as that can be known."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from attrs import field, frozen

from payflow_http.incoming import ApiRequest

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_FORWARDED_FOR = b"x-forwarded-for"


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


@frozen
class ClientAddresses:
    """Tells the address of a client.

    ``trusted_proxies`` are the networks of proxies whose ``X-Forwarded-For`` is believed: what
    others send there changes nothing. Raises ``ValueError`` for what is no network.
    """

    trusted_proxies: tuple[Network, ...] = field(converter=_networks, factory=tuple)

    def of(self, req: ApiRequest) -> str:
        """Return the address of the last hop that is no proxy of ours."""
        client = _client(req)
        if not self.trusted_proxies:
            return _spelled(client)
        peer = _read(client)
        if peer is None:
            return client
        told = (req.header(_FORWARDED_FOR) or b"").decode("latin-1")
        for hop in reversed(told.split(",")):
            if not self._is_trusted(peer):
                break
            before = _read(hop.strip())
            if before is None:
                break
            peer = before
        return str(peer)

    def _is_trusted(self, address: _Address) -> bool:
        return any(address in network for network in self.trusted_proxies)


def _client(req: ApiRequest) -> str:
    """Return the other end of the connection, as the server spells it."""
    client = req.scope.get("client")
    # Falcon would read every header that could tell of hops before this one.
    return str(client[0]) if isinstance(client, tuple) else req.remote_addr


@lru_cache(maxsize=4096)
def _spelled(text: str) -> str:
    """Return an address in the one form that it has here, and what is none as it is."""
    address = _read(text)
    return text if address is None else str(address)


@lru_cache(maxsize=4096)
def _read(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # 192.0.2.1 is the same host when a socket for both families names it ::ffff:192.0.2.1.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
