"""``payflow worker``: what has to be done besides answering requests.

It finds out what is not known of payments, books the notices that could not be booked yet, and
sends events to partners' endpoints: that, in a thread of its own.
With the mock gateway it also brings the mock's notices to the API, as Stripe would. Any number
of workers may run. Nothing that goes wrong ends one: it says so and goes on.
"""

import contextlib
import resource
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from threading import Event
from time import monotonic

import structlog
from attrs import Factory, define, frozen

from payflow_adapters.gateways.mock import MockGateway
from payflow_bootstrap.collector import collect_seldom
from payflow_bootstrap.containers import Core, make_core
from payflow_bootstrap.courier import CourierThread, make_courier
from payflow_bootstrap.gateways import make_mock
from payflow_bootstrap.lifeline import stop_at_end_of
from payflow_bootstrap.logs import configure_logs
from payflow_bootstrap.settings import Settings
from payflow_domain.errors import Unavailable

PERIOD_S = 0.5
"""How long a worker rests when there is nothing to do."""

_PAYMENTS_AT_A_TIME = 4
_NOTICES_PERIOD_S = 30.0
_VOLUMES_PERIOD_S = 2.0
_PURGE_PERIOD_S = 60.0
_DELIVERY_TIMEOUT_S = 10
_FILES_MAX = 65_536

_logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


@define
class Task:
    """Something to do again and again, at most every ``period_s`` seconds.

    One that ``goes_on`` does some of its work at a time, and is due again at once until none is
    left.
    """

    name: str
    run: Callable[[], int]
    period_s: float = 0.0
    goes_on: bool = False
    _due_at: float = Factory(float)

    def try_it(self) -> int:
        """Do it if it is time; returns how much was done, and 0 where it went wrong."""
        now = monotonic()
        if now < self._due_at:
            return 0
        self._due_at = now + self.period_s
        try:
            done = self.run()
        except Unavailable as error:
            _logger.warning("task_unavailable", task=self.name, why=error.detail)
        except Exception:
            _logger.exception("task_failed", task=self.name)
        else:
            if done and self.goes_on:
                self._due_at = now
            return done
        return 0


def work(settings: Settings, lifeline: int | None = None) -> None:
    """Work until told to stop by SIGTERM or SIGINT; ``lifeline`` is that of ``serve``."""
    configure_logs(settings.log_level)
    descriptors = allow_many_files()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if lifeline is not None:
        threading.Thread(target=stop_at_end_of, args=(lifeline,), daemon=True).start()
    core = make_core(settings)
    tasks = tasks_of(core, settings)
    courier = CourierThread(make_courier(core, descriptors), settings.database_url)
    courier.start()
    collect_seldom()
    while not stop.is_set():
        # Each may wait for a database that is away; a worker that is to stop waits for one only.
        done = sum(task.try_it() for task in tasks if not stop.is_set())
        stop.wait(0 if done else PERIOD_S)
    courier.stop()
    core.database().close()


def allow_many_files() -> int:
    """Take as many file descriptors as this process may have; return how many those are.

    Each attempt needs one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, _FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _FILES_MAX if soft == resource.RLIM_INFINITY else soft


def tasks_of(core: Core, settings: Settings) -> list[Task]:
    """List what a worker does."""
    resolver, notices = core.resolver(), core.notices()
    tasks = [
        Task("resolve_payments", lambda: resolver.resolve_due(_PAYMENTS_AT_A_TIME)),
        Task("retry_notices", notices.retry_received, _NOTICES_PERIOD_S),
        Task("roll_up_volumes", core.volume_roller().roll_up, _VOLUMES_PERIOD_S),
        Task("forget_usage", core.usage().forget, _PURGE_PERIOD_S),
        Task("purge_keys", core.key_purger().purge, _PURGE_PERIOD_S, goes_on=True),
        Task("purge_deliveries", core.dispatcher().purge, _PURGE_PERIOD_S, goes_on=True),
    ]
    mock = make_mock(settings, core.clock())
    if mock is not None:
        url = f"http://{settings.host}:{settings.port}/api/v1/webhooks/stripe"
        tasks.append(Task("deliver_mock_notices", Postman(mock, url).deliver))
    return tasks


@frozen
class Postman:
    """Brings the mock gateway's notices to the door that Stripe's come through."""

    mock: MockGateway
    url: str

    def deliver(self) -> int:
        """Deliver what is due, in order; what the API could not take is tried again next time."""
        delivered = 0
        for notice in self.mock.due_notices():
            if not self._is_answered(notice.payload, notice.signature):
                break
            self.mock.mark_delivered(notice.id)
            delivered += 1
        return delivered

    def _is_answered(self, payload: bytes, signature: str) -> bool:
        """Tell whether the API has taken a notice, or has refused it for good."""
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url, payload, headers)  # noqa: S310  # our own address
        try:
            with urllib.request.urlopen(request, timeout=_DELIVERY_TIMEOUT_S) as answer:  # noqa: S310
                return bool(answer.status == HTTPStatus.OK)
        except urllib.error.HTTPError as error:
            _logger.warning("mock_notice_refused", status=error.code)
            return error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        except OSError as error:
            _logger.info("mock_notice_not_delivered", why=str(error))
        return False
