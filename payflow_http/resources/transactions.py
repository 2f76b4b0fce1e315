"""Transactions: reading them and taking them back."""

from typing import cast

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.ids import AccountId
from payflow_domain.ledger.ports import Page, TransactionFilter
from payflow_domain.ledger.published import publish_transaction
from payflow_domain.ledger.transactions import Status, Transaction, TransactionType
from payflow_http import queries
from payflow_http.answers import commit_one, pay, send_json
from payflow_http.bodies import ReversalBody
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.resources.transfers import note_of
from payflow_http.services import Api

_FILTERS = {
    "walletId": queries.wallet_id,
    "status": queries.choice(
        {"pending": Status.PENDING, "completed": Status.POSTED, "failed": Status.VOIDED}
    ),
    "type": queries.choice({type_.value: type_ for type_ in TransactionType}),
}


@frozen
class TransactionList:
    """``GET /transactions``: newest first.

    ``status=completed`` has those that were reversed since as well: they took effect.
    """

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        history = self.api.services.history

        def read(values: dict[str, object], page: Page) -> list[Transaction]:
            which = TransactionFilter(
                account_id=cast("AccountId | None", values.get("walletId")),
                status=cast("Status | None", values.get("status")),
                type=cast("TransactionType | None", values.get("type")),
            )
            return history.transactions(actor, which, page)

        await send_page(
            self.api,
            req,
            resp,
            listing=("transactions", actor.ledger_id),
            filters=_FILTERS,
            read=read,
            publish=publish_transaction,
            position=_position,
        )


@frozen
class TransactionItem:
    """``GET /transactions/{id}``."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, transaction_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        run, history = self.api.threads.run, self.api.services.history
        send_json(resp, publish_transaction(await run(history.transaction, actor, transaction_id)))


@frozen
class Reversals:
    """``POST /transactions/{id}/reverse``: take back ``amount``, or without one all that is left.

    The body may be empty. Answers with the reversal, a transaction of its own. What came by a
    payment method is refunded through the gateway: 202 while that is not known.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, transaction_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSACTIONS_WRITE)
        body = await req.read(ReversalBody, may_be_empty=True)
        note = note_of(body.description, body.metadata)
        payments = self.api.services.payments
        charge = await self.api.threads.run(payments.charge_of, actor, transaction_id)
        if charge is not None:
            await pay(
                self.api,
                req,
                resp,
                lambda asked: payments.refund(actor, charge, body.amount, asked, note),
            )
            return
        wallets = self.api.services.wallets
        unit = wallets.book_reversal(actor, transaction_id, body.amount, note)
        await commit_one(self.api, req, resp, actor, unit)


def _position(transaction: Transaction) -> str:
    return transaction.id
