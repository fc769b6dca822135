"""Commands of the dead-letter workbench that decide: redrive, edit, discard, and following what runs."""

import asyncio
import getpass
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from faultmaven_events.cli.api import Api, ApiError, open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.letters import progress
from faultmaven_events.schemas.redrive import Redrive

PATH: Final = "/api/v1/ops/dead-letters"

TenantOnly = Annotated[str | None, typer.Option("--tenant", help="Only this tenant's; default: all.")]
Stage = Annotated[str | None, typer.Option(help="Only this stage's.")]
Code = Annotated[str | None, typer.Option(help="Only this error code, for example missing_content.")]
Fingerprint = Annotated[str | None, typer.Option(help="Only this group.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Letters; or choose by options.")]
Everything = Annotated[bool, typer.Option("--all", help="Every letter in state dead.")]
Reason = Annotated[str, typer.Option(help="Why; the audit keeps it.")]


@asynccontextmanager
async def operator(api: str | None, *, tenant: str = "default") -> AsyncIterator[Api]:
    """Open a client of the ingress in the name of whoever is logged in here."""
    name = getpass.getuser()
    async with open_api(api, tenant=tenant, user=name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}", name) else None) as client:
        yield client


def redrive(
    ids: Ids = None,
    stage: Stage = None,
    code: Code = None,
    fingerprint: Fingerprint = None,
    tenant: TenantOnly = None,
    everything: Everything = False,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Letters per second at most.")] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Print the operation's id and do not follow it.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Send letters on their way again; nothing that they did is done twice. Ctrl-C leaves the operation running, `dead cancel` ends it."""
    order = _selection(ids, stage, code, fingerprint, tenant, everything) | {"rate": rate, "dry_run": dry_run}

    async def run() -> Redrive:
        async with operator(api) as client:
            started = Redrive.model_validate(await client.post(f"{PATH}/redrives", order))
            return started if dry_run or detach else await _follow(client, started)

    _ended(asyncio.run(run()), as_json, following=not (dry_run or detach))


def edit(
    id: Annotated[str, typer.Argument(metavar="ID")],
    patch: Annotated[str, typer.Option(help="A JSON Patch (RFC 6902), or @FILE.")],
    reason: Annotated[str | None, typer.Option(help="Why; the audit keeps it.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Mend a letter's event and send it as a new event of the same job."""
    try:
        text = Path(patch[1:]).read_text() if patch.startswith("@") else patch
        order = {"patch": json.loads(text)} | ({"reason": reason} if reason else {})
    except OSError as error:
        raise ApiError(f"{patch[1:]} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ApiError("the patch is not JSON") from None

    async def run() -> Redrive:
        async with operator(api) as client:
            return await _follow(client, Redrive.model_validate(await client.post(f"{PATH}/{id}/edits", order)))

    _ended(asyncio.run(run()), as_json, following=True)


def discard(
    reason: Reason,
    ids: Ids = None,
    stage: Stage = None,
    code: Code = None,
    fingerprint: Fingerprint = None,
    tenant: TenantOnly = None,
    everything: Everything = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Give up on letters: their jobs stay failed."""
    order = _selection(ids, stage, code, fingerprint, tenant, everything) | {"reason": reason}

    async def run() -> Any:
        async with operator(api) as client:
            return await client.post(f"{PATH}/discards", order)

    answer = asyncio.run(run())
    print_json(answer) if as_json else print(f"{answer['discarded']} discarded")


def redrives(
    id: Annotated[str | None, typer.Argument(help="An operation: follow it to its end.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show operations, or follow one."""

    async def run() -> Any:
        async with operator(api) as client:
            if id is None:
                return await client.get(f"{PATH}/redrives")
            return await _follow(client, Redrive.model_validate(await client.get(f"{PATH}/redrives/{id}")))

    found = asyncio.run(run())
    if isinstance(found, Redrive):
        _ended(found, as_json, following=True)
    elif as_json:
        print_json(found)
    else:
        for item in found["items"]:
            each = Redrive.model_validate(item)
            print(f"{each.id}  {each.started_at:%Y-%m-%d %H:%M:%S}Z  {each.by:<12} {progress(each)}")


def cancel(id: Annotated[str, typer.Argument(metavar="OPERATION")], as_json: AsJson = False, api: ApiUrl = None) -> None:
    """Stop an operation: what was sent stays sent, the other letters stay dead."""

    async def run() -> Redrive:
        async with operator(api) as client:
            return Redrive.model_validate(await client.delete(f"{PATH}/redrives/{id}"))

    _ended(asyncio.run(run()), as_json, following=False)


async def _follow(client: Api, operation: Redrive) -> Redrive:
    """Show the progress until the operation has ended."""
    console, said = Console(stderr=True), ""
    with console.status(progress(operation)) as status:
        while operation.state == "running":
            await asyncio.sleep(0.5)
            operation = Redrive.model_validate(await client.get(f"{PATH}/redrives/{operation.id}"))
            status.update(progress(operation))
            if not console.is_terminal and progress(operation) != said:
                said = progress(operation)
                console.print(f"  {said}", highlight=False)
    return operation


def _ended(operation: Redrive, as_json: bool, *, following: bool) -> None:
    """Say how an operation ended, or that it runs; exit status 1 when letters failed or nothing was sent."""
    if as_json:
        print_json(operation.model_dump(mode="json"))
    elif operation.dry_run:
        print(f"{operation.selected} letters would go")
        for portion in operation.portions:
            print(f"  {portion.count:>7}  {portion.stage}  {portion.code}")
        for id in operation.ids:
            print(id)
    else:
        print(f"{operation.id}  {progress(operation)}")
    if following and operation.state == "done" and (operation.failed or (operation.selected and not operation.sent)):
        raise typer.Exit(1)


def _selection(
    ids: list[str] | None, stage: str | None, code: str | None, fingerprint: str | None, tenant: str | None, everything: bool
) -> dict[str, Any]:
    conditions = {"ids": ids, "stage": stage, "code": code, "fingerprint": fingerprint, "tenant": tenant}
    given = {name: value for name, value in conditions.items() if value}
    if not given and not everything:
        raise typer.BadParameter("name letters, or choose by --fingerprint, --stage, --code or --tenant, or say --all")
    return given | ({"everything": True} if everything else {})
