"""Commands about the stages of a running system: what waits and who works, pause, resume."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from faultmaven_events.cli.api import open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.screen import screen

app = typer.Typer(help="The stages: what waits, who works, what is paused.", no_args_is_help=True)


@app.command("list")
def list_(as_json: AsJson = False, api: ApiUrl = None) -> None:
    """Show each stage: messages waiting, in hand, dead; live consumers; pauses."""

    async def run() -> Any:
        async with open_api(api) as client:
            return await client.get("/api/v1/ops/stages")

    found = asyncio.run(run())
    if as_json:
        print_json(found)
        return
    table = Table("stage", "waiting", "in hand", "dead letters", "consumers", "paused", box=None)
    for item in found["items"]:
        waiting = ", ".join(f"{name}: {count}" for name, count in item["waiting"].items() if count) or "0"
        pause = item["paused"]
        why = f"by {pause['by']} at {pause['at']}: {pause['reason']}" if pause else ""
        numbers = ("?" if value is None else str(value) for value in (item["in_flight"], item["dead"], item["consumers"]))
        table.add_row(item["stage"], waiting, *numbers, why)
    console = screen()
    console.print(table)
    if found["unroutable"]:
        console.print(f"{found['unroutable']} messages in fm.unroutable: their routing keys fit no stage", style="yellow")


@app.command()
def pause(
    stage: Annotated[str, typer.Argument(help="Which.")],
    reason: Annotated[str, typer.Option(help="Why; everybody sees it.")],
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Take no more messages from a stage's queues, until `resume`. What is in hand is finished; nothing is lost."""
    _order(api, f"/api/v1/ops/stages/{stage}/pause", {"reason": reason}, as_json, f"{stage} pauses within some seconds")


@app.command()
def resume(stage: Annotated[str, typer.Argument(help="Which.")], as_json: AsJson = False, api: ApiUrl = None) -> None:
    """Let a stage go on, whoever paused it."""
    _order(api, f"/api/v1/ops/stages/{stage}/resume", {}, as_json, f"{stage} goes on within some seconds")


def _order(api: str | None, path: str, body: dict[str, Any], as_json: bool, said: str) -> None:
    async def run() -> Any:
        async with open_api(api) as client:
            return await client.post(path, body)

    answer = asyncio.run(run())
    print_json(answer) if as_json else print(said)
