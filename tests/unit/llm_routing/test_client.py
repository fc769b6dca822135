"""Every fault of a provider, over real HTTP."""

import gzip
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack

import pytest
from pydantic import SecretStr

from faultmaven_events.infra.llm import wire
from faultmaven_events.infra.llm.answer import TEXT
from faultmaven_events.infra.llm.client import Asking, Client, open_client
from faultmaven_events.infra.llm.failures import Failed
from faultmaven_events.infra.llm.port import Provider, Reply, Request
from faultmaven_events.infra.llm.vendors import VENDORS
from faultmaven_events.infra.llm.wire import RECEIVED
from providers import SAID, Cut, Drip, Fake, Garbage, Hang, Refusal, Say, Status, Step, dead_url, provider
from raw_http import chunk, completion, http, raw_server, tokens

ASKED = "what only the prompt said"
REQUEST = Request(({"role": "system", "content": "Be brief."}, {"role": "user", "content": ASKED}))
TOOL = {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_client() as client:
        yield client


def at(url: str, vendor: str = "openai", **more: object) -> Provider:
    return Provider("p", f"{vendor}/m-1", api_base=url, **more)  # type: ignore[arg-type] # a test's own fields


def of(fake: Fake, dialect: str) -> Provider:
    return at(f"{fake.url}/v1" if dialect == "openai" else fake.url, dialect)


async def ask(client: Client, provider: Provider, *, stream: bool = False, limit_s: float = 10, request: Request = REQUEST) -> Reply:
    async def told(_: str) -> None:
        return

    return await client.ask(Asking(provider, provider.model, request), limit_s, told if stream else None)


async def failing(client: Client, provider: Provider, *, stream: bool = False, limit_s: float = 10) -> Failed:
    with pytest.raises(Failed) as error:
        await ask(client, provider, stream=stream, limit_s=limit_s)
    return error.value


FAULTS = [
    (Status(500), "service_error", "counts"),
    (Status(503, retry_after=9), "service_error", "counts"),
    (Status(529), "service_error", "counts"),
    (Status(504), "timeout", "counts"),
    (Status(408), "timeout", "counts"),
    (Status(429, retry_after=7), "rate_limit", "counts"),
    (Status(401), "service_error", "opens"),
    (Status(403), "service_error", "opens"),
    (Status(404), "service_error", "opens"),
    (Status(402), "service_error", "opens"),
    (Status(400), "bad_output", "none"),
    (Status(413), "bad_output", "none"),
    (Status(500, said="rate limit 429 invalid api key"), "service_error", "counts"),
    (Hang(), "timeout", "counts"),
    (Drip("a b c d e f g h i j k l m n o p q r s t", 0.1), "timeout", "counts"),
    (Cut("hello world again"), "bad_output", "counts"),
    (Cut("hello world again", how="quiet"), "bad_output", "counts"),
    (Cut("hello world again", how="error"), "bad_output", "counts"),
    (Garbage(), "bad_output", "counts"),
    (Say(""), "bad_output", "none"),
    (Say(" \n"), "bad_output", "none"),
    (Refusal(), "bad_output", "none"),
    (Refusal(filtered=True), "bad_output", "none"),
]


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("step", "kind", "effect"), FAULTS, ids=lambda value: type(value).__name__ if not isinstance(value, str) else value
)
async def test_each_fault_has_its_kind_and_its_effect_on_the_breaker(
    client: Client, step: Step, kind: str, effect: str, *, stream: bool, dialect: str
) -> None:
    slow = isinstance(step, Hang | Drip)
    async with provider(step, dialect=dialect) as fake:
        failed = await failing(client, of(fake, dialect), stream=stream, limit_s=0.5 if slow else 10)
        assert len(fake.requests) == 1, "asked once, without the library's own retries"
    assert (failed.kind, failed.effect) == (kind, effect)
    assert failed.retry_after == (7 if kind == "rate_limit" else None)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_provider_where_nobody_listens_cannot_be_reached_and_costs_nothing(client: Client, dialect: str) -> None:
    failed = await failing(client, at(dead_url(), dialect))
    assert (failed.kind, failed.effect, failed.sent) == ("service_error", "counts", False)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_connection_that_nobody_takes_is_given_up_before_the_call_is(
    client: Client, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECT_S", 0.2)
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # more than its queue holds; the kernel does not answer further ones
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        failed = await failing(client, at(f"http://127.0.0.1:{full.getsockname()[1]}", dialect), limit_s=60)
    assert (failed.kind, failed.why, failed.sent) == ("timeout", "it cannot be reached in time", False)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_comes_with_its_text_its_calls_and_what_the_provider_counted(client: Client, dialect: str, *, stream: bool) -> None:
    calls = [("look", {"line": 3}), ("look", {"line": 4})]
    async with provider(Say("I look.", calls=calls, tokens_in=1000, tokens_out=50), dialect=dialect) as fake:
        reply = await ask(client, of(fake, dialect), stream=stream, request=Request(REQUEST.messages, tools=(TOOL,)))
    assert (reply.text, reply.finish, reply.provider, reply.model) == ("I look.", "tool_calls", "p", f"{dialect}/m-1")
    assert [(call.name, json.loads(call.arguments)) for call in reply.calls] == calls
    assert len({call.id for call in reply.calls}) == 2
    assert (reply.tokens_in, reply.tokens_out, reply.estimated) == (1000, 50, False)


@pytest.mark.parametrize("stream", [False, True])
async def test_tokens_that_the_provider_does_not_count_are_estimated_and_marked(client: Client, *, stream: bool) -> None:
    async with provider(Say("word " * 100, tokens_in=None, tokens_out=None)) as fake:
        reply = await ask(client, of(fake, "openai"), stream=stream)
    assert reply.estimated
    assert reply.tokens_in >= len(ASKED) / 4
    assert reply.tokens_out >= 100


async def test_money_is_the_configured_price_or_the_known_one(client: Client) -> None:
    async with provider(Say("hi", tokens_in=1_000_000, tokens_out=1_000_000)) as fake:
        own = Provider("own", "openai/gpt-4o-mini", api_base=f"{fake.url}/v1", input_usd=3, output_usd=4)
        known = Provider("known", "openai/gpt-4o-mini", api_base=f"{fake.url}/v1")
        unknown = Provider("unknown", "openai/nobody-knows", api_base=f"{fake.url}/v1")
        money = [(await ask(client, each)).money_usd for each in (own, known, unknown)]
    assert money == [7.0, pytest.approx(0.75), 0.0]


async def test_the_provider_is_told_the_key_the_mode_and_the_limits(client: Client) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    async with provider(Say('{"a": "b"}')) as fake:
        for mode in ("schema", "object", "none"):
            given = at(f"{fake.url}/v1", json=mode, api_key=SecretStr("k" + "-1"))
            await ask(client, given, request=Request(REQUEST.messages, schema=schema, max_tokens=77))
        modes = [asked.body.get("response_format") for asked in fake.requests]
        first = fake.requests[0]
    assert modes[0]["json_schema"]["schema"] == schema
    assert modes[1:] == [{"type": "json_object"}, None]
    assert first.headers["authorization"] == "Bearer k-1"
    assert (first.body["max_tokens"], first.body["temperature"], first.body["model"]) == (77, 0, "m-1")
    assert first.body["messages"][1]["content"] == ASKED


async def test_tools_are_not_shown_to_a_provider_without_them(client: Client) -> None:
    async with provider(Say("hi")) as fake:
        await ask(client, at(f"{fake.url}/v1", tools=False), request=Request(REQUEST.messages, tools=(TOOL,)))
        await ask(client, at(f"{fake.url}/v1"), request=Request(REQUEST.messages, tools=(TOOL,), schema={"type": "object"}))
        first, second = (asked.body for asked in fake.requests)
    assert "tools" not in first
    assert set(second) == {"messages", "model", "max_tokens", "temperature", "tools"}, "JSON mode and tools: not everywhere together"


async def test_without_a_key_none_of_the_environment_is_sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for known in VENDORS.values():
        monkeypatch.setenv(known.key_env, "of-the-environment")
    async with provider(Say("hi")) as fake, provider(Say("hi"), dialect="anthropic") as other:
        await ask(client, of(fake, "openai"))
        await ask(client, of(other, "anthropic"))
        sent = [*fake.requests[0].headers.values(), *other.requests[0].headers.values()]
    assert not any("of-the-environment" in value for value in sent)


@pytest.mark.parametrize("vendor", sorted(set(VENDORS) - {"anthropic", "gemini"}))
@pytest.mark.parametrize("stream", [False, True])
async def test_each_vendor_is_asked_over_our_own_bounded_connections(client: Client, vendor: str, *, stream: bool) -> None:
    body = completion("hello", service_tier="on_demand")
    if stream:
        body = tokens(["hel", "lo"]) + chunk({}, "stop") + b"data: [DONE]\n\n"
    async with raw_server(http(body, kind="text/event-stream" if stream else "application/json")) as (url, heads):
        reply = await ask(client, at(f"{url}/v1", vendor), stream=stream)
    assert reply.text == "hello"
    assert b"POST /v1/chat/completions " in heads[0]
    assert b"accept-encoding: identity" in heads[0].lower()


@pytest.mark.parametrize("stream", [False, True])
async def test_gemini_is_asked_in_its_own_form(client: Client, *, stream: bool) -> None:
    answer = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120},
    }
    body = json.dumps(answer).encode()
    body = b"data: " + body + b"\r\n\r\n" if stream else body
    async with raw_server(http(body, kind="text/event-stream" if stream else "application/json")) as (url, heads):
        reply = await ask(client, at(url, "gemini"), stream=stream)
    assert (reply.text, reply.tokens_in, reply.tokens_out, reply.estimated) == ("hello", 100, 20, False)
    assert b"accept-encoding: identity" in heads[0].lower()


