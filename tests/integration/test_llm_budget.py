"""The ledger of budgets on a real MongoDB: exact under concurrency, whole after crashes, closed when MongoDB is away."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr

from faultmaven_events.consumers.record.calls import close_calls, tell_differences
from faultmaven_events.errors import BudgetSpent, Unavailable
from faultmaven_events.infra.llm.accounts import OPEN, Accounts, accounts_of
from faultmaven_events.infra.llm.budget import MICRO, NOTHING, Amount, Limits, balance
from faultmaven_events.infra.llm.check import Books
from faultmaven_events.infra.llm.hold import Hold, amount_of
from faultmaven_events.infra.llm.meter import LONGEST, cost, open_meter, spent
from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.tenancy import with_path
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.spending import Limit
from faultmaven_events.schemas.usage import Usage
from faultmaven_events.settings import Settings
from http_door import environment
from severed import way

PROVIDER = Provider("main", "openai/tiny", input_usd=1.0, output_usd=1.0)  # one millionth of a dollar a token
REQUEST = Request(({"role": "user", "content": "why?"},), max_tokens=100)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def settings(stack: Urls, tmp_path: Path) -> AsyncIterator[Settings]:
    """Only a database in MongoDB of a test's own: no other server is needed."""
    given = Settings(home=tmp_path, mongo_url=SecretStr(with_path(stack.mongo, f"test_{uuid4().hex[:12]}")))
    yield given
    async with open_mongo(given) as database:
        await database.client.drop_database(database.name)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield database


def accounts(database: Database, micros: int | None = None, tokens: int | None = None, **more: Any) -> Accounts:
    return Accounts(database, limits=Limits(micros, tokens), **more)


def hold(amount: Amount, *, tenant: str = "acme", at: datetime | None = None, call: UUID | None = None) -> Hold:
    at = at or datetime.now(UTC)
    return Hold(call or uuid4(), tenant, uuid4(), at, at + LONGEST, amount, amount.tokens, 0, "main", "openai/tiny", "investigate")


def used(call: UUID, tokens_in: int = 30, tokens_out: int = 10, money: float = 0.00004, **more: Any) -> Usage:
    about = {"call_id": call, "provider": "main", "model": "openai/tiny", "task": "investigate", "outcome": "answered"}
    return Usage.model_validate({**about, "tokens_in": tokens_in, "tokens_out": tokens_out, "money_usd": money, **more})


async def entries(database: Database, tenant: str = "acme") -> list[dict[str, Any]]:
    return [each async for each in database["llm_entries"].find({"tenant": tenant}).sort("at", 1)]


async def sums(database: Database, tenant: str = "acme") -> dict[str, Amount]:
    found = await entries(database, tenant)
    moves: list[Any] = [{account: amount_of(amount) for account, amount in each["moves"].items()} for each in found]
    return {str(account): amount for account, amount in balance(moves).items()}


async def is_whole(database: Database, tenant: str = "acme") -> None:
    """Every entry sums to zero, and accounts say what entries say."""
    total = await sums(database, tenant)
    assert total["allowance"] + total["aside"] + total["spent"] == NOTHING
    checked = await Books(database).check(LONG_AGO, tenant)
    assert checked.differences == ()
    assert checked.unsettled == 0


async def test_of_fifty_callers_on_a_budget_for_ten_exactly_ten_get_through(database: Database) -> None:
    one = Amount(100, 50)
    ledger = accounts(database, micros=10 * one.micros)
    outcomes = await asyncio.gather(*(ledger.reserve(hold(one)) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(outcome, Hold) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, OverBudget) for outcome in outcomes) == 40
    budget = await ledger.budget("acme")
    assert (budget.aside.usd, budget.left.usd, budget.running, budget.gone) == (0.001, 0.0, 10, True)
    await is_whole(database)


CALLERS = """
import asyncio, json, sys
from uuid import uuid4
from faultmaven_events.infra.llm.accounts import open_accounts
from faultmaven_events.infra.llm.meter import open_meter
from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.schemas.usage import Usage
from faultmaven_events.settings import load

async def one(accounts):
    async with open_meter(accounts, tenant="acme", job=uuid4()) as meter:
        try:
            call = await meter.reserve(Provider("main", "openai/tiny"), "openai/tiny", Request(({"content": "why?"},), max_tokens=1000))
        except OverBudget:
            return 0
        await meter.settle(call, Usage(call_id=call, provider="p", model="m", task="investigate", outcome="answered", tokens_out=1500))
        return 1

async def main():
    async with open_accounts(load()) as accounts:
        print(sum(await asyncio.gather(*(one(accounts) for _ in range(25)))))

asyncio.run(main())
"""


