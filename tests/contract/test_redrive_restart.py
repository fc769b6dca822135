"""Letters, their copies and a redrive in the middle of its work outlive the broker."""

from pathlib import Path

from pydantic import SecretStr

from contract.workbench import Workbench, open_workbench, until
from faultmaven_events.infra.servers import rabbitmq
from faultmaven_events.infra.servers.instance import open_server
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.rabbitmq import RabbitMQ
from faultmaven_events.settings import Settings
from samples import event

LETTERS = 40


async def test_letters_and_a_running_redrive_outlive_a_restart_of_the_broker(settings: Settings, tmp_path: Path) -> None:
    server = RabbitMQ(Place(tmp_path / "rabbitmq"), await rabbitmq.provide(lambda _: None))
    async with open_server(server) as broker:
        settings = settings.model_copy(update={"amqp_url": SecretStr(server.amqp_url(broker.ports))})
        async with open_workbench(settings) as workbench:
            sent = [event("ingest.sanitized.v1") for _ in range(LETTERS)]
            for each in sent:
                await workbench.bench.send(each.encode())
            await workbench.buried(LETTERS)
            await until(lambda: workbench.has_copies(LETTERS))
        await broker.restart()
        async with open_workbench(settings) as workbench:
            assert await workbench.count(state="dead") == LETTERS
            await until(lambda: workbench.has_copies(LETTERS))
            workbench.sick.error = None
            started = await workbench.redrives.start(by="ann", everything=True, rate=10)
            await until(lambda: workbench.holds(5, state="redriven"))
            await broker.restart()
            done = await workbench.ended(started)
            assert (done.state, done.sent, done.skipped, done.failed) == ("done", LETTERS, 0, 0)
            await until(lambda: _handled(workbench))
            assert workbench.sick.runs.keys() == {each.id for each in sent}
            assert len(workbench.sick.effects) == LETTERS


async def _handled(workbench: Workbench) -> bool:
    return len(workbench.sick.runs) >= LETTERS