HUGE = "x" * (TEXT + 1)
ATTACKS: dict[str, Callable[[], tuple[bytes, bool]]] = {
    "an answer beyond the bound": lambda: (http(completion(HUGE)), False),
    "a stream beyond the bound": lambda: (http(tokens([HUGE[:100_000]] * 3), kind="text/event-stream"), True),
    "a body without end": lambda: (http(b" " * (RECEIVED + 1)), False),
    "a packed body": lambda: (http(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"), False),
    "ten thousand calls": lambda: (http(completion("", choices=[_calls(10_000)])), False),
}


def _calls(number: int) -> dict[str, object]:
    calls = [{"id": str(n), "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in range(number)]
    return {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_provider_can_fill_our_memory(client: Client, attack: str) -> None:
    response, stream = ATTACKS[attack]()
    async with raw_server(response) as (url, _):
        failed = await failing(client, at(f"{url}/v1"), stream=stream)
    assert (failed.kind, failed.why) == ("bad_output", "the answer is too long")


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_prompt_is_not_sent_on_to_where_a_redirect_points(client: Client, dialect: str) -> None:
    async with provider(Say("hi"), dialect=dialect) as elsewhere:
        async with raw_server(http(b"{}", f"Location: {elsewhere.url}/v1/chat/completions", status=307)) as (url, _):
            failed = await failing(client, at(url, dialect))
        assert (failed.kind, failed.effect) == ("service_error", "opens")
        assert elsewhere.requests == []


@pytest.mark.parametrize("vendor", ["openai", "openrouter"])
async def test_a_kept_connection_that_was_closed_meanwhile_costs_one_more_try(client: Client, vendor: str) -> None:
    good = http(completion("hello"))
    async with raw_server(good, b"", good, keep=True) as (url, heads):
        for _ in range(2):
            assert (await ask(client, at(f"{url}/v1", vendor))).text == "hello"
        assert len(heads) == 3
    async with raw_server(good, b"", keep=True) as (url, heads):
        await ask(client, at(f"{url}/v1", vendor))
        assert (await failing(client, at(f"{url}/v1", vendor))).kind == "service_error"
        assert len(heads) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [null]}',
        b'{"choices": 7}',
        b"[" * 100_000,
    ]
    + [completion("", choices=[{"index": 0, "message": message, "finish_reason": "stop"}]) for message in (None, [], {"content": 7}, {})],
)
async def test_an_answer_of_any_wrong_shape_is_a_bad_output(client: Client, body: bytes) -> None:
    async with raw_server(http(body)) as (url, _):
        assert (await failing(client, at(f"{url}/v1"))).kind == "bad_output"


async def test_claims_about_tokens_are_taken_within_reason(client: Client) -> None:
    for claim in (-5, 10**30, 0):
        usage = {"prompt_tokens": claim, "completion_tokens": claim, "total_tokens": claim}
        async with raw_server(http(completion("hello", usage=usage))) as (url, _):
            reply = await ask(client, at(f"{url}/v1"))
        assert 0 <= reply.tokens_in <= 10**9


async def test_characters_that_no_store_takes_are_gone(client: Client) -> None:
    async with raw_server(http(completion("a\x00b\ud800c"))) as (url, _):
        assert (await ask(client, at(f"{url}/v1"))).text == "ab?c"


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("step", [Status(500), Status(400), Cut("hello world"), Garbage(), Refusal(), Say("the answer's own words")])
async def test_nothing_of_prompts_answers_and_errors_is_logged_or_raised(
    client: Client, step: Step, dialect: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("LiteLLM", "litellm", "openai")):
            logging.getLogger(name).setLevel(logging.DEBUG)
    failures: list[Failed] = []
    async with provider(step, dialect=dialect) as fake:
        for stream in (False, True):
            try:
                await ask(client, of(fake, dialect), stream=stream)
            except Failed as failed:
                failures.append(failed)
    assert [failed for failed in failures if failed.__context__ or failed.__cause__] == [], "no error that quotes the provider hangs on it"
    assert SAID not in repr(failures)
    told = caplog.text + "".join(capsys.readouterr())
    for secret in (ASKED, SAID, "hello world", "the answer's own words"):
        assert secret not in told
