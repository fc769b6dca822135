"""A question and its evidence, in every order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from faultmaven_events.consumers.gather.gatherings import Gatherings
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


async def test_cancelled_evidence_is_waited_for_no_more_and_said_to_be_cancelled(gatherings: Gatherings) -> None:
    gone = uuid4()
    await gatherings.ask(question(gone))
    [follow] = await gatherings.arrive(event("ingest.cancelled.v1", subject=gone))
    assert [(missing.job_id, missing.reason) for missing in follow.data.missing] == [(gone, "it was cancelled")]


@pytest.mark.parametrize("first", ["the question", "its cancellation"])
async def test_a_cancelled_question_is_followed_by_nothing_whatever_came_first(gatherings: Gatherings, first: str) -> None:
    done = uuid4()
    asked = question(done)
    cancelled = event("troubleshoot.cancelled.v1", subject=asked.subject)
    if first == "the question":
        await gatherings.ask(asked)
        await gatherings.cancel(cancelled)
    else:
        await gatherings.cancel(cancelled)
        assert await gatherings.ask(asked) == []
    assert await gatherings.arrive(event("ingest.completed.v1", subject=done)) == []
    assert await gatherings.ask(asked) == []
    assert await gatherings.overdue(NOW + timedelta(days=1)) == []


async def test_cancelling_somebody_elses_question_changes_nothing(gatherings: Gatherings) -> None:
    done = uuid4()
    asked = question(done)
    await gatherings.ask(asked)
    await gatherings.cancel(event("troubleshoot.cancelled.v1", subject=asked.subject, tenantid="other"))
    assert len(await gatherings.arrive(event("ingest.completed.v1", subject=done))) == 1


async def test_what_a_question_was_given_stays_when_its_evidence_completes_after_all(gatherings: Gatherings) -> None:
    broken = uuid4()
    asked = question(broken)
    await gatherings.arrive(event("ingest.failed.v1", subject=broken))
    [first] = await gatherings.ask(asked)
    assert await gatherings.arrive(event("ingest.completed.v1", subject=broken, generation=1)) == []
    [again] = await gatherings.ask(asked)
    assert [missing.job_id for missing in again.data.missing] == [broken]
    assert (again.id, again.data) == (first.id, first.data)


@pytest.mark.parametrize("order", [("failed", "completed"), ("completed", "failed")])
async def test_a_later_question_gets_evidence_that_completed_after_it_had_failed(gatherings: Gatherings, order: tuple[str, str]) -> None:
    mended = uuid4()
    for state in order:
        await gatherings.arrive(event(f"ingest.{state}.v1", subject=mended, generation=1 if state == "completed" else 0))
    [follow] = await gatherings.ask(question(mended))
    assert [piece.job_id for piece in follow.data.pieces] == [mended]


async def test_a_question_that_was_sent_on_its_way_again_carries_its_generation_on(gatherings: Gatherings) -> None:
    done = uuid4()
    asked = question(done)
    await gatherings.ask(asked)
    await gatherings.ask(asked.model_copy(update={"generation": 1}))
    [follow] = await gatherings.arrive(event("ingest.completed.v1", subject=done))
    assert follow.generation == 1
    [again] = await gatherings.ask(asked.model_copy(update={"generation": 2}))
    assert (again.id, again.data, again.generation) == (follow.id, follow.data, 2)


async def test_an_overdue_question_that_comes_again_is_answered_the_same_again(gatherings: Gatherings) -> None:
    slow = uuid4()
    asked = question(slow, deadline=NOW + timedelta(seconds=10))
    await gatherings.ask(asked)
    [follow] = await gatherings.overdue(NOW + timedelta(seconds=8))
    await gatherings.settle(follow)
    await gatherings.arrive(event("ingest.completed.v1", subject=slow))
    [again] = await gatherings.ask(asked)
    assert (again.id, again.data) == (follow.id, follow.data)


async def test_only_the_arrival_that_decided_a_question_tells_it_again(gatherings: Gatherings) -> None:
    first, last = uuid4(), uuid4()
    await gatherings.ask(question(first, last))
    early, late = event("ingest.completed.v1", subject=first), event("ingest.completed.v1", subject=last)
    await gatherings.arrive(early)
    assert len(await gatherings.arrive(late)) == 1
    assert await gatherings.arrive(early) == []
    assert len(await gatherings.arrive(late)) == 1


async def test_the_question_is_what_its_follow_up_was_given(gatherings: Gatherings) -> None:
    asked = question().stamped(datahash="ab" * 32)
    [follow] = await gatherings.ask(asked)
    assert (follow.causationid, follow.inputhash) == (asked.id, asked.datahash)


async def test_two_last_arrivals_at_once_decide_a_question_once(gatherings: Gatherings) -> None:
    for _ in range(10):
        both = uuid4(), uuid4()
        await gatherings.ask(question(*both))
        told = await asyncio.gather(*(gatherings.arrive(event("ingest.completed.v1", subject=id)) for id in both))
        assert len({follow.id for follows in told for follow in follows}) == 1


async def test_a_question_published_without_evidence_has_that_of_the_one_it_follows(gatherings: Gatherings, settings: Settings) -> None:
    done, first, second = uuid4(), uuid4(), uuid4()
    earlier = {"tenant": "acme", "kind": "troubleshoot", "status": "completed", "created_at": NOW}
    async with open_mongo(settings) as database:
        await database["jobs"].insert_many(
            [{"_id": first, "evidence": [done], **earlier}, {"_id": second, "evidence": [], "follows": first, **earlier}]
        )
    await gatherings.arrive(event("ingest.completed.v1", subject=done))
    asked = question()
    [follow] = await gatherings.ask(asked.model_copy(update={"data": asked.data.model_copy(update={"follows": second})}))
    assert [piece.job_id for piece in follow.data.pieces] == [done]
    assert follow.data.evidence == (done,)
    foreign = question(tenantid="other")
    [alone] = await gatherings.ask(foreign.model_copy(update={"data": foreign.data.model_copy(update={"follows": second})}))
    assert alone.data.pieces == ()
