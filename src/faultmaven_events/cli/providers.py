"""`faultmaven providers`: the language models that are configured, how they are, and whether they answer from here."""

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from faultmaven_events.cli.api import open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, print_json
from faultmaven_events.cli.screen import screen
from faultmaven_events.settings import load


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(providers)


def providers(
    check: Annotated[
        bool, typer.Option("--check", help="Ask each for a few tokens, from this machine, with the configuration and keys that are here.")
    ] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
) -> None:
    """Show the language models in the order in which they are asked, and their breakers.

    With --check the exit status is 1 when one of them does not answer.
    """
    rows = asyncio.run(_checked()) if check else asyncio.run(_shown(api))
    if as_json:
        print_json(rows)
    elif not rows:
        print("no language model is configured (FM_LLM_FILE or FM_LLM_MODEL): the offline reasoner answers; see docs/llm.md")
    else:
        screen().print(_checks(rows) if check else _states(rows))
    if check and any(row["wrong"] for row in rows):
        sys.exit(1)


async def _shown(api: str | None) -> list[dict[str, Any]]:
    async with open_api(api) as client:
        reasoner = (await client.get("/v1/meta/capabilities"))["reasoner"]
    if reasoner["wrong"]:
        print(f"the ingress cannot read the configuration: {reasoner['wrong']}", file=sys.stderr)
    rows: list[dict[str, Any]] = reasoner["providers"]
    return rows


async def _checked() -> list[dict[str, Any]]:
    """Ask every provider, one after the other: a person wants to see which."""
    from faultmaven_events.infra.llm.client import open_client  # it brings litellm, which takes seconds
    from faultmaven_events.infra.llm.configured import configured
    from faultmaven_events.infra.llm.library import library
    from faultmaven_events.infra.llm.probe import ask

    found = configured(load())
    rows: list[dict[str, Any]] = []
    if found:
        library()
    async with open_client() as client:
        for provider in found:
            began = time.monotonic()
            failed = await ask(client, provider)
            took = round((time.monotonic() - began) * 1000)
            wrong = f"{failed.kind}: {failed.why}" if failed else None
            rows.append({"name": provider.name, "model": provider.model_for("probe"), "wrong": wrong, "took_ms": took})
    return rows


def _states(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("", "provider", "investigate", "follow_up", "cheaper", "breaker", "", box=None)
    for number, row in enumerate(rows, 1):
        why = f"until {row['probe_at']}: {row['reason']}" if row["state"] != "closed" else ""
        models = row["models"]
        table.add_row(str(number), row["name"], models["investigate"], models["follow_up"], row["cheaper"] or "", row["state"], why)
    return table


def _checks(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("provider", "model", "answers", "took", box=None)
    for row in rows:
        table.add_row(row["name"], row["model"], row["wrong"] or "yes", f"{row['took_ms']} ms")
    return table
