"""Commands about jobs: what became of them, why one is not done, how a result came about; cancel, retry."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Column, Table

from faultmaven_events.cli.api import open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant, print_json
from faultmaven_events.cli.redrives import operator
from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.job import TERMINAL, Job, StageRun, Waiting
from faultmaven_events.schemas.lineage import Lineage

SHOWN: Final = 10
"""Files of an archive that are named where it is shown."""

JobId = Annotated[str, typer.Argument(metavar="ID", help="The job.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (jobs, cancel, retry, lineage):
        app.command()(command)


def jobs(
    id: Annotated[str | None, typer.Argument(help="A job: show it stage by stage.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Say in sentences why the job is not done.")] = False,
    identified: Annotated[
        bool, typer.Option("--identified", help="Show what pseudonyms stand for; the ingress must allow it, the audit keeps it.")
    ] = False,
    status: Annotated[str | None, typer.Option(help="Only these: accepted, running, completed, failed, expired, cancelled.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only these: ingest, document, troubleshoot.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """List jobs, newest first; or show one."""
    if (why or identified) and not id:
        raise typer.BadParameter("name the job: faultmaven jobs ID --why, or --identified")

    async def run() -> None:
        if id and identified:
            async with operator(api, tenant=tenant) as client:
                _identified(await client.get(f"/api/v1/jobs/{id}/identified"), as_json)
            return
        async with open_api(api, tenant=tenant) as client:
            if id:
                job = await client.job(id)
                if as_json:
                    print_json(job.waiting.model_dump(mode="json") if why and job.waiting else job.model_dump(mode="json"))
                elif why:
                    print("\n".join(reasons(job)))
                else:
                    _show(job)
                return
            page = await client.get("/api/v1/jobs", status=status, kind=kind, limit=limit)
            print_json(page) if as_json else _list([Job.model_validate(item) for item in page["items"]])

    asyncio.run(run())


def cancel(
    id: JobId,
    reason: Annotated[str | None, typer.Option(help="Kept with the job as it is.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Cancel a job: no stage takes it up any more. Evidence of a question is a job of its own, and goes on."""
    said = _order(api, tenant, f"/api/v1/jobs/{id}/cancel", {"reason": reason} if reason else {})
    print_json(said) if as_json else print(f"job {said['job_id']} is being cancelled")


def retry(id: JobId, as_json: AsJson = False, api: ApiUrl = None, tenant: Tenant = "default") -> None:
    """Send a job that failed or expired on its way again, from the stage where it failed."""
    said = _order(api, tenant, f"/api/v1/jobs/{id}/retry", {})
    print_json(said) if as_json else print(f"job {said['job_id']} goes on its way again; follow it with `faultmaven jobs {said['job_id']}`")


def lineage(id: JobId, as_json: AsJson = False, api: ApiUrl = None, tenant: Tenant = "default") -> None:
    """Show how a result came about, hop by hop. Exit status 1 when the chain is broken."""

    async def run() -> Any:
        async with open_api(api, tenant=tenant) as client:
            return await client.get(f"/api/v1/jobs/{id}/lineage")

    found = asyncio.run(run())
    way = Lineage.model_validate(found)
    print_json(found) if as_json else _trace(way, screen())
    sys.exit(0 if way.unbroken and all(piece.unbroken for piece in way.evidence) else 1)


