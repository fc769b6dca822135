"""What a consultation works with: the models, the meter, the cache, and what tools can reach. Composed by who runs the stage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from faultmaven_events.consumers.reason.llm.strategies.strategy import Strategy
from faultmaven_events.consumers.reason.llm.tools.reach import Reach
from faultmaven_events.infra.llm.cache import Cached, Key
from faultmaven_events.infra.llm.port import Meter, Models, Provider, Request
from faultmaven_events.schemas.cost import Cost
from faultmaven_events.schemas.usage import Usage


class Answers(Protocol):
    """Keeps answers; `infra.llm.cache.Answers` is one."""

    async def find(self, key: Key, vector: Sequence[float] = ()) -> Cached | None:
        """Return an answer that was given before, or None."""

    async def keep(self, key: Key, vector: Sequence[float], text: str, job: UUID, *, provider: str = "", model: str = "") -> None:
        """Keep an answer."""


@dataclass(frozen=True, slots=True)
class Counsel:
    """Who is asked, and how. `model` names what would be asked first: answers of other models are not taken from the cache."""

    models: Models
    meter: Meter
    reach: Reach
    model: str
    strategy: Strategy = "single"
    answers: Answers | None = None
    vector: Sequence[float] = ()
    """The question's, by the model that made those of the cache."""
    total_s: float = 150.0
    retry: bool = False
    """Whether to raise `NoProvider` when nobody answers, so that the question is tried again later; else the offline answer stands."""
    refuse: bool = False
    """Whether to raise `OverBudget` when the budget is spent; else the offline answer stands."""


@dataclass(slots=True)
class Tally:
    """A meter around a meter: adds up what the calls of one consultation cost, also when they came to nothing."""

    meter: Meter
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    _settled: set[UUID] = field(default_factory=set)

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        """As the meter inside does."""
        return await self.meter.reserve(provider, model, request)

    async def settle(self, call: UUID, usage: Usage) -> None:
        """Count once, then as the meter inside does."""
        if call not in self._settled:
            self._settled.add(call)
            self.tokens_in += usage.tokens_in
            self.tokens_out += usage.tokens_out
            self.money += usage.money_usd
            self.calls[usage.model] = self.calls.get(usage.model, 0) + 1
        await self.meter.settle(call, usage)

    def cost(self) -> Cost:
        """As the report shows it."""
        return Cost(
            tokens_in=self.tokens_in, tokens_out=self.tokens_out, money_usd=round(self.money, 6), calls=dict(sorted(self.calls.items()))
        )
