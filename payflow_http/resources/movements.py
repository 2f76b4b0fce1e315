"""Money into a wallet and out of it."""

from http import HTTPStatus

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.money import Money
from payflow_http.answers import commit_one
from payflow_http.bodies import CreditBody, DebitBody
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Fault, Problem
from payflow_http.resources.transfers import note_of
from payflow_http.services import Api


@frozen
class Credits:
    """``POST /wallets/{id}/credit``: put money into a wallet, out of the partner's settlement."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSACTIONS_WRITE)
        body = await req.read(CreditBody)
        if body.payment_method is not None:
            raise _no_payment_methods()
        money = Money(body.amount, body.currency)
        note = note_of(body.description, body.metadata)
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


def _no_payment_methods() -> Problem:
    code = "payment_method_not_available"
    detail = "Payment methods are not available yet; leave out paymentMethod."
    faults = [Fault("/paymentMethod", code, detail)]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, faults=faults)
