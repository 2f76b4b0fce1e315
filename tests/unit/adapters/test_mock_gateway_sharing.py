"""The mock gateway's file is shared, outlives its processes, and every run of it is alike."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from payflow_adapters.gateways.mock import MockGateway
from payflow_adapters.gateways.mock_values import Behaviour, Change, Trouble
from payflow_domain.money import Money
from payflow_domain.payments.gateway import (
    GatewayUnavailable,
    OutcomeUnknown,
    ReportStatus,
)
from tests.builders.mock_gateway import SECRET, MockHarness
from tests.builders.times import START
from tests.contracts.gateway_harness import (
    DECLINES,
    DELAY,
    charge_of,
    give,
    movements_until_now,
    payout_of,
    refund_of,
    sought,
)

PROGRAM = """
import sys
from tests.builders.mock_gateway import SECRET
from tests.builders.times import SettableClock
from tests.contracts.gateway_harness import charge_of
from payflow_adapters.gateways.mock import MockGateway

path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
gateway = MockGateway(path, SettableClock(), SECRET)
for number in range(first, last):
    gateway.charge(charge_of(number))
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mock.sqlite"


@pytest.fixture
def harness(path: Path) -> Iterator[MockHarness]:
    with MockHarness.opened(path) as opened:
        yield opened


@pytest.fixture
def twin(path: Path, harness: MockHarness) -> Iterator[MockGateway]:
    """Another mock on the same file, at the same time."""
    gateway = MockGateway(path, harness.clock, SECRET)
    yield gateway
    gateway.close()


def start(path: Path, first: int, last: int) -> "subprocess.Popen[str]":
    """Start a process that charges, and prints the number of each transaction afterwards."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def test_mocks_on_one_file_know_the_same(harness: MockHarness, twin: MockGateway) -> None:
    since = harness.now()
    told = harness.gateway.charge(charge_of(1, "pm_async_success"))

    assert twin.charge(charge_of(1, "pm_async_success")) == told
    assert twin.find(sought(charge_of(1), since)) == told
    (notice,) = twin.due_notices()
    twin.mark_delivered(notice.id)
    assert harness.gateway.due_notices() == []


def test_mocks_on_one_file_are_scripted_together(harness: MockHarness, twin: MockGateway) -> None:
    twin.script("pm_mine", Behaviour((Change(ReportStatus.PENDING),)))
    twin.fail_next(Trouble.TIMEOUT_WITH_EFFECT)

    with pytest.raises(OutcomeUnknown):
        harness.gateway.charge(charge_of(1, "pm_mine"))
    assert harness.gateway.charge(charge_of(1, "pm_mine")).status is ReportStatus.PENDING


def test_a_file_that_is_opened_again_knows_what_it_knew(path: Path) -> None:
    with MockHarness.opened(path) as before:
        told = before.gateway.charge(charge_of(1))
        notices, moved = before.gateway.due_notices(), movements_until_now(before)

    with MockHarness.opened(path) as after:
        assert after.gateway.find(sought(charge_of(1), START)) == told
        assert after.gateway.charge(charge_of(1)) == told
        assert after.gateway.due_notices() == notices
        assert movements_until_now(after) == moved


def test_a_clock_that_goes_back_does_not_hide_an_order(harness: MockHarness) -> None:
    told = harness.gateway.charge(charge_of(1))
    harness.clock.advance(-timedelta(seconds=1))

    assert harness.gateway.find(sought(charge_of(1), START)) == told


def test_a_transaction_that_many_threads_order_at_once_is_ordered_once(
    harness: MockHarness, twin: MockGateway
) -> None:
    mocks = [harness.gateway, twin] * 8
    with ThreadPoolExecutor(len(mocks)) as threads:
        told = list(threads.map(lambda mock: mock.charge(charge_of(1)), mocks))

    assert told == [told[0]] * len(mocks)
    assert len(movements_until_now(harness)) == 1
    assert len(harness.take_notices()) == 1


def test_threads_that_refund_at_once_refund_no_more_than_the_charge(harness: MockHarness) -> None:
    charge_id = harness.gateway.charge(charge_of(1)).gateway_id
    orders = [refund_of(number, charge_id, Money(2_000, "EUR")) for number in range(2, 12)]
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(harness.gateway.refund, orders))

    assert [each.status for each in told].count(ReportStatus.SUCCEEDED) == 2
    assert harness.gateway.held("EUR").balance == 1_000


def test_processes_that_open_a_new_file_at_once_share_it(path: Path) -> None:
    started = [start(path, 1 + 20 * number, 21 + 20 * number) for number in range(4)]
    for process in started:
        process.communicate(timeout=60)

    assert [process.returncode for process in started] == [0] * 4
    with MockHarness.opened(path) as harness:
        assert len(movements_until_now(harness)) == 80


def test_a_process_that_is_killed_leaves_all_that_it_was_told(path: Path) -> None:
    last = 0
    for _ in range(3):
        with start(path, last + 1, last + 100_000) as process:
            assert process.stdout is not None
            last = _read_some(process.stdout)
            os.kill(process.pid, signal.SIGKILL)
            # Not communicate: it passes over what the pipe's reader holds already.
            rest = process.stdout.read()
        last = int(rest.split("\n")[-2]) if "\n" in rest else last

    with MockHarness.opened(path) as harness:
        harness.gateway.charge(charge_of(last + 2))
        found = [harness.gateway.find(sought(charge_of(n), START)) for n in range(1, last + 1)]
        moved = movements_until_now(harness)
        notices = harness.take_notices()
    assert None not in found
    assert len(moved) == len(notices) in (last + 1, last + 2)


def test_a_file_that_another_process_will_not_let_go_makes_the_gateway_unavailable(
    harness: MockHarness, twin: MockGateway
) -> None:
    twin._file._connection.execute("PRAGMA busy_timeout = 10")
    with (
        harness.gateway._file.transaction(),
        pytest.raises(GatewayUnavailable, match="locked"),
    ):
        twin.charge(charge_of(1))

    assert twin.charge(charge_of(1)).status is ReportStatus.SUCCEEDED


def test_every_run_is_alike(tmp_path: Path) -> None:
    runs = [_play(tmp_path / name) for name in ("first", "second")]

    assert runs[0] == runs[1]
    assert len(runs[0]) > 50


def _play(path: Path) -> list[object]:
    """Do a bit of everything, and return all that there was to see."""
    methods = ["pm_card_visa", *DECLINES, "pm_async_success", "pm_card_createDisputeWon"]
    orders = [
        *(charge_of(number, method) for number, method in enumerate(methods, start=1)),
        *(payout_of(30 + n, each) for n, each in enumerate(["ba_paid", "ba_returned_late"])),
    ]
    with MockHarness.opened(path) as harness:
        gateway = harness.gateway
        charge_id = gateway.charge(charge_of(1)).gateway_id
        seen: list[object] = []
        for order in orders:
            seen.append(give(gateway, order))
            harness.advance(1)
        seen += [gateway.refund_outside(charge_id, 100), gateway.open_dispute(charge_id)]
        harness.advance(2 * DELAY)
        seen += [*harness.take_notices(), *movements_until_now(harness), gateway.held("EUR")]
    return seen


def _read_some(lines: IO[str] | None) -> int:
    assert lines is not None
    return [int(lines.readline()) for _ in range(30)][-1]
