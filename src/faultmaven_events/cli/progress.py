"""Showing jobs as they go: one line per job, one cell per stage."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from faultmaven_events.cli.api import Api
from faultmaven_events.schemas.job import TERMINAL, Job

_MARKS = {"done": "green", "failed": "red", "waiting": "dim"}


async def follow_all(api: Api, accepted: Sequence[Mapping[str, Any]], console: Console) -> dict[str, Job]:
    """Follow jobs to their ends, shown live on a terminal and as plain lines elsewhere; returns them by id.

    `accepted` are what the ingress answered: `job_id`, and of a file its `name` as it is called here. The job itself shows another one.
    """
    ids, names = [each["job_id"] for each in accepted], {each["job_id"]: each.get("name") for each in accepted}
    jobs: dict[str, Job] = {}
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8) as live:

            def redraw(_: Job) -> None:
                live.update(_table([(_label(jobs[id], names), jobs[id]) for id in ids if id in jobs]))

            await _gather(api, ids, jobs, redraw)
    else:
        shown: dict[str, set[str]] = {}

        def print_news(job: Job) -> None:
            done = shown.setdefault(str(job.id), set())
            for run in job.stages:
                if run.state == "done" and run.stage not in done:
                    done.add(run.stage)
                    waited, ran = f"waited {run.waited_ms or 0} ms", f"ran {run.ran_ms or 0} ms"
                    console.print(f"  {_label(job, names):<34} {run.stage:<9} {waited}, {ran}", highlight=False)
            if job.status in TERMINAL:
                console.print(f"  {_label(job, names):<34} {job.status}{_why(job)}", highlight=False)

        await _gather(api, ids, jobs, print_news)
    return jobs


async def _gather(api: Api, ids: Sequence[str], jobs: dict[str, Job], news: Callable[[Job], None]) -> None:
    async def one(id: str) -> None:
        async for job in api.follow(id):
            jobs[id] = job
            news(job)

    async with asyncio.TaskGroup() as tasks:
        for id in ids:
            tasks.create_task(one(id))


def _label(job: Job, names: Mapping[str, str | None]) -> str:
    return (names.get(str(job.id)) or job.name or ("question" if job.kind == "troubleshoot" else str(job.id)))[:34]


def _why(job: Job) -> str:
    if job.error:
        return f": {job.error.stage}: {job.error.message}"
    return f": {len(job.children)} files unpacked" if job.children else ""


def _table(jobs: Sequence[tuple[str, Job]]) -> RenderableType:
    table = Table(box=None, padding=(0, 1), expand=False)
    for column in ("job", "progress", "stages", "state"):
        table.add_column(column, no_wrap=column != "state")
    for label, job in jobs:
        cells = Text(" ").join(Text(_cell(run.stage, run.ran_ms), style=_MARKS[run.state]) for run in job.stages)
        bar = ProgressBar(total=1.0, completed=job.progress, width=14)
        state = Text(job.status + _why(job), style="red" if job.error else "green" if job.status == "completed" else "yellow")
        table.add_row(label, bar, cells, state)
    return Group(table)


def _cell(stage: str, ran_ms: int | None) -> str:
    return stage if ran_ms is None else f"{stage} {ran_ms / 1000:.1f}s"
