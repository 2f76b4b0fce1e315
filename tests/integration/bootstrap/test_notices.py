"""``payflow notices``: what gateways told, looked at and booked again."""

from click.testing import CliRunner, Result

from payflow_adapters.gateways.mock_notices import write_notice
from payflow_bootstrap.commands.notices import notices
from payflow_domain.access.audit import AuditFilter
from payflow_domain.ledger.ledgers import Environment
from payflow_domain.ledger.ports import Page
from payflow_domain.money import Money
from payflow_domain.payments.gateway import Notice, PaymentKind, Report, ReportStatus
from tests.builders.till import Till


def run(till: Till, *arguments: str) -> Result:
    return CliRunner().invoke(notices, arguments, env=dict(till.environment))


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return [line for line in ran.output.splitlines() if "mock_evt" in line]


def tell_of_a_stranger(till: Till) -> str:
    """Bring a notice of a refund whose charge nobody knows; return its id."""
    notice = Notice(
        "mock_evt_stranger",
        "refund.created",
        Environment.SANDBOX,
        till.core.clock().now(),
        Report(
            PaymentKind.REFUND,
            "mock_re_stranger",
            ReportStatus.SUCCEEDED,
            Money(100, "EUR"),
            charge_id="mock_ch_stranger",
        ),
    )
    payload = write_notice(notice)
    till.core.notices().receive(payload, till.mock.sign(payload, notice.created_at))
    return notice.id


def test_there_may_be_none(till: Till) -> None:
    assert "There are none." in run(till, "list").output


def test_the_last_ones_are_listed_newest_first(till: Till) -> None:
    for _ in range(3):
        till.charge(till.wallet())
        till.tell_of_all()

    everything = lines(run(till, "list"))
    two = lines(run(till, "list", "--limit=2"))

    assert len(everything) == 3
    assert two == everything[:2]
    times = [line.split()[0] for line in everything]
    assert times == sorted(times, reverse=True)
    assert all("applied" in line and "charge.succeeded" in line for line in everything)


def test_those_that_wait_are_told_from_those_that_are_booked(till: Till) -> None:
    till.charge(till.wallet())
    till.tell_of_all()
    stranger = tell_of_a_stranger(till)

    assert stranger in "".join(lines(run(till, "list", "--status=received")))
    assert stranger not in "".join(lines(run(till, "list", "--status=applied")))
    assert lines(run(till, "list", "--status=ignored")) == []


def test_replaying_what_is_booked_changes_nothing(till: Till) -> None:
    wallet = till.wallet()
    till.charge(wallet)
    till.tell_of_all()
    (line,) = lines(run(till, "list"))

    ran = run(till, "replay", "mock", "sandbox", line.split()[3])

    assert ran.exit_code == 0, ran.output
    assert "(charge.succeeded): applied." in ran.output
    assert till.posted(wallet) == 5_000
    which = AuditFilter(action="gateway_event.replayed")
    (told,) = till.core.store().audit_entries(which, Page(2))
    assert (told.entry.actor, told.entry.subject) == ("command_line", line.split()[3])


def test_replaying_one_whose_charge_is_not_known_says_so(till: Till) -> None:
    stranger = tell_of_a_stranger(till)

    ran = run(till, "replay", "mock", "sandbox", stranger)

    assert ran.exit_code == 0
    assert "received. Its charge is not known" in ran.output


def test_a_notice_that_is_not_kept_ends_with_2(till: Till) -> None:
    ran = run(till, "replay", "mock", "sandbox", "mock_evt_unheard_of")

    assert ran.exit_code == 2
    assert "notice_not_found" in ran.output


def test_a_notice_whose_gateway_is_not_set_up_any_more_ends_with_2(till: Till) -> None:
    stranger = tell_of_a_stranger(till)
    without = {**till.environment, "PAYFLOW_SANDBOX_GATEWAY": "none"}

    ran = CliRunner().invoke(notices, ["replay", "mock", "sandbox", stranger], env=without)

    assert ran.exit_code == 2
    assert "gateway_not_configured" in ran.output
