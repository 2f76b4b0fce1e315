"""Fixtures of the tests of webhooks."""

import pytest

from tests.builders.webhooks import PostOffice, open_post_office


@pytest.fixture
def office() -> PostOffice:
    return open_post_office()
