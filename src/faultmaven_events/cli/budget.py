"""Commands about budgets for language models: show, set and clear limits, hold accounts against their entries."""

import asyncio
import sys
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table

from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.redrives import operator
from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.spending import Budget, Checked

app = typer.Typer(
    help="Budgets for language models: limits per tenant, what is spent, and whether the ledger adds up.", no_args_is_help=True
)

PATH: Final = "/api/v1/ops/budgets"
CHECK: Final = "/api/v1/ops/budget-check"

Whose = Annotated[str, typer.Argument(metavar="TENANT")]


@app.command()
def show(
    tenant: Annotated[
        str | None, typer.Argument(metavar="TENANT", help="None: all that have a limit of their own, or spent something.")
    ] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show limits, what is spent and left, and when the period is over."""

    async def run() -> Any:
        async with operator(api) as client:
            return await client.get(f"{PATH}/{tenant}" if tenant else PATH)

    found = asyncio.run(run())
    print_json(found) if as_json else _show([Budget.model_validate(each) for each in ([found] if tenant else found["items"])])


@app.command("set")
def set_(
    tenant: Whose,
    usd: Annotated[float | None, typer.Option(min=0, help="Dollars in a period; not given: no limit.")] = None,
    tokens: Annotated[int | None, typer.Option(min=0, help="Tokens in a period; not given: no limit.")] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No limit at all, whatever holds for everybody else.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; the audit keeps it.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Give a tenant a limit of its own. It holds at once, also for the period that runs."""
    if (usd is None and tokens is None) != unlimited:
        raise typer.BadParameter("give --usd, --tokens or both; or --unlimited alone")
    order = {"usd": usd, "tokens": tokens} | ({"reason": reason} if reason else {})

    async def run() -> Any:
        async with operator(api) as client:
            return await client.put(f"{PATH}/{tenant}", order)

    found = asyncio.run(run())
    print_json(found) if as_json else _show([Budget.model_validate(found)])


@app.command()
def clear(tenant: Whose, as_json: AsJson = False, api: ApiUrl = None) -> None:
    """Take a tenant's own limit away: everybody's holds again. What was spent stays spent."""

    async def run() -> Any:
        async with operator(api) as client:
            return await client.delete(f"{PATH}/{tenant}")

    found = asyncio.run(run())
    print_json(found) if as_json else _show([Budget.model_validate(found)])


@app.command()
def check(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Accounts with an entry in the last days.")] = 40,
    mend: Annotated[bool, typer.Option("--mend", help="Make accounts that differ say what their entries say.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Hold accounts against their entries. Exit status 1 when one differs, also when it was mended."""

    async def run() -> Any:
        async with operator(api) as client:
            found = await client.get(CHECK, tenant=tenant, days=days)
            wrong = {(each["tenant"], each["period"]) for each in found["differences"]} if mend else set()
            for whose, period in sorted(wrong):
                await client.post(CHECK, {"tenant": whose, "period": period})
            return found

    found = Checked.model_validate(asyncio.run(run()))
    print_json(found.model_dump(mode="json")) if as_json else _tell(found, mended=mend)
    sys.exit(1 if found.differences else 0)


def _show(found: list[Budget]) -> None:
    if not found:
        print("no tenant has a limit of its own, and none asked a model in this period")
        return
    right = [Column(name, justify="right") for name in ("spent", "aside", "limit", "left", "tokens", "limit", "left")]
    table = Table("tenant", "period", *right, "resets at", "", box=None)
    for each in found:
        money = (f"${each.spent.usd:.4f}", f"${each.aside.usd:.4f}", _usd(each.limit.usd), _usd(each.left.usd))
        tokens = (f"{each.spent.tokens + each.aside.tokens}", _count(each.limit.tokens), _count(each.left.tokens))
        said = ["[bold red]spent[/bold red]"] if each.gone else []
        said += ["own limit"] if each.own else []
        table.add_row(each.tenant, each.period, *money, *tokens, f"{each.resets_at:%Y-%m-%d %H:%M}Z", ", ".join(said))
    screen().print(table)


def _usd(value: float | None) -> str:
    return "none" if value is None else f"${value:.4f}"


def _count(value: int | None) -> str:
    return "none" if value is None else str(value)


def _tell(found: Checked, *, mended: bool) -> None:
    for each in found.differences:
        says, entries = f"${each.says.usd:.6f} and {each.says.tokens} tokens", f"${each.entries.usd:.6f} and {each.entries.tokens}"
        print(f"{each.tenant} {each.period} {each.account}: the account says {says}, its entries {entries}")
    if found.differences:
        print("mended" if mended else "mend with --mend; see docs/budgets.md")
    else:
        print(f"{found.accounts} accounts say what their entries say")
    if found.unsettled:
        print(f"{found.unsettled} changed while they were looked at: look once more")
