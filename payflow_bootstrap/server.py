"""The API server: the Falcon application in gunicorn's worker processes."""

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from payflow_bootstrap.collector import collect_seldom
from payflow_bootstrap.containers import make_core
from payflow_bootstrap.gateways import check_gateways
from payflow_bootstrap.http_worker import HttpWorker
from payflow_bootstrap.lifeline import stop_at_end_of
from payflow_bootstrap.logs import configure_logs
from payflow_bootstrap.settings import Settings
from payflow_http.app import App, HttpSettings, create_app

# Of malloc.h. The second takes no more than this.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES_MAX = 32 * 2**20


Build = Callable[[Settings], App]


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Leaves gunicorn's own records to the handlers of the root logger.

    Requests are logged by the application, so there is no access log here to be asked for at
    every request.
    """

    access_log_enabled = False

    def setup(self, cfg: Any) -> None:  # noqa: ANN401  # gunicorn ships no types
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True
        self.cfg = cfg


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn, configured in code."""

    def __init__(self, settings: Settings, build: Build) -> None:
        self._settings = settings
        self._build = build
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.processes,
            "worker_class": HttpWorker,
            "keepalive": 75,
            "backlog": 2048,
            "graceful_timeout": 5,
            "timeout": 60,
            "control_socket_disable": True,
            "logger_class": GunicornLogger,
            "proc_name": "payflow",
            "forwarded_allow_ips": "",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> App:
        """Build the application; called in each worker."""
        app = self._build(self._settings)
        collect_seldom()
        _keep_freed_memory()
        return app


def build_app(settings: Settings) -> App:
    """Build the application on the database that ``settings`` name."""
    return create_app(make_core(settings).services(), http_settings(settings))


def http_settings(settings: Settings) -> HttpSettings:
    """Return what the HTTP layer has to know."""
    return HttpSettings(
        cursor_secret=settings.derived_secret("cursors"),
        csrf_secret=settings.derived_secret("csrf"),
        device_secret=settings.derived_secret("devices"),
        cookie_secure=settings.cookie_secure,
        access_log=settings.access_log,
        trusted_proxies=settings.trusted_proxies,
        limits_are_on=settings.rate_limit,
        limits=settings.limits,
    )


def _keep_freed_memory() -> None:
    """Have glibc keep what is freed, within bounds, for the next commit.

    Given back, it costs the kernel a fault and a cleared page each time: a tenth of a large batch.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES_MAX)
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES_MAX)


def serve(settings: Settings, lifeline: int | None = None, build: Build = build_app) -> None:
    """Serve what ``build`` makes in each process, until told to stop by SIGTERM or SIGINT.

    ``lifeline`` is a file descriptor to read from: when its other end is closed, by whatever
    death of the program that holds it, the server stops. Raises ``SettingsError``.
    """
    check_gateways(settings)
    configure_logs(settings.log_level)
    if lifeline is not None:
        threading.Thread(target=stop_at_end_of, args=(lifeline,), daemon=True).start()
    Server(settings, build).run()
