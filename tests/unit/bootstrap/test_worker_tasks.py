"""What a worker does again and again, and what it needs for that."""

import resource
from collections.abc import Iterator

import pytest

from payflow_bootstrap.worker import Task, allow_many_files

HOUR_S = 3_600.0


def test_a_task_rests_after_it_was_done() -> None:
    task = Task("count", lambda: 1, HOUR_S)

    assert [task.try_it(), task.try_it()] == [1, 0]


def test_a_task_that_goes_on_rests_only_when_nothing_is_left() -> None:
    left = [1_000, 1_000, 7, 0, 1]
    task = Task("purge", lambda: left.pop(0), HOUR_S, goes_on=True)

    assert [task.try_it() for _ in range(5)] == [1_000, 1_000, 7, 0, 0]


def test_a_task_that_fails_rests_too() -> None:
    tried: list[int] = []

    def fail() -> int:
        tried.append(1)
        raise ValueError

    task = Task("fail", fail, HOUR_S, goes_on=True)

    assert [task.try_it(), task.try_it()] == [0, 0]
    assert tried == [1]


@pytest.fixture
def few_files() -> Iterator[int]:
    """Allow few file descriptors; return how many there may be if one asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield 4_096 if hard == resource.RLIM_INFINITY else min(4_096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_takes_as_many_file_descriptors_as_it_may_have(few_files: int) -> None:
    allowed = allow_many_files()

    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == allowed >= few_files
