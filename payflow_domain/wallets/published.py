"""The published form of wallets: what partners read in answers and in events."""

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.published import Published, publish_balance, publish_time
from payflow_domain.wallets.model import Wallet


def publish_wallet(wallet: Wallet, environment: Environment) -> Published:
    """Publish a wallet with its balance in minor units."""
    return {
        "id": wallet.id,
        "name": wallet.name,
        "currency": wallet.currency,
        "externalUserId": wallet.external_user_id,
        "externalWalletId": wallet.external_wallet_id,
        "status": wallet.status.value,
        "environment": environment.value,
        "balance": publish_balance(wallet.account.balance),
        "metadata": dict(wallet.metadata),
        "createdAt": publish_time(wallet.created_at),
    }
