"""The published form of API keys: never with the secret."""

from payflow_domain.access.keys import ApiKey
from payflow_domain.ledger.published import Published, publish_time


def publish_key(key: ApiKey) -> Published:
    """Publish a key by what may be shown of it."""
    return {
        "id": key.id,
        "name": key.name,
        "environment": key.environment.value,
        "permissions": sorted(key.permissions),
        "prefix": key.prefix,
        "lastFour": key.last_four,
        "allowedNetworks": [str(network) for network in key.allowed_networks],
        "createdAt": publish_time(key.created_at),
        "expiresAt": publish_time(key.expires_at) if key.expires_at else None,
        "revokedAt": publish_time(key.revoked_at) if key.revoked_at else None,
        "lastUsedAt": publish_time(key.last_used_at) if key.last_used_at else None,
        "replacedBy": key.replaced_by,
    }
