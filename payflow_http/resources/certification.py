"""Certification: what a partner has shown in its sandbox."""

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.partners.published import publish_certification
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api


@frozen
class CertificationItems:
    """``GET /certification``, with any sandbox key."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        certifications = self.api.services.certifications
        certification = await self.api.threads.run(certifications.of, actor)
        send_json(resp, publish_certification(certification))
