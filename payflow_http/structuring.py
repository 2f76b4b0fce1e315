"""How JSON becomes a body: no coercion, no unknown members, every fault told with its pointer."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from operator import eq, is_
from typing import Any, TypeVar, cast

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_structure_fn, override

from payflow_domain.access.passwords import PASSWORD_LENGTH_MAX
from payflow_domain.ledger.journal import EventType
from payflow_domain.money import MAX_AMOUNT
from payflow_domain.payments.gateway import REFERENCE_LENGTH_MAX
from payflow_domain.texts import (
    DESCRIPTION_LENGTH_MAX,
    EXTERNAL_ID_LENGTH_MAX,
    METADATA_KEYS_MAX,
    NAME_LENGTH_MAX,
    InvalidText,
    check_metadata,
    check_text,
)
from payflow_domain.wallets.model import WalletStatus
from payflow_domain.webhooks.endpoints import URL_LENGTH_MAX
from payflow_domain.webhooks.published import ALL_EVENTS
from payflow_http.bodies import (
    ATOMIC,
    BATCH_ITEMS_MAX,
    INDEPENDENT,
    Amount,
    BatchBody,
    CreditBody,
    Currency,
    DebitBody,
    Description,
    EmptyBody,
    EventTypes,
    ExternalId,
    LoginBody,
    Metadata,
    Mode,
    Name,
    NewWalletBody,
    NewWebhookEndpointBody,
    Password,
    PayoutBody,
    RecoveryBody,
    Reference,
    ReversalBody,
    Seconds,
    SecretRotationBody,
    TransferBody,
    Url,
    Username,
    WalletChangeBody,
    WalletId,
    WebhookEndpointChangeBody,
)
from payflow_http.codec import Document, pointer_to
from payflow_http.directory_bodies import DIRECTORY_BODIES, VolumeBody
from payflow_http.directory_scalars import DIRECTORY_SCALARS
from payflow_http.limit_bodies import LIMIT_SCALARS, LimitsBody
from payflow_http.moments import HOW, INVALID, read_moment
from payflow_http.problems import Fault, malformed
from payflow_http.refusals import Refused, refused, string

Body = TypeVar("Body")
_Hook = Callable[[object, object], object]


def structure(document: Document, body: type[Body]) -> Body:
    """Read a document as ``body``; raises a ``Problem`` that names every fault."""
    try:
        return cast("Body", _HOOKS[body](document, body))
    except (Refused, ClassValidationError) as error:
        raise malformed(list(_faults_of(error, ""))) from None


def _structure_amount(value: object, _: object) -> Amount:
    if type(value) is int and 0 < value <= MAX_AMOUNT:
        return Amount(value)
    detail = f"Use an integer of minor units from 1 to {MAX_AMOUNT}."
    raise refused("invalid_amount", detail)


_CURRENCY = re.compile(r"[A-Z]{3}")
_SECONDS_MAX = 604_800


def _structure_currency(value: object, _: object) -> Currency:
    if type(value) is str and _CURRENCY.fullmatch(value):
        return Currency(value)
    raise refused("invalid_currency", "Use the upper-case ISO 4217 code, such as EUR.")


def _structure_string(value: object, _: object) -> str:
    return string(value)


def _text_up_to(length_max: int) -> Callable[[object, object], str]:
    def structure_text(value: object, _: object) -> str:
        try:
            return check_text(string(value), length_max)
        except InvalidText as error:
            raise refused(error.code, error.detail) from None

    return structure_text


def _structure_metadata(value: object, _: object) -> Metadata:
    if type(value) is not dict:
        raise refused("invalid_type", "Use an object whose members are strings.")
    if len(value) > METADATA_KEYS_MAX:
        raise refused("invalid_length", f"Use at most {METADATA_KEYS_MAX} members.")
    if faults := [fault for name, text in value.items() for fault in _check_member(name, text)]:
        raise Refused(*faults)
    return Metadata(value)


def _check_member(name: str, text: object) -> Iterator[Fault]:
    if type(text) is not str:
        yield Fault(pointer_to("", name), "invalid_type", "Use a string.")
        return
    try:
        check_metadata({name: text})
    except InvalidText as error:
        yield Fault(pointer_to("", name), error.code, error.detail)


def _structure_events(value: object, _: object) -> EventTypes:
    """Read types of events; ``["*"]`` is all of them, and those to come: an empty set."""
    if type(value) is not list or not value or len(value) > len(EventType):
        detail = f'Use an array of 1 to {len(EventType)} types of events, or ["*"].'
        raise refused("invalid_length" if type(value) is list else "invalid_type", detail)
    if value == [ALL_EVENTS]:
        return EventTypes(frozenset())
    known = {event.value for event in EventType}
    faults = [
        Fault(pointer_to("", index), "invalid_choice", "There is no such type of event.")
        for index, name in enumerate(value)
        if type(name) is not str or name not in known
    ]
    if faults:
        raise Refused(*faults)
    return EventTypes(frozenset(map(EventType, value)))


def _structure_seconds(value: object, _: object) -> Seconds:
    if type(value) is int and 0 <= value <= _SECONDS_MAX:
        return Seconds(value)
    raise refused("invalid_integer", f"Use an integer of seconds from 0 to {_SECONDS_MAX}.")


def _structure_moment(value: object, _: object) -> datetime:
    read = read_moment(string(value))
    if read is None:
        raise refused(INVALID, f"{HOW}.")
    return read


def _structure_mode(value: object, _: object) -> Mode:
    if value in (ATOMIC, INDEPENDENT):
        return cast("Mode", value)
    raise refused("invalid_choice", "Use atomic or independent.")


def _structure_status(value: object, _: object) -> WalletStatus:
    try:
        return WalletStatus(string(value))
    except ValueError:
        raise refused("invalid_choice", "Use active, frozen or closed.") from None


_SCALARS: Mapping[object, _Hook] = {
    Amount: _structure_amount,
    Currency: _structure_currency,
    WalletId: _structure_string,
    Name: _text_up_to(NAME_LENGTH_MAX),
    ExternalId: _text_up_to(EXTERNAL_ID_LENGTH_MAX),
    Description: _text_up_to(DESCRIPTION_LENGTH_MAX),
    Metadata: _structure_metadata,
    Reference: _text_up_to(REFERENCE_LENGTH_MAX),
    Username: _text_up_to(NAME_LENGTH_MAX),
    Password: _text_up_to(PASSWORD_LENGTH_MAX),
    Mode: _structure_mode,
    Url: _text_up_to(URL_LENGTH_MAX),
    EventTypes: _structure_events,
    Seconds: _structure_seconds,
    datetime: _structure_moment,
    WalletStatus: _structure_status,
    **DIRECTORY_SCALARS,
    **LIMIT_SCALARS,
}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _or_null(read: _Hook) -> _Hook:
    """Take null for what may have no value: it takes the value away (RFC 7396)."""
    return lambda value, type_: None if value is None else read(value, type_)


_CHANGES: Mapping[type, Mapping[str, _Hook]] = {
    WalletChangeBody: {
        "name": _SCALARS[Name],
        "metadata": _SCALARS[Metadata],
        "status": _SCALARS[WalletStatus],
    },
    WebhookEndpointChangeBody: {
        "url": _SCALARS[Url],
        "events": _SCALARS[EventTypes],
        "description": _or_null(_SCALARS[Description]),
    },
}
"""The bodies that say what to change, and how their members are read.

