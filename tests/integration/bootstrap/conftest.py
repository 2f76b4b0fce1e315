"""A till for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.till import Till, open_till


@pytest.fixture
def till(emptied_url: str, tmp_path: Path) -> Iterator[Till]:
    """A partner without wallets, beside a mock gateway that has done nothing yet."""
    with open_till(emptied_url, tmp_path) as opened:
        yield opened
