"""Record the example incidents anew: real servers, really broken. Takes about four minutes.

    .venv/bin/python examples/record

The servers are private ones (`faultmaven_events.infra.servers`), the applications are in `apps/`.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import invoices_stuck
import orders_waiting

from faultmaven_events.infra.servers.stack import open_stack
from faultmaven_events.infra.servers.tenancy import open_room
from faultmaven_events.settings import Settings

EXAMPLES = Path(__file__).parents[1]


async def main(home: Path) -> None:
    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    async with open_stack(home, settings=Settings(), progress=tell) as stack, open_room(stack, "shop") as urls:
        await orders_waiting.record(EXAMPLES / "01-orders-waiting", urls.postgres, home / "servers/postgres/log")
        await invoices_stuck.record(EXAMPLES / "02-invoices-stuck", urls.amqp, urls.management, home / "servers/rabbitmq/log")


with tempfile.TemporaryDirectory(prefix="record-") as folder:
    asyncio.run(main(Path(folder)))
