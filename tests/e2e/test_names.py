"""What people call their files is sealed until it is sanitized, in archives as well; the client still finds the names that it knows."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from e2e import incident, shelves
from e2e.canaries import Canaries
from e2e.running import Document, Running, Visitor, event
from e2e.shelves import Thing

LOG = b"2026-03-14T09:00:00Z ERROR disk full\n"


def bundle(name: str) -> bytes:
    """An archive with a file that can be read, and one that cannot, both in a folder of that name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{name}/app.log", LOG)
        archive.writestr(f"{name}/broken.pdf", b"%PDF-1.4 and nothing more")
    return out.getvalue()


async def everywhere(system: Running, visitor: Visitor) -> AsyncIterator[Thing]:
    """What the broker carried, what Mongo and the logs keep, and what the API lists."""
    for copy in system.tap.copies:
        yield f"message {copy.event.get('type')}", copy.body
    async for where, what in shelves.documents(system.settings):
        yield where, what
    async for where, what in shelves.logs(system.system.logs, system.settings.home):
        yield where, what
    yield "list of jobs", (await visitor.request("GET", "/api/v1/jobs", params={"limit": "200"})).content


def copies(system: Running, *jobs: str) -> Iterator[Document]:
    """The data of every event of these jobs."""
    for job in jobs:
        yield from ({"type": each["type"], **each["data"]} for each in system.tap.of(job))


async def test_names_titles_and_tags_stand_nowhere_before_they_are_sanitized(system: Running, visitor: Visitor) -> None:
    canary = Canaries(place="names")
    name, title, tag = f"export {canary.email()}.log", f"Export of {canary.email()}", canary.email()
    told = {"title": title, "tags": tag}
    good = await visitor.hand_in(name, LOG, **told)
    broken = await visitor.hand_in(name, b"\x00\x01\x02" * 500, **told)
    runbook = await visitor.document(f"{canary.email()}.md", b"# Disk full\nDelete what is old.\n", **told)
    packed = await visitor.hand_in(f"{canary.email()}.zip", bundle(canary.email()))
    asked = await visitor.ask("Why is the disk full?", (name, LOG), (f"{canary.email()}.pdf", b"%PDF-1.4 and nothing more"))
    assert asked["evidence"][0]["name"] == name  # the client's own, in the answer to the client alone
    archive = await visitor.completed(packed)
    children = await asyncio.gather(*map(visitor.ended, archive["children"]))
    done, failed, _, report = await asyncio.gather(
        visitor.completed(good), visitor.ended(broken), visitor.completed(runbook), visitor.report(asked)
    )

    async for where, what in everywhere(system, visitor):
        assert not [value for value in canary.released if value.encode() in what], where
    assert done["name"].startswith("export EMAIL_")
    assert (failed["status"], failed["name"]) == ("failed", f"upload-{broken[-8:]}.log")
    [lost] = report["failed_evidence"]
    assert (lost["name"], lost["job_id"]) == (f"upload-{lost['job_id'][-8:]}.pdf", asked["evidence"][1]["job_id"])
    assert lost["job_id"] in report["missing_evidence"][0]["what"]
    assert len(children) == 2
    for job in children:  # the one is sanitized, the other failed before
        assert job["name"].endswith("/app.log" if job["status"] == "completed" else f"upload-{job['id'][-8:]}.pdf"), job["name"]
    for data in copies(system, good, broken, packed, *archive["children"]):
        if data["type"].endswith(("submitted.v1", "classified.v1")):
            assert data["sealed"]
            assert not {"title", "tags"} & {name for name, value in data.items() if value}
        else:
            assert "sealed" not in data


async def test_well_known_names_stay(visitor: Visitor) -> None:
    accepted = await visitor.ask(
        incident.QUESTION, ("nginx.conf", b"user nginx;\nhttp {\n}\n"), ("Dockerfile", b"FROM alpine:3\nUSER app\n")
    )
    jobs = [(await visitor.request("GET", f"/api/v1/jobs/{each['job_id']}")).json() for each in accepted["evidence"]]
    assert [job["name"] for job in jobs] == ["nginx.conf", "Dockerfile"]
    await visitor.report(accepted)


async def test_the_command_line_calls_files_what_the_person_calls_them(system: Running, visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "of-jane.pdf"
    path.write_bytes(b"%PDF-1.4 and nothing more")
    said = await system.command("submit", "Why?", str(path), "--tenant", visitor.tenant)
    assert "of-jane.pdf" in said.err
    assert "upload-" not in said.err


async def test_a_direct_publisher_may_name_a_file_in_the_clear_but_not_seal_it_wrongly(system: Running, visitor: Visitor) -> None:
    plain = event("ingest.submitted.v1", {"name": "mine.log", "text": LOG.decode()}, tenant=visitor.tenant)
    wrong = event("ingest.submitted.v1", {"name": "mine.log", "text": LOG.decode(), "sealed": "QUJD"}, tenant=visitor.tenant)
    await system.publish(plain, wrong)
    assert (await visitor.completed(plain["subject"]))["name"] == "mine.log"
    failed = await visitor.ended(wrong["subject"])
    assert (failed["error"]["stage"], failed["error"]["code"]) == ("classify", "unreadable_content")
