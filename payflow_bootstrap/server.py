"""The API server: the Falcon application under gunicorn's asgi worker."""

import gc
import logging
import os
import signal
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from payflow_bootstrap.containers import Core
from payflow_bootstrap.logs import configure_logs
from payflow_bootstrap.settings import Settings
from payflow_http.app import App, HttpSettings, create_app


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

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.processes,
            "worker_class": "asgi",
            "asgi_loop": "uvloop",
            "asgi_lifespan": "on",
            "keepalive": 75,
            "backlog": 2048,
            # gunicorn waits that long for connections that are merely kept alive, too.
            "graceful_timeout": 3,
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
        app = build_app(self._settings)
        # Requests leave no cycles behind: what start-up made stays, and looking is seldom worth it.
        gc.freeze()
        gc.set_threshold(500_000, 20, 50)
        return app


def build_app(settings: Settings) -> App:
    """Build the application on the database that ``settings`` name."""
    core = Core(database_url=settings.database_url)
    http_settings = HttpSettings(
        cursor_secret=settings.derived_secret("cursors"), access_log=settings.access_log
    )
    return create_app(core.services(), http_settings)


def serve(settings: Settings, lifeline: int | None = None) -> None:
    """Serve until told to stop by SIGTERM or SIGINT.

    ``lifeline`` is a file descriptor to read from: when its other end is closed, by whatever
    death of the program that holds it, the server stops.
    """
    configure_logs(settings.log_level)
    if lifeline is not None:
        threading.Thread(target=_stop_at_end_of, args=(lifeline,), daemon=True).start()
    Server(settings).run()


def _stop_at_end_of(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