async def test_two_processes_on_one_budget_spend_it_once(settings: Settings, database: Database) -> None:
    given = {**environment(settings), "FM_LLM_BUDGET_TOKENS": "15000", "PATH": "/usr/bin"}
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", CALLERS, env=given, stdout=PIPE) for _ in range(2)]
    through = [json.loads((await process.communicate())[0]) for process in both]
    budget = await accounts_of(database, settings).budget("acme")
    assert budget.spent.tokens == 1500 * sum(through)
    assert 14_000 <= budget.spent.tokens <= 15_000 + 500 * sum(through)  # each call used more than was set aside for it
    assert budget.running == 0
    await is_whole(database)


async def test_what_a_call_costs_is_spent_and_the_rest_is_free_again(database: Database) -> None:
    ledger = accounts(database, micros=MICRO, tokens=10_000)
    async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
        call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        aside = (await ledger.budget("acme")).aside
        await meter.settle(call, used(call))
    budget = await ledger.budget("acme")
    assert aside.tokens >= 100
    assert aside.usd == aside.tokens / MICRO
    assert (budget.spent.usd, budget.spent.tokens, budget.aside.tokens, budget.left.tokens) == (0.00004, 40, 0, 9960)
    assert [each["kind"] for each in await entries(database)] == ["reserved", "settled"]
    assert cost(meter.usages).model_dump(include={"tokens_in", "tokens_out", "money_usd", "calls"}) == {
        "tokens_in": 30,
        "tokens_out": 10,
        "money_usd": 0.00004,
        "calls": {"openai/tiny": 1},
    }
    await is_whole(database)


async def test_a_call_that_was_not_charged_gives_everything_back(database: Database) -> None:
    ledger = accounts(database, tokens=1000)
    async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
        call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        await meter.settle(call, used(call, 0, 0, 0, outcome="service_error"))
    assert [each["kind"] for each in await entries(database)] == ["reserved", "released"]
    assert (await ledger.budget("acme")).left.tokens == 1000
    await is_whole(database)


async def test_a_call_that_nobody_settled_counts_in_full(database: Database) -> None:
    ledger, job, begun = accounts(database, tokens=1000), uuid4(), asyncio.Event()

    async def question() -> None:
        async with open_meter(ledger, tenant="acme", job=job) as meter:
            await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(question())
    async with asyncio.timeout(10):
        await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (ended,) = await ledger.ended("acme", job)
    assert (ended.kind, ended.usage.outcome, ended.usage.estimated) == ("expired", "abandoned", True)
    budget = await ledger.budget("acme")
    assert (budget.spent.tokens, budget.running) == (ended.cost.tokens, 0)
    assert ended.cost.tokens >= 100
    await is_whole(database)


