"""A conversation is read from what is stored: the chain of questions, or a case's, of one tenant only; however long or broken it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.unit.conversation.reports import BEGIN, DIFF, LOG, TEXTS, numbered, report

from faultmaven_events.consumers.reason.conversation.chain import COUNTED, cited_texts, load
from faultmaven_events.consumers.reason.conversation.turns import MESSAGES
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.jobs import Questions
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Question
from faultmaven_events.settings import Settings
from samples import CLEAN

HALF = MESSAGES // 2


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as found:
        await ensure_indexes(found)
        yield found


def stored(n: int, follows: UUID | None = None, **more: Any) -> dict[str, Any]:
    """A question as record leaves it."""
    result = {"report": report(job_id=numbered(n), tenant_id="t1").model_dump(mode="json"), "markdown": "#"}
    base = {
        "_id": numbered(n),
        "tenant": "t1",
        "kind": "troubleshoot",
        "status": "completed",
        "created_at": BEGIN + timedelta(minutes=n),
        "evidence": [LOG],
        "final": {"status": "completed", "result": result},
    }
    return base | ({"follows": follows} if follows else {}) | more


def asked(**data: Any) -> Event[Any]:
    content = {"content": CLEAN, "intent": "other"}
    return Event[Any](
        id=uuid4(),
        source="/test",
        type="troubleshoot.embedded.v1",
        subject=uuid4(),
        time=BEGIN + timedelta(days=1),
        tenantid="t1",
        correlationid="c",
        data=Question.model_validate(content | data),
    )


async def chain(database: Database, length: int) -> None:
    """Questions 0 ... length - 1, each of which follows the one before."""
    whole = [stored(n, numbered(n - 1) if n else None) for n in range(length)]
    light = [each if n >= length - HALF - 1 else {**each, "final": None} for n, each in enumerate(whole)]
    await database["jobs"].insert_many(light)


async def test_a_chain_is_read_back_to_its_beginning(database: Database) -> None:
    await chain(database, 3)
    found = await load(Questions(database), asked(follows=numbered(2)))
    assert [turn.job_id for turn in found.turns] == [numbered(0), numbered(1), numbered(2)]
    assert (found.trimmed, found.notes, found.evidence) == (0, (), {LOG})


async def test_of_a_chain_without_end_the_newest_are_read_and_the_others_counted(database: Database) -> None:
    await chain(database, 700)
    found = await load(Questions(database), asked(follows=numbered(699)))
    assert [turn.job_id for turn in found.turns] == [numbered(n) for n in range(700 - HALF, 700)]
    assert found.trimmed == 2 * COUNTED


async def test_a_circle_is_walked_once_and_said(database: Database) -> None:
    await database["jobs"].insert_many([stored(0, numbered(1)), stored(1, numbered(0))])
    found = await load(Questions(database), asked(follows=numbered(1)))
    assert len(found.turns) == 2
    assert "in a circle" in found.notes[0]


async def test_a_question_that_follows_itself_has_no_conversation(database: Database) -> None:
    event = asked(follows=numbered(1))
    found = await load(Questions(database), event.model_copy(update={"subject": numbered(1)}))
    assert found.turns == ()


@pytest.mark.parametrize("other", [{"tenant": "t2"}, {"kind": "ingest"}], ids=["of another tenant", "of another kind"])
async def test_a_job_that_is_not_the_tenants_question_is_as_if_it_were_not_there(database: Database, other: dict[str, str]) -> None:
    await database["jobs"].insert_one(stored(0, **other))
    found = await load(Questions(database), asked(follows=numbered(0)))
    assert found.turns == ()
    assert "not known here" in found.notes[0]


@pytest.mark.parametrize("status", ["failed", "running"])
async def test_a_question_without_a_report_is_a_turn_that_says_so(database: Database, status: str) -> None:
    await database["jobs"].insert_many([stored(0), stored(1, numbered(0), status=status, final=None)])
    found = await load(Questions(database), asked(follows=numbered(1)))
    assert [turn.report is None for turn in found.turns] == [False, True]
    assert str(numbered(1)) in found.notes[0]


async def test_a_report_of_another_version_is_not_read(database: Database) -> None:
    await database["jobs"].insert_one(stored(0, final={"status": "completed", "result": {"report": {"schema_version": 9}}}))
    found = await load(Questions(database), asked(follows=numbered(0)))
    assert found.turns[0].report is None
    assert "of another version" in found.notes[0]


async def test_a_case_has_its_earlier_questions_and_no_others(database: Database) -> None:
    later = stored(5, created_at=BEGIN + timedelta(days=2), case_id="INC-1")
    await database["jobs"].insert_many(
        [
            *(stored(n, case_id="INC-1") for n in range(2)),
            stored(2, case_id="INC-2"),
            stored(3, case_id="INC-1", tenant="t2"),
            stored(4),
            later,
        ]
    )
    found = await load(Questions(database), asked(case_id="INC-1"))
    assert [turn.job_id for turn in found.turns] == [numbered(0), numbered(1)]


async def test_a_question_asked_after_this_one_was_not_before_it(database: Database) -> None:
    event = asked(case_id="INC-1")
    own = stored(3, case_id="INC-1", _id=event.subject, final=None, status="running")
    await database["jobs"].insert_many([stored(n, case_id="INC-1") for n in (2, 4)] + [own])
    assert [turn.job_id for turn in (await load(Questions(database), event)).turns] == [numbered(2)]


async def test_a_cases_questions_are_found_by_an_index(database: Database) -> None:
    await database["jobs"].insert_many([stored(n, case_id=f"INC-{n}") for n in range(30)])
    query = {"tenant": "t1", "case_id": "INC-1", "kind": "troubleshoot", "created_at": {"$lt": BEGIN}, "_id": {"$ne": numbered(1)}}
    plan = await database["jobs"].find(query).sort([("created_at", -1), ("_id", -1)]).explain()
    assert "tenant_1_case_id_1_created_at_-1" in str(plan["queryPlanner"]["winningPlan"])


async def test_cited_files_are_read_again_from_the_tenants_clean_texts(database: Database, settings: Settings) -> None:
    async with open_blobs(settings) as blobs:
        for id, tenant in ((LOG, "t1"), (DIFF, "t2")):
            content = await blobs.put(tenant, "clean", f"{id.hex}.txt", TEXTS[id].encode())
            job = {
                "_id": id,
                "tenant": tenant,
                "kind": "ingest",
                "status": "completed",
                "final": {"result": {"content": content.model_dump()}},
            }
            await database["jobs"].insert_one(job)
        questions = Questions(database)
        assert await cited_texts(questions, blobs, "t1", report()) == {LOG: TEXTS[LOG]}
        assert await cited_texts(questions, blobs, "t1", report(), {LOG: "known"}) == {LOG: "known"}
        await blobs.delete("t1", await blobs.put("t1", "clean", f"{LOG.hex}.txt", TEXTS[LOG].encode()))
        assert await cited_texts(questions, blobs, "t1", report()) == {}


async def test_a_question_of_its_own_has_no_conversation(database: Database) -> None:
    await database["jobs"].insert_one(stored(0, case_id="INC-1"))
    assert (await load(Questions(database), asked())).turns == ()
