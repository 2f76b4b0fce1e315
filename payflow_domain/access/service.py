"""The use cases of access."""

from attrs import frozen

from payflow_domain.access.audit import COMMAND_LINE, AuditEntry
from payflow_domain.access.keys import ApiKey, SecretSource, digest_of, invalid_api_key, issue
from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.access.ports import BeginKeys, KeyReader
from payflow_domain.access.published import publish_key
from payflow_domain.clock import Clock
from payflow_domain.ids import API_KEY, IdSource, KeyId
from payflow_domain.ledger.ledgers import Ledger
from payflow_domain.texts import NAME_LENGTH_MAX, check_text


@frozen
class Access:
    """Issues API keys and tells who holds one."""

    begin: BeginKeys
    reader: KeyReader
    clock: Clock
    ids: IdSource
    secrets: SecretSource

    def issue_key(
        self, ledger: Ledger, name: str, permissions: frozenset[Permission]
    ) -> tuple[ApiKey, str]:
        """Make a key that opens ``ledger``, for who has a shell; it is told this once.

        Raises ``InvalidText`` for the name.
        """
        now = self.clock.now()
        key_id = KeyId(self.ids.minting(now)(API_KEY))
        check_text(name, NAME_LENGTH_MAX)
        key, secret = issue(key_id, ledger, name, permissions, now, self.secrets)
        with self.begin() as uow:
            uow.add_key(key)
            entry = AuditEntry(
                at=now,
                actor=COMMAND_LINE,
                action="api_key.created",
                subject=key.id,
                partner_id=key.partner_id,
                after=publish_key(key),
            )
            uow.add_audit(entry)
        return key, secret

    def authenticate(self, secret: str) -> Actor:
        """Tell who holds ``secret``; raises ``InvalidApiKey``.

        Whether the key may be used from where it is used is for ``check_entry``.
        """
        return self.actor_of(digest_of(secret))

    def actor_of(self, digest: bytes) -> Actor:
        """Tell who holds the key with that digest; raises ``InvalidApiKey``."""
        key = self.reader.key_by_digest(digest)
        if key is None or not key.is_live(self.clock.now()):
            raise invalid_api_key()
        return key.actor
