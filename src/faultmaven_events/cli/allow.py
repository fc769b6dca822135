"""Commands of the allow list: what was hidden and is no finding."""

import asyncio
from typing import Annotated, Any, Final

import typer

from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant, print_json
from faultmaven_events.cli.redrives import operator

app = typer.Typer(help="Allow list: what was hidden by mistake stays readable from the next file on.", no_args_is_help=True)

PATH: Final = "/api/v1/ops/allowances"


@app.command()
def add(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Where you saw it.")],
    line: Annotated[int | None, typer.Option(help="Line of the file.")] = None,
    column: Annotated[int | None, typer.Option(help="Column of the stand-in, where a line has several.")] = None,
    token: Annotated[str | None, typer.Option(help="The stand-in, for example PERSON_3fa2c1d4.")] = None,
    mark: Annotated[str | None, typer.Option(help="A mark's digest: faultmaven allow marks JOB.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; kept as it is.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also where a secret was found; needs --reason.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Say that a finding is none: its value stays readable for this tenant, from the next file on."""
    given = {"job_id": job, "line": line, "column": column, "token": token, "mark": mark, "reason": reason}
    order = {name: value for name, value in given.items() if value is not None} | ({"force": True} if force else {})

    async def run() -> Any:
        async with operator(api, tenant=tenant) as client:
            return await client.post(PATH, order)

    entry = asyncio.run(run())
    print_json(entry) if as_json else print(f"allowed: {entry['type']} {entry['digest']}")


@app.command("list")
def list_(as_json: AsJson = False, api: ApiUrl = None, tenant: Tenant = "default") -> None:
    """Show the tenant's allow list."""
    found = asyncio.run(_get(PATH, api, tenant))
    if as_json:
        print_json(found)
        return
    for entry in found["items"]:
        print(f"{entry['digest']}  {entry['at'][:19]}Z  {entry['by']:<12} {entry['type']}  {entry['reason'] or ''}")
    if not found["items"]:
        print("nothing is allowed")


@app.command()
def marks(
    job: Annotated[str, typer.Argument(metavar="JOB")], as_json: AsJson = False, api: ApiUrl = None, tenant: Tenant = "default"
) -> None:
    """Show where something was hidden in a job's file: line, column, type, stand-in, mark. No values."""
    twin = asyncio.run(_get(f"/api/v1/jobs/{job}/receipt", api, tenant))
    if as_json:
        print_json(twin)
        return
    for mark in twin["marks"]:
        print(f"{mark['line']}:{mark['column']}  {mark['type']}  {mark['token']}  {mark['digest']}")
    if "marks" in twin["receipt"]["truncated"]:
        print("and more")


@app.command()
def remove(
    digest: Annotated[str, typer.Argument(metavar="DIGEST")], as_json: AsJson = False, api: ApiUrl = None, tenant: Tenant = "default"
) -> None:
    """Take an entry away: the value is hidden again from the next file on."""

    async def run() -> Any:
        async with operator(api, tenant=tenant) as client:
            return await client.delete(f"{PATH}/{digest}")

    done = asyncio.run(run())
    print_json(done) if as_json else print(f"removed: {done['removed']}")


async def _get(path: str, api: str | None, tenant: str) -> Any:
    async with operator(api, tenant=tenant) as client:
        return await client.get(path)
