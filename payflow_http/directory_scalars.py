"""How the values in the bodies of partners and API keys are read."""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from ipaddress import ip_network
from typing import TypeVar

from payflow_domain.access.key_rules import NETWORKS_MAX
from payflow_domain.access.permissions import Network, Permission
from payflow_domain.errors import Invalid
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.partners.model import REASON_LENGTH_MAX, PartnerStatus
from payflow_domain.partners.profile import (
    BUSINESS_TYPE_LENGTH_MAX,
    USE_CASE_LENGTH_MAX,
    check_country,
    check_email,
    check_website,
)
from payflow_domain.texts import check_text
from payflow_http.directory_bodies import (
    BusinessType,
    Country,
    Email,
    Networks,
    Permissions,
    Reason,
    Switch,
    UseCase,
    Website,
)
from payflow_http.problems import Fault
from payflow_http.refusals import Refused, refused, string

_MAPPED = ip_network("::ffff:0:0/96")

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=Enum)
Hook = Callable[[object, object], object]


def _checked(check: Callable[[str], str]) -> Hook:
    """Read a string that the domain has a rule for."""

    def structure_checked(value: object, _: object) -> str:
        try:
            return check(string(value))
        except Invalid as error:
            raise refused(error.code, error.detail) from None

    return structure_checked


def _text_up_to(length_max: int) -> Hook:
    return _checked(lambda text: check_text(text, length_max))


def _one_of(choices: type[Enum]) -> Hook:
    """Read one of the values of an enumeration."""
    return lambda value, _: _choose(choices, value)


def _choose(choices: type[Choice], value: object) -> Choice:
    text = string(value)
    for choice in choices:
        if choice.value == text:
            return choice
    names = ", ".join(choice.value for choice in choices)
    raise refused("invalid_choice", f"Use one of: {names}.")


def _each(value: object, count_max: int, read: Callable[[object], Value]) -> list[Value]:
    """Read an array of 1 to ``count_max`` items; raises ``Refused`` for all that are at fault."""
    if type(value) is not list or not 0 < len(value) <= count_max:
        detail = f"Use an array of 1 to {count_max} items."
        raise refused("invalid_length" if type(value) is list else "invalid_type", detail)
    items, faults = [], []
    for index, item in enumerate(value):
        try:
            items.append(read(item))
        except Refused as error:
            faults += [Fault(f"/{index}", fault.code, fault.detail) for fault in error.faults]
    if faults:
        raise Refused(*faults)
    return items


def _structure_permissions(value: object, _: object) -> Permissions:
    chosen = _each(value, len(Permission), partial(_choose, Permission))
    return Permissions(frozenset(chosen))


def _structure_networks(value: object, _: object) -> Networks:
    return Networks(tuple(_each(value, NETWORKS_MAX, _network)))


def _network(item: object) -> Network:
    text = string(item)
    try:
        network = ip_network(text)
    except ValueError:
        detail = "Use a network as CIDR has it, without host bits, such as 192.0.2.0/24."
        raise refused("invalid_network", detail) from None
    # Clients by IPv4 are known by that address, so nobody would ever be in such a network.
    if network.network_address in _MAPPED:
        raise refused("invalid_network", "Use the IPv4 network, not its mapping into IPv6.")
    return network


def _structure_switch(value: object, _: object) -> Switch:
    if type(value) is bool:
        return Switch(value)
    raise refused("invalid_type", "Use true or false.")


DIRECTORY_SCALARS: Mapping[object, Hook] = {
    Permissions: _structure_permissions,
    Networks: _structure_networks,
    Country: _checked(check_country),
    BusinessType: _text_up_to(BUSINESS_TYPE_LENGTH_MAX),
    Website: _checked(check_website),
    Email: _checked(check_email),
    UseCase: _text_up_to(USE_CASE_LENGTH_MAX),
    Reason: _text_up_to(REASON_LENGTH_MAX),
    Switch: _structure_switch,
    Environment: _one_of(Environment),
    PartnerStatus: _one_of(PartnerStatus),
}
