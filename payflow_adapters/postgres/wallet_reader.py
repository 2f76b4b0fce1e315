"""Reading wallets."""

from collections.abc import Sequence

from attrs import frozen

from payflow_adapters.postgres.connection import Database
from payflow_adapters.postgres.rows import select_wallets, wallet_of
from payflow_adapters.postgres.tables import wallets
from payflow_domain.ids import AccountId, LedgerId
from payflow_domain.ledger.ports import Page
from payflow_domain.wallets.model import Wallet
from payflow_domain.wallets.ports import WalletFilter


@frozen(slots=False)  # so that one store can be all the readers
class PostgresWalletReader:
    """Reads committed wallets."""

    database: Database

    def wallet(self, ledger_id: LedgerId, wallet_id: AccountId) -> Wallet | None:
        query = select_wallets().where(wallets.c.ledger_id == ledger_id, wallets.c.id == wallet_id)
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return wallet_of(row) if row else None

    def wallet_by_external_id(self, ledger_id: LedgerId, external_id: str) -> Wallet | None:
        query = select_wallets().where(
            wallets.c.ledger_id == ledger_id, wallets.c.external_wallet_id == external_id
        )
        with self.database.reading_of(ledger_id) as connection:
            row = connection.execute(query).one_or_none()
        return wallet_of(row) if row else None

    def wallets(self, ledger_id: LedgerId, which: WalletFilter, page: Page) -> Sequence[Wallet]:
        query = select_wallets().where(wallets.c.ledger_id == ledger_id)
        if which.external_user_id is not None:
            query = query.where(wallets.c.external_user_id == which.external_user_id)
        if which.currency is not None:
            query = query.where(wallets.c.currency == which.currency)
        if which.status is not None:
            query = query.where(wallets.c.status == which.status.value)
        if page.after is not None:
            query = query.where(wallets.c.id < page.after)
        query = query.order_by(wallets.c.id.desc()).limit(page.limit)
        with self.database.reading_of(ledger_id) as connection:
            rows = connection.execute(query).all()
        return [wallet_of(row) for row in rows]
