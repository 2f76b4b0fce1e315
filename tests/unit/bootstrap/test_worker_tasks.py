"""What a worker does again and again."""

from payflow_bootstrap.worker import Task

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