Null would read as "leave as it is", which is not what it says: so it is refused unless the member
may have no value.
"""


_NEVER_NULL: Mapping[type, Mapping[str, _Hook]] = {
    CreditBody: {"payment_method": _SCALARS[Reference]},
    ReversalBody: {"amount": _SCALARS[Amount]},
}
"""Optional members that decide where money comes from, or how much, by not being there.

Null is what a caller's variable is that was never set, so it does not pass for that.
"""


def _object_hook(converter: Converter, body: type) -> _Hook:
    """Make the hook that reads a JSON object as ``body``."""
    overrides: dict[str, Any] = {
        field.name: override(rename=_camel(field.name)) for field in attrs.fields(body)
    }
    overrides |= {
        name: override(rename=_camel(name), struct_hook=read_member)
        for name, read_member in {**_CHANGES.get(body, {}), **_NEVER_NULL.get(body, {})}.items()
    }
    read = cast(
        "_Hook",
        make_dict_structure_fn(body, converter, _cattrs_forbid_extra_keys=True, **overrides),
    )

    def structure_object(value: object, type_: object) -> object:
        if type(value) is not dict:
            raise refused("invalid_type", "Use an object.")
        return read(value, type_)

    return structure_object


def _bounded(read: _Hook) -> _Hook:
    """Bound the number of items before any of them is read."""

    def structure_items(value: object, type_: object) -> object:
        if type(value) is not list or not 0 < len(value) <= BATCH_ITEMS_MAX:
            detail = f"Use an array of 1 to {BATCH_ITEMS_MAX} transfers."
            raise refused("invalid_length" if type(value) is list else "invalid_type", detail)
        return read(value, type_)

    return structure_items


def _at_least_one(read: _Hook, members: Iterable[str]) -> _Hook:
    detail = f"Say what to change, at least one of: {', '.join(members)}."

    def structure_change(value: object, type_: object) -> object:
        if not value:
            raise refused("missing_member", detail)
        return read(value, type_)

    return structure_change


def _hooks() -> dict[type, _Hook]:
    """Build the converter, once, and take from it the hook of each body."""
    converter = Converter(detailed_validation=True)
    for type_, scalar in _SCALARS.items():
        converter.register_structure_hook_func(partial(is_, type_), scalar)
        if isinstance(type_, type):
            # cattrs asks for a class before it asks for what a function recognises.
            converter.register_structure_hook(type_, scalar)
    bodies = (
        TransferBody,
        DebitBody,
        CreditBody,
        PayoutBody,
        ReversalBody,
        NewWalletBody,
        WalletChangeBody,
        EmptyBody,
        NewWebhookEndpointBody,
        WebhookEndpointChangeBody,
        SecretRotationBody,
        RecoveryBody,
        LoginBody,
        *DIRECTORY_BODIES,
        LimitsBody,
    )
    converter.register_structure_hook(VolumeBody, _object_hook(converter, VolumeBody))
    hooks: dict[type, _Hook] = {body: _object_hook(converter, body) for body in bodies}
    hooks |= {body: _at_least_one(hooks[body], members) for body, members in _CHANGES.items()}
    converter.register_structure_hook(TransferBody, hooks[TransferBody])
    items = list[TransferBody]
    bounded = _bounded(converter.get_structure_hook(items))
    converter.register_structure_hook_func(partial(eq, items), bounded)
    hooks[BatchBody] = _object_hook(converter, BatchBody)
    return hooks


_HOOKS = _hooks()


def _faults_of(error: BaseException, pointer: str) -> Iterator[Fault]:
    """Tell of every fault in what cattrs or a hook raised for the value at ``pointer``."""
    match error:
        case ClassValidationError() | IterableValidationError():
            placed, others = error.group_exceptions()
            for inner, note in placed:
                name = (
                    _camel(note.name) if isinstance(note, AttributeValidationNote) else note.index
                )
                yield from _faults_of(inner, pointer_to(pointer, name))
            for inner in others:
                yield from _faults_of(inner, pointer)
        case ForbiddenExtraKeysError():
            for name in sorted(error.extra_fields):
                detail = "There is no such member; leave it out."
                yield Fault(pointer_to(pointer, name), "unknown_member", detail)
        case KeyError():
            yield Fault(pointer, "missing_member", "This member is required.")
        case Refused():
            for fault in error.faults:
                yield attrs.evolve(fault, where=pointer + fault.where)
        case _:
            raise error