class Late(Accounts):
    """Accounts whose answer to a reservation is on its way for a while."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.aside, self.arrived = asyncio.Event(), asyncio.Event()

    async def reserve(self, hold: Hold) -> Hold:
        held = await super().reserve(hold)
        self.aside.set()
        await self.arrived.wait()
        return held


async def test_a_call_that_was_cancelled_before_it_was_made_costs_nothing(database: Database) -> None:
    ledger, job = Late(database, limits=Limits(None, 1000)), uuid4()

    async def question() -> None:
        async with open_meter(ledger, tenant="acme", job=job) as meter:
            await meter.reserve(PROVIDER, "openai/tiny", REQUEST)

    task = asyncio.create_task(question())
    async with asyncio.timeout(10):
        await ledger.aside.wait()
    task.cancel()
    ledger.arrived.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    (ended,) = await ledger.ended("acme", job)
    budget = await ledger.budget("acme")
    assert (ended.kind, ended.cost, budget.running, budget.spent.tokens, budget.aside.tokens) == ("released", NOTHING, 0, 0, 0)
    await is_whole(database)


async def test_settling_twice_reserving_twice_and_closing_twice_change_nothing(database: Database) -> None:
    ledger = accounts(database, micros=1000)
    held = await ledger.reserve(hold(Amount(100, 10)))
    await ledger.reserve(held)
    first = await ledger.end(held, "settled", Amount(60, 6), used(held.call))
    second = await ledger.end(held, "expired", held.amount, held.in_full())
    await ledger.reserve(held)
    await ledger.apply(held, first)
    assert (first.kind, second.kind, second.cost) == ("settled", "settled", Amount(60, 6))
    assert (await ledger.budget("acme")).spent.usd == 60 / MICRO
    await is_whole(database)


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_what_callers_do_leaves_the_books_whole(database: Database, seed: int) -> None:
    chance, limit = random.Random(seed), Amount(1000, 1000)
    ledger, held = accounts(database, limit.micros, limit.tokens), []
    for _ in range(60):
        do = chance.choice(("reserve", "reserve", "settle", "expire", "again", "half"))
        if do == "reserve":
            wanted = hold(Amount(chance.randrange(300), chance.randrange(300)))
            try:
                held.append(await ledger.reserve(wanted))
            except OverBudget:
                continue
        elif held:
            each = chance.choice(held)
            less = Amount(chance.randrange(each.amount.micros + 1), chance.randrange(each.amount.tokens + 1))
            if do == "settle":
                await ledger.end(each, "settled", less, used(each.call))
            elif do == "expire":
                await ledger.end(each, "expired", each.amount, each.in_full())
            elif do == "again":
                await ledger.reserve(each)
            else:  # a crash between entry and account
                await ledger.book(each, "settled", less, used(each.call))
        budget = await ledger.budget("acme")
        assert budget.left.usd is not None
        assert budget.left.tokens is not None
        assert min(budget.left.usd, budget.left.tokens, budget.spent.usd, budget.spent.tokens, budget.aside.usd, budget.aside.tokens) >= 0
    await is_whole(database)
    later = accounts(database, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    await close_calls(later, _nowhere)
    assert (await sums(database))["aside"] == NOTHING
    await is_whole(database)


async def _nowhere(_: Event[Any]) -> None:
    return None


def _broken(at: str) -> Any:
    async def broken(*_: Any, **__: Any) -> Any:
        raise Unavailable(at)

    return broken


@pytest.mark.parametrize("where", ["before the entry", "before the end", "before the account"])
async def test_a_process_that_dies_anywhere_leaves_a_call_that_is_closed_in_full_and_told_once(
    database: Database, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = accounts(database, tokens=1000)
    held = replace(hold(Amount(0, 100)), period=datetime.now(UTC).strftime("%Y-%m-%d"))
    if where == "before the entry":
        monkeypatch.setattr(ledger, "_write", _broken("killed"))
        with pytest.raises(Unavailable):
            await ledger.reserve(held)
        monkeypatch.undo()
    else:
        await ledger.reserve(held)
    if where == "before the account":
        await ledger.book(held, "settled", Amount(0, 40), used(held.call))
    told: list[Event[Any]] = []

    async def publish(event: Event[Any]) -> None:
        told.append(event)

    assert await close_calls(ledger, publish) == 0  # it may be running
    later = accounts(database, tokens=1000, clock=lambda: datetime.now(UTC) + LONGEST + timedelta(seconds=1))
    assert await close_calls(later, publish) == 1
    assert await close_calls(later, publish) == 0
    settled = where == "before the account"
    assert [(each.id, each.data.outcome) for each in told] == [(held.call, "answered" if settled else "abandoned")]
    (total, found) = await sums(database), await entries(database)
    assert total["spent"].tokens == (40 if settled else 100)
    assert total["aside"] == NOTHING
    assert len(found) == 2
    await is_whole(database)


async def test_what_is_closed_late_is_told_again_until_it_was_told(database: Database) -> None:
    ledger = accounts(database)
    await ledger.reserve(hold(Amount(5, 5)))
    later = accounts(database, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Unavailable):
        await close_calls(later, _broken("the broker is away"))
    told: list[Event[Any]] = []

    async def publish(event: Event[Any]) -> None:
        told.append(event)

    assert await close_calls(later, publish) == 1
    assert len(told) == 1
    assert len(await entries(database)) == 2
    await is_whole(database)


async def test_a_settlement_after_the_call_was_closed_tells_what_was_booked(database: Database) -> None:
    ledger = accounts(database)
    async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
        call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        await close_calls(accounts(database, clock=lambda: datetime.now(UTC) + timedelta(hours=1)), _nowhere)
        await meter.settle(call, used(call))
    (told,) = meter.usages
    assert told.outcome == "abandoned"
    assert told.tokens_in + told.tokens_out == (await ledger.budget("acme")).spent.tokens
    await is_whole(database)


@asynccontextmanager
async def impatient(url: SecretStr) -> AsyncIterator[Accounts]:
    """Accounts that wait for MongoDB for a moment only."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        url.get_secret_value(),
        serverSelectionTimeoutMS=500,
        timeoutMS=1000,
        heartbeatFrequencyMS=500,
        connectTimeoutMS=500,
        tz_aware=True,
        uuidRepresentation="standard",
    )
    try:
        yield accounts(client.get_default_database())
    finally:
        client.close()


