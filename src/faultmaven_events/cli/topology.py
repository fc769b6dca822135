"""Commands about exchanges and queues: show, apply, check."""

import asyncio
import sys
from dataclasses import asdict

import aio_pika
import typer
from aio_pika.exceptions import AMQPError
from rich.table import Table

from faultmaven_events.cli.client import AsJson, print_json
from faultmaven_events.cli.screen import screen
from faultmaven_events.errors import SetupError
from faultmaven_events.infra.declare import Plan, declare, plan
from faultmaven_events.settings import load
from faultmaven_events.topology import STAGES

app = typer.Typer(help="Exchanges, queues and bindings, as derived from the one table.", no_args_is_help=True)


def _plan() -> Plan:
    return plan(scale=load().retry_scale)


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show stages, queues, bindings and the retry ladder. Asks nobody."""
    if as_json:
        print_json(asdict(_plan()))
        return
    console = screen()
    stages = Table("stage", "queue", "takes", "prefetch", "deadline", "retries after", "raw blobs", title="Stages", box=None)
    for stage in STAGES:
        rungs = ", ".join(f"{delay:g} s" for delay in stage.rungs)
        for lane in stage.lanes:
            raw = "yes" if stage.raw else ""
            stages.add_row(stage.name, stage.queue(lane), " ".join(lane.takes), str(lane.prefetch), f"{stage.deadline:g} s", rungs, raw)
    queues = Table("queue", "bindings", "arguments", title="Queues", box=None)
    for queue in _plan().queues:
        bindings = "\n".join(f"{exchange} {key}".strip() for exchange, key in queue.bindings)
        queues.add_row(queue.name, bindings, " ".join(f"{k.removeprefix('x-')}={v}" for k, v in queue.arguments.items()))
    console.print(stages, queues)


@app.command()
def apply(as_json: AsJson = False) -> None:
    """Declare everything on the broker (FM_AMQP_URL); what exists stays."""
    wanted = _plan()
    asyncio.run(_declare(wanted))
    if as_json:
        print_json({"exchanges": len(wanted.exchanges), "queues": len(wanted.queues)})
    else:
        print(f"{len(wanted.exchanges)} exchanges and {len(wanted.queues)} queues are declared")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the broker with the table, and change nothing. Exit status 1 when something is missing."""
    missing = asyncio.run(_missing(_plan()))
    if as_json:
        print_json({"missing": missing})
    else:
        print("\n".join(f"missing: {name}" for name in missing) or "the broker holds all of it")
    sys.exit(1 if missing else 0)


async def connect() -> aio_pika.abc.AbstractConnection:
    """Connect to the broker of the settings, once.

    Raises:
        SetupError: none is named, or it does not answer.
    """
    url = load().amqp_url
    if url is None:
        raise SetupError("FM_AMQP_URL is not set: name the RabbitMQ to look at")
    try:
        return await aio_pika.connect(url.get_secret_value(), timeout=10)
    except (AMQPError, OSError, ValueError) as error:  # ValueError: what is named is no address
        raise SetupError(f"RabbitMQ does not answer at FM_AMQP_URL: {type(error).__name__}") from None


async def _declare(wanted: Plan) -> None:
    async with await connect() as connection, connection.channel() as channel:
        await declare(channel, wanted)


async def _missing(wanted: Plan) -> list[str]:
    async with await connect() as connection:
        missing = []
        for kind, names in (("exchange", [e.name for e in wanted.exchanges]), ("queue", [q.name for q in wanted.queues])):
            for name in names:
                channel = await connection.channel()  # a failed look-up closes its channel
                try:
                    await (channel.get_exchange(name) if kind == "exchange" else channel.get_queue(name))
                    await channel.close()
                except AMQPError:
                    missing.append(f"{kind} {name}")
        return missing
