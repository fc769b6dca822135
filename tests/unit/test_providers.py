"""The fake provider is understood by the library that real providers are asked with, in both dialects, and fails as told."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx
import pytest

from providers import SAID, Cut, Drip, Fake, Garbage, Hang, Refusal, Say, Status, Wait, dead_url, provider

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch prices at import

Dialect = Literal["openai", "anthropic"]
BOTH = pytest.mark.parametrize("dialect", ["openai", "anthropic"])
TEXT = "The pool of  connections was exhausted.\n"
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"line": {"type": "integer"}}}}}


@pytest.fixture
async def both() -> AsyncIterator[dict[str, Fake]]:
    async with provider() as openai, provider(dialect="anthropic") as anthropic:
        yield {"openai": openai, "anthropic": anthropic}


async def ask(fake: Fake, dialect: Dialect, **more: Any) -> Any:
    import litellm

    base = f"{fake.url}/v1" if dialect == "openai" else fake.url
    messages = [{"role": "user", "content": "why?"}]
    return await litellm.acompletion(
        f"{dialect}/m-1", messages, api_base=base, api_key="k", max_retries=0, timeout=20, _skip_mcp_handler=True, **more
    )  # without it, tools want a package that litellm does not bring


async def text_of(stream: Any) -> str:
    return "".join([part.choices[0].delta.content or "" async for part in stream if part.choices])


@BOTH
async def test_an_answer_comes_whole_with_its_tokens(both: dict[str, Fake], dialect: Dialect) -> None:
    both[dialect].script(Say(lambda body: f"{TEXT}{body['messages'][0]['role']}", tokens_in=7, tokens_out=3))
    answer = await ask(both[dialect], dialect)
    assert answer.choices[0].message.content == f"{TEXT}user"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    [asked] = both[dialect].requests
    assert asked.body["model"] == "m-1"
    assert asked.headers["x-api-key" if dialect == "anthropic" else "authorization"].endswith("k")


@BOTH
async def test_a_stream_is_the_same_answer_in_pieces(both: dict[str, Fake], dialect: Dialect) -> None:
    both[dialect].script(Say(TEXT, tokens_in=7, tokens_out=3))
    stream = await ask(both[dialect], dialect, stream=True, stream_options={"include_usage": True})
    parts = [part async for part in stream]
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == TEXT
    assert sum(bool(part.choices and part.choices[0].delta.content) for part in parts) > 3
    [usage] = [part.usage for part in parts if getattr(part, "usage", None)]
    assert (usage.prompt_tokens, usage.completion_tokens) == (7, 3)


@BOTH
@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_are_called_in_both_ways(both: dict[str, Fake], dialect: Dialect, streamed: bool) -> None:
    both[dialect].script(Say(calls=[("look", {"line": 12})]))
    answer = await ask(both[dialect], dialect, stream=streamed, tools=[TOOL])
    if streamed:
        deltas = [call.function async for part in answer for call in part.choices[0].delta.tool_calls or ()]
        name, arguments = "".join(each.name or "" for each in deltas), "".join(each.arguments or "" for each in deltas)
    else:
        [call] = answer.choices[0].message.tool_calls
        name, arguments = call.function.name, call.function.arguments
    assert (name, arguments.replace(" ", "")) == ("look", '{"line":12}')


@BOTH
async def test_a_status_says_when_to_come_back_and_the_last_step_repeats(both: dict[str, Fake], dialect: Dialect) -> None:
    from litellm.exceptions import InternalServerError, RateLimitError

    both[dialect].script(Status(500), Status(429, retry_after=2))
    with pytest.raises(InternalServerError):
        await ask(both[dialect], dialect)
    for _ in range(2):
        with pytest.raises(RateLimitError) as caught:
            await ask(both[dialect], dialect)
        assert SAID in str(caught.value)
    assert len(both[dialect].requests) == 3


@BOTH
@pytest.mark.parametrize("how", ["drop", "error"])
async def test_a_cut_stream_ends_in_an_error_after_its_first_words(both: dict[str, Fake], dialect: Dialect, how: Any) -> None:
    both[dialect].script(Cut(TEXT, 8, how))
    stream, seen = await ask(both[dialect], dialect, stream=True), []

    async def read() -> None:
        async for part in stream:
            seen.append(part.choices[0].delta.content or "")  # noqa: PERF401  # what came before the error is looked at

    with pytest.raises(Exception):  # noqa: B017, PT011  # of which class is the business of who asks
        await read()
    assert "".join(seen) == TEXT[:8]


@BOTH
async def test_a_cut_body_and_garbage_are_errors(both: dict[str, Fake], dialect: Dialect) -> None:
    both[dialect].script(Cut(TEXT), Garbage())
    for _ in range(2):
        with pytest.raises(Exception):  # noqa: B017, PT011  # of which class is the business of who asks
            await ask(both[dialect], dialect)


@BOTH
async def test_a_drip_is_slow_but_right(both: dict[str, Fake], dialect: Dialect) -> None:
    both[dialect].script(Drip(TEXT, 0.01))
    assert (await ask(both[dialect], dialect)).choices[0].message.content == TEXT
    assert await text_of(await ask(both[dialect], dialect, stream=True)) == TEXT


async def test_a_refusal_has_no_text(both: dict[str, Fake]) -> None:
    both["openai"].script(Refusal(), Refusal(filtered=True))
    refused = (await ask(both["openai"], "openai")).choices[0]
    assert not refused.message.content
    assert (await ask(both["openai"], "openai")).choices[0].finish_reason == "content_filter"
    both["anthropic"].script(Refusal())
    assert not (await ask(both["anthropic"], "anthropic")).choices[0].message.content


async def test_hanging_requests_end_with_the_provider() -> None:
    async with provider(Hang()) as fake:
        asking = asyncio.create_task(httpx.AsyncClient().post(f"{fake.url}/v1/chat/completions", json={}, timeout=60))
        while not fake.requests:  # noqa: ASYNC110  # it has no event for it
            await asyncio.sleep(0.01)
    with pytest.raises(httpx.TransportError):
        await asking


async def test_a_step_may_wait_for_an_event(both: dict[str, Fake]) -> None:
    go = asyncio.Event()
    both["openai"].script(Wait(go, Say("now")))
    asking = asyncio.create_task(ask(both["openai"], "openai"))
    while not both["openai"].requests:  # noqa: ASYNC110  # it has no event for it
        await asyncio.sleep(0.01)
    assert not asking.done()
    go.set()
    assert (await asking).choices[0].message.content == "now"


async def test_nobody_listens_at_a_dead_address() -> None:
    with pytest.raises(httpx.ConnectError):
        await httpx.AsyncClient().get(dead_url())
