"""The API without what stands between a request and the books, to see what that costs.

Nobody's key is looked at, nobody lacks a permission, and nothing is limited or counted: the actor
is taken as given. No setting and no command of ``payflow`` leads here; the bench starts
``python -m payflow_bootstrap.bench.bare``, which listens on this machine only.
"""

import os
import sys
from functools import partial

from attrs import evolve, frozen

from payflow_bootstrap.bench.api import HOST
from payflow_bootstrap.containers import make_core
from payflow_bootstrap.server import http_settings, serve
from payflow_bootstrap.settings import Settings, read_settings
from payflow_domain.access.permissions import Actor, Permission
from payflow_http.app import App, HttpSettings, Services, create_app
from payflow_http.authentication import Authenticator
from payflow_http.incoming import ApiRequest
from payflow_http.services import Api, make_api

KEY_VARIABLE = "PAYFLOW_BENCH_API_KEY"


@frozen
class AnyActor(Actor):
    """May do everything."""

    def require(self, permission: Permission) -> None:
        """Look at nothing."""


class GivenActor(Authenticator):
    """Says that it is always the same one who asks."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    async def identify(self, _req: ApiRequest) -> Actor:
        return self._actor


def _make_bare(actor: Actor, services: Services, settings: HttpSettings) -> Api:
    api = make_api(services, evolve(settings, limits_are_on=False))
    return evolve(api, authenticator=GivenActor(actor), watchers=())


def _build(settings: Settings) -> App:
    core = make_core(settings)
    holder = core.access().authenticate(os.environ[KEY_VARIABLE])
    actor = AnyActor(
        holder.key_id,
        holder.partner_id,
        holder.ledger_id,
        holder.environment,
        holder.permissions,
    )
    return create_app(core.services(), http_settings(settings), partial(_make_bare, actor))


if __name__ == "__main__":
    lifeline = int(sys.argv[1].removeprefix("--lifeline="))
    serve(read_settings({**os.environ, "PAYFLOW_HOST": HOST}), lifeline, _build)
