"""Following a job live over HTTP: as server-sent events and over a WebSocket, from real stores."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.streams import Streams, open_streams
from faultmaven_events.producers.http import followers
from faultmaven_events.producers.http.followers import Inbox, TooSlow
from faultmaven_events.schemas.outcome import Completed
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.settings import Settings
from http_door import empty, open_ingress, open_shared, problem
from samples import event
from severed import way

ACME = {"X-Tenant-Id": "acme"}
RESULT = {
    "report": {"verdict": "likely", "headline": "The pool was full", "summary": "It was.", "confidence": {"score": 0.8}},
    "markdown": "#",
}
PHASE = Progressed(phase="timeline", number=2, summary="It began at 14:00", ended_at=datetime(2026, 1, 1, tzinfo=UTC))
Shared = tuple[Settings, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    async with open_shared(stack, tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
async def settings(shared: Shared) -> Settings:
    await empty(shared[0])
    return shared[0]


@pytest.fixture
def door(shared: Shared, settings: Settings) -> httpx.AsyncClient:
    return shared[1]


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        yield database


@pytest.fixture
async def streams(settings: Settings) -> AsyncIterator[Streams]:
    async with open_streams(settings) as streams:
        yield streams


async def asked(database: Database) -> UUID:
    """A question of acme's, on its way."""
    job = uuid4()
    for state in ("submitted", "embedded"):
        await Projection(database).project(event(f"troubleshoot.{state}.v1", subject=job, tenantid="acme"))
    return job


async def answered(database: Database, job: UUID) -> None:
    """Do to a question what record does at its end."""
    reasoned = event("troubleshoot.reasoned.v1", subject=job, tenantid="acme")
    completed = reasoned.follow("record", "completed", Completed(result=RESULT))
    await Projection(database).project(completed, Ending("completed", datetime.now(UTC), RESULT))


