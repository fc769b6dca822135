"""An archive handed in: its files are evidence like any other, and what could not be taken out of it is said."""

import asyncio
import gzip
import io
import tarfile
import zipfile
from uuid import UUID

from e2e import incident, shelves
from e2e.canaries import Canaries
from e2e.running import Running, Visitor

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (1920).to_bytes(4, "big") + (1080).to_bytes(4, "big") + bytes(40)
RUNBOOK = b"# Zeppelin pump stalls\nDrain the zeppelin pump, then restart it.\n"


def bundle(secret: str = "") -> bytes:
    """What somebody collects at three in the morning: the incident's files, one of them packed twice over, and what does not belong."""
    name, data = incident.FILES[0]
    inner, out = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        packed = gzip.compress(data + f"login with password={secret}\n".encode() * bool(secret))
        info = tarfile.TarInfo(f"var/log/{name}.gz")
        info.size = len(packed)
        archive.addfile(info, io.BytesIO(packed))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("host-1/logs.tar.gz", inner.getvalue())
        for other, more in incident.FILES[1:]:
            archive.writestr(f"host-1/{other}", more)
        archive.writestr("shot.png", PNG)
        archive.writestr("../../etc/passwd", b"root\n")
        archive.writestr("broken.pdf", b"%PDF-1.4 and nothing more")
    return out.getvalue()


async def test_a_question_about_an_archive_is_answered_from_the_files_in_it(visitor: Visitor, system: Running) -> None:
    canary = Canaries()
    accepted = await visitor.ask(incident.QUESTION, ("bundle.zip", bundle(canary.password())))
    archive = accepted["evidence"][0]["job_id"]
    report = await visitor.report(accepted)
    own = await visitor.completed(archive)
    jobs = {job["name"]: job for job in await asyncio.gather(*map(visitor.ended, own["children"]))}
    log = f"bundle.zip/host-1/logs.tar.gz/var/log/{incident.FILES[0][0]}.gz"
    broken = next(name for name in jobs if name.startswith("upload-"))  # it failed before its own name could be sanitized
    assert broken == f"upload-{jobs[broken]['id'][-8:]}.pdf"
    assert jobs.keys() == {log, broken, *(f"bundle.zip/host-1/{name}" for name, _ in incident.FILES[1:])}
    assert {job["parent"] for job in jobs.values()} == {archive}
    assert jobs[log]["result"]["classification"]["type"] == "log"
    assert report["verdict"] in {"confirmed", "likely"}
    assert log in {each["file"] for one in report["hypotheses"] for each in one["citations"]}
    assert [failed["name"] for failed in report["failed_evidence"]] == [broken]
    assert "bundle.zip: 1 file not unpacked: a picture: no text is read from it" in report["truncated"]
    assert "bundle.zip: 1 file not unpacked: its path leads out of the archive" in report["truncated"]

    lineage = (await visitor.request("GET", f"/api/v1/jobs/{jobs[log]['id']}/lineage")).json()
    assert (lineage["unbroken"], lineage["parent"], lineage["hops"][0]["follows"]) == (True, archive, True)
    kept = {jobs[broken]["id"]}  # what could not be read stays, encrypted, for a replay
    assert {UUID(hex=path.name) for path in shelves.raw_blobs(system.settings, visitor.tenant)} == {UUID(id) for id in kept}
    async for where, what in shelves.documents(system.settings):
        assert not any(value.encode() in what for value in canary.released), where


async def test_an_archive_of_runbooks_gives_runbooks(visitor: Visitor) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("pump.md", RUNBOOK)
    own = await visitor.completed(await visitor.document("runbooks.zip", out.getvalue(), collection="global"))
    await asyncio.gather(*map(visitor.completed, own["children"]))
    assert "runbooks.zip/pump.md" in {hit["name"] for hit in await visitor.search("zeppelin pump stalls")}


async def test_a_screenshot_is_described_and_its_pixels_are_kept_nowhere(visitor: Visitor, system: Running) -> None:
    job = await visitor.completed(await visitor.hand_in("shot.png", PNG))
    assert job["result"]["classification"]["type"] == "image"
    assert "1920 x 1080 pixels" in job["result"]["summary"]
    assert shelves.raw_blobs(system.settings, visitor.tenant) == []


async def test_with_an_archive_its_unfinished_files_are_cancelled(visitor: Visitor) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.log", incident.log(2))
    id = await visitor.hand_in("many.zip", out.getvalue())
    async with asyncio.timeout(60):
        while not (await visitor.request("GET", f"/api/v1/jobs/{id}")).json()["children"]:  # noqa: ASYNC110 # a job has no event of that
            await asyncio.sleep(0.05)
    assert (await visitor.request("POST", f"/api/v1/jobs/{id}/cancel", json={"reason": "wrong bundle"})).status_code == 202
    children = (await visitor.request("GET", f"/api/v1/jobs/{id}")).json()["children"]
    ended = await asyncio.gather(*map(visitor.ended, children))
    states = {job["status"] for job in ended}
    assert "cancelled" in states
    assert states <= {"cancelled", "completed"}


async def test_the_command_line_says_how_many_files_there_were(visitor: Visitor, system: Running) -> None:
    own = await visitor.completed(await visitor.hand_in("bundle.zip", bundle()))
    shown = await system.command("jobs", own["id"], "--tenant", visitor.tenant)
    assert f"{len(own['children'])} files unpacked" in shown.out
