"""The port to language models: what is asked, what comes back, and what may go wrong.

Who asks gives a function from a provider to a request, because each provider is shown the prompt in its own form, and a function that
refuses an answer of the wrong shape. Who answers decides which provider is asked, in which order, and for how long.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from pydantic import SecretStr

from faultmaven_events.errors import TransientError
from faultmaven_events.schemas.usage import FailureKind, Task, Usage

Message = Mapping[str, Any]
"""One message in OpenAI's form: role, content, tool_calls, tool_call_id."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider with its models, as configured. `model` is named as litellm does: `provider/model`."""

    name: str
    model: str
    models: Mapping[Task, str] = field(default_factory=dict)
    """A model of its own for a task."""
    cheaper: str | None = None
    """The model that is asked when money is short."""
    api_base: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = 60.0
    style: Literal["full", "compact"] = "full"
    """The form of the prompt: a small model gets fewer facts and shorter rules."""
    json: Literal["schema", "object", "none"] = "object"
    """What it takes to answer in JSON: a schema, the mode alone, or nothing but words."""
    tools: bool = True
    input_usd: float | None = None
    """Price of a million tokens where it is not known, or other than known."""
    output_usd: float | None = None

    def model_for(self, task: Task) -> str:
        """The model for a task."""
        return self.models.get(task, self.model)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `schema` is the JSON Schema of the answer, None for prose; `tools` are functions in OpenAI's form."""

    messages: Sequence[Message]
    schema: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    max_tokens: int = 1500


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that a model wants to be called. `arguments` is what it wrote, not checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `estimated`: the provider did not say how many tokens it counted."""

    text: str
    provider: str
    model: str
    calls: tuple[Call, ...] = ()
    finish: str = "stop"
    tokens_in: int = 0
    tokens_out: int = 0
    money_usd: float = 0.0
    estimated: bool = False
    ran_ms: int = 0


class BadOutput(ValueError):
    """An answer is not of the shape asked for. The message names rules, never content: it is shown to the model, and in reports."""


class ProviderFailed(Exception):
    """One call failed. The message names the provider and the kind, never what the provider said."""

    def __init__(self, provider: str, kind: FailureKind, *, retry_after: float | None = None) -> None:
        super().__init__(f"{provider}: {kind}")
        self.provider, self.kind, self.retry_after = provider, kind, retry_after


class NoProvider(TransientError):
    """No provider answered. `failures` holds (provider, what was wrong), in the order asked."""

    code = "no_provider"

    def __init__(self, failures: Sequence[tuple[str, str]]) -> None:
        super().__init__("no provider answered: " + ", ".join(f"{name} {why}" for name, why in failures))
        self.failures = tuple(failures)


class OverBudget(Exception):
    """The tenant's money or tokens do not suffice for a call."""


OnText = Callable[[str], Awaitable[None]]
"""Takes the next piece of an answer's text while it is written; an empty piece is none. Only for prose: JSON is not shown half done.

The piece `ANEW` says that what was told so far is void, because the provider failed half way or its answer was refused: the answer begins
anew. No other piece holds its character.
"""
ANEW: Final = "\x00"
Build = Callable[[Provider], Request]
Check = Callable[[Reply], None]
"""Raises BadOutput."""


class Meter(Protocol):
    """Counts what calls cost, before and after."""

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        """Set aside what a call may cost at most; return the call's id.

        Raises:
            OverBudget: the tenant has not so much left.
        """

    async def settle(self, call: UUID, usage: Usage) -> None:
        """Book what a call did cost and free the rest. Once per reservation, however the call ended."""


class Models(Protocol):
    """Answers requests, by whichever provider can."""

    async def complete(self, task: Task, build: Build, *, meter: Meter, check: Check | None = None, on_text: OnText | None = None) -> Reply:
        """Ask the providers in their order until one answers as asked.

        An answer that `check` refuses is asked for once more from the same provider, with the reason; then it counts as `bad_output`.

        Raises:
            NoProvider: none of them did.
            OverBudget: one could be asked, but there is no money for it, not even for its cheaper model.
        """

    @property
    def degraded(self) -> tuple[str, ...]:
        """Providers that are not asked now, because their breakers are open."""
