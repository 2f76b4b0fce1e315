"""What a partner may say of itself."""

from pathlib import Path

import pytest
from attrs import evolve

from payflow_domain.money import Money
from payflow_domain.partners.countries import COUNTRIES
from payflow_domain.partners.profile import (
    InvalidCountry,
    InvalidEmail,
    InvalidWebsite,
    Profile,
    check_country,
    check_email,
    check_website,
)
from payflow_domain.texts import InvalidText

SYSTEM_LIST = Path("/usr/share/zoneinfo/iso3166.tab")


def test_a_profile_may_be_empty() -> None:
    assert Profile().legal_name is None


def test_a_whole_profile_is_kept_as_it_is() -> None:
    volume = Money(1, "KES")
    profile = Profile(
        "Ltd", "KE", "circles", "https://a.example", "a@b.example", "Wanjiru", volume, "Savings."
    )

    assert (profile.country, profile.expected_volume) == ("KE", volume)


@pytest.mark.skipif(not SYSTEM_LIST.exists(), reason="the system has no list of countries")
def test_countries_are_those_of_iso_3166() -> None:
    lines = SYSTEM_LIST.read_text(encoding="utf-8").splitlines()

    assert {line.split("\t")[0] for line in lines if not line.startswith("#")} == COUNTRIES


@pytest.mark.parametrize("code", ["", "ke", "KEN", "XX", "UK", "EU", "K", "KE "])
def test_what_is_no_country_is_refused(code: str) -> None:
    with pytest.raises(InvalidCountry):
        check_country(code)


@pytest.mark.parametrize(
    "url",
    [
        "https://rosabank.example",
        "https://a.b.example:8443/x?y=1#z",
        "https://xn--bcher-kva.example/",
    ],
)
def test_an_https_address_is_a_website(url: str) -> None:
    assert check_website(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rosabank.example",
        "http://rosabank.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://localhost",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "https://user@rosabank.example",
        "https://rosabank.example:0",
        "https://rosabank.example:99999",
        "https://rosabank.example/ space",
        "https://rosabank.example/\n",
        "https://bücher.example",
        "https://rosabank.example/" + "a" * 500,
    ],
)
def test_what_is_no_website_is_refused(url: str) -> None:
    with pytest.raises(InvalidWebsite):
        check_website(url)


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@mail.rosabank.example"])
def test_an_email_address_is_taken(address: str) -> None:
    assert check_email(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b",
        "@b.example",
        "a@",
        "a@b@c.example",
        "a b@c.example",
        "a@-b.example",
        "a@b.example\n",
        "ä@b.example",
        "<a@b.example>",
        "a" * 65 + "@b.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_email_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidEmail):
        check_email(address)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("legal_name", ""),
        ("contact_name", "a" * 201),
        ("business_type", "a" * 101),
        ("use_case", "a" * 2001),
        ("use_case", "\0"),
    ],
)
def test_words_out_of_bounds_are_refused(member: str, text: str) -> None:
    with pytest.raises(InvalidText):
        evolve(Profile(), **{member: text})  # type: ignore[arg-type]  # they are all texts
