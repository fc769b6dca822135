"""Which texts of a file are embedded, and as whose."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from faultmaven_events.consumers.embed.consumer import scope_of
from faultmaven_events.consumers.embed.passages import BATCH, batches, document_of, passage_text, whole_text
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classification, EvidenceType, Processed, Receipt
from faultmaven_events.schemas.insight import Chunk, Fact, Insights
from faultmaven_events.schemas.question import Merged, Piece

CONTENT = Content(area="clean", key="k", size=1, sha256="a" * 64)
RECEIPT = Receipt(detector="test", lines=1)
JOB, LOG, RUNBOOK = UUID(int=1), UUID(int=2), UUID(int=3)


def kind(type_: EvidenceType) -> Classification:
    return Classification(type=type_, format="x", confidence=1, reason="test")


def processed(title: str | None = None) -> Event[Processed]:
    return Event[Processed](
        id=UUID(int=9),
        source="/test",
        type="document.processed.v1",
        subject=JOB,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        tenantid="acme",
        userid="bob",
        correlationid="c",
        data=Processed(
            name="db-pool.md",
            content=CONTENT,
            classification=kind("document"),
            title=title,
            tags=("postgres",),
            collection="global",
            receipt=RECEIPT,
            insights=CONTENT,
            summary="s",
        ),
    )


def chunk(index: int, text: str = "text", heading: str | None = None) -> Chunk:
    return Chunk(index=index, heading=heading, text=text, line_start=index + 1, line_end=index + 1)


def insights(*titles: str) -> Insights:
    facts = tuple(Fact(id=f"title-{number}", kind="title", text=title) for number, title in enumerate(titles))
    return Insights(evidence_id=JOB, file="db-pool.md", classification=kind("document"), lines=1, facts=facts)


def test_a_document_is_its_job_s_and_its_edition_is_what_process_wrote() -> None:
    document = document_of(processed("Pools"), insights())

    assert (document.id, document.tenant, document.user, document.collection) == (JOB, "acme", "bob", "global")
    assert document.edition == CONTENT.sha256


def test_a_passage_is_read_below_its_titles() -> None:
    assert passage_text(document_of(processed("Pools"), insights("Other")), chunk(0, "raise it", "Fix")) == "Pools postgres\nFix\nraise it"
    assert passage_text(document_of(processed(), insights("Its own")), chunk(0, "raise it")) == "Its own postgres\nraise it"
    untagged = replace(document_of(processed("Pools"), insights()), tags=())
    assert passage_text(untagged, chunk(0, "raise it", "Pools > Fix")) == "Pools > Fix\nraise it"
    assert passage_text(document_of(processed(), insights()), chunk(0, "raise it")) == "db-pool postgres\nraise it"


def test_a_heading_over_several_passages_is_said_once() -> None:
    assert whole_text([chunk(0, "a", "Fix"), chunk(1, "b", "Fix"), chunk(2, "c", None)]) == "Fix\na\nb\nc"


def test_batches_keep_the_order_and_leave_out_what_is_empty() -> None:
    chunks = [chunk(number, " " if number == 3 else "text") for number in range(BATCH + 2)]

    cut = list(batches(chunks))

    assert [one.index for batch in cut for one in batch] == [number for number in range(BATCH + 2) if number != 3]
    assert max(map(len, cut)) == BATCH


def test_a_question_s_own_logs_are_not_its_knowledge_but_a_runbook_among_them_is() -> None:
    pieces = tuple(
        Piece(job_id=job, name="n", content=CONTENT, classification=kind(type_), receipt=RECEIPT, insights=CONTENT)
        for job, type_ in ((LOG, "log"), (RUNBOOK, "document"))
    )
    data = Merged(content=CONTENT, intent="root_cause", case_id="C-1", receipt=RECEIPT, pieces=pieces, merged=CONTENT)
    event = processed().follow("process", "processed", data)

    scope = scope_of(event)

    assert (scope.tenant, scope.user, scope.case_id) == ("acme", "bob", "C-1")
    assert scope.documents == (RUNBOOK,)
    assert scope.without == (LOG,)
