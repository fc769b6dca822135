"""Failover, repair, budgets and breakers of one process, over real HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from faultmaven_events.infra.llm import router
from faultmaven_events.infra.llm.breaker import Limits
from faultmaven_events.infra.llm.port import ANEW, BadOutput, NoProvider, OverBudget, Provider, Reply, Request
from faultmaven_events.infra.llm.router import SHOWN, Router, open_models
from faultmaven_events.schemas.usage import BreakerChanged
from faultmaven_events.settings import Settings
from metering import Purse
from providers import Cut, Drip, Fake, Garbage, Hang, Refusal, Say, Status, Step, Wait, dead_url, provider

SOON = Limits(probe_s=0.05, longest_s=0.1)
NEVER = Limits(probe_s=3600, longest_s=3600)
SLOW = (Hang(), Drip("a b c d e f g h i j k l m n o p", 0.2))


def prose(_: Provider) -> Request:
    return Request(({"role": "user", "content": "Why do orders fail?"},))


def in_json(_: Provider) -> Request:
    return Request(({"role": "user", "content": "Why do orders fail?"},), schema={"type": "object"})


@asynccontextmanager
async def routed(
    home: Path,
    urls: Sequence[str],
    changes: list[BreakerChanged] | None = None,
    *,
    limits: Limits = NEVER,
    first_s: float = 30,
    total_s: float = 120,
    more: str = "",
) -> AsyncIterator[Router]:
    """Open the models of a file that names providers a, b, c at addresses; the first gets `first_s` for a call."""
    tables = (
        f'[[provider]]\nname = "{name}"\nmodel = "openai/large"\ncheaper = "openai/small"\napi_base = "{url}/v1"\n'
        f"timeout_s = {first_s if name == 'a' else 30}\n{more}\n"
        for name, url in zip("abc", urls, strict=False)
    )
    (home / "llm.toml").write_text("".join(tables))
    settings = Settings(home=home, llm_file=home / "llm.toml", llm_total_s=total_s)

    async def publish(change: BreakerChanged) -> None:
        if changes is not None:
            changes.append(change)

    async with open_models(settings, publish, limits, tick_s=0.02) as models:
        yield models


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (Status(500), "service_error"),
        (Status(429, retry_after=7), "rate_limit"),
        (Status(401), "service_error"),
        (Status(400), "bad_output"),
        (Hang(), "timeout"),
        (Drip("a b c d e f g h i j k l m n o p", 0.2), "timeout"),
        (Cut("hello"), "bad_output"),
        (Garbage(), "bad_output"),
        (Say(""), "bad_output"),
        (Refusal(), "bad_output"),
        (None, "service_error"),
    ],
    ids=str,
)
async def test_whatever_is_wrong_with_the_first_the_second_answers(tmp_path: Path, step: Step | None, outcome: str) -> None:
    meter = Purse()
    async with (
        provider(step or Say()) as first,
        provider(Say("the pool is exhausted")) as second,
        routed(tmp_path, [first.url if step else dead_url(), second.url], first_s=0.5 if step in SLOW else 30) as models,
    ):
        reply = await models.complete("investigate", prose, meter=meter)
    assert (reply.text, reply.provider) == ("the pool is exhausted", "b")
    assert meter.outcomes() == [("a", outcome), ("b", "answered")]


async def test_when_nobody_answers_it_says_who_and_why(tmp_path: Path) -> None:
    meter = Purse()
    async with provider(Status(500)) as first, provider(Say("")) as second, routed(tmp_path, [first.url, second.url, dead_url()]) as models:
        with pytest.raises(NoProvider) as error:
            await models.complete("investigate", prose, meter=meter)
    assert error.value.failures == (
        ("a", "service_error (status 500)"),
        ("b", "bad_output (the answer is empty)"),
        ("c", "service_error (it cannot be reached)"),
    )
    assert [usage.tokens_in for usage in meter.settled] == [0, 100, 0], "an empty answer is paid for too"


async def test_a_refused_answer_is_asked_for_once_more_with_the_reason(tmp_path: Path) -> None:
    def check(reply: Reply) -> None:
        if "{" not in reply.text:
            raise BadOutput("there is no JSON object")

    meter, wrong = Purse(), "words " * 2000
    async with provider(Say(wrong), Say('{"a": 1}')) as fake, routed(tmp_path, [fake.url]) as models:
        reply = await models.complete("investigate", in_json, meter=meter, check=check)
        shown = fake.requests[1].body["messages"]
    assert reply.text == '{"a": 1}'
    assert [each["role"] for each in shown] == ["user", "assistant", "user"]
    assert shown[1]["content"] == wrong[:SHOWN]
    assert "there is no JSON object" in shown[2]["content"]
    assert meter.outcomes() == [("a", "bad_output"), ("a", "answered")]


async def test_an_answer_that_is_refused_twice_is_not_taken_and_opens_no_breaker(tmp_path: Path) -> None:
    def check(reply: Reply) -> None:
        if reply.provider == "a":
            raise BadOutput("wrong")

    meter = Purse()
    async with provider(Say("x")) as first, provider(Say("y")) as second, routed(tmp_path, [first.url, second.url]) as models:
        for _ in range(5):
            assert (await models.complete("investigate", in_json, meter=meter, check=check)).provider == "b"
        assert len(first.requests) == 10
        assert models.degraded == ()
    assert meter.outcomes()[:3] == [("a", "bad_output"), ("a", "bad_output"), ("b", "answered")]


async def test_when_a_stream_breaks_the_listener_is_told_that_the_answer_begins_anew(tmp_path: Path) -> None:
    told: list[str] = []

    async def listen(text: str) -> None:
        told.append(text)

    async with (
        provider(Cut("the disk is full", after=9)) as first,
        provider(Say("the pool is \x00 exhausted")) as second,
        routed(tmp_path, [first.url, second.url]) as models,
    ):
        reply = await models.complete("follow_up", prose, meter=Purse(), on_text=listen)
    assert told.count(ANEW) == 1
    before, after = "".join(told).split(ANEW)
    assert "the disk is full".startswith(before.strip())
    assert before
    assert after == reply.text == "the pool is  exhausted", "no provider can say it"


async def test_what_was_shown_is_taken_back_when_nobody_finishes(tmp_path: Path) -> None:
    told: list[str] = []

    async def listen(text: str) -> None:
        told.append(text)

    async with provider(Cut("the disk is full", after=9)) as fake, routed(tmp_path, [fake.url]) as models:
        with pytest.raises(NoProvider):
            await models.complete("follow_up", prose, meter=Purse(), on_text=listen)
    assert told[-1] == ANEW


async def test_json_is_not_shown_half_done(tmp_path: Path) -> None:
    told: list[str] = []

    async def listen(text: str) -> None:
        told.append(text)

    async with provider(Say('{"a": 1}')) as fake, routed(tmp_path, [fake.url]) as models:
        await models.complete("investigate", in_json, meter=Purse(), on_text=listen)
        assert "stream" not in fake.requests[0].body
    assert told == []


async def test_a_listener_that_fails_does_not_cost_the_answer(tmp_path: Path) -> None:
    async def listen(_: str) -> None:
        raise ConnectionResetError("gone")

    async with provider(Say("the pool is exhausted")) as fake, routed(tmp_path, [fake.url]) as models:
        reply = await models.complete("follow_up", prose, meter=Purse(), on_text=listen)
        assert (reply.text, models.degraded) == ("the pool is exhausted", ())


async def test_a_listener_that_hangs_is_left_and_no_fault_of_the_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "LISTEN_S", 0.05)

    async def listen(_: str) -> None:
        await asyncio.Event().wait()

    async with provider(Say("the pool is exhausted")) as fake, routed(tmp_path, [fake.url]) as models:
        reply = await models.complete("follow_up", prose, meter=Purse(), on_text=listen)
        assert (reply.text, models.degraded) == ("the pool is exhausted", ())


async def test_when_money_is_short_the_cheaper_model_is_asked_then_the_next_provider(tmp_path: Path) -> None:
    async with provider(Say("x")) as fake, routed(tmp_path, [fake.url, fake.url]) as models:
        assert (await models.complete("investigate", prose, meter=Purse(lambda model: "small" in model))).model == "openai/small"
        poor = Purse(lambda _: False)
        with pytest.raises(OverBudget):
            await models.complete("investigate", prose, meter=poor)
        assert poor.asked == ["openai/large", "openai/small"] * 2
        assert len(fake.requests) == 1


async def test_each_task_has_its_model(tmp_path: Path) -> None:
    more = 'models = { follow_up = "openai/quick" }'
    async with provider(Say("x")) as fake, routed(tmp_path, [fake.url], more=more) as models:
        for task in ("investigate", "follow_up"):
            await models.complete(task, prose, meter=Purse())  # type: ignore[arg-type] # both are tasks
        assert [asked.body["model"] for asked in fake.requests] == ["large", "quick"]


async def test_a_cancelled_question_settles_what_it_reserved(tmp_path: Path) -> None:
    meter = Purse()
    async with provider(Hang()) as fake, routed(tmp_path, [fake.url]) as models:
        asking = asyncio.create_task(models.complete("investigate", prose, meter=meter))
        while not fake.requests:  # noqa: ASYNC110 # the fake has no event for it
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert models.degraded == ()
    assert meter.outcomes() == [("a", "abandoned")]
    assert meter.settled[0].tokens_in > 0
    assert meter.settled[0].estimated


async def test_all_calls_together_end_within_the_total_limit(tmp_path: Path) -> None:
    meter = Purse()
    async with provider(Hang()) as fake, routed(tmp_path, [fake.url] * 3, first_s=1.5, total_s=2) as models:
        with pytest.raises(NoProvider) as error:
            async with asyncio.timeout(10):
                await models.complete("investigate", prose, meter=meter)
    assert error.value.failures[-1] == ("c", "not asked: no time is left")
    assert ("a", "timeout") in meter.outcomes()


async def test_an_open_provider_is_passed_over_until_probes_go_well(tmp_path: Path) -> None:
    changes: list[BreakerChanged] = []
    async with (
        provider(Status(500)) as first,
        provider(Say("from b")) as second,
        routed(tmp_path, [first.url, second.url], changes, limits=SOON) as models,
    ):
        for _ in range(3):
            await models.complete("investigate", prose, meter=Purse())
        assert [(change.provider, change.state) for change in changes[:1]] == [("a", "open")]
        assert models.degraded == ("a",)
        assert (await models.complete("investigate", prose, meter=Purse())).provider == "b"
        first.script(Say("from a"))
        async with asyncio.timeout(20):
            while models.degraded:  # noqa: ASYNC110 # what is waited for is in the background
                await asyncio.sleep(0.01)
        assert (await models.complete("investigate", prose, meter=Purse())).text == "from a"
    assert [change.state for change in changes][-2:] == ["half_open", "closed"]
    assert all(after.previous == before.state for before, after in itertools.pairwise(changes))
    assert changes[0].reason == "failures one after the other: service_error 3"


async def test_a_wrong_key_is_tried_once_and_then_only_by_probes(tmp_path: Path) -> None:
    async with provider(Status(401)) as first, provider(Say("x")) as second, routed(tmp_path, [first.url, second.url]) as models:
        for _ in range(4):
            await models.complete("investigate", prose, meter=Purse())
        assert len(first.requests) == 1


async def test_twenty_questions_at_once_are_all_answered_while_a_provider_dies(tmp_path: Path) -> None:
    changes: list[BreakerChanged] = []
    meter, gate = Purse(), asyncio.Event()

    async def asked(models: Router) -> Reply:
        return await models.complete("investigate", prose, meter=meter)

    async with (
        provider(Say("from a"), *[Wait(gate, Status(503))]) as first,
        provider(Say("from b")) as second,
        routed(tmp_path, [first.url, second.url], changes) as models,
    ):
        questions = [asyncio.create_task(asked(models)) for _ in range(20)]
        await _requests(first, 20)
        gate.set()
        answers = [reply.text for reply in await asyncio.gather(*questions)]
        later = await asked(models)
    assert sorted(answers) == ["from a", *["from b"] * 19]
    assert later.provider == "b"
    assert [change.state for change in changes] == ["open"], "told once, though nineteen calls failed"
    assert len(meter.outcomes()) == 20 + 19 + 1


async def _requests(fake: Fake, number: int) -> None:
    async with asyncio.timeout(20):
        while len(fake.requests) < number:  # noqa: ASYNC110 # the fake has no event for it
            await asyncio.sleep(0.01)


async def test_without_providers_nothing_is_asked(tmp_path: Path) -> None:
    async def publish(_: BreakerChanged) -> None:
        return

    async with open_models(Settings(home=tmp_path), publish) as models:
        assert models.providers == ()
        with pytest.raises(NoProvider):
            await models.complete("investigate", prose, meter=Purse())
