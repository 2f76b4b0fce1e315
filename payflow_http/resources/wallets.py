"""Wallets, what is in them, and what went through them."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import cast

import orjson
from attrs import frozen
from falcon.asgi import Response

from payflow_domain.access.permissions import Actor, Permission
from payflow_domain.errors import PayFlowError
from payflow_domain.ledger.accounts import Balance
from payflow_domain.ledger.idempotency import Answer
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.ledger.published import (
    Published,
    publish_balance,
    publish_entry,
    publish_time,
)
from payflow_domain.ledger.service import BalanceAt
from payflow_domain.ledger.transactions import Entry, Transaction
from payflow_domain.texts import EXTERNAL_ID_LENGTH_MAX, InvalidText, check_text
from payflow_domain.wallets.model import (
    NewWallet,
    Wallet,
    WalletChange,
    WalletNotFound,
    WalletStatus,
)
from payflow_domain.wallets.ports import WalletFilter
from payflow_domain.wallets.published import publish_wallet
from payflow_http import queries
from payflow_http.answers import send_done, send_json
from payflow_http.bodies import NewWalletBody, WalletChangeBody
from payflow_http.idempotency import claim_of
from payflow_http.incoming import ApiRequest
from payflow_http.listing import send_page
from payflow_http.problems import Fault, malformed
from payflow_http.services import Api

_FILTERS = {
    "externalUserId": queries.external_id,
    "currency": queries.currency,
    "status": queries.choice({status.value: status for status in WalletStatus}),
}
_AT = {"at": queries.moment}


@frozen
class WalletList:
    """``POST /wallets`` opens one (201); ``GET /wallets`` lists them, newest first."""

    api: Api

    async def on_post(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WALLETS_WRITE)
        new = _new_wallet(await req.read(NewWalletBody))
        render = partial(_created, actor.environment)
        create = self.api.services.wallets.create
        created = await self.api.threads.run(create, actor, new, claim_of(req), render)
        send_done(resp, created, render)

    async def on_get(self, req: ApiRequest, resp: Response) -> None:
        actor = await self.api.authenticator.identify(req)

        def read(values: dict[str, object], page: Page) -> list[Wallet]:
            which = WalletFilter(
                external_user_id=cast("str | None", values.get("externalUserId")),
                currency=cast("str | None", values.get("currency")),
                status=cast("WalletStatus | None", values.get("status")),
            )
            return list(self.api.services.wallets.list(actor, which, page))

        await send_page(
            self.api,
            req,
            resp,
            listing=("wallets", actor.ledger_id),
            filters=_FILTERS,
            read=read,
            publish=partial(_publish, actor.environment),
            position=_position,
        )


@frozen
class WalletItem:
    """``GET /wallets/{id}``, and ``PATCH`` of its name, metadata (as a whole) or status."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        wallet = await self.api.threads.run(self.api.services.wallets.get, actor, wallet_id)
        send_json(resp, publish_wallet(wallet, actor.environment))

    async def on_patch(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        actor.require(Permission.WALLETS_WRITE)
        body = await req.read(WalletChangeBody)
        change = WalletChange(body.name, body.status, body.metadata)
        run, wallets = self.api.threads.run, self.api.services.wallets
        wallet = await run(wallets.change, actor, wallet_id, change)
        send_json(resp, publish_wallet(wallet, actor.environment))


@frozen
class ExternalWallet:
    """``GET /wallets/external/{externalWalletId}``."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, external_wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        queries.read_query(req, {})
        find = self.api.services.wallets.find
        wallet = await self.api.threads.run(find, actor, _external_id(external_wallet_id))
        send_json(resp, publish_wallet(wallet, actor.environment))


@frozen
class WalletBalance:
    """``GET /wallets/{id}/balance``: now, or with ``?at=`` as it was at that time."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        if req.query_string:
            values = queries.read_query(req, _AT)
            if "at" in values:
                send_json(resp, await self._balance_at(actor, wallet_id, values["at"]))
                return
        balance = await self.api.balances.submit((actor, wallet_id))
        if isinstance(balance, PayFlowError):
            raise balance
        send_json(resp, _publish_balance(balance))

    async def _balance_at(self, actor: Actor, wallet_id: str, at: object) -> Published:
        moment = cast("datetime", at)
        if moment > self.api.services.ledgers.clock.now():
            detail = "Ask for a time that has been."
            raise malformed([Fault("at", "time_in_future", detail, in_query=True)])
        run, history = self.api.threads.run, self.api.services.history
        return _publish_balance(await run(history.balance_at, actor, wallet_id, moment))


@frozen
class WalletTransactions:
    """``GET /wallets/{id}/transactions``: the wallet's statement, newest first."""

    api: Api

    async def on_get(self, req: ApiRequest, resp: Response, wallet_id: str) -> None:
        actor = await self.api.authenticator.identify(req)
        history = self.api.services.history
        await send_page(
            self.api,
            req,
            resp,
            listing=(f"statement of {wallet_id}", actor.ledger_id),
            filters={},
            read=lambda _, page: history.statement(actor, wallet_id, page),
            publish=_publish_line,
            position=_entry_position,
        )


_Line = tuple[Entry, Transaction, Balance]


def _publish_line(line: _Line) -> Published:
    return publish_entry(*line)


def _entry_position(line: _Line) -> str:
    return line[0].position


def _position(wallet: Wallet) -> str:
    return wallet.id


def _publish(environment: Environment, wallet: Wallet) -> Published:
    return publish_wallet(wallet, environment)


def _created(environment: Environment, wallet: Wallet) -> Answer:
    return Answer(int(HTTPStatus.CREATED), orjson.dumps(publish_wallet(wallet, environment)))


def _new_wallet(body: NewWalletBody) -> NewWallet:
    return NewWallet(
        name=body.name,
        currency=body.currency,
        external_user_id=body.external_user_id,
        external_wallet_id=body.external_wallet_id,
        metadata=body.metadata or {},
    )


def _external_id(text: str) -> str:
    """Return an external id that a wallet can have."""
    try:
        return check_text(text, EXTERNAL_ID_LENGTH_MAX)
    except InvalidText:
        raise WalletNotFound(text) from None


def _publish_balance(at: BalanceAt) -> Published:
    return {
        "walletId": at.account_id,
        "currency": at.currency,
        **publish_balance(at.balance),
        "asOf": publish_time(at.as_of),
        "sequence": at.sequence,
    }
