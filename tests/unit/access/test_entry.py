"""Who is let in with a good key."""

from ipaddress import ip_network

import pytest
from attrs import evolve

from payflow_domain.access.entry import PartnerClosed, PartnerSuspended, check_entry
from payflow_domain.access.keys import InvalidApiKey
from payflow_domain.access.permissions import ALL_PERMISSIONS, Actor, Standing
from payflow_domain.ids import KeyId, LedgerId, PartnerId
from payflow_domain.ledger.ledgers import Environment

ACTOR = Actor(KeyId("key_1"), PartnerId("ptr_1"), LedgerId(1), Environment.SANDBOX, ALL_PERMISSIONS)
BOUND = evolve(ACTOR, allowed_networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))


def test_a_key_without_conditions_is_good_anywhere() -> None:
    check_entry(ACTOR, "anything")

    assert not ACTOR.is_conditional


@pytest.mark.parametrize("address", ["192.0.2.0", "192.0.2.255", "2001:db8:ffff::1"])
def test_a_key_is_good_within_its_networks(address: str) -> None:
    check_entry(BOUND, address)

    assert BOUND.is_conditional


@pytest.mark.parametrize("address", ["192.0.3.0", "192.0.1.255", "2001:db9::1", "::1", "", "unix"])
def test_a_key_that_is_used_from_elsewhere_is_no_key(address: str) -> None:
    with pytest.raises(InvalidApiKey):
        check_entry(BOUND, address)


@pytest.mark.parametrize(
    ("standing", "error"),
    [(Standing.SUSPENDED, PartnerSuspended), (Standing.CLOSED, PartnerClosed)],
)
def test_only_the_holder_of_a_good_key_hears_how_the_partner_stands(
    standing: Standing, error: type[Exception]
) -> None:
    actor = evolve(BOUND, standing=standing)

    assert actor.is_conditional
    with pytest.raises(error):
        check_entry(actor, "192.0.2.1")
    with pytest.raises(InvalidApiKey):
        check_entry(actor, "198.51.100.1")
