"""No body sets what is not its to set: every one of them is asked, those of staff too."""

import attrs
import pytest

from payflow_http.problems import Problem
from payflow_http.structuring import _HOOKS, _camel, structure

STRAYS = ["status", "balance", "partnerId", "ledgerId", "environment", "id", "role", "key"]


def own_members(body: type) -> set[str]:
    return {_camel(field.name) for field in attrs.fields(body)}


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("body", _HOOKS, ids=lambda body: body.__name__)
def test_a_member_that_a_body_does_not_define_is_told(body: type, name: str) -> None:
    if name in own_members(body):
        return

    with pytest.raises(Problem) as refusal:
        structure({name: "active"}, body)

    told = {fault.where: fault.code for fault in refusal.value.faults}
    assert refusal.value.status == 400
    assert told[f"/{name}"] == "unknown_member"


def test_few_bodies_define_such_a_member() -> None:
    defined = {
        (body.__name__, name) for body in _HOOKS for name in STRAYS if name in own_members(body)
    }

    assert defined == {
        ("WalletChangeBody", "status"),
        ("PartnerStatusBody", "status"),
        ("NewPartnerKeyBody", "environment"),
        ("LimitsBody", "environment"),
    }
