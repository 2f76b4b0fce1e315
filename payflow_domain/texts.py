"""Bounds on the words that callers attach to things."""

from collections.abc import Mapping

from payflow_domain.errors import Invalid

NAME_LENGTH_MAX = 200
EXTERNAL_ID_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 500
METADATA_KEYS_MAX = 50
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500


class InvalidText(Invalid):
    """Empty, too long, or with characters that cannot be kept."""

    code = "invalid_text"


def check_text(text: str, length_max: int) -> str:
    """Return ``text`` if it has 1 to ``length_max`` characters that Unicode can exchange.

    NUL and lone surrogates are refused: no database and no UTF-8 can hold them. Raises
    ``InvalidText``.
    """
    if not 0 < len(text) <= length_max:
        detail = f"Use 1 to {length_max} characters."
        raise InvalidText(detail)
    if not text.isascii() or not text.isprintable():
        _check_exchangeable(text)
    return text


def check_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return ``metadata`` if it is within bounds; values may be empty. Raises ``InvalidText``."""
    if len(metadata) > METADATA_KEYS_MAX:
        detail = f"Use at most {METADATA_KEYS_MAX} keys."
        raise InvalidText(detail)
    for key, value in metadata.items():
        check_text(key, METADATA_KEY_LENGTH_MAX)
        if value:
            check_text(value, METADATA_VALUE_LENGTH_MAX)
    return metadata


def _check_exchangeable(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        detail = "Leave out NUL characters and lone surrogates."
        raise InvalidText(detail)
