"""The report of a question, and the post-mortem's draft: on the screen, or as a file to keep, to send, to edit."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal, get_args
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markdown import Markdown

from faultmaven_events.cli.api import ApiError, open_api
from faultmaven_events.cli.client import ApiUrl, Tenant
from faultmaven_events.cli.jobs import JobId
from faultmaven_events.cli.redrives import operator

Format = Literal["md", "html", "svg", "json"]
_FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    id: JobId,
    form: Annotated[
        str | None, typer.Option("--format", help="md, html, svg (the timeline), json.", show_default="by FILE, else md")
    ] = None,
    postmortem: Annotated[bool, typer.Option("--postmortem", help="The post-mortem's draft out of it, to be edited.")] = False,
    identified: Annotated[
        bool, typer.Option("--identified", help="With what pseudonyms stand for; the ingress must allow it, the audit keeps it.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there rather than to the screen.")] = None,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Show the report of a finished question, or keep it as a file."""
    wanted = _format(form, out)
    if postmortem and wanted == "svg":
        raise typer.BadParameter("a post-mortem is md, html or json")
    what = "postmortem" if postmortem else "report"
    path = f"/api/v1/jobs/{quote(id, safe='')}/{'identified/' if identified else ''}{what}"

    async def run() -> str:
        async with operator(api, tenant=tenant) if identified else open_api(api, tenant=tenant) as client:
            return await client.text(path, format=wanted)

    text = asyncio.run(run())
    if out is not None:
        keep(out, text)
        print(f"written: {out}")
    elif wanted == "md" and sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def _format(given: str | None, out: Path | None) -> Format:
    name = given or (out.suffix.removeprefix(".").lower() if out else "") or "md"
    found = next((f for f in _FORMATS if f == name), None)
    if found is None and given is None:
        return "md"
    if found is None:
        raise typer.BadParameter(f"--format is one of {', '.join(_FORMATS)}")
    return found


def keep(path: Path, text: str) -> None:
    """Write a file that only its owner can read.

    Raises:
        ApiError: it cannot be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ApiError(f"{path} cannot be written: {error.strerror}") from None
