"""A question about an archive waits for the files in it, in every order of arrival."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from faultmaven_events.consumers.gather.gatherings import Gatherings
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Completed
from faultmaven_events.schemas.question import QuestionSanitized
from faultmaven_events.settings import Settings
from samples import DATA, event

NOW = datetime.now(UTC)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield database


@pytest.fixture
def gatherings(database: Database) -> Gatherings:
    return Gatherings(database, limit=1000)


def question(*evidence: UUID, **attributes: Any) -> Event[QuestionSanitized]:
    data = QuestionSanitized.model_validate({**DATA["troubleshoot.sanitized.v1"], "evidence": evidence})
    return event("troubleshoot.sanitized.v1", time=NOW, **attributes).model_copy(update={"data": data})


def done(job: UUID, *files: UUID, **attributes: Any) -> Event[Completed]:
    """The completion of a file, or of an archive with its files."""
    made: Event[Completed] = event("ingest.completed.v1", subject=job, **attributes)
    result = {**made.data.result, "children": [str(file) for file in files]}
    return made.model_copy(update={"data": Completed(result=result)})


async def test_in_every_order_the_last_one_decides_and_brings_all(gatherings: Gatherings) -> None:
    for order in permutations(("question", "archive", "first", "last")):
        archive, first, last = uuid4(), uuid4(), uuid4()
        events: dict[str, Event[Any]] = {"question": question(archive), "archive": done(archive, first, last), "first": done(first)}
        events["last"] = event("ingest.failed.v1", subject=last)
        told = [follow for name in order for follow in await tell(gatherings, events[name])]
        assert len(told) == 1, order
        assert [piece.job_id for piece in told[0].data.pieces] == [archive, first]
        assert [missing.job_id for missing in told[0].data.missing] == [last]


async def tell(gatherings: Gatherings, told: Event[Any]) -> list[Event[Any]]:
    return await (gatherings.ask(told) if told.kind == "troubleshoot" else gatherings.arrive(told))


async def test_everybody_at_once_decides_a_question_once(gatherings: Gatherings) -> None:
    for _ in range(8):
        archives = {uuid4(): tuple(uuid4() for _ in range(4)) for _ in range(2)}
        arriving = [done(archive, *files) for archive, files in archives.items()]
        arriving += [done(file) for files in archives.values() for file in files]
        told = await asyncio.gather(gatherings.ask(question(*archives)), *map(gatherings.arrive, arriving))
        found = [follow for follows in told for follow in follows]
        assert len({follow.id for follow in found}) == 1
        assert len(found[0].data.pieces) == 10


async def test_a_file_of_an_archive_that_is_evidence_too_counts_once(gatherings: Gatherings) -> None:
    archive, file = uuid4(), uuid4()
    await gatherings.arrive(done(archive, file))
    assert await gatherings.ask(question(archive, file)) == []
    [follow] = await gatherings.arrive(done(file))
    assert [piece.job_id for piece in follow.data.pieces] == [archive, file]


async def test_a_redelivery_answers_the_same_again(gatherings: Gatherings) -> None:
    archive, file = uuid4(), uuid4()
    arrived, asked = done(file), question(archive)
    await gatherings.ask(asked)
    await gatherings.arrive(done(archive, file))
    [first] = await gatherings.arrive(arrived)
    [second] = await gatherings.arrive(arrived)
    [third] = await gatherings.ask(asked)
    assert (first.id, first.data) == (second.id, second.data) == (third.id, third.data)


async def test_a_crash_between_noting_the_files_and_looking_is_healed_by_the_redelivery(gatherings: Gatherings, database: Database) -> None:
    archive, first, last = uuid4(), uuid4(), uuid4()
    asked, arrived = question(archive), done(archive, first, last)
    await gatherings.ask(asked)
    await gatherings.arrive(done(first))
    await gatherings.arrive(arrived)
    await database["gatherings"].update_one({"_id": asked.id}, {"$set": {"awaited": [first, last]}})  # as it is in the middle
    assert await gatherings.arrive(arrived) == []
    assert len(await gatherings.arrive(done(last))) == 1


async def test_when_the_time_is_up_the_files_that_are_there_are_given(gatherings: Gatherings) -> None:
    archive, there, slow = uuid4(), uuid4(), uuid4()
    await gatherings.ask(question(archive, deadline=NOW + timedelta(seconds=10)))
    await gatherings.arrive(done(archive, there, slow))
    await gatherings.arrive(done(there))
    [follow] = await gatherings.overdue(NOW + timedelta(seconds=8))
    assert [piece.job_id for piece in follow.data.pieces] == [archive, there]
    assert [missing.job_id for missing in follow.data.missing] == [slow]


async def test_files_of_another_tenants_archive_do_not_count(gatherings: Gatherings) -> None:
    archive, file = uuid4(), uuid4()
    await gatherings.ask(question(archive))
    await gatherings.arrive(done(archive, file))
    assert await gatherings.arrive(done(file, tenantid="other")) == []
    assert len(await gatherings.arrive(done(file))) == 1


async def test_a_cancelled_question_does_not_wait_for_files_either(gatherings: Gatherings) -> None:
    archive, file = uuid4(), uuid4()
    asked = question(archive)
    await gatherings.ask(asked)
    await gatherings.arrive(done(archive, file))
    await gatherings.cancel(event("troubleshoot.cancelled.v1", subject=asked.subject))
    assert await gatherings.arrive(done(file)) == []


async def test_a_question_is_given_a_bounded_number_of_files(gatherings: Gatherings) -> None:
    archives = [(uuid4(), [uuid4() for _ in range(1_500)]) for _ in range(2)]
    for archive, files in archives:
        await gatherings.arrive(done(archive, *files))
    asked = question(*(archive for archive, _ in archives), deadline=NOW + timedelta(seconds=10))
    assert await gatherings.ask(asked) == []
    [follow] = await gatherings.overdue(NOW + timedelta(seconds=8))
    assert len(follow.data.pieces) == 2
    assert len(follow.data.missing) == 1_999
    assert "1,002 files more than the 2,000" in follow.data.missing[-1].reason
