"""`faultmaven watch JOB`: a job as it is worked on; what the ingress tells, as lines for a person or for a program."""

import asyncio
import json
import sys
from typing import Annotated, Any, Final, TextIO

import typer

from faultmaven_events.cli.api import Told, open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.phase import PHASES, Progressed

DRAFT: Final = "[a draft, shown while it is written; what holds comes at the end]"
VOID: Final = "[what was written here is void; it is written anew]"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    id: Annotated[str, typer.Argument(metavar="ID", help="The job.")],
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Follow a job live: phases as they end, an answer while it is written, then its end. With --json: one JSON object a line.

    Exit status: 0 when the job completed, 1 when it did not.
    """

    async def run() -> int:
        screen: Lines | Screen = Lines(sys.stdout) if as_json else Screen(sys.stdout)
        async with open_api(api, tenant=tenant) as client:
            async for told in client.told(id):
                screen.show(told)
        return 0 if screen.completed else 1

    sys.exit(asyncio.run(run()))


class Lines:
    """What is told, for programs: one JSON object a line, as a WebSocket would send it."""

    def __init__(self, out: TextIO) -> None:
        self._out, self.completed = out, False

    def show(self, told: Told) -> None:
        """Print one thing."""
        self._out.write(json.dumps({"type": told.kind, "id": told.id, "data": told.data}, ensure_ascii=False) + "\n")
        self._out.flush()
        self.completed = told.kind == "end" and told.data["status"] == "completed"


class Screen:
    """What is told, for a person."""

    def __init__(self, out: TextIO) -> None:
        self._out, self.completed = out, False
        self._column, self._where = 0, ""
        self._written = ""

    def show(self, told: Told) -> None:
        """Print one thing; what this version does not know is left out."""
        show = getattr(self, f"_{told.kind}", None)
        if show is not None:
            show(told.data)
            self._out.flush()

    def _job(self, data: dict[str, Any]) -> None:
        job = Job.model_validate(data)
        where = f"{job.kind} {job.id} {job.status}{f' in {job.stage}' if job.stage else ''}"
        if where != self._where:
            self._where = where
            self._line(where)

    def _phase(self, data: dict[str, Any]) -> None:
        phase = Progressed.model_validate(data)
        self._line(f"  {phase.number}/{len(PHASES)} {phase.phase.replace('_', ' '):<12} {phase.summary}")

    def _text(self, data: dict[str, Any]) -> None:
        if not self._written:
            self._line(DRAFT)
        self._written += data["text"]
        text = visible(data["text"])
        self._out.write(text)
        self._column = len(text) - text.rfind("\n") - 1 if "\n" in text else self._column + len(text)

    def _reset(self, _: dict[str, Any]) -> None:
        self._written = ""
        self._line(VOID)

    def _answer(self, data: dict[str, Any]) -> None:
        answer, confidence = data.get("answer") or {}, data.get("confidence") or {}
        self._line("")
        self._line(f"{data.get('headline') or ''}")
        self._line(f"{data.get('verdict')}, confidence {confidence.get('score', 0):.2f}; written by {data.get('reasoner')}")
        text = answer.get("text") or data.get("summary") or ""
        self._line("(the text above)" if text == self._written else f"\n{text}")
        for reason in data.get("degraded") or ():
            self._line(f"less than it could be: {reason}")

    def _end(self, data: dict[str, Any]) -> None:
        self.completed = data["status"] == "completed"
        error = data.get("error")
        self._line(f"{data['status']}: {error['stage']}: {error['message']}" if error else data["status"])

    def _line(self, text: str) -> None:
        self._out.write(("\n" if self._column else "") + visible(text) + "\n")
        self._column = 0


def visible(text: str) -> str:
    """Return a text in which no character steers the terminal or turns the direction of writing."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)
