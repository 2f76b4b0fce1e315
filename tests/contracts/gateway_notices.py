"""Notices."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from payflow_domain.errors import PayFlowError
from payflow_domain.payments.gateway import (
    InvalidNotice,
    Notice,
    Order,
    PaymentGateway,
    Report,
    ReportStatus,
)
from tests.contracts.gateway_harness import (
    DECLINES,
    DELAY,
    GatewayHarness,
    GatewaySuite,
    charge_of,
    give,
    known,
    payout_of,
    refund_of,
    sought,
    take_read,
)

TOLERANCE = 300
_SECOND = timedelta(seconds=1)


class GatewayNotices(GatewaySuite):
    """What ``read_notice`` and ``reread_notice`` promise."""

    @pytest.fixture
    def sent(self, harness: GatewayHarness, gateway: PaymentGateway) -> tuple[bytes, str]:
        """A notice that the gateway has sent, and its signature."""
        gateway.charge(charge_of(1))
        return harness.take_notices()[-1]

    @pytest.mark.parametrize("payment_method", ["pm_card_visa", *DECLINES])
    def test_a_notice_of_a_charge_tells_what_find_tells(
        self, harness: GatewayHarness, gateway: PaymentGateway, payment_method: str
    ) -> None:
        if payment_method in DECLINES:
            known(harness.values.declines.get(payment_method))
        _shows_last_notice(harness, gateway, charge_of(1, payment_method))

    @pytest.mark.parametrize("value", ["charged_later", "declined_later"])
    def test_a_notice_of_a_late_charge_tells_what_find_tells(
        self, harness: GatewayHarness, gateway: PaymentGateway, value: str
    ) -> None:
        method = known(getattr(harness.values, value))

        _shows_last_notice(harness, gateway, charge_of(1, method))

    @pytest.mark.parametrize("value", ["refunded_later", "refund_fails"])
    def test_a_notice_of_a_refund_tells_what_find_tells(
        self, harness: GatewayHarness, gateway: PaymentGateway, value: str
    ) -> None:
        method = known(getattr(harness.values, value))
        charge_id = gateway.charge(charge_of(1, method)).gateway_id

        _shows_last_notice(harness, gateway, refund_of(2, charge_id))

    @pytest.mark.parametrize(
        "value", ["paid", "payout_fails", "payout_canceled", "payout_returned"]
    )
    def test_a_notice_of_a_payout_tells_what_find_tells(
        self, harness: GatewayHarness, gateway: PaymentGateway, value: str
    ) -> None:
        destination = known(getattr(harness.values, value))

        _shows_last_notice(harness, gateway, payout_of(1, destination))

    def test_each_outcome_is_told_in_its_turn(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        told = gateway.pay_out(payout_of(1, known(harness.values.payout_returned)))
        seen = []
        for _ in range(3):
            reports = _reports_of(take_read(harness), told.gateway_id)
            seen.append(reports[-1].status)
            harness.advance(DELAY)

        assert seen == [ReportStatus.PENDING, ReportStatus.SUCCEEDED, ReportStatus.FAILED]

    def test_notices_have_ids_of_their_own_and_the_time(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since = harness.now() - _SECOND
        for number in range(1, 4):
            gateway.charge(charge_of(number))

        notices = take_read(harness)

        assert len({each.id for each in notices}) == len(notices) >= 3
        assert {each.environment for each in notices} == {gateway.environment}
        assert all(since < each.created_at <= harness.now() for each in notices)
        assert all(each.type for each in notices)

    def test_a_notice_is_read_the_same_each_time(
        self, gateway: PaymentGateway, sent: tuple[bytes, str]
    ) -> None:
        payload, signature = sent

        first = gateway.read_notice(payload, signature)

        assert gateway.read_notice(payload, signature) == first
        assert gateway.reread_notice(payload) == first

    def test_a_notice_of_an_unknown_type_has_no_report(
        self, harness: GatewayHarness, gateway: PaymentGateway, sent: tuple[bytes, str]
    ) -> None:
        said = json.loads(sent[0]) | {"id": "evt_future", "type": "invention.patented"}
        payload = json.dumps(said).encode()

        notice = gateway.read_notice(payload, harness.forge(payload))

        assert (notice.id, notice.type) == ("evt_future", "invention.patented")
        assert notice.report is None

    @pytest.mark.parametrize("seconds", [1 - TOLERANCE, TOLERANCE - 1])
    def test_a_signature_may_be_some_minutes_off(
        self,
        harness: GatewayHarness,
        gateway: PaymentGateway,
        sent: tuple[bytes, str],
        seconds: int,
    ) -> None:
        payload, _ = sent

        assert gateway.read_notice(payload, harness.forge(payload, seconds)).report is not None

    @pytest.mark.parametrize("seconds", [-(10**8), -TOLERANCE - 2, TOLERANCE + 2, 10**8])
    def test_a_signature_of_another_time_is_refused(
        self,
        harness: GatewayHarness,
        gateway: PaymentGateway,
        sent: tuple[bytes, str],
        seconds: int,
    ) -> None:
        payload, _ = sent

        with pytest.raises(InvalidNotice):
            gateway.read_notice(payload, harness.forge(payload, seconds))

    def test_a_notice_is_refused_when_it_has_grown_old(
        self, harness: GatewayHarness, gateway: PaymentGateway, sent: tuple[bytes, str]
    ) -> None:
        harness.advance(TOLERANCE + 2)

        with pytest.raises(InvalidNotice):
            gateway.read_notice(*sent)
        assert gateway.reread_notice(sent[0]).report is not None

    def test_one_good_signature_among_several_is_enough(
        self, gateway: PaymentGateway, sent: tuple[bytes, str]
    ) -> None:
        payload, signature = sent
        rotated = signature.replace("v1=", f"v1={'0' * 64},v0=abc,v1=é,v1=")

        assert gateway.read_notice(payload, rotated).report is not None

    @pytest.mark.parametrize(
        "change",
        [
            lambda payload: payload + b" ",
            lambda payload: payload[:-1],
            lambda payload: payload.replace(b"5000", b"5001"),
            lambda _: b"",
            lambda _: b"\xff\xfe",
        ],
        ids=["longer", "shorter", "amount", "empty", "not text"],
    )
    def test_changed_bytes_are_refused(
        self,
        gateway: PaymentGateway,
        sent: tuple[bytes, str],
        change: Callable[[bytes], bytes],
    ) -> None:
        payload, signature = sent
        assert change(payload) != payload

        with pytest.raises(InvalidNotice):
            gateway.read_notice(change(payload), signature)

    @pytest.mark.parametrize(
        "form",
        [
            "",
            " ",
            "{v1}",
            "t={t}",
            "v1={v1}",
            "t={t},v1=",
            "t=,v1={v1}",
            "t={t},v0={v1}",
            "t={t},v1={v1}0",
            "t={t},v1={flipped}",
            "t={t},v1=é",
            "t=٣,v1={v1}",
            "t=-{t},v1={v1}",
            "t={t}.0,v1={v1}",
            "t=9{t}00000000000000000000,v1={v1}",
            "t=1{t},v1={v1}",
            "t={t};v1={v1}",
            "\0\n,=,=,",
        ],
    )
    def test_a_bad_signature_is_refused(
        self, gateway: PaymentGateway, sent: tuple[bytes, str], form: str
    ) -> None:
        payload, signature = sent
        parts = dict(part.split("=", 1) for part in signature.split(","))
        flipped = ("1" if parts["v1"][0] == "0" else "0") + parts["v1"][1:]

        with pytest.raises(InvalidNotice):
            gateway.read_notice(payload, form.format(flipped=flipped, **parts))

    @pytest.mark.parametrize(
        "payload",
        [b"", b"no json", b"[]", b"{}", b"null", b'{"id":1}', b"\xff", b"[" * 100_000],
        ids=["empty", "no json", "list", "object", "null", "bad id", "not text", "deep"],
    )
    def test_signed_nonsense_is_refused(
        self, harness: GatewayHarness, gateway: PaymentGateway, payload: bytes
    ) -> None:
        reads: tuple[Callable[[], Notice], ...] = (
            lambda: gateway.read_notice(payload, harness.forge(payload)),
            lambda: gateway.reread_notice(payload),
        )
        for read in reads:
            with pytest.raises(InvalidNotice) as refusal:
                read()
            assert isinstance(refusal.value, PayFlowError)


def _shows_last_notice(harness: GatewayHarness, gateway: PaymentGateway, order: Order) -> None:
    since = harness.now()
    told = give(gateway, order)
    harness.advance(2 * DELAY)

    reports = _reports_of(take_read(harness), told.gateway_id)

    assert reports[-1] == gateway.find(sought(order, since, told.gateway_id))


def _reports_of(notices: list[Notice], gateway_id: str) -> list[Report]:
    reports = [each.report for each in notices]
    return [each for each in reports if each is not None and each.gateway_id == gateway_id]
