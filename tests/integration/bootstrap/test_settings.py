"""Programs whose settings are not in order say so in a line, and start nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.builders.api_server import SESSION_SECRET
from tests.builders.processes import environment, payflow

LIVE, TEST = "PAYFLOW_STRIPE_LIVE_", "PAYFLOW_STRIPE_TEST_"

FAULTS = {
    "no secret": ({"SESSION_SECRET": ""}, "SESSION_SECRET"),
    "another gateway": ({"PAYFLOW_SANDBOX_GATEWAY": "paypal"}, "PAYFLOW_SANDBOX_GATEWAY"),
    "no file": ({"PAYFLOW_SANDBOX_GATEWAY": "mock"}, "PAYFLOW_MOCK_GATEWAY_FILE"),
    "no key": ({"PAYFLOW_SANDBOX_GATEWAY": "stripe"}, f"{TEST}KEY"),
    "no webhook secret": ({f"{LIVE}KEY": "sk_live_1"}, f"{LIVE}WEBHOOK_SECRETS"),
    "a key of the other environment": (
        {f"{LIVE}KEY": "sk_test_1", f"{LIVE}WEBHOOK_SECRETS": "whsec_1"},
        f"{LIVE}KEY",
    ),
    "no port": ({"PAYFLOW_PORT": "65536"}, "PAYFLOW_PORT"),
    "no time to answer": ({"PAYFLOW_GATEWAY_ANSWER_SECONDS": "0"}, "1 or more"),
    "a descriptor of digits": ({"PAYFLOW_STATEMENT_DESCRIPTOR": "12345"}, "DESCRIPTOR"),
}


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_names_the_setting(
    command: str, fault: str, tmp_path: Path
) -> None:
    changed, named = FAULTS[fault]
    settings = {
        "PAYFLOW_DATABASE_URL": "postgresql://127.0.0.1:9/payflow",
        "SESSION_SECRET": SESSION_SECRET,
        **changed,
    }

    ran = subprocess.run(  # noqa: S603  # our own command
        payflow(command),
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert ran.returncode == 2, ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert named in ran.stderr
    assert not [
        value for value in changed.values() if value.startswith("sk_") and value in ran.stderr
    ]