class Follower:
    """One follower: what it was told so far, as (kind, id, data)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []

    @property
    def text(self) -> str:
        return "".join(data["text"] for kind, _, data in self.told if kind == "text")

    def kinds(self) -> list[str]:
        """The kinds, but for states, whose number depends on when one looks."""
        return [kind for kind, _, _ in self.told if kind != "job"]

    async def listen(self, door: httpx.AsyncClient, job: UUID, after: str = "") -> None:
        """Follow to the end over server-sent events."""
        headers = ACME | ({"Last-Event-ID": after} if after else {})
        event: dict[str, str] = {}
        async with asyncio.timeout(60), door.stream("GET", f"/api/v1/jobs/{job}/stream", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async for line in stream.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif "data" in event:
                    self.told.append((event["event"], event["id"], json.loads(event["data"])))
                    event = {}

    async def hear(self, socket: ClientConnection) -> int:
        """Follow to the end over a WebSocket; returns the code with which the server closes."""
        async with asyncio.timeout(60):
            try:
                while True:
                    message = json.loads(await socket.recv())
                    self.told.append((message["type"], message.get("id", ""), message.get("data", message.get("after"))))
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0


@asynccontextmanager
async def following(door: httpx.AsyncClient, job: UUID, after: str = "") -> AsyncIterator[Follower]:
    """Follow over server-sent events beside the block, then wait for the end."""
    follower = Follower()
    task = asyncio.create_task(follower.listen(door, job, after))
    try:
        yield follower
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def connected(door: httpx.AsyncClient, job: object, after: str = "", **headers: str) -> connect:
    url = str(door.base_url).replace("http", "ws").rstrip("/") + f"/api/v1/jobs/{job}/ws" + (f"?after={after}" if after else "")
    return connect(url, additional_headers=ACME | headers, proxy=None)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.01)


async def test_a_question_is_followed_to_its_answer(door: httpx.AsyncClient, database: Database, streams: Streams) -> None:
    job = await asked(database)
    async with following(door, job) as follower:
        async with streams.live("acme", job) as live:
            await live.phase(PHASE)
            await live.text("The pool ")
            await until(lambda: follower.text)
            await live.reset()
            await live.text("Another")
            await until(lambda: "reset" in follower.kinds() and follower.text.endswith("Another"))
        await answered(database, job)
    assert follower.kinds() == ["phase", "text", "reset", "text", "answer", "end"]
    told = {kind: data for kind, _, data in follower.told}
    assert told["phase"]["summary"] == PHASE.summary
    assert told["answer"] == {**RESULT["report"], "reasoner": None, "degraded": None, "answer": None}  # type: ignore[dict-item]  # it is a dict
    assert told["end"] == {"status": "completed", "error": None}
    assert told["job"]["status"] == "completed"
    assert "result" not in told["job"]


async def test_coming_back_anywhere_gives_the_rest_and_nothing_twice(door: httpx.AsyncClient, database: Database, streams: Streams) -> None:
    job = await asked(database)
    async with following(door, job) as whole:
        async with streams.live("acme", job) as live:
            await live.phase(PHASE)
            await until(whole.kinds)
            for word in ("one ", "two ", "three "):
                await live.text(word)
                await until(lambda: whole.text.endswith(word))  # noqa: B023  # it is called here
            back = [Follower() for _ in whole.told]
            tasks = [asyncio.create_task(each.listen(door, job, seen)) for each, (_, seen, _) in zip(back, whole.told, strict=True)]
            await live.text("four")
            await until(lambda: whole.text.endswith("four") and all(each.text.endswith("four") for each in back))
        await answered(database, job)
    await asyncio.gather(*tasks)
    for number, each in enumerate(back):
        before = [kind for kind, _, _ in whole.told[: number + 1]]
        shown = "".join(data["text"] for kind, _, data in whole.told[: number + 1] if kind == "text")
        assert shown + each.text == "one two three four"
        assert (before + each.kinds()).count("phase") == 1
        assert each.kinds()[-2:] == ["answer", "end"]


async def test_who_comes_after_the_end_gets_it_at_once_and_who_has_seen_it_nothing(door: httpx.AsyncClient, database: Database) -> None:
    job = await asked(database)
    await answered(database, job)
    async with following(door, job) as follower:
        pass
    assert [kind for kind, _, _ in follower.told] == ["job", "answer", "end"]
    ids = [id for _, id, _ in follower.told]
    async with following(door, job, ids[1]) as again:
        pass
    assert again.kinds() == ["end"]
    gone = await door.get(f"/api/v1/jobs/{job}/stream", headers=ACME | {"Last-Event-ID": ids[-1]})
    assert (gone.status_code, gone.content) == (204, b"")


async def test_a_job_of_another_tenant_is_not_followed(door: httpx.AsyncClient, database: Database) -> None:
    job = await asked(database)
    answer = await door.get(f"/api/v1/jobs/{job}/stream", headers={"X-Tenant-Id": "other"})
    assert (answer.status_code, problem(answer)) == (404, "unknown-job")
    async with connected(door, job, **{"X-Tenant-Id": "other"}) as other:
        assert await Follower().hear(other) == 4404
    async with connected(door, "no-id") as other:
        assert await Follower().hear(other) == 4404


async def test_without_redis_there_are_states_and_the_answer(settings: Settings, database: Database) -> None:
    for url in (None, SecretStr("redis://127.0.0.1:1")):
        job = await asked(database)
        async with open_ingress(settings.model_copy(update={"redis_url": url})) as door, following(door, job) as follower:
            await until(lambda: follower.told)  # it is called here
            await answered(database, job)
        assert follower.kinds() == ["answer", "end"]


async def test_redis_may_go_and_come_back_while_somebody_follows(settings: Settings, database: Database, streams: Streams) -> None:
    job = await asked(database)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(way(settings.redis_url))
        door = await stack.enter_async_context(open_ingress(settings.model_copy(update={"redis_url": redis.url})))
        follower = await stack.enter_async_context(following(door, job))
        live = await stack.enter_async_context(streams.live("acme", job))
        await live.text("written while it was away ")
        await until(lambda: follower.told)
        redis.open()
        await until(lambda: follower.text)
        redis.close()
        await live.text("and again")
        await asyncio.sleep(0.2)
        redis.open()
        await until(lambda: follower.text == "written while it was away and again")
        await answered(database, job)


async def test_a_socket_tells_the_same_and_closes_at_the_end(door: httpx.AsyncClient, database: Database, streams: Streams) -> None:
    job = await asked(database)
    follower = Follower()
    async with following(door, job) as events, connected(door, job) as open_socket, streams.live("acme", job) as live:
        hearing = asyncio.create_task(follower.hear(open_socket))
        await live.phase(PHASE)
        await live.text("The pool ")
        await until(lambda: follower.text and events.text)
        await live.reset()
        await live.text("was full")
        await until(lambda: follower.text.endswith("full") and events.text.endswith("full"))
        await answered(database, job)
        assert await hearing == 1000
    assert follower.kinds() == events.kinds() == ["phase", "text", "reset", "text", "answer", "end"]
    assert [data for kind, _, data in follower.told if kind != "job"] == [data for kind, _, data in events.told if kind != "job"]


async def test_a_socket_resumes_where_its_client_says(door: httpx.AsyncClient, database: Database, streams: Streams) -> None:
    job = await asked(database)
    first, second = Follower(), Follower()
    async with streams.live("acme", job) as live:
        async with connected(door, job) as one:
            hearing = asyncio.create_task(first.hear(one))
            await live.text("one ")
            await until(lambda: first.text == "one ")
            await live.text("two ")
            await until(lambda: first.text == "one two ")
            after = next(id for kind, id, _ in first.told if kind == "text")
            await one.send(json.dumps({"type": "ping"}))
            await until(lambda: first.told[-1][0] == "pong")
            await one.send(json.dumps({"type": "resume", "after": after}))
            await until(lambda: first.text == "one two two ")
            assert ("resumed", "", after) in first.told
            hearing.cancel()
        async with connected(door, job, after) as two:
            hearing = asyncio.create_task(second.hear(two))
            await until(lambda: second.text == "two ")
            await answered(database, job)
            assert await hearing == 1000


UNREADABLE = ["", "{", "[]", "null", '{"type":"shout"}', '{"type":"resume"}', '{"type":"resume","after":7}', '{"type":"ping","x":1}']


@pytest.mark.parametrize("message", [*UNREADABLE, b"\x00\xff", "x" * 5000, "[" * 4000, '{"type":"resume","after":"' + "9" * 65 + '"}'])
async def test_a_message_that_cannot_be_read_closes_the_socket(door: httpx.AsyncClient, database: Database, message: str | bytes) -> None:
    async with connected(door, await asked(database)) as open_socket:
        await open_socket.send(message)
        assert await Follower().hear(open_socket) == 4400


async def test_a_huge_message_and_a_flood_of_them_close_the_socket(door: httpx.AsyncClient, database: Database) -> None:
    job = await asked(database)
    async with connected(door, job) as open_socket:
        await open_socket.send("x" * 200_000)
        assert await Follower().hear(open_socket) == 1009
    async with connected(door, job) as open_socket:
        hearing = asyncio.create_task(Follower().hear(open_socket))
        for _ in range(200):
            with suppress(ConnectionClosed):
                await open_socket.send('{"type":"ping"}')
        assert await hearing == 1008


async def test_a_page_of_another_site_gets_no_socket(door: httpx.AsyncClient, database: Database) -> None:
    job = await asked(database)
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://[", ""):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(door, job, Origin=origin):
                pass
        assert refused.value.response.status_code == 403
    async with connected(door, job, Origin=str(door.base_url).rstrip("/")) as ours:
        assert json.loads(await ours.recv())["type"] == "job"


async def test_places_are_bounded_and_given_back(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers.Followers.__init__, "__kwdefaults__", {"most": 3, "of_one_tenant": 2})
    job = await asked(database)
    async with open_ingress(settings) as door:
        async with following(door, job) as one, connected(door, job) as two:
            await until(lambda: one.told)
            await two.recv()
            refused = await door.get(f"/api/v1/jobs/{job}/stream", headers=ACME)
            assert (refused.status_code, problem(refused)) == (503, "too-many-followers")
            assert refused.headers["retry-after"]
            async with connected(door, job) as three:
                assert await Follower().hear(three) == 1013
            await answered(database, job)
        for _ in range(5):  # each gives its place back
            async with following(door, job) as late:
                pass
            assert late.kinds() == ["answer", "end"]


async def test_who_goes_away_is_forgotten(door: httpx.AsyncClient, database: Database) -> None:
    job = await asked(database)

    async def live() -> set[bytes]:
        return {line for line in (await door.get("/metrics")).content.splitlines() if line.startswith(b"fm_http_followers{")}

    async with door.stream("GET", f"/api/v1/jobs/{job}/stream", headers=ACME) as stream, connected(door, job) as open_socket:
        lines = stream.aiter_lines()
        await anext(lines)
        await open_socket.recv()
        assert await live() == {b'fm_http_followers{way="sse"} 1.0', b'fm_http_followers{way="websocket"} 1.0'}
    async with asyncio.timeout(10):
        while await live() != {b'fm_http_followers{way="sse"} 0.0', b'fm_http_followers{way="websocket"} 0.0'}:  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("way", ["sse", "websocket"])
async def test_who_takes_nothing_is_cut_off(
    door: httpx.AsyncClient, database: Database, streams: Streams, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("faultmaven_events.producers.http.streams.SEND_S", 0.2)
    monkeypatch.setattr("faultmaven_events.producers.http.sockets.SEND_S", 0.2)
    job = await asked(database)
    asking = f"GET /api/v1/jobs/{job}/{'stream' if way == 'sse' else 'ws'} HTTP/1.1\r\nHost: x\r\nX-Tenant-Id: acme\r\n"
    if way == "websocket":
        asking += (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        )
    deaf = socket.create_connection(("127.0.0.1", door.base_url.port or 0))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    async def following_now() -> bool:
        return f'fm_http_followers{{way="{way}"}} 1.0'.encode() in (await door.get("/metrics")).content

    with deaf:
        deaf.sendall(f"{asking}\r\n".encode())
        async with asyncio.timeout(20):
            while not await following_now():  # noqa: ASYNC110  # the other side has no event
                await asyncio.sleep(0.05)
        async with asyncio.timeout(60), streams.live("acme", job) as live:
            while await following_now():
                await live.text("x" * 200_000)
                await asyncio.sleep(0.1)  # so that it is written
                await live.reset()


async def test_who_does_not_keep_up_is_told_so() -> None:
    inbox = Inbox(most=3)
    for _ in range(4):
        inbox.put(None)  # type: ignore[arg-type]  # what it is does not matter
    with pytest.raises(TooSlow):
        await inbox.take()


async def test_the_manual_names_both_ways(door: httpx.AsyncClient) -> None:
    paths = (await door.get("/openapi.json")).json()["paths"]
    assert "503" in paths["/api/v1/jobs/{id}/stream"]["get"]["responses"]
    assert {each["name"] for each in paths["/api/v1/jobs/{id}/ws"]["get"]["parameters"]} >= {"id", "after", "X-Tenant-Id"}
