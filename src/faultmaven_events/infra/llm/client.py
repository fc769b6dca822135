"""One call of one provider: asked once, within a time limit of our own, answered within bounds, or failed in a way that has a name.

Nothing of a prompt, an answer or an error's text is logged, raised or traced.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from faultmaven_events.infra.llm import failures
from faultmaven_events.infra.llm.answer import Answer, Overflow
from faultmaven_events.infra.llm.cancellation import heeded
from faultmaven_events.infra.llm.failures import Failed
from faultmaven_events.infra.llm.library import connected, key_of, library
from faultmaven_events.infra.llm.port import OnText, Provider, Reply, Request
from faultmaven_events.infra.llm.prices import price_of
from faultmaven_events.infra.llm.vendors import vendor
from faultmaven_events.infra.llm.wire import Wire, open_http, watch
from faultmaven_events.schemas.usage import Usage

_FILTERED: Final = frozenset({"content_filter", "refusal", "content_filtered", "safety"})


@dataclass(slots=True)
class Asking:
    """One call while it runs: what is known of it also when it fails or is cancelled."""

    provider: Provider
    model: str
    request: Request
    began: float = field(default_factory=time.monotonic)
    wire: Wire = field(default_factory=Wire)
    answer: Answer = field(default_factory=Answer)

    def used(self, *, sent: bool) -> tuple[int, int, float, bool]:
        """Return tokens in, tokens out, dollars, and whether they are estimated. What was not `sent`, or was refused, cost nothing."""
        if not sent or (self.wire.status is not None and self.wire.status >= 300):
            return 0, 0, 0.0, False
        tokens_in, tokens_out, estimated = self.answer.used(self.request)
        price = price_of(self.provider, self.model)
        return tokens_in, tokens_out, price.of(tokens_in, tokens_out) / 1_000_000 if price else 0.0, estimated

    def reply(self) -> Reply:
        """Return the finished answer.

        Raises:
            Failed: it says nothing, or the model or a filter refused it.
        """
        text, calls = self.answer.said(), self.answer.called()
        if self.answer.refused or self.answer.finish in _FILTERED:
            raise failures.refused(self.provider.name)
        if not text.strip() and not calls:
            raise failures.empty(self.provider.name)
        tokens_in, tokens_out, money, estimated = self.used(sent=True)
        return Reply(
            text=text,
            provider=self.provider.name,
            model=self.model,
            calls=calls,
            finish=self.answer.finish,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            money_usd=money,
            estimated=estimated,
            ran_ms=self.ran_ms,
        )

    def usage(self, outcome: str, task: str, call: Any, *, sent: bool) -> Usage:
        """Return what is booked."""
        tokens_in, tokens_out, money, estimated = self.used(sent=sent)
        return Usage.model_validate(
            {
                "call_id": call,
                "provider": self.provider.name,
                "model": self.model,
                "task": task,
                "outcome": outcome,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "money_usd": money,
                "ran_ms": self.ran_ms,
                "estimated": estimated,
            }
        )

    @property
    def ran_ms(self) -> int:
        """Milliseconds since it began."""
        return round((time.monotonic() - self.began) * 1000)


class Client:
    """The way to all providers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._connected: dict[tuple[str, str | None], Any] = {}

    async def ask(self, asking: Asking, limit_s: float, on_text: OnText | None = None) -> Reply:
        """Ask once; a kept connection that turns out to be closed is replaced once.

        Raises:
            Failed: whatever went wrong, as `failures` has it.
        """
        failed: Failed
        given = await self._ready(asking.provider)  # not on the provider's time: the library may have to be imported first
        asking.began = time.monotonic()
        try:
            with heeded():
                async with asyncio.timeout(limit_s):
                    return await self._anew(asking, given, limit_s, on_text)
        except Failed as error:
            failed = error
        except Overflow:
            failed = failures.too_long(asking.provider.name)
        except TimeoutError:
            failed = failures.late(asking.provider.name)
        except Exception as error:  # noqa: BLE001 # the libraries raise anything; what it means is told from HTTP and the error's type
            failed = failures.failure(error, asking.wire, asking.provider.name)
        # Raised here, so that no traceback leads to an error that quotes the provider.
        raise failed

    async def _ready(self, provider: Provider) -> Any:
        """Return the client object for a provider."""
        place = provider.name, provider.api_base
        if place not in self._connected:
            await asyncio.to_thread(library)
            self._connected[place] = connected(provider, self._http)
        return self._connected[place]

    async def _anew(self, asking: Asking, given: Any, limit_s: float, on_text: OnText | None) -> Reply:
        def again(error: BaseException) -> bool:
            return not isinstance(error, Failed) and not asking.answer.size and failures.dropped(error, asking.wire)

        async for attempt in AsyncRetrying(stop=stop_after_attempt(2), retry=retry_if_exception(again), reraise=True):
            with attempt:
                await self._ask(asking, given, limit_s, on_text)
        return asking.reply()

    async def _ask(self, asking: Asking, given: Any, limit_s: float, on_text: OnText | None) -> None:
        provider = asking.provider
        asking.wire = watch()
        response = await library().acompletion(
            **_options(asking.request, provider),
            model=asking.model,
            api_base=provider.api_base,
            api_key=key_of(provider),
            client=given,
            timeout=limit_s,
            stream=on_text is not None,
            **({"stream_options": {"include_usage": True}} if on_text is not None else {}),
        )
        if on_text is None:
            _whole(response, asking)
        else:
            await _streamed(response, asking, on_text)


def _options(request: Request, provider: Provider) -> dict[str, Any]:
    known = vendor(provider.model, provider.api_base)
    options: dict[str, Any] = {
        "messages": [dict(message) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": 0,
        "max_retries": 0,
        "num_retries": 0,
        "drop_params": True,
    }
    tools = provider.tools and bool(request.tools)
    if tools:
        options["tools"] = [dict(tool) for tool in request.tools]
        options["_skip_mcp_handler"] = True  # litellm's own, for tools of MCP servers, wants a package that nothing else here needs
    if request.schema is not None and (known.json_with_tools or not tools) and provider.json != "none":
        options["response_format"] = _format(request.schema) if provider.json == "schema" else {"type": "json_object"}
    return options


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": False}}


def _whole(response: Any, asking: Asking) -> None:
    choices = getattr(response, "choices", None)
    if not choices:
        raise failures.Failed(asking.provider.name, "bad_output", "what came is no answer")
    asking.answer.counted(getattr(response, "usage", None))
    asking.answer.finish = str(choices[0].finish_reason or "stop")
    asking.answer.add(choices[0].message)


async def _streamed(stream: Any, asking: Asking, on_text: OnText) -> None:
    answer = asking.answer
    try:
        async for chunk in stream:
            for choice in (getattr(chunk, "choices", None) or ())[:1]:
                if text := answer.add(choice.delta):
                    await on_text(text)
                answer.finish = str(choice.finish_reason or answer.finish)
    finally:
        # What the provider itself said it counted: the library's own last chunk would be a guess where it said nothing.
        for each in getattr(stream, "chunks", ()):
            if getattr(each, "usage", None) is not None:
                answer.counted(each.usage)
    if getattr(stream, "received_finish_reason", None) is None and getattr(stream, "intermittent_finish_reason", None) is None:
        raise failures.cut(asking.provider.name)


@asynccontextmanager
async def open_client() -> AsyncIterator[Client]:
    """Open the connections; nobody is asked yet."""
    async with open_http() as http:
        yield Client(http)
