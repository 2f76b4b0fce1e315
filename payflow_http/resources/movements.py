"""Money into a wallet and out of it."""

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.money import Money
from payflow_http.answers import commit_one, pay
from payflow_http.bodies import CreditBody, DebitBody
from payflow_http.incoming import ApiRequest
from payflow_http.resources.transfers import note_of
from payflow_http.services import Api


@frozen
class Credits:
    """``POST /wallets/{id}/credit``: put money into a wallet.

    It comes out of the partner's settlement, or with ``paymentMethod`` through the gateway: 201
    once that has it, 202 while that is not known, 402 where it is declined.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSACTIONS_WRITE)
        body = await req.read(CreditBody)
        money = Money(body.amount, body.currency)
        note = note_of(body.description, body.metadata)
        method = body.payment_method
        if method is not None:
            credit = self.api.services.payments.credit
            await pay(
                self.api,
                req,
                resp,
                lambda asked: credit(actor, wallet_id, money, method, asked, note),
            )
            return
        unit = self.api.services.wallets.book_credit(actor, wallet_id, money, note)
        await commit_one(self.api, req, resp, actor, unit)


@frozen
class Debits:
    """``POST /wallets/{id}/debit``: take money out of a wallet, into the partner's settlement."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSACTIONS_WRITE)
        body = await req.read(DebitBody)
        money = Money(body.amount, body.currency)
        note = note_of(body.description, body.metadata)
        unit = self.api.services.wallets.book_debit(actor, wallet_id, money, note)
        await commit_one(self.api, req, resp, actor, unit)
