"""Money in by card that is refused before the gateway hears of it."""

import pytest
from attrs import evolve

from payflow_adapters.gateways.chosen import Gateways
from payflow_domain.access.permissions import Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ids import AccountId
from payflow_domain.ledger.errors import AccountNotFound, AccountNotOpen, CurrencyMismatch
from payflow_domain.money import Money
from payflow_domain.payments.model import GatewayNotConfigured, InvalidReference
from payflow_domain.payments.service import Asked
from payflow_domain.wallets.model import WalletNotFound, WalletStatus
from tests.builders.payments import PayFlow, render
from tests.builders.times import wallet_id
from tests.unit.wallets.office import without


@pytest.mark.parametrize("method", ["", "p" * 256, "pm_käse"])
def test_what_no_gateway_could_know_is_refused(
    payflow: PayFlow, wallet: AccountId, method: str
) -> None:
    with pytest.raises(InvalidReference):
        payflow.charge(wallet, method)

    assert payflow.transactions() == []


def test_the_longest_reference_is_for_the_gateway_to_judge(
    payflow: PayFlow, wallet: AccountId
) -> None:
    assert payflow.charge(wallet, "p" * 255).code == "invalid_payment_method"


@pytest.mark.parametrize(
    ("wallet_id", "error"), [("wal_nonsense", WalletNotFound), (wallet_id(9), AccountNotFound)]
)
def test_a_wallet_that_is_not_there_is_not_found(
    payflow: PayFlow, wallet_id: AccountId, error: type[PayFlowError]
) -> None:
    with pytest.raises(error):
        payflow.charge(wallet_id)


def test_a_frozen_wallet_is_not_charged_for(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.set_status(wallet, WalletStatus.FROZEN)

    with pytest.raises(AccountNotOpen):
        payflow.charge(wallet)

    assert payflow.mock.held("EUR").balance == 0


def test_a_charge_is_in_the_wallets_currency(payflow: PayFlow, wallet: AccountId) -> None:
    yen, asked = Money(500, "JPY"), Asked(render)

    with pytest.raises(CurrencyMismatch):
        payflow.payments.credit(payflow.actor, wallet, yen, "pm_card_visa", asked)


def test_without_a_gateway_nothing_is_charged(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.payments = evolve(payflow.payments, gateway_of=Gateways(None, None))

    with pytest.raises(GatewayNotConfigured):
        payflow.charge(wallet)

    assert payflow.transactions() == []
    assert payflow.work() == 0


def test_who_may_not_move_money_may_not_charge(payflow: PayFlow, wallet: AccountId) -> None:
    payflow.actor = without(payflow.actor, Permission.TRANSACTIONS_WRITE)

    with pytest.raises(PayFlowError) as refusal:
        payflow.charge(wallet)

    assert refusal.value.code == "missing_permission"
    assert payflow.transactions() == []
