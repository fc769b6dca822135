"""What an orchestrator asks a consumer process over HTTP: `/health/live`, `/health/ready`, `/metrics`.

Served by a thread, so that it answers when the event loop does not.
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import make_wsgi_app

from faultmaven_events import __version__
from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.consumers.pulse import TICK_S, Pulse
from faultmaven_events.consumers.watchdog import Watchdog
from faultmaven_events.errors import SetupError

LATE_S: Final = 10 * TICK_S
"""Seconds without a pulse from which the process counts as not live."""


@dataclass(slots=True)
class Vitals:
    """What is known of this process; filled while it starts."""

    pulse: Pulse | None = None
    watchdog: Watchdog | None = None
    consumptions: Sequence[Consumption] = field(default_factory=tuple)

    def dead(self) -> str | None:
        """Return why the process should be started anew, or None."""
        if self.pulse is not None and self.pulse.missed >= LATE_S:
            return f"the event loop has not turned for {self.pulse.missed:.0f} s"
        return self.watchdog.stalled if self.watchdog is not None else None

    def missing(self) -> str | None:
        """Return why the process does no work, or None; a stage that a person or its breaker paused is no reason."""
        return self.dead() or ("it is starting" if self.watchdog is None else self.watchdog.blind)

    def stages(self) -> dict[str, Any]:
        """Return what each stage is doing."""
        return {
            each.shell.stage.name: {"in_flight": each.shell.in_flight, "handled": each.shell.handled, "paused": each.paused}
            for each in self.consumptions
        }


def application(vitals: Vitals) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the WSGI application."""
    metrics: Any = make_wsgi_app()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/metrics":
                found: Iterable[bytes] = metrics(environ, start)
                return found
            case "/health/live":
                return _told(start, vitals.dead(), {"status": "healthy"})
            case "/health/ready":
                return _told(start, vitals.missing(), {"status": "ready", "version": __version__, "stages": vitals.stages()})
            case _:
                start("404 Not Found", [("Content-Length", "0")])
                return []

    return answer


def _told(start: StartResponse, wrong: str | None, well: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps({"status": "unavailable", "reason": wrong} if wrong else well).encode()
    status = "503 Service Unavailable" if wrong else "200 OK"
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds that a client may take for its request

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: something asks every few seconds."""


@contextmanager
def open_health(vitals: Vitals, host: str, port: int) -> Iterator[int]:
    """Serve while the block lasts; yields the port, which for port 0 is a free one.

    Raises:
        SetupError: the port is taken.
    """
    kind = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, port, application(vitals), server_class=kind, handler_class=_Handler)
    except OSError as error:
        reason = f"metrics cannot be shown on {host} port {port}: {os.strerror(error.errno or 0)}; set FM_METRICS_PORT to a free one"
        raise SetupError(reason) from None
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
