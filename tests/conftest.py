"""What every test shares: how hard Hypothesis tries, and asserts that explain themselves."""

import os

import falcon.inspect
import pytest
from hypothesis import settings

from payflow_http.serving import Router

# These assert too, and are no test modules by their names: a failure there shows its values only if
# it is listed here.
pytest.register_assert_rewrite("tests.builders", "tests.contracts", "tests.strategies")

# Falcon inspects routers of the classes that it is told of, not of those derived from them.
falcon.inspect.register_router(Router)(falcon.inspect.inspect_compiled_router)

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=False, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
