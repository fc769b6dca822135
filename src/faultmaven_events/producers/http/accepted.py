"""The answer to what was taken in: 202 with the job's address, or 200 with the job itself when the client waits and it ends in time."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from pydantic_core import to_json
from sse_starlette.sse import AppStatus
from starlette.responses import Response

from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.producers.http.preferences import etag, wait
from faultmaven_events.producers.http.submissions import Submission
from faultmaven_events.schemas.job import TERMINAL, Job

JSON = "application/json"
RETRY_AFTER = "1"
"""Seconds after which looking again makes sense."""


def path(job: Job) -> str:
    """Return where a job can be seen."""
    return f"/api/v1/jobs/{job.id}"


async def answer(request: Request, jobs: Jobs, submission: Submission, evidence: Sequence[Submission] = ()) -> Response:
    """Return the answer to an accepted submission: files under the names that the client gave them."""
    job = submission.job
    seconds = wait(request.headers.getlist("prefer"))
    if seconds:
        ended = await end_of(request, jobs, job, seconds)
        if ended is not None:
            return shown(ended, {"Location": path(job), "Preference-Applied": f"wait={seconds}"})
    body: dict[str, Any] = {
        "job_id": job.id,
        "kind": job.kind,
        "status": "accepted",
        **({"name": submission.name} if submission.name else {}),
        **({"evidence": [{"job_id": each.job.id, "name": each.name} for each in evidence]} if job.kind == "troubleshoot" else {}),
        "links": {"self": path(job), "events": path(job) + "/events"},
    }
    return Response(to_json(body), 202, {"Location": path(job), "Retry-After": RETRY_AFTER}, JSON)


def shown(job: Job, headers: dict[str, str] | None = None) -> Response:
    """Return a job as it is."""
    pending = {} if job.status in TERMINAL else {"Retry-After": RETRY_AFTER}
    return Response(job.model_dump_json(), 200, {"ETag": etag(job.version), **pending, **(headers or {})}, JSON)


async def end_of(request: Request, jobs: Jobs, job: Job, seconds: float) -> Job | None:
    """Return the job once it has ended; None when it does not in time, or when the client or the server goes away before."""
    ending = asyncio.create_task(_ending(jobs, job))
    tasks = {ending, asyncio.create_task(_leaving(request)), asyncio.create_task(_closing())}
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return await ending if ending.done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ending(jobs: Jobs, job: Job) -> Job | None:
    latest = None
    async for latest in jobs.watch(job.tenant, job.id):  # noqa: B007  # the last one is the end
        pass
    return latest


async def _closing() -> None:
    while not AppStatus.should_exit:  # noqa: ASYNC110  # sse-starlette learns of the server's end first, and has no event for it
        await asyncio.sleep(0.25)


async def _leaving(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
