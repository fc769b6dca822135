"""The reason stage with models: real stores, a provider on loopback, and everything that may go wrong between them."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from tests.integration.test_questions import numbered
from tests.integration.test_questions import stored as earlier
from tests.unit.reason.test_consumer import informed

from faultmaven_events.consumers.attempts import BEHIND
from faultmaven_events.consumers.reason.consumer import open_stage
from faultmaven_events.errors import BudgetSpent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.llm.port import NoProvider
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.streams.frame import stream_key
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Attempt
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings
from providers import Fake, Say, Status, provider

ANSWER = "The connection pool of payments-api is exhausted [E2]."
OPINION = json.dumps({"ranking": ["H1"], "headline": None, "hypotheses": []})
LATE = Attempt(at=datetime(2026, 1, 1, tzinfo=UTC), code=NoProvider.code, error="NoProvider", consumer="test")
Handle = Callable[[Event[Any]], Any]


@asynccontextmanager
async def stage(settings: Settings, *steps: Any, **more: Any) -> AsyncIterator[tuple[Fake, Handle, Blobs]]:
    async with provider(*steps) as fake:
        given = {"llm_model": "openai/tiny", "llm_api_base": f"{fake.url}/v1", "llm_api_key": SecretStr("none"), **more}
        told = settings.model_copy(update=given)
        async with open_blobs(told) as blobs, open_stage(told) as handle:
            yield fake, handle, blobs


async def report_of(blobs: Blobs, told: Sequence[Event[Any]]) -> IncidentReport:
    return IncidentReport.model_validate_json(await blobs.read(told[-1].tenantid, told[-1].data.report))


def another(event: Event[Any]) -> Event[Any]:
    return event.model_copy(update={"id": uuid4(), "subject": uuid4()})


async def test_a_model_is_asked_and_each_call_is_told_once(settings: Settings) -> None:
    async with stage(settings, Say(OPINION)) as (fake, handle, blobs):
        event = await informed(blobs)
        told = await handle(event)
        again = await handle(event)
        report = await report_of(blobs, told)
        calls = [out for out in told if out.type == "usage.recorded.v1"]
        assert len(fake.requests) == 1
        assert report.reasoner == "openai/tiny"
        assert report.cost.calls == {"openai/tiny": 1}
        assert [(out.data.tokens_in, out.data.tokens_out, out.subject) for out in calls] == [(100, 20, event.subject)]
        assert {out.id for out in again} == {out.id for out in told}


async def test_the_same_question_about_the_same_evidence_is_not_asked_twice(settings: Settings) -> None:
    async with stage(settings, Say(OPINION)) as (fake, handle, blobs):
        event = await informed(blobs)
        first = await report_of(blobs, await handle(event))
        told = await handle(another(event))
        second = await report_of(blobs, told)
        assert len(fake.requests) == 1
        assert second.cost.cached_from == first.job_id
        assert [h.statement for h in second.hypotheses] == [h.statement for h in first.hypotheses]
        assert [out.data.outcome for out in told if out.type == "usage.recorded.v1"] == ["cached"]


async def test_a_question_that_no_model_answers_is_tried_again_and_then_answered_offline(settings: Settings) -> None:
    async with stage(settings, Status(500)) as (_, handle, blobs):
        event = await informed(blobs)
        with pytest.raises(NoProvider):
            await handle(event)
        BEHIND.set((LATE,))
        report = await report_of(blobs, await handle(event))
        assert report.reasoner == "offline"
        assert any("no provider answered" in reason for reason in report.degraded)
        assert report.hypotheses


async def test_a_spent_budget_gives_the_offline_answer(settings: Settings) -> None:
    async with stage(settings, Say(OPINION), llm_budget_tokens=10) as (fake, handle, blobs):
        report = await report_of(blobs, await handle(await informed(blobs)))
        assert fake.requests == []
        assert report.reasoner == "offline"
        assert any("budget" in reason for reason in report.degraded)


async def test_a_spent_budget_refuses_where_that_is_wanted(settings: Settings) -> None:
    async with stage(settings, Say(OPINION), llm_budget_tokens=10, llm_over_budget="refuse") as (fake, handle, blobs):
        with pytest.raises(BudgetSpent):
            await handle(await informed(blobs))
        assert fake.requests == []


async def follow_up(settings: Settings, blobs: Blobs) -> Event[Any]:
    """A question about the report of an earlier one, as embed would send it."""
    async with open_mongo(settings) as database:
        await database["jobs"].insert_one(earlier(1))
    event = await informed(blobs)
    content = await blobs.put("t1", "clean", "again.txt", b"Why?")
    return event.model_copy(update={"data": event.data.model_copy(update={"content": content, "follows": numbered(1), "pieces": ()})})


async def test_a_follow_up_is_answered_by_the_model_while_people_read_along(settings: Settings) -> None:
    async with stage(settings, Say(ANSWER)) as (fake, handle, blobs):
        event = await follow_up(settings, blobs)
        told = await handle(event)
        report = await report_of(blobs, told)
        assert report.answer is not None
        assert report.answer.text.startswith("The connection pool of payments-api is exhausted. [E2]")
        assert (report.answer.follows, report.job_id) == (numbered(1), event.subject)
        assert report.cost.calls == {"openai/tiny": 1}
        assert [out.type for out in told] == ["usage.recorded.v1", "troubleshoot.reasoned.v1"]
        assert fake.requests[0].body["stream"] is True
        assert settings.redis_url
        async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
            assert await redis.exists(stream_key(settings.redis_prefix, "t1", event.subject))


async def test_a_follow_up_without_a_model_has_no_phases_and_costs_nothing(settings: Settings) -> None:
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        told = await handle(await follow_up(settings, blobs))
        report = await report_of(blobs, told)
        assert [out.type for out in told] == ["troubleshoot.reasoned.v1"]
        assert report.answer is not None
        assert report.answer.answered_by == "offline"
        assert report.cost.calls == {}


async def test_an_answer_of_another_model_than_the_first_is_not_kept_for_it(settings: Settings, tmp_path: Path) -> None:
    async with provider(Status(401), Say(OPINION)) as first, provider(Say(OPINION)) as second:
        (tmp_path / "key").write_text("none")
        tables = [
            f'[[provider]]\nname = "{name}"\nmodel = "openai/{name}"\napi_base = "{fake.url}/v1"\napi_key_file = "{tmp_path / "key"}"\n'
            for name, fake in (("one", first), ("two", second))
        ]
        (tmp_path / "models.toml").write_text("".join(tables))
        told = settings.model_copy(update={"llm_file": tmp_path / "models.toml"})
        async with open_blobs(told) as blobs, open_stage(told) as handle:
            event = await informed(blobs)
            report = await report_of(blobs, await handle(event))
            again = await report_of(blobs, await handle(another(event)))
            assert report.reasoner == "openai/two"
            assert again.cost.cached_from is None
