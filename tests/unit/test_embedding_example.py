"""The example for embedding teams runs, and prints what its README promises."""

import runpy
from pathlib import Path

import pytest

import payflow_domain

EXAMPLE = Path(payflow_domain.__file__).parents[1] / "docs" / "embedding" / "savings_circle.py"

PRINTED = """\
Funded                posted     pending   available
  ana              50.00 EUR    0.00 EUR   50.00 EUR
  ben              50.00 EUR    0.00 EUR   50.00 EUR
  chi              50.00 EUR    0.00 EUR   50.00 EUR
  pot               0.00 EUR    0.00 EUR    0.00 EUR

Contributed           posted     pending   available
  ana              30.00 EUR    0.00 EUR   30.00 EUR
  ben              30.00 EUR    0.00 EUR   30.00 EUR
  chi              30.00 EUR    0.00 EUR   30.00 EUR
  pot              60.00 EUR    0.00 EUR   60.00 EUR

Ben cannot pay 31.00 EUR more: insufficient_funds, 1.00 EUR short

Payout held           posted     pending   available
  ana              30.00 EUR    0.00 EUR   30.00 EUR
  ben              30.00 EUR    0.00 EUR   30.00 EUR
  chi              90.00 EUR  -60.00 EUR   30.00 EUR
  pot               0.00 EUR    0.00 EUR    0.00 EUR

Payout settled        posted     pending   available
  ana              30.00 EUR    0.00 EUR   30.00 EUR
  ben              30.00 EUR    0.00 EUR   30.00 EUR
  chi              30.00 EUR    0.00 EUR   30.00 EUR
  pot               0.00 EUR    0.00 EUR    0.00 EUR

Chi's statement, newest first
  Round 1 payout    -60.00 EUR   30.00 EUR
  Round 1 pot       +60.00 EUR   90.00 EUR
  Round 1           -20.00 EUR   30.00 EUR
  Savings           +50.00 EUR   50.00 EUR
"""


def test_the_savings_circle_prints_its_round(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE), run_name="__main__")

    assert capsys.readouterr().out == PRINTED
