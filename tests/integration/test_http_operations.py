import json
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.producers.http.edge import Edge
from faultmaven_events.producers.http.problems import CATALOG
from faultmaven_events.settings import Settings
from faultmaven_events.topology import PATHS
from http_door import FORM, empty, form, open_ingress, open_shared, problem

SECRET = "hunter" + "2-is-my-password"


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    async with open_shared(stack, tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
async def settings(shared: tuple[Settings, httpx.AsyncClient]) -> Settings:
    await empty(shared[0])
    return shared[0]


@pytest.fixture
async def door(shared: tuple[Settings, httpx.AsyncClient], settings: Settings) -> httpx.AsyncClient:
    return shared[1]


async def test_it_says_that_it_lives_and_what_it_can_do(door: httpx.AsyncClient, settings: Settings) -> None:
    assert (await door.get("/health/live")).json() == {"status": "healthy"}
    ready = (await door.get("/health/ready")).json()
    assert ready["status"] == "ready"
    assert {name for name, check in ready["checks"].items() if check["ok"]} == {"broker", "mongo", "blobs", "redis"}
    can = (await door.get("/v1/meta/capabilities")).json()
    assert {kind: tuple(about["path"]) for kind, about in can["kinds"].items()} == PATHS
    assert can["limits"]["upload_bytes"] == settings.upload_limit
    assert can["reasoner"] == {"mode": "offline", "model": None, "providers": [], "wrong": None}
    assert set(can["consumers"].values()) == {0}


async def test_it_counts_live_consumers_by_their_heartbeats(settings: Settings) -> None:
    from redis.asyncio import Redis

    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        for key in ("embed:a", "embed:b", "reason:a"):
            await redis.set(f"{settings.redis_prefix}:consumer:{key}", "1", ex=30)
    async with open_ingress(settings) as door:
        alive = (await door.get("/v1/meta/capabilities")).json()["consumers"]
    assert (alive["embed"], alive["reason"], alive["classify"]) == (2, 1, 0)


async def test_addresses_and_methods_that_do_not_exist_are_problems_too(door: httpx.AsyncClient) -> None:
    for method, path, status, code in (
        ("GET", "/", 404, "not-found"),
        ("GET", "/api/v1/jobs/", 404, "not-found"),
        ("DELETE", "/api/v1/data", 405, "method-not-allowed"),
        ("GET", "/api/v1/troubleshoot", 405, "method-not-allowed"),
    ):
        answer = await door.request(method, path)
        assert (answer.status_code, problem(answer)) == (status, code)


async def test_every_answer_has_a_correlation_id_and_safe_headers(door: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/api/v1/jobs", "/nothing", "/docs"):
        answer = await door.get(path, headers={"X-Correlation-Id": "order-42"})
        assert answer.headers["x-correlation-id"] == "order-42"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    assert len({(await door.get("/health/live")).headers["x-correlation-id"] for _ in range(3)}) == 3


async def test_search_without_an_embed_consumer_is_a_problem_and_not_a_hang(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/v1/knowledge/search", params={"q": "pool exhausted"})
    assert (answer.status_code, problem(answer)) == (503, "search-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    answer = await door.get("/api/v1/knowledge/search", params={"q": "", "collection": SECRET})
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")
    assert SECRET not in answer.text


async def test_the_documentation_describes_every_operation_with_examples_and_problems(door: httpx.AsyncClient) -> None:
    document = (await door.get("/openapi.json")).json()
    submissions = ["/api/v1/data", "/api/v1/knowledge/documents", "/api/v1/troubleshoot"]
    for path in submissions:
        operation = document["paths"][path]["post"]
        assert all(content["example"] for content in operation["requestBody"]["content"].values())
        assert operation["responses"]["202"]["content"]["application/json"]["example"]["job_id"]
        assert {"400", "413", "415", "422", "503", "507"} <= operation["responses"].keys()
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                assert status < "400" or set(response["content"]) == {"application/problem+json"}, operation["operationId"]
    types = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert types == [f"urn:faultmaven:problem:{code}" for code in CATALOG]
    page = (await door.get("/docs")).text
    assert all(path in page for path in document["paths"])
    assert "<script" not in page


async def test_nothing_of_what_is_handed_in_gets_into_logs_or_metrics(door: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        body = form(('name="file"; filename="a.log"', SECRET.encode()), ('name="case_id"', SECRET.encode() + b" !"))
        assert (await door.post("/api/v1/data", content=body, headers=FORM)).status_code == 422
        assert (await door.post("/api/v1/data", content=SECRET.encode(), headers=FORM)).status_code == 400
        assert (await door.get(f"/api/v1/{SECRET}", params={"q": SECRET})).status_code == 404
        assert (await door.get("/api/v1/knowledge/search", params={"q": SECRET})).status_code == 503
    assert len([line for line in lines if line["event"] == "request"]) == 4
    assert SECRET not in json.dumps(lines, default=str)
    assert SECRET not in (await door.get("/metrics")).text


async def test_an_error_that_nobody_expected_shows_nothing_of_itself() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError(SECRET)

    with capture_logs() as lines:
        answer = await ask(Edge(broken))
    assert (answer.status_code, problem(answer)) == (500, "internal-error")
    assert SECRET not in answer.text
    [error] = [line for line in lines if line["event"] == "request_failed"]
    assert error["error"] == "ZeroDivisionError"
    assert any(frame.startswith("broken:") for frame in error["at"])
    assert SECRET not in json.dumps(lines, default=str)


async def test_an_error_in_the_middle_of_an_answer_is_not_answered_twice() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await Edge(broken)({"type": "http", "method": "GET", "path": "/", "headers": []}, never, keep)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def never() -> Message:
    raise AssertionError("nothing is read")


async def ask(app: ASGIApp) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        return await client.get("/")


def test_the_application_has_no_telemetry_that_would_record_requests(settings: Settings) -> None:
    from faultmaven_events.producers.http.app import create_app

    app: FastAPI = create_app(settings)
    assert [app._native_telemetry.config[signal] for signal in ("tracing", "metrics", "logs")] == [False] * 3


def test_the_ingress_carries_nothing_that_it_does_not_use() -> None:
    heavy = ("presidio_analyzer", "litellm", "fastembed", "numpy", "onnxruntime", "qdrant_client", "qdrant_edge", "asyncpg", "spacy")
    program = f"import sys; import faultmaven_events.producers.http.app; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
