"""Money out, to a bank."""

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Permission
from payflow_domain.money import Money
from payflow_http.answers import pay
from payflow_http.bodies import PayoutBody
from payflow_http.incoming import ApiRequest
from payflow_http.resources.transfers import note_of
from payflow_http.services import Api


@frozen
class Payouts:
    """``POST /payouts``: send a wallet's money to a bank.

    202 while the bank has not said that it is there, 402 where the gateway refuses.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.PAYOUTS_WRITE)
        body = await req.read(PayoutBody)
        money = Money(body.amount, body.currency)
        note = note_of(body.description, body.metadata)
        pay_out = self.api.services.payments.pay_out
        await pay(
            self.api,
            req,
            resp,
            lambda asked: pay_out(actor, body.wallet_id, money, body.destination, asked, note),
        )
