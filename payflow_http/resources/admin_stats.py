"""How PayFlow is doing, for staff."""

from attrs import frozen
from falcon.asgi import Response

from payflow_domain.oversight.published import publish_stats
from payflow_http import queries
from payflow_http.answers import send_json
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api


@frozen
class SystemStats:
    """``GET /api/admin/system/stats``. One process counts for one caller at a time."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.staff.identify(req)
        queries.read_query(req, {})
        stats = await self.api.counting_threads.run(self.api.services.oversight.stats, actor)
        send_json(resp, publish_stats(stats))
