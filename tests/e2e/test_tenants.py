"""Two tenants with the very same files see nothing of each other."""

import asyncio
from uuid import UUID

import pytest

from e2e import incident
from e2e.running import Running, Visitor, event
from e2e.shelves import points
from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.schemas.content import Content


@pytest.fixture
def both(system: Running) -> tuple[Visitor, Visitor]:
    return system.visitor(), system.visitor()


async def everything(visitor: Visitor) -> tuple[str, str, str]:
    """Hand in a runbook, a log and a question; return the jobs when all have completed."""
    document = await visitor.document("pool.md", incident.RUNBOOK, collection="global")
    await visitor.completed(document)
    accepted = await visitor.ask(incident.QUESTION, incident.FILES[0])
    await visitor.completed(accepted["job_id"])
    return document, accepted["evidence"][0]["job_id"], accepted["job_id"]


async def test_neither_sees_the_others_jobs_documents_or_vectors(system: Running, both: tuple[Visitor, Visitor]) -> None:
    mine, theirs = await asyncio.gather(*map(everything, both))
    for visitor, own, other in ((both[0], mine, theirs), (both[1], theirs, mine)):
        listed = {item["id"] for item in (await visitor.request("GET", "/api/v1/jobs")).json()["items"]}
        assert listed == set(own)
        for job in other:
            for path in (f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/events"):
                assert (await visitor.request("GET", path)).status_code == 404
        asked = await visitor.request("POST", "/api/v1/troubleshoot", json={"question": "Why?", "evidence": [other[1]]})
        assert (asked.status_code, asked.json()["type"]) == (422, "urn:faultmaven:problem:unknown-evidence")
        assert {hit["document_id"] for hit in await visitor.search("connection pool exhausted", limit="50")} <= set(own)
    stored = await points(system.settings)
    for visitor, own in ((both[0], mine), (both[1], theirs)):
        assert {point["document_id"] for point in stored if point["tenant"] == visitor.tenant} <= set(own)


async def test_the_same_file_is_stored_under_each_tenants_own_key_and_pseudonyms(system: Running, both: tuple[Visitor, Visitor]) -> None:
    jobs = [await visitor.completed(await visitor.hand_in("a.log", incident.log(2))) for visitor in both]
    contents = [Content.model_validate(job["result"]["content"]) for job in jobs]
    async with open_blobs(system.settings) as blobs:
        texts = [await blobs.read(visitor.tenant, content) for visitor, content in zip(both, contents, strict=True)]
        assert texts[0] != texts[1]
        assert [text.count(b"EMAIL_") for text in texts] == [incident.log(2).count(b"customers.net")] * 2
        for visitor, content in zip(reversed(both), contents, strict=True):
            with pytest.raises(MissingContent):
                await blobs.read(visitor.tenant, content)
        folder = system.settings.home / "blobs" / "clean"
        stolen = folder / both[1].tenant / "stolen"
        stolen.write_bytes((folder / both[0].tenant / contents[0].key).read_bytes())
        with pytest.raises(MissingContent):
            await blobs.read(both[1].tenant, contents[0].model_copy(update={"key": "stolen"}))


async def test_a_direct_publisher_cannot_open_another_tenants_blob(system: Running, both: tuple[Visitor, Visitor]) -> None:
    job = await both[0].completed(await both[0].hand_in("a.log", incident.log(2)))
    thief = event("ingest.submitted.v1", {"name": "mine.log", "content": job["result"]["content"]}, tenant=both[1].tenant)
    await system.publish(thief)
    ended = await both[1].ended(UUID(thief["subject"]))
    assert (ended["status"], ended["error"]["code"]) == ("failed", "missing_content")
