import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from log_reading import insights

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.consumer import Desk, open_stage
from faultmaven_events.consumers.process.lines import lines_of
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.process.summary import summary
from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.pool import open_pool
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classification, Processed, Receipt, Sanitized
from faultmaven_events.schemas.insight import Insights, MergedInsights
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Gathered, Piece
from faultmaven_events.settings import Settings

LOG = b"2026-11-20 05:26:42 ERROR [main] disk gone\n2026-11-20 05:26:43 INFO [main] retry\n"
RECEIPT = Receipt(detector="test 1", lines=2)


def kind(name: str) -> Classification:
    return Classification(type=name, format="text", confidence=1, reason="a test")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"), clean_key=base64.b64encode(bytes(32)).decode())


@pytest.fixture(scope="module")
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with open_blobs(settings) as blobs, open_pool(1) as pool:
        yield Desk(blobs, pool)


def event(type_: str, data: Model) -> Event[Any]:
    return Event[Any](
        id=UUID(int=1),
        source="/test",
        type=type_,
        subject=UUID(int=2),
        time=datetime(2026, 11, 20, tzinfo=UTC),
        tenantid="t",
        correlationid="c",
        data=data,
    )


async def sanitized(desk: Desk, text: bytes = LOG, of: str = "log", name: str = "cart.log") -> Event[Any]:
    content = await desk.blobs.put("t", "clean", "twin", text)
    return event("ingest.sanitized.v1", Sanitized(name=name, content=content, classification=kind(of), receipt=RECEIPT))


async def test_sanitized_evidence_becomes_insights(desk: Desk) -> None:
    (after,) = await desk.handle(await sanitized(desk))
    assert after.type == "ingest.processed.v1"
    assert isinstance(after.data, Processed)
    stored = Insights.model_validate_json(await desk.blobs.read("t", after.data.insights))
    assert (stored.component, stored.lines, stored.evidence_id) == ("cart", 2, UUID(int=2))
    assert after.data.findings == len(stored.facts) > 0
    assert after.data.chunks == len(stored.chunks) > 0
    assert "disk gone" in after.data.summary


async def test_a_redelivered_event_has_the_same_effects(desk: Desk) -> None:
    first, second = [await desk.handle(await sanitized(desk)) for _ in range(2)]
    assert first[0].data == second[0].data
    assert first[0].id == second[0].id


async def test_a_question_gets_the_insights_of_its_pieces_and_names_what_is_gone(desk: Desk) -> None:
    (processed,) = await desk.handle(await sanitized(desk))
    question = await desk.blobs.put("t", "clean", "question", b"why?")
    piece = Piece(
        job_id=UUID(int=2), **{name: getattr(processed.data, name) for name in ("name", "content", "classification", "receipt", "insights")}
    )
    gone = piece.model_copy(update={"job_id": UUID(int=3), "insights": piece.insights.model_copy(update={"key": "gone"})})
    gathered = Gathered(content=question, intent="root_cause", receipt=RECEIPT, evidence=(UUID(int=2), UUID(int=3)), pieces=(piece, gone))
    (merged,) = await desk.handle(event("troubleshoot.gathered.v1", gathered))
    assert merged.type == "troubleshoot.processed.v1"
    found = MergedInsights.model_validate_json(await desk.blobs.read("t", merged.data.merged))
    assert (found.question, [file.file for file in found.files]) == ("why?", ["cart.log"])
    assert [missing.job_id for missing in merged.data.missing] == [UUID(int=3)]


async def test_a_missing_twin_is_a_permanent_error(desk: Desk) -> None:
    before = await sanitized(desk)
    await desk.blobs.delete("t", before.data.content)
    with pytest.raises(MissingContent):
        await desk.handle(before)


async def test_another_event_is_refused(desk: Desk) -> None:
    content = await desk.blobs.put("t", "clean", "twin", LOG)
    foreign = event("ingest.processed.v1", RECEIPT)
    assert content.size == len(LOG)
    with pytest.raises(InvalidEvent):
        await desk.handle(foreign)


async def test_the_stage_opens_and_closes(settings: Settings) -> None:
    async with open_stage(settings) as handle:
        assert callable(handle)


@pytest.mark.parametrize("of", ["log", "config", "metrics", "trace", "document", "source", "capture", "command_output", "unknown"])
@pytest.mark.parametrize(
    "data", [b"", b"\n", b"error: it failed\n", b"\xff\xfe\x00error", LOG], ids=["empty", "blank", "line", "garbage", "log"]
)
def test_every_type_is_analysed_and_has_a_summary(of: str, data: bytes) -> None:
    found = analyse(data, kind(of), evidence_id=uuid4(), name="x.txt")
    assert found.classification.type == of
    assert summary(found)


def test_what_is_of_no_known_type_still_shows_its_errors() -> None:
    found = analyse(b"fine\nconnection refused\n", kind("unknown"), evidence_id=uuid4(), name="x")
    assert [(fact.kind, fact.citations[0].line_start) for fact in found.facts] == [("error", 2)]
    assert "not analysed further" in found.truncated[0]


def test_lines_are_counted_as_in_the_file() -> None:
    assert list(lines_of(b"a\r\nb\n\nc")) == ["a\r", "b", "", "c"]


def test_a_file_without_zone_is_put_on_the_clock_of_its_neighbour() -> None:
    access = [f'192.0.2.1 - - [20/Nov/2026:06:26:{n:02d} +0100] "GET / HTTP/1.1" 200 1' for n in range(30)]
    error = [f"2026/11/20 06:26:{n:02d} [error] 81#81: refused" for n in range(30)]
    merged = merge("why?", [insights(access, "nginx-access.log"), insights(error, "nginx-error.log")])
    one, other = merged.files
    assert (one.start, one.end) == (other.start, other.end)
    assert other.facts[0].at == one.start
    assert other.clock is not None
    assert "+0100" in other.clock


def test_files_that_agree_are_left_alone() -> None:
    utc = insights(["2026-11-20T05:26:42Z INFO a"], "a.log")
    bare = insights(["2026-11-20 05:26:50 INFO b"], "b.log")
    assert merge("why?", [utc, bare]).files == (utc, bare)
