"""Whether a good key lets its holder in: where it is used from, and how its partner stands."""

from ipaddress import ip_address

from payflow_domain.access.keys import invalid_api_key
from payflow_domain.access.permissions import Actor, Network, Standing
from payflow_domain.errors import Forbidden


class PartnerSuspended(Forbidden):
    """The partner is suspended: none of its keys opens anything until that is lifted."""

    code = "partner_suspended"


class PartnerClosed(Forbidden):
    """The partner is closed for good."""

    code = "partner_closed"


def check_entry(actor: Actor, address: str) -> None:
    """Refuse what is asked with a good key from ``address``.

    A key that is used from elsewhere than its networks is no key: ``InvalidApiKey``. Only the
    holder of a good one hears how the partner stands: ``PartnerSuspended``, ``PartnerClosed``.
    """
    if actor.allowed_networks and not _is_within(address, actor.allowed_networks):
        raise invalid_api_key()
    if actor.standing is Standing.SUSPENDED:
        raise PartnerSuspended("The partner is suspended; ask PayFlow why.")
    if actor.standing is Standing.CLOSED:
        raise PartnerClosed("The partner is closed; its keys open nothing any more.")


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        host = ip_address(address)
    except ValueError:
        return False
    return any(host in network for network in networks)
