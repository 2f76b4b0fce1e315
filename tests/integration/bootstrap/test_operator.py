"""``payflow operator``: staff are taken in and let go on the command line."""

from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner, Result

from payflow_bootstrap.commands.operator import operator
from payflow_bootstrap.containers import Core
from payflow_domain.access.audit import AuditFilter
from payflow_domain.ledger.ports import Page
from tests.builders.api_server import PASSWORD, SESSION_SECRET


@pytest.fixture
def core(emptied_url: str) -> Iterator[Core]:
    core = Core(database_url=emptied_url)
    yield core
    core.database().close()


@pytest.fixture
def env(emptied_url: str) -> Mapping[str, str]:
    return {"PAYFLOW_DATABASE_URL": emptied_url, "SESSION_SECRET": SESSION_SECRET}


def run(env: Mapping[str, str], *arguments: str, given: str = f"{PASSWORD}\n") -> Result:
    return CliRunner().invoke(operator, arguments, input=given, env=dict(env))


def create(env: Mapping[str, str], *options: str, given: str = f"{PASSWORD}\n") -> Result:
    return run(env, "create", "--username=anna", "--role=admin", *options, given=given)


def actions(core: Core) -> list[tuple[str, str]]:
    found = core.store().audit_entries(AuditFilter(), Page(100))
    return [(record.entry.actor, record.entry.action) for record in found]


def test_who_is_created_can_log_in(core: Core, env: Mapping[str, str]) -> None:
    ran = create(env, "--password-stdin", given=f"{PASSWORD}\nanother line\n")

    assert ran.exit_code == 0, ran.output
    assert core.staff().log_in("anna", PASSWORD, None).session_id
    assert actions(core)[-1] == ("command_line", "operator.created")


def test_without_the_option_the_password_is_asked_for_twice(
    core: Core, env: Mapping[str, str]
) -> None:
    ran = create(env, given=f"{PASSWORD}\nother\n{PASSWORD}\n{PASSWORD}\n")

    assert ran.exit_code == 0, ran.output
    assert PASSWORD not in ran.output
    assert core.staff().log_in("anna", PASSWORD, None).session_id


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["create", "--username=Anna", "--role=admin", "--password-stdin"], "invalid_username"),
        (["disable", "nobody"], "operator_not_found"),
        (["reset-password", "nobody", "--password-stdin"], "operator_not_found"),
    ],
)
def test_what_cannot_be_done_says_why(
    env: Mapping[str, str], arguments: list[str], code: str
) -> None:
    ran = run(env, *arguments)

    assert (ran.exit_code, code in ran.output) == (2, True)


def test_a_password_that_is_too_short_is_refused(core: Core, env: Mapping[str, str]) -> None:
    ran = create(env, "--password-stdin", given="short\n")

    assert (ran.exit_code, "invalid_password" in ran.output) == (2, True)
    assert core.operators().list() == []


def test_an_operator_is_listed_disabled_and_listed_still(
    core: Core, env: Mapping[str, str]
) -> None:
    assert "There are none." in run(env, "list").output
    create(env, "--password-stdin")
    before = run(env, "list").output

    ran = run(env, "disable", "anna")

    after = run(env, "list").output
    assert ran.exit_code == 0, ran.output
    assert "anna" in before
    assert len(after.split()) == len(before.split()) + 1
    assert actions(core) == [
        ("command_line", "operator.disabled"),
        ("command_line", "operator.created"),
    ]


def test_another_password_replaces_the_one_before(core: Core, env: Mapping[str, str]) -> None:
    create(env, "--password-stdin")

    ran = run(env, "reset-password", "anna", "--password-stdin", given="another password\n")

    assert ran.exit_code == 0, ran.output
    assert core.staff().log_in("anna", "another password", None).session_id
