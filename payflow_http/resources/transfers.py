"""Transfers between wallets."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.limits import batch_cost
from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ledger.batch import Request, Telling
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.published import Published
from payflow_domain.ledger.transactions import Unit
from payflow_domain.money import Money
from payflow_domain.wallets.movements import NO_NOTE, Note
from payflow_http.answers import REFUSED, commit, commit_one, send
from payflow_http.bodies import ATOMIC, BatchBody, Mode, TransferBody
from payflow_http.idempotency import claim_of
from payflow_http.incoming import ApiRequest
from payflow_http.locating import locate
from payflow_http.problems import Problem, problem_of
from payflow_http.services import Api

_Booked = Unit | PayFlowError


@frozen
class Transfers:
    """``POST /transfers``: move money from one wallet to another.

    201 with the transaction, or a problem with nothing changed.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSFERS_WRITE)
        body = await req.read(TransferBody)
        unit = _book(self.api, actor, body)
        if not await commit_one(self.api, req, resp, actor, unit):
            await self.api.replays.note(actor)


@frozen
class TransferBatches:
    """``POST /transfers/batch``: 1 to 1,000 transfers in one call.

    ``independent``: each is decided on its own, in order. 201 where at least one took effect, with
    a result for each item: ``completed`` with its transaction, or ``failed`` with its error. Where
    every item was refused nothing has changed: 422 ``batch_refused``, with the same results.

    ``atomic``: all or nothing. 201 with a result for each item, or the problem of the first item
    that was refused, pointing at it.

    A malformed item is a fault of the request: 400, whatever the mode. Against rate limits each
    50 items count once more.
    """

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.TRANSFERS_WRITE)
        body = await req.read(BatchBody)
        self.api.limiter.charge(req, actor, batch_cost(len(body.transfers)))
        documents = cast("list[Mapping[str, object]]", (req.document or {})["transfers"])
        booked = [_try_to_book(self.api, actor, item) for item in body.transfers]
        batch = _Batch(body.mode, booked, documents)
        request = Request(actor.ledger_id, batch.units(), claim_of(req), batch.render)
        executed = await commit(self.api, resp, request)
        if executed is None:
            await self.api.replays.note(actor)
            return
        if not executed.took_effect:
            raise batch.refusal(cast("Sequence[PayFlowError]", executed.outcomes))
        send(resp, executed.answer or REFUSED)


@frozen
class _Batch:
    """The items of a batch as they were booked, and as they were sent."""

    mode: Mode
    booked: Sequence[_Booked]
    documents: Sequence[Mapping[str, object]]

    def units(self) -> tuple[Unit, ...]:
        """Return what is to be decided; raises for an atomic batch that cannot be booked."""
        if self.mode != ATOMIC:
            return tuple(each for each in self.booked if isinstance(each, tuple))
        for index, each in enumerate(self.booked):
            if isinstance(each, PayFlowError):
                raise problem_of(each, self._pointer(index, each))
        units = cast("Sequence[Unit]", self.booked)
        return (tuple(chain.from_iterable(units)),)

    def render(self, outcomes: Sequence[Telling]) -> Answer:
        if not any(isinstance(outcome, tuple) for outcome in outcomes):
            return REFUSED
        body = {"mode": self.mode, "results": self._results(outcomes)}
        return Answer(int(HTTPStatus.CREATED), orjson.dumps(body))

    def refusal(self, outcomes: Sequence[PayFlowError]) -> Problem:
        """Tell why nothing took effect."""
        if self.mode == ATOMIC:
            error = outcomes[0]
            return problem_of(error, self._pointer(error.position or 0, error))
        detail = "Every transfer of the batch was refused; see results."
        facts = {"mode": self.mode, "results": self._results(outcomes)}
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "batch_refused", detail, facts=facts)

    def _results(self, outcomes: Sequence[Telling]) -> list[Published]:
        each = self._of_items(outcomes)
        return [self._result(index, outcome) for index, outcome in enumerate(each)]

    def _of_items(self, outcomes: Sequence[Telling]) -> Iterator[Telling]:
        """Yield an outcome for each item."""
        if self.mode == ATOMIC:
            for transaction in cast("tuple[Published, ...]", outcomes[0]):
                yield (transaction,)
            return
        decided = iter(outcomes)
        for each in self.booked:
            yield each if isinstance(each, PayFlowError) else next(decided)

    def _result(self, index: int, outcome: Telling) -> Published:
        if isinstance(outcome, tuple):
            return {
                "index": index,
                "status": "completed",
                "transaction": outcome[0],
                "error": None,
            }
        error = {
            **outcome.facts,
            "code": outcome.code,
            "detail": outcome.detail,
            "pointer": self._pointer(index, outcome),
        }
        return {"index": index, "status": "failed", "transaction": None, "error": error}

    def _pointer(self, index: int, error: PayFlowError) -> str:
        return f"/transfers/{index}{locate(error, self.documents[index]) or ''}"


def _try_to_book(api: Api, actor: Actor, body: TransferBody) -> _Booked:
    try:
        return _book(api, actor, body)
    except PayFlowError as refusal:
        return refusal


def _book(api: Api, actor: Actor, body: TransferBody) -> Unit:
    return api.services.wallets.book_transfer(
        actor,
        body.from_wallet_id,
        body.to_wallet_id,
        Money(body.amount, body.currency),
        note_of(body.description, body.metadata),
    )


def note_of(description: str | None, metadata: Mapping[str, str] | None) -> Note:
    """Return what a caller wrote on a movement."""
    if description is None and metadata is None:
        return NO_NOTE
    return Note(description, metadata or {})