def _identified(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    _show(Job.model_validate(found["job"]))
    print(f"{found['values']} pseudonyms undone")
    if found["ambiguous"]:
        print(f"these stand for two values each and stay: {', '.join(found['ambiguous'])}")
    if found["sealed"]:
        print(f"the keys of these were destroyed: {', '.join(found['sealed'])}")


def reasons(job: Job) -> Iterator[str]:
    """Yield sentences about why a job is not done, or how it ended."""
    waiting = job.waiting
    if job.status in TERMINAL:
        yield f"It is {job.status}{_failure(job)}."
        return
    if waiting is None:
        yield f"It is {job.status}{' in ' + job.stage if job.stage else ''}; nobody can say more at the moment. Ask again."
        return
    yield f"{waiting.condition} in {waiting.stage} for {waiting.waited_s:.0f} s"
    yield waiting.explanation
    yield from _numbers(waiting)


def _numbers(waiting: Waiting) -> Iterator[str]:
    if waiting.position is not None and waiting.position > 1 and waiting.oldest_ahead_s is not None:
        yield f"Position {waiting.position} in `{waiting.queue}`; the first one there has waited for {waiting.oldest_ahead_s:.0f} s."
    if waiting.consumers is not None:
        yield f"Live consumers of {waiting.stage}: {waiting.consumers}."
    error = waiting.last_error
    if error:
        yield f"Last error: {error.code}, attempt {error.attempts}: {error.message}"
    if waiting.eta_s is not None:
        yield f"Done in about {waiting.eta_s:.0f} s ({waiting.eta_basis})."


def _failure(job: Job) -> str:
    return f": {job.error.stage}: {job.error.message}" if job.error else ""


def _order(api: str | None, tenant: str, path: str, body: dict[str, Any]) -> Any:
    async def run() -> Any:
        async with open_api(api, tenant=tenant) as client:
            return await client.post(path, body)

    return asyncio.run(run())


def _list(found: list[Job]) -> None:
    table = Table(Column("job", no_wrap=True, min_width=36), "kind", "name", "status", "stage", Column("created", no_wrap=True), box=None)
    for job in found:
        table.add_row(str(job.id), job.kind, job.name or "", job.status, job.stage or "", f"{job.created_at:%Y-%m-%d %H:%M:%S}Z")
    screen().print(table)


def _show(job: Job) -> None:
    console = screen()
    console.print(f"{job.kind} {job.id} [bold]{job.status}[/bold]{' in ' + job.stage if job.stage else ''}", highlight=False)
    table = Table("stage", "state", "waited", "ran", "attempt", "consumer", box=None)
    for run in job.stages:
        table.add_row(run.stage, run.state, *_times(run), str(run.attempt or ""), run.consumer or "")
    console.print(table)
    if job.parent:
        console.print(f"taken out of the archive {job.parent}", highlight=False)
    if job.children:
        console.print(f"{len(job.children)} files unpacked, each a job of its own: {_some(job.children)}", highlight=False)
    if job.waiting:
        console.print(job.waiting.explanation, highlight=False, markup=False)
    if job.error:
        console.print(
            f"failed in {job.error.stage} ({job.error.code}, {job.error.attempts} attempts): {job.error.message}",
            style="red",
            highlight=False,
        )
    elif job.result and "markdown" in job.result:
        console.print(Markdown(job.result["markdown"]))
    elif job.result:
        console.print_json(json.dumps({name: value for name, value in job.result.items() if name != "children"}, default=str))


def _some(jobs: Sequence[UUID]) -> str:
    named = " ".join(map(str, jobs[:SHOWN]))
    return f"{named} and {len(jobs) - SHOWN} more, in --json" if len(jobs) > SHOWN else named


def _times(run: StageRun) -> tuple[str, ...]:
    return tuple(f"{value} ms" if value is not None else "" for value in (run.waited_ms, run.ran_ms))


def _trace(way: Lineage, console: Console) -> None:
    """Print a job's way, then those of its evidence."""
    console.print(f"{way.kind} {way.job_id} {way.name or ''} {way.status}", highlight=False, markup=False)
    table = Table(
        "stage", "state", "waited", "ran", "attempt", "event", "given sha256", "gave sha256", "wrote", "consumer", "follows", box=None
    )
    marks = {True: "yes", False: "NO", None: ""}
    for hop in way.hops:
        short = (str(hop.event_id or "")[:8], (hop.input_sha256 or "")[:12], (hop.output_sha256 or "")[:12])
        row = (hop.stage, hop.state, *_times(hop), str(hop.attempt or ""), *short, hop.stores or "", hop.consumer or "", marks[hop.follows])
        table.add_row(*row)
    console.print(table)
    for death in way.deaths:
        about = f"{death.code}, {death.attempts} attempts: {death.message}"
        console.print(
            f"  died in {death.stage} at {death.died_at:%Y-%m-%d %H:%M:%SZ} ({death.state}): {about}", highlight=False, markup=False
        )
    for line in way.breaks:
        console.print(f"  BROKEN at {line}", highlight=False, markup=False)
    console.print(f"  {'unbroken' if way.unbroken else 'broken'}; sent on its way again {way.generation} times\n", highlight=False)
    for piece in way.evidence:
        _trace(piece, console)
