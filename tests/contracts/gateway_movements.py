"""The gateway's own account of the money."""

from datetime import timedelta

from payflow_domain.money import Money
from payflow_domain.payments.gateway import PaymentGateway
from tests.contracts.gateway_harness import (
    DELAY,
    GatewayHarness,
    GatewaySuite,
    charge_of,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
)

_SECOND = timedelta(seconds=1)


class GatewayMovements(GatewaySuite):
    """What ``movements`` promises."""

    def test_movements_come_oldest_first_and_add_up(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        euros = gateway.charge(charge_of(1)).gateway_id
        gateway.charge(charge_of(2, money=Money(500, "JPY")))
        harness.advance(1)
        gateway.charge(charge_of(3, money=Money(12_340, "KWD")))
        gateway.refund(refund_of(4, euros, Money(1_500, "EUR")))
        harness.advance(1)
        gateway.pay_out(payout_of(5, harness.values.paid, Money(2_000, "EUR")))
        harness.advance(DELAY)

        moved = movements_until_now(harness)

        assert [each.at for each in moved] == sorted(each.at for each in moved)
        assert len({each.id for each in moved}) == len(moved)
        assert all(each.fee >= 0 for each in moved)
        sums = {
            currency: sum(each.amount for each in moved if each.currency == currency)
            for currency in ("EUR", "JPY", "KWD")
        }
        assert sums == {"EUR": 1_500, "JPY": 500, "KWD": 12_340}

    def test_movements_are_from_the_start_to_before_the_end(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        gateway.charge(charge_of(1))
        harness.advance(10)
        gateway.charge(charge_of(2))
        first, second = movements_until_now(harness)

        def between(*period: int) -> list[object]:
            start, end = (first.at + _SECOND * each for each in period)
            return list(gateway.movements(start, end))

        assert first.at < second.at
        assert between(0, 1) == between(-1, 10) == [first]
        assert between(-1, 0) == between(0, 0) == between(1, 10) == []
        assert between(1, 11) == [second]
        assert between(0, 11) == [first, second]

    def test_many_movements_are_all_told_and_an_old_order_is_found(
        self, harness: GatewayHarness, gateway: PaymentGateway
    ) -> None:
        since = harness.now()
        told = [gateway.charge(charge_of(number)) for number in range(1, 120)]

        moved = movements_until_now(harness)

        assert sorted(each.gateway_id for each in moved) == sorted(each.gateway_id for each in told)
        assert gateway.find(sought(charge_of(1), since)) == told[0]
