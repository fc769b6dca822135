"""Commands that talk to a running system: submit, search, add, publish."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown

from faultmaven_events.cli.api import ApiError, open_api
from faultmaven_events.cli.progress import follow_all
from faultmaven_events.schemas.job import Job
from faultmaven_events.settings import load

ApiUrl = Annotated[str | None, typer.Option("--api", help="Address of the ingress.", show_default="FM_API_URL")]
Tenant = Annotated[str, typer.Option(help="Whose data.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(submit)
    app.command()(search)
    app.command()(add)
    app.command()(publish)


def print_json(value: Any) -> None:
    """Print JSON for programs, and nothing else."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def submit(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What you want to know, for example: 'Why do orders fail since 14:00?'")
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Evidence: logs, configs, metrics, output of commands.", exists=True, dir_okay=False),
    ] = None,
    case: Annotated[str | None, typer.Option(help="Case to which the question belongs.")] = None,
    follows: Annotated[
        str | None, typer.Option(metavar="JOB", help="An earlier question that this one follows up; its evidence is known then.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Print the job's id and do not wait.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Hand in a question with its evidence, follow the job, print the report.

    Exit status: 0 when there is a report, 1 when the job failed.
    """

    async def run() -> int:
        console = Console(stderr=True)
        async with open_api(api, tenant=tenant) as client:
            accepted = await client.ask(question, files or [], case, follows)
            if detach:
                print_json(accepted) if as_json else print(accepted["job_id"])
                return 0
            found = await follow_all(client, [*accepted.get("evidence", []), accepted], console)
        return show_result(found[accepted["job_id"]], as_json=as_json)

    sys.exit(asyncio.run(run()))


def show_result(job: Job, *, as_json: bool) -> int:
    """Print the report of a finished question; return the exit status."""
    if job.status != "completed" or job.result is None:
        why = f"{job.error.stage}: {job.error.message}" if job.error else job.status
        print(f"faultmaven: job {job.id} {job.status}: {why}", file=sys.stderr)
        return 1
    if as_json:
        print_json(job.result.get("report", job.result))
    elif "markdown" in job.result:
        Console().print(Markdown(job.result["markdown"]))
    else:
        print_json(job.result)
    return 0


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=50)] = 8,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Search runbooks and documents."""

    async def run() -> None:
        async with open_api(api, tenant=tenant) as client:
            found = await client.get("/api/v1/knowledge/search", q=query, limit=limit)
        if as_json:
            print_json(found)
            return
        if not found["hits"]:
            print("nothing found")
        for hit in found["hits"]:
            place = f"{hit['name']}:{hit['line_start']}-{hit['line_end']}"
            print(f"{hit['score']:.3f}  {place}  {hit.get('heading') or ''}\n    {' '.join(hit['text'].split())[:240]}")

    asyncio.run(run())


def add(
    files: Annotated[
        list[Path], typer.Argument(help="Runbooks and documents: PDF, Markdown, text, HTML, DOCX.", exists=True, dir_okay=False)
    ],
    collection: Annotated[str, typer.Option(help="user: yours; global: for everybody of the tenant.")] = "user",
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Add runbooks and documents to the knowledge."""

    async def run() -> int:
        async with open_api(api, tenant=tenant) as client:
            accepted = [await client.hand_in(path, "/api/v1/knowledge/documents", collection=collection) for path in files]
            found = await follow_all(client, accepted, Console(stderr=True))
        if as_json:
            print_json([job.model_dump(mode="json") for job in found.values()])
        return 0 if all(job.status == "completed" for job in found.values()) else 1

    sys.exit(asyncio.run(run()))


def publish(
    file: Annotated[Path, typer.Argument(metavar="EVENT.json", help="A CloudEvent as JSON; `-` reads standard input.", allow_dash=True)],
    check: Annotated[bool, typer.Option("--check", help="Only check it against its schema.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish an event straight onto the broker (FM_AMQP_URL), confirmed."""
    from faultmaven_events.cli.topology import connect
    from faultmaven_events.producers.publish import open_publisher
    from faultmaven_events.schemas.registry import decode

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ApiError(f"{file} cannot be read: {error.strerror}") from None
    event = decode(body)

    async def run() -> None:
        async with await connect():  # a publisher waits for its broker; a person wants to know now
            pass
        try:
            async with asyncio.timeout(30), open_publisher(load()) as publisher:
                await publisher.publish(event)
        except TimeoutError:
            raise ApiError("RabbitMQ did not confirm the event within 30 s: it may or may not have arrived") from None

    if not check:
        asyncio.run(run())
    outcome = "valid" if check else "published"
    if as_json:
        print_json({"outcome": outcome, "type": event.type, "id": event.id, "job_id": event.subject})
    else:
        print(f"{outcome}: {event.type} {event.id} job={event.subject}")
