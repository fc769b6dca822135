import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from faultmaven_events.errors import Throttled, TransientError, Unavailable
from faultmaven_events.producers.http.gate import COOLING, STUCK, Gate
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.publish import Publisher
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Submitted

EVENT = Event(
    id=uuid4(),
    source="/test",
    type="ingest.submitted.v1",
    subject=uuid4(),
    time=datetime.now(UTC),
    tenantid="default",
    correlationid="c",
    data=Submitted(name="a.log", text="x"),
)


class Scripted(Publisher):
    """A publisher whose connection stands and whose publishes end as the script says."""

    def __init__(self, *script: Exception | float | None) -> None:
        super().__init__()
        self.script = list(script)

    @property
    def connected(self) -> bool:
        return True

    async def publish(self, event: object) -> None:
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await asyncio.sleep(step)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_is_closed_while_the_broker_is_not_connected() -> None:
    with pytest.raises(Problem) as caught:
        Gate(Publisher()).check()
    assert (caught.value.code, caught.value.status) == ("broker-unavailable", 503)
    assert caught.value.headers["Retry-After"]


@pytest.mark.parametrize(("error", "seconds"), [(Unavailable("x"), COOLING), (Throttled("x", after=7), 7)])
async def test_it_stays_closed_for_a_while_after_a_refusal(error: TransientError, seconds: float) -> None:
    clock = Clock()
    gate = Gate(Scripted(error), clock)
    gate.check()
    with pytest.raises(type(error)):
        await gate.publish(EVENT)
    clock.now = seconds - 0.1
    assert gate.reason() is not None
    clock.now = seconds + 0.1
    assert gate.reason() is None


async def test_a_confirmed_publish_opens_it_again() -> None:
    gate = Gate(Scripted(Unavailable("x"), None), Clock())
    with pytest.raises(Unavailable):
        await gate.publish(EVENT)
    await gate.publish(EVENT)
    assert gate.reason() is None


async def test_it_closes_while_the_broker_does_not_confirm() -> None:
    clock = Clock()
    gate = Gate(Scripted(60.0), clock)
    hanging = asyncio.create_task(gate.publish(EVENT))
    await asyncio.sleep(0)
    assert gate.reason() is None
    clock.now = STUCK + 0.1
    assert gate.reason() == "The broker does not confirm."
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    assert gate.reason() is None
