"""Where a partner may go from where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payflow_domain.access.permissions import Standing
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import PartnerId
from payflow_domain.partners.model import (
    NEEDS_REASON,
    STANDING,
    TRANSITIONS,
    Partner,
    PartnerStatus,
    ReasonMissing,
    StatusChanged,
    StatusNotReachable,
    move_partner,
)
from tests.builders.times import START

statuses = st.sampled_from(PartnerStatus)
FINAL = {PartnerStatus.REJECTED, PartnerStatus.CLOSED}


def partner(status: PartnerStatus) -> Partner:
    return Partner(PartnerId("ptr_1"), "RoSaBank", status, START)


def test_the_table_names_every_status_and_reaches_every_one() -> None:
    assert set(TRANSITIONS) == set(STANDING) == set(PartnerStatus)
    reached = {PartnerStatus.PENDING}
    for _ in PartnerStatus:
        reached |= {to for since in reached for to in TRANSITIONS[since]}
    assert reached == set(PartnerStatus)


def test_what_is_final_leads_nowhere_and_all_else_can_end() -> None:
    assert {status for status, to in TRANSITIONS.items() if not to} == FINAL
    assert all(to & FINAL for to in TRANSITIONS.values() if to)


@given(statuses, statuses)
def test_a_partner_moves_as_the_table_says_and_only_so(
    before: PartnerStatus, after: PartnerStatus
) -> None:
    found = partner(before)

    if after in TRANSITIONS[before]:
        assert move_partner(found, after, "A reason.", None) == partner(after)
    else:
        with pytest.raises(StatusNotReachable) as refusal:
            move_partner(found, after, "A reason.", None)
        assert refusal.value.facts == {"status": before.value}
    assert found == partner(before)


@given(statuses, statuses, statuses)
def test_who_saw_another_status_changes_nothing(
    before: PartnerStatus, after: PartnerStatus, seen: PartnerStatus
) -> None:
    if seen is not before:
        with pytest.raises(StatusChanged):
            move_partner(partner(before), after, "A reason.", seen)


@given(statuses, statuses)
def test_a_rejection_needs_a_reason(before: PartnerStatus, after: PartnerStatus) -> None:
    if after in TRANSITIONS[before] and after in NEEDS_REASON:
        with pytest.raises(ReasonMissing):
            move_partner(partner(before), after, None, None)


@given(st.lists(statuses, max_size=20))
def test_no_way_leads_back_to_pending_nor_out_of_the_end(wishes: list[PartnerStatus]) -> None:
    found, way = partner(PartnerStatus.PENDING), [PartnerStatus.PENDING]
    for wish in wishes:
        try:
            found = move_partner(found, wish, "A reason.", None)
        except PayFlowError:
            continue
        way.append(found.status)

    assert PartnerStatus.PENDING not in way[1:]
    assert not FINAL & set(way[:-1])
    if PartnerStatus.ACTIVE in way:
        assert way.index(PartnerStatus.APPROVED) < way.index(PartnerStatus.ACTIVE)


def test_keys_are_good_unless_the_partner_is_suspended_or_closed() -> None:
    good = {status for status, standing in STANDING.items() if standing is Standing.GOOD}

    assert good == {PartnerStatus.PENDING, PartnerStatus.APPROVED, PartnerStatus.ACTIVE}
    assert STANDING[PartnerStatus.SUSPENDED] is Standing.SUSPENDED
    assert STANDING[PartnerStatus.CLOSED] is Standing.CLOSED
