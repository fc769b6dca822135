"""The ingress's composition root: opens what the routers work with, puts them together, and serves."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.asyncio import Redis
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from faultmaven_events import __version__
from faultmaven_events.errors import FaultmavenError, SetupError, TransientError
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.captions import Captions
from faultmaven_events.infra.control import Control
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.jobs.standing import Standing
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.llm.overview import Overview
from faultmaven_events.infra.llm.states import open_states
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.infra.telemetry import configure_logs
from faultmaven_events.producers.http import (
    allowances,
    budgets,
    data,
    dead_letters,
    health,
    identified,
    jobs,
    knowledge,
    ledger,
    manual,
    meta,
    probes,
    receipts,
    reference,
    reports,
    series,
    shredding,
    sockets,
    stages,
    streams,
    troubleshoot,
    usage,
)
from faultmaven_events.producers.http.admission import Admission
from faultmaven_events.producers.http.door import Door
from faultmaven_events.producers.http.edge import Edge
from faultmaven_events.producers.http.followers import open_followers
from faultmaven_events.producers.http.gate import Gate
from faultmaven_events.producers.http.heartbeats import Heartbeats
from faultmaven_events.producers.http.inquiry import Inquiry
from faultmaven_events.producers.http.problems import Problem, from_error, from_status, from_validation
from faultmaven_events.producers.http.quota import Quota
from faultmaven_events.producers.http.readiness import Readiness
from faultmaven_events.producers.http.sessions import Sessions
from faultmaven_events.producers.publish import open_publisher
from faultmaven_events.producers.search import search_seal
from faultmaven_events.settings import Settings

if TYPE_CHECKING:
    from faultmaven_events.infra.points import PointStore

ROUTERS: Final = (
    data.router,
    knowledge.router,
    troubleshoot.router,
    jobs.router,
    streams.router,
    sockets.router,
    series.router,
    health.router,
    meta.router,
    stages.router,
    ledger.router,
    dead_letters.router,
    receipts.router,
    reports.router,
    identified.router,
    allowances.router,
    shredding.router,
    budgets.router,
    usage.router,
)


def _unfit(error: Any) -> Problem:
    errors = error.errors()
    if any(each["loc"][0] == "path" for each in errors):
        return Problem("unknown-job", "A job's id is a UUID.")
    return from_validation(errors, skip=1)


PROBLEMS: Final[dict[type[Exception], Callable[[Any], Problem]]] = {
    Problem: lambda error: error,
    FaultmavenError: from_error,
    HTTPException: lambda error: from_status(error.status_code, error.headers),
    RequestValidationError: _unfit,
}
"""How each error is answered; what is not here is answered by Edge."""
GRACE: Final = 10
"""Seconds that running requests get when the process is told to end."""

log = structlog.get_logger()


def create_app(settings: Settings) -> FastAPI:
    """Return the ingress as an ASGI application; its lifespan opens and closes the servers' clients.

    The broker may be away when it starts: the door then answers 503 until it is there.
    """
    app = FastAPI(
        title="faultmaven-events",
        version=__version__,
        lifespan=_lifespan(settings),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its spans and logs hold addresses and exceptions
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/docs", _manual(app), include_in_schema=False)
    app.openapi = _described(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
    app.add_middleware(Edge)
    for error, problem_of in PROBLEMS.items():
        app.add_exception_handler(error, _answer(problem_of))
    return app


def configuration(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how the ingress is served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=sockets.LARGEST,
        ws_per_message_deflate=False,  # memory for each connection, and little to gain
        lifespan="on",
        log_config=None,
        log_level="critical",  # errors are logged by Edge and below, without content
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )


def serve(settings: Settings) -> None:
    """Serve until told to end. Requests that run then get 10 seconds.

    Raises:
        SetupError: something that is needed to start is missing, or the port is taken.
    """
    configure_logs(settings)
    app = create_app(settings)
    server = uvicorn.Server(configuration(app, settings))
    with _listening(settings) as listener:
        try:
            server.run(sockets=[listener])
        except SystemExit:  # so uvicorn ends when the lifespan does not start
            raise getattr(app.state, "failure", None) or SetupError("the ingress did not start; its log says why") from None


def _listening(settings: Settings) -> socket.socket:
    """Take the port before anything is opened."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = (
            f"the ingress cannot listen on {settings.host} port {settings.port}: {os.strerror(error.errno or 0)}; set FM_PORT to a free one"
        )
        raise SetupError(reason) from None


@asynccontextmanager
async def open_door(settings: Settings) -> AsyncIterator[Door]:
    """Open everything that the routers work with.

    Raises:
        SetupError: a setting is missing.
    """
    raw_key = required_key(settings, "raw")
    search_seal(settings)
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_blobs(settings))
        database = await stack.enter_async_context(open_mongo(settings))
        gate = Gate(await stack.enter_async_context(open_publisher(settings, wait=False)))
        redis = _redis(settings)
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        heartbeats, repository = Heartbeats(redis, settings.redis_prefix), Jobs(database)
        admission, inquiry = Admission(repository, gate), Inquiry()
        stack.push_async_callback(admission.settle)
        for work in (admission.run(), inquiry.run(settings), _indexes(database)):
            await stack.enter_async_context(_running(work))
        readiness = Readiness(
            required={"broker": probes.broker(gate), "mongo": probes.mongo(database), "blobs": probes.blobs(blobs)},
            optional={"redis": probes.redis(heartbeats)} if redis else {},
        )
        sessions, control = Sessions(database), Control(redis, settings.redis_prefix)
        yield Door(
            settings,
            blobs,
            repository,
            sessions,
            gate,
            admission,
            inquiry,
            readiness,
            heartbeats,
            database,
            control,
            Standing(database),
            Quota(repository, jobs=settings.tenant_in_flight, bodies=settings.uploads_at_once),
            Captions(raw_key),
            await stack.enter_async_context(open_followers(settings, database)),
            Overview(settings, await stack.enter_async_context(open_states(settings))),
            await _points(stack, settings),
        )


async def _points(stack: AsyncExitStack, settings: Settings) -> "PointStore | None":
    if settings.postgres_url is None:
        return None
    from faultmaven_events.infra.points import PointStore
    from faultmaven_events.infra.timescale import open_reading

    return PointStore(await stack.enter_async_context(open_reading(settings)))


def _redis(settings: Settings) -> Redis | None:
    url = settings.redis_url
    return Redis.from_url(url.get_secret_value(), socket_timeout=1, socket_connect_timeout=1) if url else None


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _indexes(database: Database) -> None:
    """Create the indexes as soon as Mongo is there."""
    while True:
        try:
            await ensure_indexes(database)
        except TransientError:
            await asyncio.sleep(2)
        else:
            return


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with open_door(settings) as door:
                app.state.door = door
                yield
        except SetupError as error:
            app.state.failure = error
            raise

    return lifespan


def _answer(problem_of: Callable[[Exception], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status >= 500:
            log.warning("request_refused", problem=problem.code, error=type(error).__name__, correlation_id=request.scope["correlation_id"])
        return problem.response(request.scope["path"], request.scope["correlation_id"])

    return handler


def _described(app: FastAPI) -> Callable[[], dict[str, object]]:
    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = reference.describe(app)
        return app.openapi_schema

    return openapi


def _manual(app: FastAPI) -> Callable[[], Awaitable[Response]]:
    async def show() -> Response:
        return HTMLResponse(manual.page(app.openapi()), headers={"Content-Security-Policy": manual.POLICY})

    return show
