"""A question and its evidence, in every order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from faultmaven_events.consumers.gather.consumer import Gatherings
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import QuestionSanitized
from faultmaven_events.settings import Settings
from samples import DATA, event

NOW = datetime.now(UTC)


@pytest.fixture
async def gatherings(settings: Settings) -> AsyncIterator[Gatherings]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield Gatherings(database, limit=1000)


def question(*evidence: UUID, **attributes: object) -> Event[QuestionSanitized]:
    data = QuestionSanitized.model_validate({**DATA["troubleshoot.sanitized.v1"], "evidence": evidence})
    return event("troubleshoot.sanitized.v1", time=NOW, **attributes).model_copy(update={"data": data})


async def test_a_question_waits_for_its_last_piece_of_evidence(gatherings: Gatherings) -> None:
    first, last = uuid4(), uuid4()
    asked = question(first, last)
    assert await gatherings.ask(asked) == []
    assert await gatherings.arrive(event("ingest.completed.v1", subject=first)) == []
    [follow] = await gatherings.arrive(event("ingest.failed.v1", subject=last))
    assert follow.type == "troubleshoot.gathered.v1"
    assert [piece.job_id for piece in follow.data.pieces] == [first]
    assert [missing.job_id for missing in follow.data.missing] == [last]


async def test_evidence_that_came_before_the_question_counts(gatherings: Gatherings) -> None:
    done = uuid4()
    assert await gatherings.arrive(event("ingest.completed.v1", subject=done)) == []
    assert len(await gatherings.ask(question(done))) == 1


async def test_a_question_without_evidence_goes_on_at_once(gatherings: Gatherings) -> None:
    assert len(await gatherings.ask(question())) == 1


async def test_a_redelivery_answers_the_same_again(gatherings: Gatherings) -> None:
    done = uuid4()
    asked, arrived = question(done), event("ingest.completed.v1", subject=done)
    await gatherings.ask(asked)
    [first] = await gatherings.arrive(arrived)
    [second] = await gatherings.arrive(arrived)
    assert (first.id, first.data) == (second.id, second.data)


async def test_evidence_of_another_tenant_does_not_count(gatherings: Gatherings) -> None:
    done = uuid4()
    await gatherings.arrive(event("ingest.completed.v1", subject=done, tenantid="other"))
    assert await gatherings.ask(question(done)) == []


async def test_when_the_time_is_up_the_question_goes_on_and_names_what_is_missing(gatherings: Gatherings) -> None:
    slow = uuid4()
    asked = question(slow, deadline=NOW + timedelta(seconds=10))
    await gatherings.ask(asked)
    assert await gatherings.overdue(NOW + timedelta(seconds=6)) == []
    [follow] = await gatherings.overdue(NOW + timedelta(seconds=8))
    assert [missing.job_id for missing in follow.data.missing] == [slow]
    # Until it is confirmed it is offered again; evidence that comes later changes nothing any more.
    assert [again.id for again in await gatherings.overdue(NOW + timedelta(seconds=9))] == [follow.id]
    await gatherings.settle(follow)
    assert await gatherings.overdue(NOW + timedelta(seconds=9)) == []
    assert await gatherings.arrive(event("ingest.completed.v1", subject=slow)) == []


async def test_one_piece_of_evidence_serves_many_questions(gatherings: Gatherings) -> None:
    done = uuid4()
    for _ in range(3):
        await gatherings.ask(question(done))
    assert len(await gatherings.arrive(event("ingest.completed.v1", subject=done))) == 3
