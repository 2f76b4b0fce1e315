"""A machine that stands still is told from one that is merely slow."""

import time

import pytest

from payflow_bootstrap.bench.standstill import StandstillWatch


def test_a_machine_that_goes_on_does_not_stand_still() -> None:
    with StandstillWatch() as watch:
        time.sleep(0.3)

    assert watch.longest_s < 1


def test_a_pause_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    real, pause = time.monotonic, 0.0
    monkeypatch.setattr(time, "monotonic", lambda: real() + pause)

    with StandstillWatch() as watch:
        time.sleep(0.2)
        pause = 15.0
        time.sleep(0.2)

    assert watch.longest_s == pytest.approx(15, abs=1)
