"""The demo: a recorded incident through the running pipeline, start to end, on this machine."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from faultmaven_events.cli.api import Api, open_api
from faultmaven_events.cli.progress import follow_all
from faultmaven_events.cli.report import keep
from faultmaven_events.errors import FaultmavenError, SetupError
from faultmaven_events.infra.servers.supervisor import open_system
from faultmaven_events.reports.html import html
from faultmaven_events.reports.plain import plain
from faultmaven_events.reports.postmortem import postmortem
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings, load


def run(example: Path | None) -> None:
    """Run the demo on an example's folder; by default the first of `examples/`.

    Ends with `demo: completed verdict=<v> report=<path>`; anything that cannot be had is one sentence and exit status 1.
    """
    settings = load()
    folder = example or _first_example()
    try:
        verdict, path = asyncio.run(_run(folder, settings))
    except OSError as error:
        raise SetupError(f"the demo cannot go on: {error.strerror or error}") from None
    print(f"demo: completed verdict={verdict} report={path}")


def _first_example() -> Path:
    found = sorted(path.parent for path in Path("examples").glob("*/question.txt"))
    if not found:
        raise SetupError("no example here: run the demo in the project's folder, or name a folder with question.txt and evidence/")
    return found[0]


async def _run(folder: Path, settings: Settings) -> tuple[str, Path]:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    question = (folder / "question.txt").read_text().strip()
    evidence = sorted(path for path in (folder / "evidence").iterdir() if path.is_file())
    console.print(f"Incident: {folder.name}\nQuestion: {question}\nEvidence: {', '.join(path.name for path in evidence)}\n")
    async with open_system(settings.home, settings, console.print, 0) as system:
        console.print(f"While this runs: API docs {system.api_url}/docs, RabbitMQ's dashboard {system.urls.dashboard}\n")
        async with open_api(system.api_url) as api:
            job = await _submit(api, folder, question, evidence, console)
        assert job.result is not None
        report = IncidentReport.model_validate(job.result["report"])
        path = _keep(report, job.result["markdown"], settings.home / "reports")
        console.print(Markdown(job.result["markdown"]))
        console.print(*_wrote(report, path), sep="\n", markup=False)
        console.print("\nStopping what was started; `make up` starts it to stay, and prints where API docs and RabbitMQ's dashboard are.")
    return report.verdict, path


async def _submit(api: Api, folder: Path, question: str, evidence: list[Path], console: Console) -> Job:
    runbooks = sorted((folder / "runbooks").glob("*")) if (folder / "runbooks").is_dir() else []
    documents = [await api.hand_in(path, "/api/v1/knowledge/documents", collection="global") for path in runbooks]
    await _follow(api, documents, console)
    accepted = await api.ask(question, evidence)
    jobs = await _follow(api, [*accepted["evidence"], accepted], console)
    job = jobs[accepted["job_id"]]
    if job.status != "completed" or job.result is None:
        raise FaultmavenError(f"the question's job {job.status}: {job.error.message if job.error else 'no reason was given'}")
    return job


async def _follow(api: Api, accepted: list[dict[str, Any]], console: Console) -> dict[str, Job]:
    try:
        async with asyncio.timeout(240):
            return await follow_all(api, accepted, console)
    except TimeoutError:
        raise FaultmavenError("the jobs did not end within 240 s: look into .faultmaven/log, or ask `faultmaven jobs`") from None


def _keep(report: IncidentReport, markdown: str, folder: Path) -> Path:
    """Write a report as JSON, Markdown and a page, and the post-mortem's draft; returns the path of the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    name = str(report.job_id)
    stored = json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False)
    kept = {".json": f"{stored}\n", ".md": markdown, ".html": html(report), ".postmortem.md": postmortem(report)}
    for ending, text in kept.items():
        keep(folder / f"{name}{ending}", text)
    return folder / f"{name}.md"


def _wrote(report: IncidentReport, path: Path) -> list[str]:
    """Who wrote the report, how sure it is, and where it lies."""
    sure = report.confidence
    who = "the offline reasoner, without any language model" if report.reasoner == "offline" else report.reasoner
    told = [f"Written by {who}.", f"Verdict {report.verdict}, confidence {sure.score:.2f} ({sure.band}): {sure.basis}."]
    told += [f"Less than it could be: {reason}." for reason in report.degraded]
    page, draft = path.with_suffix(".html"), path.with_suffix(".postmortem.md")
    return [*map(plain, told), f"To read in a browser: {page}", f"The post-mortem's draft, to be edited: {draft}"]
