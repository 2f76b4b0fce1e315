"""Bodies of partners and API keys, and requests of staff."""

import falcon.testing

from tests.unit.http.world import World

NEW_KEY = {"name": "Backend", "permissions": ["wallets:read"]}
APPLICATION = {
    "legalName": "RoSaBank Ltd",
    "country": "KE",
    "businessType": "savings circles",
    "website": "https://rosabank.example",
    "contactEmail": "w@rosabank.example",
    "contactName": "Wanjiru",
    "expectedVolume": {"amount": 5_000_000, "currency": "KES"},
    "useCase": "Circles pay in, one is paid out.",
}
NEW_PARTNER = {
    "name": "RoSaBank",
    "legalName": "RoSaBank Ltd",
    "country": "KE",
    "contactEmail": "w@rosabank.example",
}
ITEMS = [
    "wallet_opened",
    "credit_completed",
    "transfer_replayed",
    "decline_handled",
    "payout_completed",
    "webhook_received",
    "key_rotated",
]


def staff(
    world: World,
    headers: dict[str, str],
    method: str,
    path: str,
    body: object = None,
    query: str = "",
) -> falcon.testing.Result:
    return world.client.simulate_request(
        method, f"/api/admin{path}", headers=headers, json=body, query_string=query
    )
