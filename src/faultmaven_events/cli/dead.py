"""Commands of the dead-letter workbench that show: what died and why, what was decided."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.letters import line, show_group, show_letter, show_letters
from faultmaven_events.cli.redrives import PATH, Code, Fingerprint, Stage, TenantOnly, cancel, discard, edit, operator, redrive, redrives
from faultmaven_events.schemas.buried import Buried, Group

app = typer.Typer(help="Dead letters: what died and why; redrive, edit, discard.", no_args_is_help=True)

LETTERS: Final = 100
_SPANS: Final = {"m": "minutes", "h": "hours", "d": "days"}

State = Annotated[str | None, typer.Option(help="dead, redriven or discarded; default: dead.")]
Since = Annotated[str | None, typer.Option(help="Died since then: 30m, 2h, 7d, or a time like 2026-11-20T06:00.")]

for command in (redrive, edit, discard, redrives, cancel):
    app.command()(command)


@app.command("list")
def list_(
    letters: Annotated[bool, typer.Option("--letters", help="One line a letter instead of one a group.")] = False,
    stage: Stage = None,
    code: Code = None,
    fingerprint: Fingerprint = None,
    tenant: TenantOnly = None,
    state: State = "dead",
    since: Since = None,
    cursor: Annotated[str | None, typer.Option(help="Of the page before.")] = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show what died, grouped by cause; `--letters` shows each."""
    filters = {"stage": stage, "code": code, "fingerprint": fingerprint, "tenant": tenant, "state": state, "since": _moment(since)}

    async def run() -> Any:
        async with operator(api) as client:
            view = "letters" if letters else "groups"
            return await client.get(PATH, view=view, limit=LETTERS, cursor=cursor, **filters)

    page = asyncio.run(run())
    if as_json:
        print_json(page)
    elif not page["items"]:
        print("nothing is dead" if state == "dead" else "nothing found")
    elif letters:
        show_letters([Buried.model_validate(item) for item in page["items"]], page["next"])
    else:
        for item in page["items"]:
            show_group(Group.model_validate(item))


@app.command()
def show(id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False, api: ApiUrl = None) -> None:
    """Show a letter whole: its attempts, its event, what was decided. A sealed message is not opened: it may hold unsanitized text."""

    async def run() -> Any:
        async with operator(api) as client:
            return await client.get(f"{PATH}/{id}")

    found = asyncio.run(run())
    if as_json:
        print_json(found)
        return
    audit = found.pop("audit")
    show_letter(Buried.model_validate(found))
    for entry in audit:
        print(line(entry))


@app.command()
def export(
    stage: Stage = None,
    code: Code = None,
    fingerprint: Fingerprint = None,
    tenant: TenantOnly = None,
    state: State = None,
    since: Since = None,
    api: ApiUrl = None,
) -> None:
    """Print letters as JSON lines, the oldest first. What is sealed stays sealed."""
    filters = {"stage": stage, "code": code, "fingerprint": fingerprint, "tenant": tenant, "state": state, "since": _moment(since)}

    async def run() -> None:
        async with operator(api) as client:
            async for line in client.lines(f"{PATH}/export", **filters):
                print(line)

    asyncio.run(run())


@app.command()
def audit(
    about: Annotated[str | None, typer.Argument(help="A letter or an operation.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show who decided what, and why."""

    async def run() -> Any:
        async with operator(api) as client:
            return await client.get(f"{PATH}/audit", about=about, limit=limit)

    found = asyncio.run(run())
    print_json(found) if as_json else print("\n".join(map(line, found["items"])) or "nothing yet")


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    span = re.fullmatch(r"(\d{1,6})([mhd])", text)
    try:
        at = datetime.now(UTC) - timedelta(**{_SPANS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter("--since is a span like 30m, 2h, 7d, or a time like 2026-11-20T06:00") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
