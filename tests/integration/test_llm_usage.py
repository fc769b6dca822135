"""Usage: each call is written once, sums are the ledger's, and everybody sees their own. On real stores, over the real door."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
import pytest
import typer
from typer.testing import CliRunner

from faultmaven_events.cli import budget
from faultmaven_events.cli import usage as cli_usage
from faultmaven_events.consumers.record.consumer import open_stage
from faultmaven_events.consumers.record.reconciler import Reconciler
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.infra.llm.accounts import Accounts, accounts_of
from faultmaven_events.infra.llm.budget import Limits
from faultmaven_events.infra.llm.meter import TenantMeter, cost, open_meter, recorded
from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.infra.llm.router import open_models
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.infra.timescale import Timeline, open_timeline
from faultmaven_events.infra.usage import UsageStore
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.registry import decode
from faultmaven_events.schemas.spending import BY, By, Limit
from faultmaven_events.schemas.usage import BreakerChanged, Usage
from faultmaven_events.settings import Settings
from http_door import open_ingress, problem
from providers import Say, provider
from samples import event

PROVIDERS = [
    Provider("main", "openai/large", input_usd=2.5, output_usd=10.0),
    Provider("spare", "openai/small", input_usd=0.15, output_usd=0.6),
]
REQUEST = Request(({"role": "user", "content": "why do orders fail?"},), max_tokens=200)
EVER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
OPERATOR = {"X-Tenant-Id": "ops", "X-User-Id": "ann"}


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield database


@pytest.fixture
async def timeline(settings: Settings) -> AsyncIterator[Timeline]:
    async with open_timeline(settings) as timeline:
        yield timeline


@pytest.fixture
async def record(settings: Settings) -> AsyncIterator[Handler]:
    async with open_stage(settings) as handler:
        yield handler


def told(tenant: str = "acme", **more: Any) -> Event[Any]:
    return event("usage.recorded.v1", tenantid=tenant).model_copy(update={"data": usage(**more)})


def usage(**more: Any) -> Usage:
    about = {"call_id": uuid4(), "provider": "main", "model": "openai/tiny", "task": "investigate", "outcome": "answered"}
    return Usage.model_validate({**about, "tokens_in": 100, "tokens_out": 20, "money_usd": 0.00001, "ran_ms": 1500, **more})


async def asked(accounts: Accounts, tenant: str, calls: int) -> list[Event[Usage]]:
    """Make so many calls for one question; return what is told of them."""
    question = event("troubleshoot.embedded.v1", tenantid=tenant)
    async with open_meter(accounts, tenant=tenant, job=question.subject) as meter:
        for number in range(calls):
            provider = PROVIDERS[number % 2]
            call = await meter.reserve(provider, provider.model, REQUEST)
            used = {"tokens_in": 137 + number, "tokens_out": 11 * number, "money_usd": 1e-7 * (number + 1) / 3}
            await meter.settle(call, usage(provider=provider.name, model=provider.model, **used))
        return [recorded(question, each) for each in await meter.told()]


async def test_the_sums_are_what_the_ledger_says_is_spent(
    settings: Settings, database: Database, timeline: Timeline, record: Handler
) -> None:
    accounts = accounts_of(database, settings)
    events = [*await asked(accounts, "acme", 7), *await asked(accounts, "acme", 4), *await asked(accounts, "other", 3)]
    await asyncio.gather(*(record(each) for each in (*events, *events)))  # each of them comes twice
    for tenant, calls in (("acme", 11), ("other", 3)):
        spent = (await accounts.budget(tenant)).spent
        for by in BY:
            page = await UsageStore(timeline).page(tenant, *EVER, by)
            assert page.total.calls == page.total.answered == sum(line.calls for line in page.items) == calls
            assert page.total.money_usd == spent.usd == pytest.approx(sum(line.money_usd for line in page.items))
            assert page.total.tokens_in + page.total.tokens_out == spent.tokens
            assert spent.tokens > 0
            assert spent.usd > 0


@pytest.mark.parametrize(
    ("by", "keys"), [("model", {"a", "b"}), ("provider", {"x", "y"}), ("task", {"investigate", "follow_up"}), ("tenant", {"acme"})]
)
async def test_calls_are_summed_by_what_is_asked_for(timeline: Timeline, by: By, keys: set[str]) -> None:
    calls = [
        told(model="a", provider="x", task="investigate", money_usd=1.5),
        told(model="b", provider="x", task="follow_up", outcome="timeout"),
        told(model="b", provider="y", task="follow_up", outcome="cached", tokens_in=0, tokens_out=0, money_usd=0, ran_ms=0),
    ]
    await timeline.record([(each, "done") for each in calls])
    page = await UsageStore(timeline).page("acme", *EVER, by)
    assert {line.key for line in page.items} == keys
    assert (page.total.calls, page.total.answered, page.total.failed, page.total.cached) == (2, 1, 1, 1)
    assert (page.total.tokens_in, page.total.tokens_out, page.total.money_usd, page.total.ran_ms) == (200, 40, 1.50001, 3000)
    assert page.items[0].money_usd == max(line.money_usd for line in page.items)


async def test_a_day_is_a_day_of_utc_and_the_end_of_a_stretch_does_not_belong_to_it(timeline: Timeline) -> None:
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    times = (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=1))
    await timeline.record([(told().model_copy(update={"time": at}), "done") for at in times])
    whole = await UsageStore(timeline).page("acme", *EVER, "day")
    assert [(line.key, line.calls) for line in whole.items] == [("2026-11-19", 1), ("2026-11-20", 1), ("2026-11-21", 1)]
    one = await UsageStore(timeline).page("acme", midnight, midnight + timedelta(days=1), "day")
    assert [line.key for line in one.items] == ["2026-11-20"]


@pytest.mark.parametrize("wrong", [{"tokens_in": 10**30}, {"ran_ms": 10**30}, {"provider": "a\x00b"}], ids=["tokens", "time", "zero-byte"])
async def test_usage_that_cannot_be_stored_is_a_dead_letter_and_not_its_neighbours_end(timeline: Timeline, wrong: dict[str, Any]) -> None:
    fine, unfit = told(), told(**wrong)
    outcomes = await timeline.record([(fine, "done"), (unfit, "done")])
    assert [type(outcome) for outcome in outcomes] == [type(None), InvalidEvent]
    assert (await UsageStore(timeline).page("acme", *EVER, "day")).total.calls == 1


async def test_a_tenant_sees_its_own_usage_and_an_operator_everybodys(settings: Settings, timeline: Timeline) -> None:
    calls = [told("acme", money_usd=0.25), told("acme", outcome="rate_limit", tokens_in=0, tokens_out=0, money_usd=0), told("other")]
    await timeline.record([(each, "done") for each in calls])
    async with open_ingress(settings) as door:
        mine = (await door.get("/api/v1/usage", params={"by": "model"}, headers={"X-Tenant-Id": "acme"})).json()
        nobodys = (await door.get("/api/v1/usage", headers={"X-Tenant-Id": "nobody"})).json()
        everybodys = (await door.get("/api/v1/ops/usage", headers=OPERATOR)).json()
        one = (await door.get("/api/v1/ops/usage", params={"tenant": "other", "by": "day"}, headers=OPERATOR)).json()
        wrong = [
            await door.get("/api/v1/usage", params=params)
            for params in ({"by": "tenant"}, {"by": "money"}, {"from": "yesterday"}, {"from": "2026-01-02", "to": "2026-01-01"})
        ]
        wrong.append(await door.get("/api/v1/usage", params={"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}))
        wrong.append(await door.get("/api/v1/usage", params={"to": "0001-01-01T00:00:00Z"}))
        wrong.append(await door.get("/api/v1/ops/usage", params={"tenant": "a b"}))
    assert (mine["tenant"], mine["total"]["calls"], mine["total"]["failed"], mine["total"]["money_usd"]) == ("acme", 2, 1, 0.25)
    assert nobodys["items"] == []
    assert {line["key"]: line["calls"] for line in everybodys["items"]} == {"acme": 2, "other": 1}
    assert (one["tenant"], one["total"]["calls"]) == ("other", 1)
    assert {problem(answer) for answer in wrong} == {"invalid-request"}


async def test_usage_is_empty_before_record_ever_ran(settings: Settings) -> None:
    async with open_ingress(settings) as door:
        answer = await door.get("/api/v1/usage")
    assert (answer.status_code, answer.json()["total"]["calls"]) == (200, 0)


async def test_a_question_goes_from_the_model_to_the_cheaper_one_to_none_and_every_call_is_counted(
    settings: Settings, database: Database, timeline: Timeline, record: Handler
) -> None:
    def build(_: Provider) -> Request:
        return Request(({"role": "user", "content": "why do orders fail? " * 60},), max_tokens=200)

    async def nowhere(_: BreakerChanged) -> None:
        return None

    question = event("troubleshoot.embedded.v1", tenantid="acme")
    async with provider(Say("ready", tokens_in=1000, tokens_out=100)) as fake:
        file = settings.home / "llm.toml"
        file.write_text(f"""
            [[provider]]
            model = "openai/gpt-4o"
            cheaper = "openai/gpt-4o-mini"
            api_base = "{fake.url}/v1"
            api_key_env = "PATH"
            """)
        given = settings.model_copy(update={"llm_file": file, "llm_budget_usd": 0.012})
        accounts = accounts_of(database, given)
        async with open_models(given, nowhere) as models, open_meter(accounts, tenant="acme", job=question.subject) as meter:
            models_asked: list[str] = []

            async def ask_on() -> None:
                while True:
                    models_asked.append((await models.complete("investigate", build, meter=meter)).model)

            with pytest.raises(OverBudget):
                await ask_on()
            told = await meter.told()
    for each in told:
        await record(recorded(question, each))
    budget = await accounts.budget("acme")
    assert list(dict.fromkeys(models_asked)) == ["openai/gpt-4o", "openai/gpt-4o-mini"]
    assert [usage.model for usage in told] == models_asked == [f"openai/{request.body['model']}" for request in fake.requests]
    page = await UsageStore(timeline).page("acme", *EVER, "model")
    assert (page.total.money_usd, page.total.tokens_in) == (budget.spent.usd, 1000 * len(told))
    assert budget.spent.usd <= 0.012
    assert budget.gone
    assert cost(told).calls == {name: models_asked.count(name) for name in set(models_asked)}


async def test_operators_set_show_and_clear_a_tenants_limit_and_the_audit_has_it(settings: Settings) -> None:
    given = settings.model_copy(update={"llm_budget_usd": 1.0})
    async with open_ingress(given) as door:
        path = "/api/v1/ops/budgets"
        before = (await door.get(f"{path}/acme", headers=OPERATOR)).json()
        order = {"usd": 5.5, "tokens": 1000, "reason": "the trial ended"}
        after = (await door.put(f"{path}/acme", json=order, headers=OPERATOR)).json()
        own = (await door.get("/api/v1/budget", headers={"X-Tenant-Id": "acme"})).json()
        listed = (await door.get(path, headers=OPERATOR)).json()["items"]
        free = (await door.put(f"{path}/acme", json={"usd": None}, headers=OPERATOR)).json()
        cleared = (await door.delete(f"{path}/acme", headers=OPERATOR)).json()
        again = await door.delete(f"{path}/acme", headers=OPERATOR)
        audit = (await door.get("/api/v1/ops/dead-letters/audit", headers=OPERATOR)).json()["items"]
    assert (before["own"], before["limit"]) == (False, {"usd": 1.0, "tokens": None})
    assert (after["own"], after["limit"], after["left"]) == (True, {"usd": 5.5, "tokens": 1000}, {"usd": 5.5, "tokens": 1000})
    assert own == after
    assert [each["tenant"] for each in listed] == ["acme"]
    assert free["limit"] == {"usd": None, "tokens": None}
    assert (cleared["own"], cleared["limit"]["usd"], again.status_code) == (False, 1.0, 200)
    actions = ["budget_set", "budget_set", "budget_cleared", "budget_cleared"]
    assert [(each["by"], each["action"], each["target"]["tenant"]) for each in reversed(audit)] == [
        ("ann", each, "acme") for each in actions
    ]
    assert audit[-1]["reason"] == "the trial ended"


async def test_the_command_line_shows_and_sets_the_same(settings: Settings, database: Database, timeline: Timeline) -> None:
    events = await asked(accounts_of(database, settings), "acme", 3)
    await timeline.record([(each, "done") for each in events])
    whole = typer.Typer()
    whole.add_typer(budget.app, name="budget")
    cli_usage.register(whole)
    async with open_ingress(settings) as door:

        async def run(*words: str, status: int = 0) -> str:
            given = [*words, "--api", str(door.base_url)]
            result = await asyncio.to_thread(CliRunner().invoke, whole, given, env={"COLUMNS": "200"})
            assert result.exit_code == status, result.output
            return result.output

        assert "own limit" in await run("budget", "set", "acme", "--usd", "2.5", "--reason", "trial")
        assert "$2.5000" in await run("budget", "show")
        assert '"usd": 2.5' in await run("budget", "show", "acme", "--json")  # beside it stand the log lines of the door
        await run("budget", "set", "acme", status=2)
        assert "1 accounts say what their entries say" in await run("budget", "check")
        await database["llm_accounts"].update_one({"tenant": "acme"}, {"$inc": {"spent.tokens": 5}})
        assert "mended" in await run("budget", "check", "--mend", status=1)
        await run("budget", "check")
        assert "own limit" not in await run("budget", "clear", "acme")
        by_model = await run("usage", "--by", "model", "--tenant", "acme", "--from", "24h")
        assert "openai/large" in by_model
        assert "acme" in await run("usage", "--by", "tenant")
        assert "No language model was asked" in await run("usage")
        await run("usage", "--by", "money", status=2)
        await run("usage", "--from", "long ago", status=2)


async def test_a_limit_that_is_none_is_refused(settings: Settings) -> None:
    bodies = [
        '{"usd": -1}',
        '{"usd": 1e999}',
        '{"usd": NaN}',
        '{"tokens": 1.5}',
        '{"euro": 1}',
        "[]",
        '{"usd": "\\u0000"}',
        '{"reason": "a\\u0000"}',
    ]
    async with open_ingress(settings) as door:
        for body in (*bodies, '{"tokens": 1' + "0" * 40 + "}", "x" * 5000, ""):
            answer = await door.put("/api/v1/ops/budgets/acme", content=body, headers={"Content-Type": "application/json", **OPERATOR})
            assert problem(answer) in {"invalid-request", "malformed-json", "content-too-large"}
        assert problem(await door.put("/api/v1/ops/budgets/a%20b", json={"usd": 1}, headers=OPERATOR)) == "invalid-request"
        listed = (await door.get("/api/v1/ops/budgets", headers=OPERATOR)).json()["items"]
    assert listed == []


async def test_an_operator_finds_a_difference_and_mends_it(settings: Settings, database: Database) -> None:
    await asked(accounts_of(database, settings), "acme", 2)
    period = (await database["llm_accounts"].find_one({"tenant": "acme"}) or {})["period"]
    await database["llm_accounts"].update_one({"tenant": "acme"}, {"$inc": {"spent.tokens": 5}})
    async with open_ingress(settings) as door:
        path = "/api/v1/ops/budget-check"
        found = (await door.get(path, headers=OPERATOR)).json()
        mended = (await door.post(path, json={"tenant": "acme", "period": period}, headers=OPERATOR)).json()
        after = (await door.get(path, params={"tenant": "acme"}, headers=OPERATOR)).json()
        wrong = await door.post(path, json={"tenant": "acme", "period": "x"}, headers=OPERATOR)
    assert [(each["tenant"], each["account"]) for each in found["differences"]] == [("acme", "spent")]
    assert mended == {"mended": True}
    assert (after["accounts"], after["differences"]) == (1, [])
    assert problem(wrong) == "invalid-request"


async def test_a_call_whose_process_was_killed_is_closed_by_record_and_is_in_the_usage(
    settings: Settings, database: Database, timeline: Timeline, record: Handler
) -> None:
    assert settings.amqp_url
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    killed = Accounts(database, limits=Limits(), clock=lambda: hour_ago)
    await TenantMeter(killed, "acme", uuid4()).reserve(PROVIDERS[0], "openai/large", REQUEST)
    await database["llm_accounts"].update_one({"tenant": "acme"}, {"$inc": {"spent.micros": 1}})  # and somebody was at the account
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        await declare(channel, plan())
        reconciler = Reconciler(database, timeline, settings)
        await reconciler.round()
        await reconciler.round()
        queue = await channel.get_queue("fm.record")
        told: dict[str, Event[Any]] = {}
        while (message := await queue.get(fail=False, no_ack=True)) is not None:
            found = decode(message.body)
            assert found.type not in told or found.id == told[found.type].id
            told[found.type] = found
            await record(found)
    assert told["usage.recorded.v1"].data.outcome == "abandoned"
    assert told["alert.raised.v1"].data.name == "budget_difference"
    page = await UsageStore(timeline).page("acme", *EVER, "model")
    assert [(line.key, line.failed) for line in page.items] == [("openai/large", 1)]
    account = await database["llm_accounts"].find_one({"tenant": "acme"}) or {}
    assert (account["open"], page.total.tokens_in + page.total.tokens_out) == ([], account["spent"]["tokens"])


@pytest.mark.parametrize("over", ["refuse", "offline"])
async def test_the_door_refuses_a_question_only_where_it_is_set_so_and_nothing_is_left(
    settings: Settings, database: Database, over: str
) -> None:
    given = settings.model_copy(update={"llm_over_budget": over, "llm_budget_tokens": 100, "llm_model": "openai/tiny"})
    async with open_ingress(given) as door:
        fine = await _ask(door)
        accounts = accounts_of(database, given)
        await accounts.limits.put("rich", Limit(tokens=10**9), "ann")
        async with open_meter(accounts, tenant="acme", job=uuid4()) as meter:
            with pytest.raises(OverBudget):
                await meter.reserve(PROVIDERS[0], "openai/large", REQUEST)
        late = await _ask(door)
        rich = await _ask(door, tenant="rich")
        await accounts.limits.put("acme", Limit(tokens=10**9), "ann")
        raised = await _ask(door)
    assert (fine.status_code, rich.status_code, raised.status_code) == (202, 202, 202)
    if over == "offline":
        assert late.status_code == 202
        return
    assert (late.status_code, problem(late)) == (429, "budget-spent")
    assert 0 < int(late.headers["retry-after"]) <= 24 * 3600
    assert datetime.fromisoformat(late.json()["resets_at"]) > datetime.now(UTC)


async def _ask(door: httpx.AsyncClient, tenant: str = "acme") -> httpx.Response:
    return await door.post("/api/v1/troubleshoot", json={"question": "Why do orders fail?"}, headers={"X-Tenant-Id": tenant})
