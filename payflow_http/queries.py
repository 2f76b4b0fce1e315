"""Query parameters, as strict as bodies: none unknown, none twice, every fault told."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import NoReturn, TypeVar
from urllib.parse import unquote_plus, unquote_to_bytes

from payflow_domain.ids import WALLET, AccountId, is_id
from payflow_domain.ledger.accounts import MAX_COUNTER
from payflow_domain.texts import EXTERNAL_ID_LENGTH_MAX, NAME_LENGTH_MAX, InvalidText, check_text
from payflow_http.incoming import ApiRequest
from payflow_http.moments import HOW, INVALID, read_moment
from payflow_http.problems import Fault, malformed, unknown_parameter

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
_CURSOR_LENGTH_MAX = 500

T = TypeVar("T")
Reader = Callable[[str], object]


class BadParameter(ValueError):
    """A value that a parameter does not take."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def read_query(req: ApiRequest, readers: Mapping[str, Reader]) -> dict[str, object]:
    """Read the parameters that ``readers`` name; those not given are absent.

    Raises a ``Problem`` that names every fault.
    """
    if not req.query_string:
        return {}
    values: dict[str, object] = {}
    faults: list[Fault] = []
    not_utf8 = frozenset(_not_utf8(req.query_string))
    for name, text in req.params.items():
        if name not in readers:
            faults.append(unknown_parameter(name))
            continue
        try:
            reader = _no_text if name in not_utf8 else readers[name]
            values[name] = _read(reader, text)
        except BadParameter as error:
            faults.append(Fault(name, error.code, error.detail, in_query=True))
    if faults:
        raise malformed(faults)
    return values


def _not_utf8(query: str) -> Iterator[str]:
    """Name the parameters whose values Falcon could not decode: it puts U+FFFD in their place."""
    for pair in query.split("&") if "%" in query else ():
        name, _, value = pair.partition("=")
        try:
            unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            yield unquote_plus(name)


def _no_text(_: str) -> NoReturn:
    raise BadParameter("invalid_text", "Write the value in UTF-8, percent-encoded.")


def _read(reader: Reader, text: str | list[str]) -> object:
    if not isinstance(text, str):
        raise BadParameter("repeated_parameter", "Give this parameter once.")
    return reader(text)


def limit(text: str) -> int:
    """Read how many items a page is to have."""
    return _integer(text, 1, LIMIT_MAX)


def sequence(text: str) -> int:
    """Read the number of an event, or 0."""
    return _integer(text, 0, MAX_COUNTER)


def cursor(text: str) -> str:
    """Read a cursor as it is; ``Cursors`` tells whether it is good."""
    return text[:_CURSOR_LENGTH_MAX]


def words(text: str) -> str:
    """Read what a list is to be filtered by, which need not be there."""
    return _text(text, NAME_LENGTH_MAX)


def external_id(text: str) -> str:
    """Read an external id."""
    return _text(text, EXTERNAL_ID_LENGTH_MAX)


def wallet_id(text: str) -> AccountId:
    """Read the id of a wallet."""
    if not is_id(text, WALLET):
        raise BadParameter("invalid_id", "Use the id of a wallet, wal_...")
    return AccountId(text)


def currency(text: str) -> str:
    """Read a currency."""
    if not _CURRENCY.fullmatch(text):
        raise BadParameter("invalid_currency", "Use the upper-case ISO 4217 code, such as EUR.")
    return text


def choice(values: Mapping[str, T]) -> Callable[[str], T]:
    """Make a reader of one of ``values``."""
    names = ", ".join(values)

    def read_choice(text: str) -> T:
        if text not in values:
            raise BadParameter("invalid_choice", f"Use one of: {names}.")
        return values[text]

    return read_choice


def moment(text: str) -> datetime:
    """Read a time; see ``read_moment``."""
    read = read_moment(text)
    if read is None:
        raise BadParameter(INVALID, f"{HOW} (write + as %2B).")
    return read


def day(text: str) -> date:
    """Read a day, as RFC 3339 writes it."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadParameter("invalid_day", "Use a day such as 2026-01-31.")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_INTEGER = re.compile(r"[0-9]{1,19}")


def _text(text: str, length_max: int) -> str:
    try:
        return check_text(text, length_max)
    except InvalidText as error:
        raise BadParameter(error.code, error.detail) from None


def _integer(text: str, least: int, most: int) -> int:
    if _INTEGER.fullmatch(text) and least <= (number := int(text)) <= most:
        return number
    raise BadParameter("invalid_integer", f"Use an integer from {least} to {most}.")
