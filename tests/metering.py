"""A meter that keeps its books in memory, with a purse: what routing tests reserve from and settle in."""

from collections.abc import Callable
from uuid import UUID, uuid4

from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.schemas.usage import Usage


class Purse:
    """Lets calls through as long as `affords` says so; remembers what was reserved and settled."""

    def __init__(self, affords: Callable[[str], bool] = lambda _: True) -> None:
        self._affords = affords
        self.open: set[UUID] = set()
        self.asked: list[str] = []
        self.settled: list[Usage] = []

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        self.asked.append(model)
        if not self._affords(model):
            raise OverBudget
        call = uuid4()
        self.open.add(call)
        return call

    async def settle(self, call: UUID, usage: Usage) -> None:
        assert call == usage.call_id
        self.open.remove(call)  # raises when it is settled twice
        self.settled.append(usage)

    def outcomes(self) -> list[tuple[str, str]]:
        assert not self.open, "a reservation was never settled"
        return [(usage.provider, usage.outcome) for usage in self.settled]