async def test_without_mongo_nothing_is_free(settings: Settings) -> None:
    async with way(settings.mongo_url) as to_mongo, impatient(to_mongo.url) as ledger:
        async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
            with pytest.raises(Unavailable):
                await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        assert meter.usages == []


async def test_an_answer_is_not_lost_when_mongo_goes_before_it_is_booked(settings: Settings, database: Database) -> None:
    async with way(settings.mongo_url) as to_mongo, impatient(to_mongo.url) as ledger:
        to_mongo.open()
        async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
            call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
            to_mongo.close()
            await meter.settle(call, used(call))
            assert meter.usages == []
            to_mongo.open()
            async with asyncio.timeout(30):
                while not await _answers(ledger):  # noqa: ASYNC110 # the driver has no event for "again"
                    await asyncio.sleep(0.05)
    assert [usage.tokens_out for usage in meter.usages] == [10]
    assert (await accounts(database).budget("acme")).spent.tokens == 40
    await is_whole(database)


async def _answers(ledger: Accounts) -> bool:
    try:
        await ledger.budget("acme")
    except Unavailable:
        return False
    return True


async def test_a_call_that_is_settled_while_its_question_is_closed_is_told_once(database: Database) -> None:
    async with open_meter(accounts(database), tenant="acme", job=uuid4()) as meter:
        call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        await asyncio.gather(meter.settle(call, used(call)), meter.close(), meter.settle(call, used(call, 1, 1)))
    (told,) = meter.usages
    assert (await accounts(database).budget("acme")).spent.tokens == told.tokens_in + told.tokens_out
    await is_whole(database)


async def test_a_redelivered_question_tells_what_its_first_delivery_used(database: Database) -> None:
    ledger, job = accounts(database), uuid4()
    async with open_meter(ledger, tenant="acme", job=job) as meter:
        await meter.settle(first := await meter.reserve(PROVIDER, "openai/tiny", REQUEST), used(first))
    async with open_meter(ledger, tenant="acme", job=job) as meter:
        await meter.settle(second := await meter.reserve(PROVIDER, "openai/tiny", REQUEST), used(second))
        meter.hit("main", "openai/tiny", uuid4())
        told = await meter.told()
    assert [usage.call_id for usage in told[:2]] == [first, second]
    assert [usage.outcome for usage in told] == ["answered", "answered", "cached"]
    assert cost(told).cache_hits == 1


async def test_a_tenants_own_limit_goes_before_everybodys_and_holds_at_once(database: Database) -> None:
    ledger = accounts(database, tokens=100)
    with pytest.raises(OverBudget):
        await ledger.reserve(hold(Amount(0, 200)))
    assert not (await ledger.budget("acme")).own
    await ledger.limits.put("acme", Limit(tokens=1000), "ann")
    await ledger.reserve(hold(Amount(0, 200)))
    with pytest.raises(OverBudget):
        await ledger.reserve(hold(Amount(0, 200), tenant="other"))
    await ledger.limits.put("acme", Limit(tokens=50), "ann")
    budget = await ledger.budget("acme")
    assert (budget.left.tokens, budget.gone, budget.own) == (-150, True, True)
    assert await ledger.limits.remove("acme")
    assert not await ledger.limits.remove("acme")
    assert {each.tenant: each.limit.tokens for each in await ledger.budgets()} == {"acme": 100, "other": 100}


