"""The contract in docs/api.md names what the application serves."""

import re
from pathlib import Path

import falcon.inspect

from payflow_http.app import BASE, create_app
from tests.unit.http.world import SETTINGS, World

DOCS = Path(__file__).parents[3] / "docs"

_PARAMETER = re.compile(r"\{[^}]*\}")
_ENDPOINT = re.compile(r"`([A-Z]+) (/[^`]*)`")


def test_the_endpoints_of_the_contract_are_those_of_the_application(world: World) -> None:
    contract = (DOCS / "api.md").read_text()
    endpoints = contract.partition("\n## Endpoints\n")[2].partition("\n## ")[0]
    table = "\n".join(line for line in endpoints.splitlines() if line.startswith("|"))

    told = {(method, _PARAMETER.sub("{}", path)) for method, path in _ENDPOINT.findall(table)}

    served = {
        (method.method, _PARAMETER.sub("{}", route.path.removeprefix(BASE)))
        for route in falcon.inspect.inspect_routes(create_app(world.services, SETTINGS))
        for method in route.methods
        if route.path.startswith(BASE) and not method.internal and method.method != "OPTIONS"
    }
    assert told == served
