"""Who is asking: the bearer key of a request, looked up at most once a second."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from time import monotonic

from payflow_domain.access.entry import check_entry
from payflow_domain.access.keys import InvalidApiKey, digest_of, invalid_api_key
from payflow_domain.access.permissions import Actor
from payflow_domain.errors import Forbidden
from payflow_http.incoming import ApiRequest
from payflow_http.limiting import Limiter
from payflow_http.meters import Meter
from payflow_http.threads import Threads

KEPT_SECONDS_MAX = 1.0
"""How long an answer is trusted: a key that another process revokes opens nothing after that."""

KEPT_MAX = 10_000
_NEVER = float("-inf")
_SCHEME = b"bearer "


class Authenticator:
    """Tells who asks, by the digest of the key.

    Keys that are good are remembered for ``KEPT_SECONDS_MAX``; requests that ask for the same key
    meanwhile share one look-up. Keys that are not good are not remembered, and ``refuse`` is told
    of each. Where a key is used from, and how its partner stands, is checked at each request.

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
        """Return the actor of a request.

        Raises ``InvalidApiKey``, ``PartnerSuspended``, ``PartnerClosed``, or 429 as a ``Problem``.
        """
        secret = self._secret(req)
        # The digest of anything is worth a look: what is kept was found good before.
        kept = self._kept.get(hashlib.sha256(secret).digest())
        try:
            if kept is not None and monotonic() < kept[1]:
                actor = kept[0]
            else:
                actor = await self._look_up(self._digest_of(secret, req), req)
            if actor.is_conditional:
                self._check_entry(req, actor)
        except InvalidApiKey:
            self._refuse(secret.decode("latin-1"), req)
            raise
        req.actor = actor
        self._limits.admit(req, actor)
        return actor

    def _secret(self, req: ApiRequest) -> bytes:
        header = req.header(b"authorization")
        if header is None or header[:7].lower() != _SCHEME:
            self._limits.begin_proof(req)
            raise invalid_api_key()
        return header[7:].strip()

    def _check_entry(self, req: ApiRequest, actor: Actor) -> None:
        try:
            check_entry(actor, self._limits.addresses.of(req))
        except InvalidApiKey:
            self._limits.begin_proof(req)
            raise
        except Forbidden:
            # It is known who asks, so it counts like what is let in.
            req.actor = actor
            self._limits.admit(req, actor)
            raise

    def _digest_of(self, secret: bytes, req: ApiRequest) -> bytes:
        try:
            return digest_of(secret.decode("latin-1"))
        except InvalidApiKey:
            self._limits.begin_proof(req)
            raise

    def invalidate(self, digest: bytes | None = None) -> None:
        """Trust nothing that is known of the key with that digest, or of any key.

        It stays one that was good a moment ago. What is being looked up may have been read before
        the change: nobody else joins it, and it is not kept.
        """
        for one in set(self._kept) if digest is None else {digest} & self._kept.keys():
            self._kept[one] = (self._kept[one][0], _NEVER)
        if digest is None:
            self._looking.clear()
        else:
            self._looking.pop(digest, None)

    async def _look_up(self, digest: bytes, req: ApiRequest) -> Actor:
        task = self._looking.get(digest)
        if task is None:
            proof = None if digest in self._kept else self._limits.begin_proof(req)
            task = asyncio.create_task(self._fetch(digest, proof))
            self._looking[digest] = task
            task.add_done_callback(partial(self._end_look_up, digest))
        # One caller that goes away must not take the look-up from the others.
        return await asyncio.shield(task)

    def _end_look_up(self, digest: bytes, task: asyncio.Task[Actor]) -> None:
        if self._looking.get(digest) is task:
            del self._looking[digest]

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
        if self._looking.get(digest) is asyncio.current_task():
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[digest] = (actor, asked_at + KEPT_SECONDS_MAX)
        return actor
