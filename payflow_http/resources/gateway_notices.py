"""The door for what payment gateways tell of their own accord."""

from http import HTTPStatus

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.payments.gateway import InvalidNotice
from payflow_http.answers import send_json
from payflow_http.incoming import ApiRequest
from payflow_http.problems import Problem
from payflow_http.services import Api

_SIGNATURE = b"stripe-signature"


@frozen
class GatewayNotices:
    """``POST /webhooks/stripe``: no key, but a signature over the body as it came.

    200 once the notice is kept, whatever it says: the gateway need not send it again. 400 where
    it is not signed by a gateway of ours.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        payload = await req.read_content()
        signature = (req.header(_SIGNATURE) or b"").decode("latin-1")
        receive = self.api.services.notices.receive
        try:
            address = self.api.addresses.of(req)
            kept = await self.api.gateway_threads.run(receive, payload, signature, address)
        except InvalidNotice as error:
            raise Problem(HTTPStatus.BAD_REQUEST, error.code, error.detail) from None
        send_json(resp, {"received": True, "id": kept.id, "status": kept.status})
