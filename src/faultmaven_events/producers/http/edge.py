"""The outermost layer, plain ASGI: correlation id, access log, metrics, security headers, and an answer for what nobody expected."""

import time
import traceback
from typing import Any, Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faultmaven_events.producers.http import metrics
from faultmaven_events.producers.http.identity import CORRELATION, correlation
from faultmaven_events.producers.http.problems import Problem

SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Set on every answer that does not set them itself."""
GONE: Final = 499
"""The status under which a request is counted whose client went away."""

log = structlog.get_logger()


class Edge:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        with metrics.IN_FLIGHT.track_inprogress():
            try:
                await self._app(scope, receive, exchange.send)
            except ClientDisconnect:
                exchange.status = GONE
            except Exception as error:  # noqa: BLE001  # the last line of defence: whatever it is, the client gets a problem and no trace
                await exchange.fail(error)
            finally:
                exchange.close()


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._started = time.perf_counter()
        self.status = 0
        self.id = correlation([value for name, value in scope["headers"] if name == CORRELATION.encode()])
        scope["correlation_id"] = self.id

    async def send(self, message: Message) -> None:
        """Send on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Correlation-Id"] = self.id
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Answer an error that nothing else answered. The log has its type and where it arose, not its message."""
        frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
        log.error("request_failed", error=type(error).__name__, at=frames, correlation_id=self.id)
        if not self.status:
            problem = Problem("internal-error", "The error was logged under the correlation id.")
            await problem.response(self._scope["path"], self.id)(self._scope, _nothing, self.send)

    def close(self) -> None:
        """Count and log."""
        elapsed, method, route = time.perf_counter() - self._started, self._scope["method"], _route(self._scope)
        method = method if method in _METHODS else "OTHER"
        metrics.REQUESTS.labels(method, route, self.status).inc()
        metrics.DURATION.labels(method, route).observe(elapsed)
        if not route.startswith(_QUIET):
            log.info("request", method=method, route=route, status=self.status, ms=round(elapsed * 1000, 1), correlation_id=self.id)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = ("/health/", "/metrics")
"""Routes that something asks every few seconds: counted, not logged."""


def _route(scope: Scope) -> str:
    """Return the route's template: a path may hold anything, a template holds nothing of the client's."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
