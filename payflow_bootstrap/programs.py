"""PayFlow's own programs in processes of their own, which end with the one that started them."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from threading import Event

from attrs import define, field

_READY_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 30


class ApiNotReady(Exception):  # says what is the matter
    """The API ended or did not become ready; the message says which."""


@define
class Program:
    """A program that holds on to a lifeline of ours: ``command`` is a module and its arguments."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    lifeline: int
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start it, for the first time or again."""
        command = [sys.executable, "-m", *self.command, f"--lifeline={self.lifeline}"]
        self.process = subprocess.Popen(  # noqa: S603  # the command is our own
            command,
            env=self.environment,
            pass_fds=[self.lifeline],
            start_new_session=True,
        )

    def await_ready(self, base_url: str, stop: Event) -> None:
        """Return once the API answers at ``base_url``, or ``stop`` is set.

        Raises ``ApiNotReady``.
        """
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ApiNotReady("The API did not start; what it wrote above says why.")
            if stop.wait(0.05) or _is_ready(base_url):
                return
        raise ApiNotReady(f"The API was not ready within {_READY_TIMEOUT_S} s.")

    def stop(self) -> None:
        """Stop it; what it is doing is finished first, if that is quick."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def program(command: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run ``payflow COMMAND`` with ``environment`` until the end of the block."""
    with module("payflow_bootstrap", command, environment=environment) as started:
        yield started


@contextmanager
def module(*command: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run a module of ours with its arguments until the end of the block."""
    lifeline, held = os.pipe()
    started = Program(command, environment, lifeline)
    started.start()
    try:
        yield started
    finally:
        started.stop()
        os.close(held)
        os.close(lifeline)


def _is_ready(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/ready", timeout=2) as answer:  # noqa: S310  # our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