async def test_a_new_period_begins_with_an_empty_account_and_late_ends_belong_to_the_old_one(database: Database) -> None:
    evening = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    for span, names in (("day", {"2026-11-30", "2026-12-01"}), ("month", {"2026-11", "2026-12"})):
        before = accounts(database, tokens=100, span=span, clock=lambda: evening)
        after = accounts(database, tokens=100, span=span, clock=lambda: evening + timedelta(seconds=2))
        old = await before.reserve(hold(Amount(0, 100), at=evening, tenant=span))
        with pytest.raises(OverBudget):
            await before.reserve(hold(Amount(0, 1), at=evening, tenant=span))
        await after.reserve(hold(Amount(0, 100), at=evening + timedelta(seconds=2), tenant=span))
        await after.end(old, "settled", Amount(0, 7), used(old.call))
        assert {each["period"]: each["spent"]["tokens"] async for each in database["llm_accounts"].find({"tenant": span})} == dict.fromkeys(
            names, 0
        ) | {min(names): 7}
        await is_whole(database, span)


async def test_an_account_that_somebody_changed_is_found_told_and_mended(database: Database) -> None:
    ledger = accounts(database)
    held = await ledger.reserve(hold(Amount(50, 50)))
    await ledger.end(held, "settled", Amount(20, 20), used(held.call))
    await ledger.reserve(hold(Amount(1, 1)))
    await ledger.reserve(hold(Amount(1, 1), tenant="other"))
    await database["llm_accounts"].update_one({"tenant": "acme"}, {"$set": {"spent.micros": 0}})
    books = Books(database)
    (found,) = (await books.check(LONG_AGO)).differences
    assert (found.tenant, found.account, found.says.usd, found.entries.usd) == ("acme", "spent", 0.0, 20 / MICRO)
    told: list[Event[Any]] = []

    async def publish(event: Event[Any]) -> None:
        told.append(event)

    assert await tell_differences(books, publish, datetime.now(UTC)) == 1
    assert (told[0].type, told[0].tenantid, told[0].data.severity) == ("alert.raised.v1", "acme", "critical")
    assert await books.mend("acme", found.period)
    await is_whole(database)
    await database["llm_accounts"].delete_one({"tenant": "other"})
    assert [each.tenant for each in (await books.check(LONG_AGO)).differences] == ["other"]
    assert await books.mend("other", found.period)
    assert (await books.check(LONG_AGO, "other")).differences == ()


async def test_the_check_finds_no_difference_while_callers_are_at_work(database: Database) -> None:
    ledger, books, done = accounts(database), Books(database), asyncio.Event()

    async def work() -> None:
        for _ in range(15):
            held = await ledger.reserve(hold(Amount(3, 3)))
            await ledger.end(held, "settled", Amount(2, 2), used(held.call))

    async def look() -> Sequence[Any]:
        found: list[Any] = []
        while not done.is_set():
            found += (await books.check(LONG_AGO)).differences
        return found

    looking = asyncio.create_task(look())
    await asyncio.gather(*(work() for _ in range(4)))
    done.set()
    assert await looking == []
    await is_whole(database)


async def test_calls_that_nobody_closes_do_not_pile_up_without_end(database: Database) -> None:
    ledger = accounts(database)
    first = await ledger.reserve(hold(Amount(1, 1)))
    kept = {"call": first.call, "amount": {"micros": 1, "tokens": 1}}
    await database["llm_accounts"].update_one({"tenant": "acme"}, {"$set": {"open": [{**kept, "call": uuid4()} for _ in range(OPEN)]}})
    with pytest.raises(Unavailable, match="record consumer"):
        await ledger.reserve(hold(Amount(1, 1)))


async def test_a_claim_of_any_size_can_be_booked(database: Database) -> None:
    ledger = accounts(database, micros=10**6)
    async with open_meter(ledger, tenant="acme", job=uuid4()) as meter:
        call = await meter.reserve(PROVIDER, "openai/tiny", REQUEST)
        await meter.settle(call, used(call, 10**40, 10**40, 1e300))
    assert (await ledger.budget("acme")).gone
    assert meter.usages[0].tokens_in == 10**12
    await is_whole(database)


async def test_a_question_without_a_budget_is_answered_offline_or_refused_as_it_is_set(database: Database) -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert (
        spent(accounts(database, clock=lambda: at)) == "Offline answer: the budget for language models is spent until 2026-11-21 00:00 UTC."
    )
    with pytest.raises(BudgetSpent, match="2026-12-01 00:00 UTC"):
        spent(accounts(database, span="month", refuses=True, clock=lambda: at))
