"""What every test shares: how hard Hypothesis tries, and asserts that explain themselves."""

import os

import pytest
from hypothesis import settings

# These assert too, and are no test modules by their names: a failure there shows its values only if
# it is listed here.
pytest.register_assert_rewrite("tests.builders", "tests.contracts", "tests.strategies")

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=False, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
