"""The command `ledger`: is everything that was accepted somewhere?"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from faultmaven_events.cli.api import open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.ledger import KindLine, Ledger

LATE_S = 300.0
"""A reconciler that has not looked for so long is not running."""
NAMED = 10
"""How many gaps are told in a sentence each."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ledger)


def ledger(
    hours: Annotated[float | None, typer.Option(help="Jobs accepted in the last hours.", show_default="FM_LEDGER_WINDOW_H, 24")] = None,
    only: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's jobs.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show what was accepted, where it is, how it ended, and what is missing. Exit status 1 when something is."""

    async def run() -> Any:
        async with open_api(api) as client:
            return await client.get("/api/v1/ops/ledger", tenant=only, hours=hours)

    found = Ledger.model_validate(asyncio.run(run()))
    print_json(found.model_dump(mode="json")) if as_json else show(found, screen())
    sys.exit(1 if found.open else 0)


def show(found: Ledger, console: Console) -> None:
    """Print the ledger."""
    whose = f" of {found.tenant}" if found.tenant else ""
    console.print(_kinds(found, f"Jobs{whose} accepted since {found.since:%Y-%m-%d %H:%M}Z"))
    for line in found.kinds:
        if line.accepted:
            console.print(_stages(line, found))
    for sentence, style in _sentences(found):
        console.print(sentence, style=style, highlight=False, soft_wrap=True)


def _kinds(found: Ledger, title: str) -> Table:
    table = Table(
        "kind",
        "accepted",
        "unpublished",
        "running",
        "completed",
        "failed",
        "expired",
        "cancelled",
        title=title,
        title_justify="left",
        box=None,
    )
    for line in found.kinds:
        numbers = (line.accepted, line.unpublished, line.running, line.completed, line.failed, line.expired, line.cancelled)
        table.add_row(line.kind, *map(str, numbers))
    return table


def _stages(line: KindLine, found: Ledger) -> Table:
    columns = (line.kind, "given", "done", "here", "of which delayed", "of which lost", "dead", "cancelled", "missing")
    table = Table(*columns, title="", box=None)
    for stage in line.stages:
        lost = sum(each.count for each in found.counts if (each.why, each.kind, each.place) == ("lost", line.kind, stage.stage))
        table.add_row(
            *(stage.stage, str(stage.given), str(stage.done), str(stage.here), str(stage.delayed)),
            *(f"[bold red]{lost}[/bold red]" if lost else "0", str(stage.dead), str(stage.cancelled)),
            f"[yellow]{stage.missing}[/yellow]" if stage.missing else "0",
        )
    return table


def _sentences(found: Ledger) -> Iterator[tuple[str, str]]:
    yield from _broker(found)
    yield from _reconciler(found)
    yield from _gaps(found)


def _broker(found: Ledger) -> Iterator[tuple[str, str]]:
    if found.waiting is None:
        yield "The broker does not say what waits in its queues.", "yellow"
    elif found.waiting:
        yield f"Waiting: {', '.join(f'{name} {count}' for name, count in found.waiting.items())}", ""
    if found.unroutable:
        yield (
            f"fm.unroutable holds {found.unroutable}: published under routing keys that no stage takes, so nobody works on them.",
            "yellow",
        )


def _reconciler(found: Ledger) -> Iterator[tuple[str, str]]:
    for place, why in found.unjudged.items():
        yield f"Not judged: {place}: {why}.", "yellow"
    if found.reconciled_at is None:
        yield "Nobody has looked for gaps yet: is a record consumer running (`faultmaven stages list`)?", "yellow"
    elif (age := (found.at - found.reconciled_at).total_seconds()) > LATE_S:
        yield f"Nobody has looked for gaps for {age / 60:.0f} minutes: is a record consumer running, and PostgreSQL up?", "yellow"


def _gaps(found: Ledger) -> Iterator[tuple[str, str]]:
    if not found.open:
        yield "No gaps: whatever was accepted is somewhere, or has ended.", "green"
        return
    yield f"{found.open} open gap{'' if found.open == 1 else 's'}", "bold red"
    for each in found.counts:
        yield f"  {each.count} {each.why}: {each.kind} at {each.place}", "red"
    for gap in found.gaps[:NAMED]:
        yield f"  {gap.sentence}", ""
    if found.open > NAMED:
        yield "  The others: --json. What to do: docs/ledger.md", ""
