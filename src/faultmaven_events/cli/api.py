"""The command line's way to the ingress: HTTP, with errors as sentences."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from faultmaven_events.errors import FaultmavenError
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.settings import load

PATIENCE: Final = 60
"""Tries to take up a stream that broke off."""
AGAIN_S: Final = 1.0
"""Seconds between two of them."""


class ApiError(FaultmavenError):
    """The ingress refused, or does not answer."""

    code = "api_error"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is told of a job: its kind, the id with which one comes back, and what it says."""

    kind: str
    id: str
    data: dict[str, Any]


class Api:
    """A client of the ingress."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a resource; parameters that are None are left out."""
        return (await self._send("GET", path, params={k: v for k, v in params.items() if v is not None})).json()

    async def text(self, path: str, **params: Any) -> str:
        """Return a resource as text; parameters that are None are left out."""
        return (await self._send("GET", path, params={k: v for k, v in params.items() if v is not None})).text

    async def post(self, path: str, body: Any) -> Any:
        """Send JSON to a resource; return the JSON that it answers."""
        return (await self._send("POST", path, json=body)).json()

    async def put(self, path: str, body: Any) -> Any:
        """Put JSON in the place of a resource; return the JSON that it answers."""
        return (await self._send("PUT", path, json=body)).json()

    async def delete(self, path: str) -> Any:
        """Take a resource away; return the JSON that it answers."""
        return (await self._send("DELETE", path)).json()

    async def lines(self, path: str, **params: Any) -> AsyncIterator[str]:
        """Yield the lines of a resource as they arrive; parameters that are None are left out."""
        given = {k: v for k, v in params.items() if v is not None}
        try:
            async with self._client.stream("GET", path, params=given) as stream:
                if stream.is_error:
                    await stream.aread()
                    raise ApiError(_sentence(stream))
                async for line in stream.aiter_lines():
                    yield line
        except httpx.HTTPError as error:
            raise ApiError(f"{self._client.base_url} broke off: {type(error).__name__}") from None

    async def ask(self, question: str, files: Sequence[Path], case_id: str | None = None, follows: str | None = None) -> dict[str, Any]:
        """Submit a question with its evidence; files are streamed from disk. `follows` is an earlier question."""
        with ExitStack() as stack:
            parts: list[tuple[str, Any]] = [("files", (path.name, stack.enter_context(path.open("rb")))) for path in files]
            given = {"question": question, "case_id": case_id, "follows": follows}
            fields = {name: value for name, value in given.items() if value}
            if not parts:
                answer = await self._send("POST", "/api/v1/troubleshoot", json=fields)
            else:
                answer = await self._send("POST", "/api/v1/troubleshoot", data=fields, files=parts)
        accepted: dict[str, Any] = answer.json()
        return accepted

    async def hand_in(self, path: Path, resource: str, **fields: str) -> dict[str, Any]:
        """Upload one file to `/api/v1/data` or `/api/v1/knowledge/documents`."""
        with path.open("rb") as file:
            answer = await self._send("POST", resource, data=fields, files={"file": (path.name, file)})
        accepted: dict[str, Any] = answer.json()
        return accepted

    async def job(self, id: str) -> Job:
        """Return a job as it is now."""
        return Job.model_validate(await self.get(f"/api/v1/jobs/{id}"))

    async def follow(self, id: str) -> AsyncIterator[Job]:
        """Yield a job after each change, until it ended; a stream that breaks off is taken up again."""
        while True:
            try:
                async with self._client.stream("GET", f"/api/v1/jobs/{id}/events", timeout=httpx.Timeout(10, read=60)) as stream:
                    if stream.status_code != httpx.codes.OK:
                        await stream.aread()
                        raise ApiError(_sentence(stream))
                    async for line in stream.aiter_lines():
                        if line.startswith("data:"):
                            job = Job.model_validate_json(line.removeprefix("data:").strip())
                            yield job
                            if job.status in TERMINAL:
                                return
            except (httpx.ReadTimeout, httpx.RemoteProtocolError):
                continue

    async def told(self, id: str) -> AsyncIterator[Told]:
        """Yield what is told of a job live, until its end; a stream that breaks off is taken up where it was.

        Raises:
            ApiError: the ingress refuses, or does not answer for a minute.
        """
        seen, tries = "", 0
        while True:
            try:
                async for told in self._stream(f"/api/v1/jobs/{id}/stream", {"Last-Event-ID": seen} if seen else {}):
                    yield told
                    seen, tries = told.id, 0
                    if told.kind == "end":
                        return
            except httpx.HTTPError as error:
                why = type(error).__name__
            else:
                why = "the stream ends before the job"
            tries += 1
            if tries >= PATIENCE:
                raise ApiError(f"no answer from {self._client.base_url}: {why}; is `faultmaven up` running?")
            await asyncio.sleep(AGAIN_S)

    async def _stream(self, path: str, headers: dict[str, str]) -> AsyncIterator[Told]:
        event: dict[str, str] = {}
        async with self._client.stream("GET", path, headers=headers, timeout=httpx.Timeout(10, read=60)) as stream:
            if stream.is_error:
                await stream.aread()
                raise ApiError(_sentence(stream))
            async for line in _lines(stream):
                if line:
                    name, _, value = line.decode().partition(":")
                    event[name] = value.removeprefix(" ")
                elif "data" in event:
                    yield Told(event.get("event", ""), event.get("id", ""), json.loads(event["data"]))
                    event = {}

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ApiError(f"no answer from {self._client.base_url}: {type(error).__name__}; is `faultmaven up` running?") from None
        if answer.is_error:
            raise ApiError(_sentence(answer))
        return answer


async def _lines(stream: httpx.Response) -> AsyncIterator[bytes]:
    """Yield lines as server-sent events have them; httpx would also break them at separators of Unicode, which may stand in a text."""
    rest = b""
    async for chunk in stream.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")


def _sentence(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        fields = "; ".join(
            f"{each['pointer'].removeprefix('#/')} {each['detail']}" for each in problem.get("errors", ()) if "detail" in each
        )
        about = f"(HTTP {answer.status_code}, correlation {problem.get('correlation_id', '-')})"
        return f"{problem['title']}: {fields or problem['detail']} {about}"
    except (json.JSONDecodeError, KeyError, TypeError):
        return f"the ingress answered HTTP {answer.status_code}"


@asynccontextmanager
async def open_api(url: str | None = None, *, tenant: str = "default", user: str | None = None) -> AsyncIterator[Api]:
    """Open a client of `url`, or of `FM_API_URL`; `user` is who asks."""
    timeout = httpx.Timeout(30, write=300)
    headers = {"X-Tenant-Id": tenant} | ({"X-User-Id": user} if user else {})
    async with httpx.AsyncClient(base_url=url or load().api_url, timeout=timeout, headers=headers, trust_env=False) as client:
        yield Api(client)
