"""The example for embedding teams runs, and prints what its README promises."""

import json
import subprocess
import sys
from pathlib import Path

import attr
import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

import payflow_domain
from payflow_adapters.encoding import encode_json
from payflow_adapters.memory.ledgers import encode_plainly

ROOT = Path(payflow_domain.__file__).parents[1]
EXAMPLE = ROOT / "docs" / "embedding" / "savings_circle.py"
ALONE = (
    "import runpy, sys; sys.path += sys.argv[2:]; runpy.run_path(sys.argv[1], run_name='__main__')"
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXTS, SCALARS, max_size=3)

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


def test_the_savings_circle_prints_its_round_where_there_is_no_library_but_attrs(
    tmp_path: Path,
) -> None:
    for package in (attr, attrs):
        (tmp_path / package.__name__).symlink_to(Path(str(package.__file__)).parent)

    ran = subprocess.run(  # noqa: S603  # our own example
        [sys.executable, "-I", "-S", "-c", ALONE, EXAMPLE, ROOT, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout == PRINTED, ran.stderr


@settings(max_examples=50)
@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_standard_library_writes_events_as_orjson_does(
    value: dict[str, object],
) -> None:
    assert encode_plainly(value) == encode_json(value)
    assert json.loads(encode_plainly(value)) == value
