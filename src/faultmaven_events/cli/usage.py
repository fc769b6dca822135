"""The command `usage`: what language models were asked, and what it cost."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table

from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant, print_json
from faultmaven_events.cli.redrives import operator
from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.spending import BY, UsageLine, UsagePage

_SPANS: Final = {"h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(usage)


def usage(
    by: Annotated[str, typer.Option(help=f"{', '.join(BY)}; by tenant: of all tenants.")] = "day",
    start: Annotated[str, typer.Option("--from", help="24h, 7d, or a time like 2026-11-01.")] = "30d",
    end: Annotated[str | None, typer.Option("--to", help="A time; default: now.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Of all tenants, for who operates the system.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Show what language models were asked, and what it cost."""
    if by not in BY:
        raise typer.BadParameter(f"--by is one of {', '.join(BY)}")
    path = "/api/v1/ops/usage" if everybody or by == "tenant" else "/api/v1/usage"

    async def run() -> Any:
        async with operator(api, tenant=tenant) as client:
            return await client.get(path, by=by, **{"from": _moment(start), "to": _moment(end)})

    found = asyncio.run(run())
    print_json(found) if as_json else _show(UsagePage.model_validate(found))


def _show(page: UsagePage) -> None:
    console = screen()
    if not page.items:
        console.print(f"No language model was asked from {page.start:%Y-%m-%d %H:%M} to {page.end:%Y-%m-%d %H:%M} UTC.")
        return
    columns = [
        Column(name, justify="right") for name in ("calls", "failed", "from cache", "tokens in", "tokens out", "money", "seconds a call")
    ]
    table = Table(page.by, *columns, box=None, show_footer=False)
    for line in page.items:
        table.add_row(*_cells(line))
    table.add_section()
    table.add_row(*_cells(page.total), style="bold")
    console.print(table)


def _cells(line: UsageLine) -> tuple[str, ...]:
    counts = (line.calls, line.failed, line.cached, line.tokens_in, line.tokens_out)
    return line.key, *map(str, counts), f"${line.money_usd:.6f}", f"{line.ran_ms / 1000 / line.calls:.1f}" if line.calls else "-"


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    span = re.fullmatch(r"(\d{1,5})([hd])", text)
    try:
        at = datetime.now(UTC) - timedelta(**{_SPANS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter("give a span like 24h or 7d, or a time like 2026-11-01T06:00") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
