"""The stage's shell on a real blob store: an event in, a stored report and the next event out."""

from uuid import UUID, uuid5

import pytest
from tests.unit.reason.faults import FAULTS
from tests.unit.reason.scene import BEGIN, SPACE

from faultmaven_events.consumers.reason.consumer import open_stage
from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Receipt
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.phase import PHASES
from faultmaven_events.schemas.question import Informed, Missing, Piece
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings

NAME = "a DNS record was removed in a cleanup"
JOB = uuid5(SPACE, "question")


async def informed(blobs: Blobs, *, without: str | None = None) -> Event[Informed]:
    """What embed would send, with everything stored; the text of `without` is gone."""
    prepared = FAULTS[NAME][0]().insights()
    receipt = Receipt(counts={"EMAIL_ADDRESS": 2}, detector="test", lines=1)
    pieces = []
    for insights, text in prepared:
        content = await blobs.put("t1", "clean", f"{insights.evidence_id.hex}.txt", text.encode())
        stored = await blobs.put("t1", "clean", f"{insights.evidence_id.hex}.json", insights.model_dump_json().encode())
        if insights.file == without:
            await blobs.delete("t1", content)
        pieces.append(
            Piece(
                job_id=insights.evidence_id,
                name=insights.file,
                content=content,
                classification=insights.classification,
                receipt=receipt,
                insights=stored,
            )
        )
    merged = MergedInsights(question="Stock numbers are missing everywhere.", files=tuple(i for i, _ in prepared))
    data = Informed(
        content=await blobs.put("t1", "clean", "q.txt", merged.question.encode()),
        intent="root_cause",
        receipt=receipt,
        pieces=tuple(pieces),
        missing=(Missing(job_id=uuid5(SPACE, "lost"), name="lost.log", reason="binary"),),
        merged=await blobs.put("t1", "clean", "m.json", merged.model_dump_json().encode()),
        knowledge=await blobs.put("t1", "clean", "k.json", SearchResult(model="none").model_dump_json().encode()),
    )
    return Event[Informed](
        id=uuid5(SPACE, "event"),
        source="/test",
        type="troubleshoot.embedded.v1",
        subject=JOB,
        time=BEGIN,
        tenantid="t1",
        correlationid="c1",
        data=data,
    )


async def answered(settings: Settings, *, without: str | None = None) -> tuple[IncidentReport, str, Event[object]]:
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        *_, out = await handle(await informed(blobs, without=without))
        report = IncidentReport.model_validate_json(await blobs.read("t1", out.data.report))
        return report, (await blobs.read("t1", out.data.markdown)).decode(), out


async def test_a_question_is_answered_with_a_stored_report(settings: Settings) -> None:
    report, text, event = await answered(settings)
    assert event.type == "troubleshoot.reasoned.v1"
    assert report.job_id == JOB
    assert "stock01" in report.headline
    assert report.headline in text
    assert report.redactions["EMAIL_ADDRESS"] > 2
    assert [m.name for m in report.failed_evidence] == ["lost.log"]
    assert all(e.integrity == "verified" for e in report.evidence)


async def test_the_same_event_again_stores_the_same_bytes(settings: Settings) -> None:
    first, _, one = await answered(settings)
    second, _, two = await answered(settings)
    assert first == second
    assert one.data == two.data
    assert one.id == two.id


async def test_each_phase_is_told_once_and_the_same_on_a_redelivery(settings: Settings) -> None:
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        event = await informed(blobs)
        *phases, _ = await handle(event)
        *again, _ = await handle(event)
    assert [out.type for out in phases] == ["troubleshoot.progressed.v1"] * 6
    assert [out.data.phase for out in phases] == list(PHASES)
    assert [(out.id, out.data) for out in again] == [(out.id, out.data) for out in phases]
    assert len({out.id for out in phases}) == 6


async def test_a_text_that_is_gone_is_said_and_not_fatal(settings: Settings) -> None:
    report, _, _ = await answered(settings, without="nginx-access.log")
    assert any(m.name == "nginx-access.log" for m in report.failed_evidence)
    assert any("nginx-access.log" in note for note in report.limitations)


async def test_missing_insights_are_a_dead_letter(settings: Settings) -> None:
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        event = await informed(blobs)
        await blobs.delete("t1", event.data.merged)
        with pytest.raises(MissingContent):
            await handle(event)


async def test_another_kind_of_event_is_refused(settings: Settings) -> None:
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        event = await informed(blobs)
        with pytest.raises(InvalidEvent):
            await handle(event.model_copy(update={"data": Missing(job_id=UUID(int=1), reason="x")}))
