"""What a partner says of itself: its profile, and the bounds on it."""

import re
from urllib.parse import urlsplit

from attrs import frozen

from payflow_domain.errors import Invalid
from payflow_domain.money import Money
from payflow_domain.partners.countries import COUNTRIES
from payflow_domain.texts import NAME_LENGTH_MAX, check_text

BUSINESS_TYPE_LENGTH_MAX = 100
USE_CASE_LENGTH_MAX = 2_000
WEBSITE_LENGTH_MAX = 500
EMAIL_LENGTH_MAX = 254

# What the HTML Standard takes for <input type=email>, with a dot in the domain.
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_URL = re.compile(r"[!-~]+")


class InvalidCountry(Invalid):
    """No country has this code."""

    code = "invalid_country"


class InvalidWebsite(Invalid):
    """Not the https address of a website."""

    code = "invalid_website"


class InvalidEmail(Invalid):
    """Not an e-mail address."""

    code = "invalid_email"


@frozen
class Profile:
    """What a partner says of itself; ``None`` is what it was never asked.

    ``expected_volume`` is what it expects to move in a month. Raises ``InvalidText``,
    ``InvalidCountry``, ``InvalidWebsite`` and ``InvalidEmail``.
    """

    legal_name: str | None = None
    country: str | None = None
    business_type: str | None = None
    website: str | None = None
    contact_email: str | None = None
    contact_name: str | None = None
    expected_volume: Money | None = None
    use_case: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what is out of bounds."""
        texts = (
            (self.legal_name, NAME_LENGTH_MAX),
            (self.contact_name, NAME_LENGTH_MAX),
            (self.business_type, BUSINESS_TYPE_LENGTH_MAX),
            (self.use_case, USE_CASE_LENGTH_MAX),
        )
        for text, length_max in texts:
            if text is not None:
                check_text(text, length_max)
        if self.country is not None:
            check_country(self.country)
        if self.website is not None:
            check_website(self.website)
        if self.contact_email is not None:
            check_email(self.contact_email)


def check_country(code: str) -> str:
    """Return an ISO 3166-1 alpha-2 code; raises ``InvalidCountry``."""
    if code not in COUNTRIES:
        detail = "Use the upper-case ISO 3166-1 alpha-2 code of a country, such as KE."
        raise InvalidCountry(detail)
    return code


def check_website(url: str) -> str:
    """Return an https URL of a named host, without credentials; raises ``InvalidWebsite``."""
    if not _is_website(url):
        detail = f"Use an https URL of at most {WEBSITE_LENGTH_MAX} characters."
        raise InvalidWebsite(detail)
    return url


def check_email(address: str) -> str:
    """Return an e-mail address in ASCII; raises ``InvalidEmail``."""
    if len(address) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(address):
        detail = f"Use an e-mail address of at most {EMAIL_LENGTH_MAX} characters."
        raise InvalidEmail(detail)
    return address


def _is_website(url: str) -> bool:
    if len(url) > WEBSITE_LENGTH_MAX or not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and "@" not in parts.netloc
        and port != 0
        and _HOST.fullmatch(parts.hostname or "") is not None
    )
