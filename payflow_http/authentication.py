"""Who is asking: the bearer key of a request, looked up at most once a second."""

import asyncio
import hashlib
from collections.abc import Callable
from time import monotonic

from payflow_domain.access.keys import InvalidApiKey, digest_of, invalid_api_key
from payflow_domain.access.permissions import Actor
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter
from payflow_http.meters import Meter
from payflow_http.threads import Threads

KEPT_SECONDS_MAX = 1.0
"""How long an answer is trusted: a key that is revoked opens nothing after that."""

KEPT_MAX = 10_000
_SCHEME = b"bearer "


class Authenticator:
    """Tells who asks, by the digest of the key.

    Keys that are good are remembered for ``KEPT_SECONDS_MAX``; requests that ask for the same key
    meanwhile share one look-up. Keys that are not good are not remembered, and ``refuse`` is told
    of each.

    Who asks too often is refused: with a good key as its ledger, else as an address. A key that was
    good a moment ago is looked up whatever others do at the same address.
    """

    def __init__(
        self,
        actor_of: Callable[[bytes], Actor],
        threads: Threads,
        limits: Limiter,
        refuse: Callable[[str, ApiRequest], None],
    ) -> None:
        self._actor_of = actor_of
        self._threads = threads
        self._limits = limits
        self._refuse = refuse
        self._kept: dict[bytes, tuple[Actor, float]] = {}
        self._looking: dict[bytes, asyncio.Task[Actor]] = {}

    async def identify(self, req: ApiRequest) -> Actor:
        """Return the actor of a request; raises ``InvalidApiKey``, or 429 as a ``Problem``."""
        actor = await self._prove(req)
        self._limits.admit(req, actor)
        return actor

    async def _prove(self, req: ApiRequest) -> Actor:
        header = req.header(b"authorization")
        if header is None or header[:7].lower() != _SCHEME:
            self._limits.begin_proof(req)
            raise invalid_api_key()
        secret = header[7:].strip()
        # The digest of anything is worth a look: what is kept was found good before.
        kept = self._kept.get(hashlib.sha256(secret).digest())
        if kept is not None and monotonic() < kept[1]:
            return kept[0]
        text = secret.decode("latin-1")
        try:
            return await self._look_up(self._digest_of(text, req), req)
        except InvalidApiKey:
            self._refuse(text, req)
            raise

    def _digest_of(self, secret: str, req: ApiRequest) -> bytes:
        try:
            return digest_of(secret)
        except InvalidApiKey:
            self._limits.begin_proof(req)
            raise

    def invalidate(self, digest: bytes | None = None) -> None:
        """Forget the key with that digest, or every key."""
        if digest is None:
            self._kept.clear()
        else:
            self._kept.pop(digest, None)

    async def _look_up(self, digest: bytes, req: ApiRequest) -> Actor:
        task = self._looking.get(digest)
        if task is None:
            proof = None if digest in self._kept else self._limits.begin_proof(req)
            task = asyncio.create_task(self._fetch(digest, proof))
            self._looking[digest] = task
            task.add_done_callback(lambda _: self._looking.pop(digest))
        # One caller that goes away must not take the look-up from the others.
        return await asyncio.shield(task)

    async def _fetch(self, digest: bytes, proof: Meter | None) -> Actor:
        asked_at = monotonic()
        try:
            actor = await self._threads.run(self._actor_of, digest)
        except InvalidApiKey:
            self._kept.pop(digest, None)
            proof = None  # that it failed is counted already
            raise
        finally:
            self._limits.end_proof(proof)
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[digest] = (actor, asked_at + KEPT_SECONDS_MAX)
        return actor
