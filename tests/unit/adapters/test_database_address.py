"""Which addresses of a database are good, and that what is told of others has no password."""

import pytest

from payflow_adapters.postgres.address import AddressError, check_address, check_database

PASSWORD = "geheim"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql://user:p%40ss%2Fword@db.example:5432/payflow",
        "postgres://user@[::1]/payflow?connect_timeout=3",
        "postgresql:///payflow?host=/run/postgresql",
    ],
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert check_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        f"mysql://user:{PASSWORD}@db.example/payflow",
        f"postgresql+psycopg://user:{PASSWORD}@db.example/payflow",
        f"host=db.example password={PASSWORD}",
        f"postgresql://user:{PASSWORD}@db.example:port/payflow",
        f"postgresql://user:{PASSWORD}@db.example:99999/payflow",
        f"postgresql://user:one@{PASSWORD}@db.example/payflow",
        f"postgresql://user:one/{PASSWORD}@db.example/payflow",
        f"postgresql://user:{PASSWORD}@db.example/payflow?nonsense=1",
    ],
)
def test_what_is_none_is_refused_and_its_password_not_told(url: str) -> None:
    with pytest.raises(AddressError) as refused:
        check_address(url)

    assert "postgresql://user:password@host:port/database" in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_a_host_that_there_is_not_is_told() -> None:
    with pytest.raises(AddressError, match=r"no\.such\.host\.invalid") as refused:
        check_database(f"postgresql://user:{PASSWORD}@no.such.host.invalid/payflow")

    assert PASSWORD not in str(refused.value)


def test_a_server_that_is_away_is_let_pass() -> None:
    check_database("postgresql://user@127.0.0.1:9/payflow")
