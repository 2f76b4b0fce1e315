"""What becomes of an endpoint, and which secrets sign."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from payflow_adapters.secret_source import SystemSecrets
from payflow_domain.ids import LedgerId
from payflow_domain.ledger.journal import EventType
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.webhooks.deliveries import Outcome
from payflow_domain.webhooks.endpoints import (
    DisabledReason,
    Endpoint,
    EndpointChange,
    EndpointStatus,
    RotationUnderWay,
    apply_change,
    disable,
    enable,
    make_signing_secret,
    rotate,
)
from tests.builders.times import START, TICK, endpoint_id

DAY = timedelta(days=1)
ENDPOINT = Endpoint(
    ledger_id=LedgerId(1),
    environment=Environment.SANDBOX,
    id=endpoint_id(1),
    url="https://example.com",
    events=frozenset({EventType.WALLET_CREATED}),
    description="Ours",
    status=EndpointStatus.ENABLED,
    secret="whsec_old",
    created_at=START,
    planned_through=0,
)


def test_a_secret_is_one_that_the_stock_library_signs_and_verifies_with() -> None:
    secret, now = make_signing_secret(SystemSecrets()), datetime.now(UTC)

    webhook = Webhook(secret)

    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign("evt_1", now, "{}"),
    }
    webhook.verify("{}", headers)
    assert secret.startswith("whsec_")
    assert len(secret) == len("whsec_") + 32


def test_no_two_secrets_are_alike() -> None:
    assert len({make_signing_secret(SystemSecrets()) for _ in range(100)}) == 100


def test_a_secret_is_not_shown_where_an_endpoint_is() -> None:
    rotated = rotate(ENDPOINT, "whsec_new", START, DAY)

    assert "whsec" not in repr(rotated)


@pytest.mark.parametrize(
    ("at", "secrets"),
    [
        (START, ("whsec_new", "whsec_old")),
        (START + DAY - TICK, ("whsec_new", "whsec_old")),
        (START + DAY, ("whsec_new",)),
        (START + DAY + TICK, ("whsec_new",)),
    ],
)
def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends(
    at: datetime, secrets: tuple[str, ...]
) -> None:
    rotated = rotate(ENDPOINT, "whsec_new", START, DAY)

    assert tuple(rotated.secrets_at(at)) == secrets


def test_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    rotated = rotate(ENDPOINT, "whsec_new", START, timedelta())

    assert tuple(rotated.secrets_at(START)) == ("whsec_new",)
    assert rotated == evolve(ENDPOINT, secret="whsec_new")


def test_there_is_one_rotation_at_a_time() -> None:
    rotated = rotate(ENDPOINT, "whsec_new", START, DAY)

    with pytest.raises(RotationUnderWay):
        rotate(rotated, "whsec_newer", START + DAY - TICK, DAY)

    again = rotate(rotated, "whsec_newer", START + DAY, DAY)
    assert tuple(again.secrets_at(START + DAY)) == ("whsec_newer", "whsec_new")


def test_a_rotation_without_overlap_ends_one_under_way() -> None:
    rotated = rotate(ENDPOINT, "whsec_new", START, DAY)

    at_once = rotate(rotated, "whsec_newer", START + TICK, timedelta())

    assert tuple(at_once.secrets_at(START + TICK)) == ("whsec_newer",)


def test_a_disabled_endpoint_says_why_and_since_when() -> None:
    disabled = disable(ENDPOINT, DisabledReason.GONE, START)

    assert disabled == evolve(
        ENDPOINT,
        status=EndpointStatus.DISABLED,
        disabled_reason=DisabledReason.GONE,
        disabled_at=START,
    )


def test_the_first_reason_stays() -> None:
    disabled = disable(ENDPOINT, DisabledReason.GONE, START)

    assert disable(disabled, DisabledReason.REQUESTED, START + DAY) is disabled


def test_an_endpoint_that_is_enabled_has_a_clean_record() -> None:
    failing = evolve(ENDPOINT, failing_since=START)

    assert enable(disable(failing, DisabledReason.FAILING, START + DAY)) == ENDPOINT
    assert enable(failing) == ENDPOINT


@pytest.mark.parametrize(
    ("change", "members"),
    [
        (EndpointChange(url="https://example.org"), {"url": "https://example.org"}),
        (EndpointChange(events=frozenset()), {"events": frozenset()}),
        (EndpointChange(description="Mine"), {"description": "Mine"}),
        (EndpointChange(description=None), {"description": None}),
        (EndpointChange(), {}),
    ],
)
def test_a_change_leaves_what_it_does_not_name(
    change: EndpointChange, members: dict[str, str]
) -> None:
    assert apply_change(ENDPOINT, change) == evolve(ENDPOINT, **members)  # type: ignore[arg-type]  # of whatever type


@given(st.frozensets(st.sampled_from(EventType)), st.sampled_from(EventType))
def test_an_endpoint_hears_of_what_it_asked_for_and_without_asking_of_all(
    events: frozenset[EventType], type_: EventType
) -> None:
    hears = evolve(ENDPOINT, events=events).hears(type_)

    assert hears == (not events or type_ in events)


@pytest.mark.parametrize("status", [None, 100, 199, 200, 204, 299, 300, 302, 410, 500])
def test_an_attempt_is_a_success_if_the_answer_was_2xx(status: int | None) -> None:
    assert Outcome(START, 1, status).is_success == (status in {200, 204, 299})
