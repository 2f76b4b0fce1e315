"""Applications of companies that want to be partners."""

from http import HTTPStatus

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.money import Money
from payflow_domain.partners.profile import Profile
from payflow_domain.partners.published import publish_application
from payflow_http.answers import mark_replayed, send_json
from payflow_http.directory_bodies import ApplicationBody
from payflow_http.idempotency import claim_of
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api


@frozen
class PartnerApplications:
    """``POST /partner-applications``: without a key, from anybody.

    The answer is the same whatever became of the application since it was first sent.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        self.api.limiter.admit_public(req)
        profile = _profile(await req.read(ApplicationBody))
        address = self.api.addresses.of(req)
        apply = self.api.services.onboarding.apply
        taken = await self.api.threads.run(apply, profile, address, claim_of(req))
        send_json(resp, publish_application(taken.partner), HTTPStatus.CREATED)
        if taken.is_replayed:
            mark_replayed(resp)


def _profile(body: ApplicationBody) -> Profile:
    volume = body.expected_volume
    return Profile(
        legal_name=body.legal_name,
        country=body.country,
        business_type=body.business_type,
        website=body.website,
        contact_email=body.contact_email,
        contact_name=body.contact_name,
        expected_volume=Money(volume.amount, volume.currency),
        use_case=body.use_case,
    )
