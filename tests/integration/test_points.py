"""The points of metrics files on their way from process to whoever looks: real stores, the real door."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from faultmaven_events.consumers.process.consumer import analysed
from faultmaven_events.consumers.record.consumer import open_stage
from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.points import PointStore
from faultmaven_events.infra.timescale import open_timeline
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.points import Column, Points
from faultmaven_events.settings import Settings
from http_door import open_ingress
from samples import event

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
METRICS = Classification(type="metrics", format="csv", confidence=1.0, reason="given by the test")
FILE = "time,cpu_pct,errors\n" + "".join(f"{START + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ},{n % 7},{n // 300}\n" for n in range(600))


def straight(name: str = "cpu", count: int = 4) -> Column:
    ms = round(START.timestamp() * 1000)
    return Column(name=name, samples=count, at=tuple(ms + 1000 * n for n in range(count)), values=tuple(float(n) for n in range(count)))


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[PointStore]:
    async with open_timeline(settings) as timeline:
        yield PointStore(timeline)


async def sampled(settings: Settings, text: bytes, **more: Any) -> Event[Any]:
    async with open_blobs(settings) as blobs:
        content = await blobs.put("acme", "clean", uuid4().hex, text, media_type="application/json")
    return _about(content, **more)


def _about(content: Content, **more: Any) -> Event[Any]:
    sent = event("series.sampled.v1", **more)
    return sent.model_copy(update={"data": sent.data.model_copy(update={"points": content})})


async def test_points_are_written_once_however_often_and_from_however_many_sides_they_come(store: PointStore) -> None:
    job = uuid4()
    written = await asyncio.gather(*(store.keep("acme", job, START, Points(series=(straight(), straight("mem")))) for _ in range(12)))
    assert sorted(written) == [False] * 11 + [True]
    page = await store.page("acme", job, points=100)
    assert [(line.name, line.kept, len(line.points)) for line in page.items] == [("cpu", 4, 4), ("mem", 4, 4)]


async def test_points_of_another_tenant_are_not_shown(store: PointStore) -> None:
    job = uuid4()
    await store.keep("acme", job, START, Points(series=(straight(),)))
    assert (await store.page("other", job, points=100)).items == ()
    await store.forget("other", job)
    assert (await store.page("acme", job)).total == 1


@pytest.mark.parametrize("bad", [{"at": (10**18,)}, {"at": (-(10**15),)}], ids=["far-future", "before-christ"])
async def test_a_time_that_no_store_can_hold_is_the_files_fault_and_leaves_nothing(store: PointStore, bad: dict[str, Any]) -> None:
    job = uuid4()
    column = straight(count=1).model_copy(update=bad)
    with pytest.raises(InvalidEvent):
        await store.keep("acme", job, START, Points(series=(straight("fine"), column)))
    assert (await store.page("acme", job)).total == 0


async def test_a_file_of_every_year_makes_one_chunk_and_is_found_by_time(store: PointStore) -> None:
    job, years = uuid4(), range(1971, 2090)
    at = tuple(round(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in years)
    await store.keep("acme", job, START, Points(series=(Column(name="old", samples=len(at), at=at, values=(1.0,) * len(at)),)))
    page = await store.page(
        "acme", job, start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2009, 12, 31, tzinfo=UTC), points=100, name="OLD"
    )
    assert [point[0].year for point in page.items[0].points] == list(range(2000, 2010))


async def test_record_keeps_what_process_read_and_the_door_shows_it_thinned_with_its_peak(settings: Settings) -> None:
    found = analysed(FILE.encode(), METRICS, uuid4(), "cpu.csv", START)
    assert found.points
    last = event("ingest.submitted.v1")
    async with open_stage(settings) as record, open_ingress(settings) as door:
        await record(last)
        told = await sampled(settings, found.points, subject=last.subject)
        assert await record(told) == []
        assert await record(told) == []
        path = f"/api/v1/jobs/{last.subject}/series"
        page = (await door.get(path, headers={"X-Tenant-Id": "acme"}, params={"name": "cpu", "points": 20})).json()
        every = (await door.get(path, headers={"X-Tenant-Id": "acme"})).json()
        foreign = await door.get(path, headers={"X-Tenant-Id": "other"})
        wrong = await door.get(path, headers={"X-Tenant-Id": "acme"}, params={"points": 10**6})
    assert (page["total"], page["items"][0]["kept"], len(page["items"][0]["points"])) == (1, 600, 20)
    assert max(value for _, value in page["items"][0]["points"]) == 6
    assert {item["name"]: item["points"] for item in every["items"]} == {"cpu_pct": [], "errors": []}
    assert (foreign.status_code, wrong.status_code) == (404, 422)


async def test_a_cancelled_job_keeps_no_points_whichever_comes_first(settings: Settings, store: PointStore) -> None:
    text = Points(series=(straight(),)).model_dump_json().encode()
    async with open_stage(settings) as record:
        for order in ((0, 1), (1, 0)):
            job = event("ingest.submitted.v1")
            await record(job)
            both = (await sampled(settings, text, subject=job.subject), event("ingest.cancelled.v1", subject=job.subject))
            for number in order:
                await record(both[number])
            assert (await store.page("acme", job.subject)).total == 0


@pytest.mark.parametrize("text", [b"", b"{}", b'{"series": [{"name": "a", "samples": 1, "at": [1, 2], "values": [1]}]}'])
async def test_what_is_no_blob_of_points_is_refused(settings: Settings, text: bytes) -> None:
    async with open_stage(settings) as record:
        with pytest.raises(InvalidEvent):
            await record(await sampled(settings, text))


async def test_points_that_are_gone_and_raw_blobs_are_refused(settings: Settings) -> None:
    gone = Content(area="clean", key="gone", size=3, sha256="0" * 64)
    async with open_stage(settings) as record:
        with pytest.raises(MissingContent):
            await record(_about(gone))
        with pytest.raises(InvalidEvent):
            await record(_about(gone.model_copy(update={"area": "raw"})))
