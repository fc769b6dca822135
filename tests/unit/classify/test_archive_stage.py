"""An archive through the classify stage: jobs for its files, and itself as a list of them."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from archive_samples import LOG, overlapping, tarred, zipped, zst
from classify_room import TENANT, Room, event, facts

from faultmaven_events.errors import ContentTooLarge, UnreadableContent
from faultmaven_events.infra.captions import Caption, Captions
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import MOST_CHILDREN, Submitted
from faultmaven_events.schemas.manifest import read

FILES = (("logs/app.log", LOG), ("logs/old.log.gz", gzip.compress(LOG)), ("shot.png", b"\x89PNG\r\n\x1a\n" + bytes(60)))

CAPTIONS = Captions(bytes(range(32)))
"""As the room's raw key has it."""


async def unpacked(room: Room, data: bytes, name: str = "bundle.zip", **attributes: Any) -> tuple[Sequence[Event[Any]], Event[Any]]:
    """The events that begin the files of an archive, and the archive's own."""
    given = event(Submitted(name=name, content=await room.store(data), **attributes))
    *children, own = await room.handle(given)
    return children, own


async def test_each_file_becomes_a_job_of_its_own(room: Room) -> None:
    kept = {"tags": ("x",), "case_id": "k", "session_id": "s", "collection": "user"}
    given = event(Submitted(name="bundle.zip", title="Bundle", content=await room.store(zipped(FILES)), **kept))
    given = given.model_copy(update={"urgent": True, "generation": 2, "deadline": datetime.now(UTC) + timedelta(hours=1)})
    *children, own = await room.handle(given)
    own_names = [CAPTIONS.open(TENANT, child.subject, child.data.sealed) for child in children]
    assert own_names == [Caption(name=f"bundle.zip/logs/{name}", tags=("x",)) for name in ("app.log", "old.log.gz")]
    assert [child.data.name for child in children] == [
        f"upload-{child.subject.hex[-8:]}.log{more}" for child, more in zip(children, ("", ".gz"), strict=True)
    ]
    for child in children:
        assert (child.type, child.data.parent, child.causationid) == ("ingest.submitted.v1", given.subject, given.id)
        assert child.id == derive(child.subject, "ingress/0")
        assert (child.tenantid, child.correlationid, child.deadline, child.urgent) == (TENANT, "c", given.deadline, True)
        assert {name: getattr(child.data, name) for name in kept} == {**kept, "tags": ()}
        assert (child.generation, child.data.title) == (0, None)
        assert await room.blobs.read(TENANT, child.data.content) == LOG
    assert own.data.children == tuple(child.subject for child in children)
    assert (own.type, own.data.classification.type, own.data.classification.format) == ("ingest.classified.v1", "archive", "zip")
    assert CAPTIONS.open(TENANT, own.subject, own.data.sealed) == Caption(name="bundle.zip", title="Bundle", tags=("x",))


async def test_no_event_of_an_archive_tells_what_it_or_its_files_are_called(room: Room) -> None:
    given = event(Submitted(name="upload-1.zip", content=await room.store(zipped([("jane.doe/payroll.log", LOG)]))))
    sealed = CAPTIONS.seal(TENANT, given.subject, Caption(name="of-jane.doe.zip", title="Jane Doe", tags=("jane",)))
    child, own = await room.handle(given.model_copy(update={"data": given.data.model_copy(update={"sealed": sealed})}))
    assert (own.data.name, own.data.sealed) == (f"upload-{own.subject.hex[-8:]}.zip", sealed)
    assert not [each for each in (child, own) if b"jane" in each.encode().lower() or b"payroll" in each.encode()]
    found = CAPTIONS.open(TENANT, child.subject, child.data.sealed)
    assert found == Caption(name="of-jane.doe.zip/jane.doe/payroll.log", tags=("jane",))


async def test_what_becomes_of_the_archive_is_a_list_of_its_files(room: Room) -> None:
    content = await room.store(zst(tarred(FILES)))
    _, own = await unpacked(room, zst(tarred(FILES)), "bundle.tar.zst")
    lines = [line for _, line in read((await room.blobs.read(TENANT, own.data.content)).decode())]
    assert [(line.outcome, line.label) for line in lines] == [
        ("taken", "logs/app.log"), ("taken", "logs/old.log.gz"), ("skipped", "shot.png"),
    ]  # fmt: skip
    assert own.data.classification.format == "tar.zst"
    assert "2 files unpacked, 1 skipped" in own.data.classification.reason
    await room.blobs.delete(TENANT, content)


async def test_the_archive_itself_is_not_kept(room: Room) -> None:
    content = await room.store(zipped(FILES))
    *children, own = await room.handle(event(Submitted(name="a.zip", content=content)))
    assert content.key not in room.raw()
    assert {child.data.content.key for child in children} | {own.data.content.key} <= room.raw()


async def test_redelivery_gives_the_same_children(room: Room) -> None:
    given = event(Submitted(name="a.zip", content=await room.store(zipped(FILES))))
    first = await room.handle(given)
    kept = room.raw()
    assert [facts(out) for out in await room.handle(given)] == [facts(out) for out in first]
    assert room.raw() == kept


async def test_a_crash_before_the_note_gives_the_same_children(room: Room) -> None:
    data = zipped(FILES)
    content = await room.store(data)
    given = event(Submitted(name="a.zip", content=content))
    first = await room.handle(given)
    for note in (room.folder / "blobs" / "clean" / TENANT).glob("*"):
        note.unlink()
    await room.blobs.put(TENANT, "raw", content.key, data)
    assert [facts(out) for out in await room.handle(given)] == [facts(out) for out in first]


async def test_once_the_archive_has_gone_on_its_files_are_not_told_again(room: Room) -> None:
    given = event(Submitted(name="a.zip", content=await room.store(zipped(FILES))))
    *_, own = await room.handle(given)
    await room.blobs.delete(TENANT, own.data.content)
    [again] = await room.handle(given)
    assert facts(again) == facts(own)


async def test_the_same_archive_twice_is_two_sets_of_jobs(room: Room) -> None:
    first, _ = await unpacked(room, zipped(FILES))
    second, _ = await unpacked(room, zipped(FILES))
    assert not {child.subject for child in first} & {child.subject for child in second}


async def test_the_files_of_an_archive_of_documents_are_documents(room: Room) -> None:
    given = event(Submitted(name="runbooks.zip", content=await room.store(zipped([("a.md", b"# Restart\nDo it.\n")]))), "document")
    child, own = await room.handle(given)
    assert (child.type, own.type, own.data.classification.type) == ("document.submitted.v1", "document.classified.v1", "archive")


async def test_a_crowd_of_files_is_not_urgent(room: Room) -> None:
    data = tarred((f"{number}.log", b"2026-03-01 10:00:00 INFO x\n") for number in range(201))
    given = event(Submitted(name="a.tar", content=await room.store(data))).model_copy(update={"urgent": True})
    *children, own = await room.handle(given)
    assert not any(child.urgent for child in children)
    assert own.urgent


async def test_more_files_than_one_archive_may_hold_are_left(room: Room) -> None:
    data = tarred((f"{number}.log", b"2026-03-01 10:00:00 INFO x\n") for number in range(MOST_CHILDREN + 5))
    children, own = await unpacked(room, data, "a.tar")
    assert len(children) == len(own.data.children) == MOST_CHILDREN
    assert "1 archives broke off" in own.data.classification.reason


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (zipped([]), UnreadableContent, "there is none in it"),
        (zipped([("shot.png", b"\x89PNG\r\n\x1a\n" + bytes(60))]), UnreadableContent, "a picture"),
        (overlapping(50)[:-22], UnreadableContent, "no file could be taken"),
        (b"PK\x03\x04" + bytes(60), UnreadableContent, "no file could be taken"),
        (gzip.compress(tarred(FILES))[:60], UnreadableContent, "damaged|truncated|too early|empty"),
        (b"Rar!\x1a\x07" + bytes(60), UnreadableContent, "as zip or tar"),
    ],
    ids=["empty", "pictures", "bomb", "garbage", "cut", "rar"],
)
async def test_an_archive_without_a_file_says_why_and_leaves_nothing(room: Room, data: bytes, error: type[Exception], says: str) -> None:
    before = room.raw()
    content = await room.store(data)
    with pytest.raises(error, match=says):
        await room.run(Submitted(name="a.zip", content=content))
    assert room.raw() - before == {content.key}


async def test_a_file_that_breaks_off_in_a_limit_leaves_no_blob(room: Room) -> None:
    noise = b"".join(b"%x\n" % (number * 7919) for number in range(200_000))
    before = room.raw()
    children, own = await unpacked(room, tarred([("a.log", noise), ("b.log", noise)], "w:gz"), "a.tar.gz")
    assert [CAPTIONS.open(TENANT, child.subject, child.data.sealed).name for child in children] == ["a.tar.gz/a.log"]
    assert room.raw() - before == {child.data.content.key for child in children} | {own.data.content.key}


async def test_an_archive_that_says_it_came_out_of_one_is_refused(room: Room) -> None:
    with pytest.raises(UnreadableContent, match="together with it"):
        await room.run(Submitted(name="a.zip", content=await room.store(zipped(FILES)), parent=uuid4()))


async def test_an_archive_over_the_limit_is_refused(room: Room) -> None:
    content = (await room.store(zipped(FILES))).model_copy(update={"size": 10**12})
    with pytest.raises(ContentTooLarge):
        await room.run(Submitted(name="a.zip", content=content))


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes(40)


@pytest.mark.parametrize(
    ("data", "form", "says"),
    [
        (png(1920, 1080), "png", "1920 x 1080 pixels"),
        (b"GIF89a\x40\x01\xf0\x00" + bytes(40), "gif", "320 x 240 pixels"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x02\x58\x03\x20" + bytes(40), "jpeg", "800 x 600 pixels"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x7f\x02\x00\xdf\x01\x00" + bytes(20), "webp", "640 x 480 pixels"),
        (b"\xff\xd8\xff" + bytes(9), "jpeg", "picture jpeg, 12 bytes"),
        (b"II*\x00" + bytes(60), "tiff", "picture tiff, 64 bytes"),
    ],
    ids=["png", "gif", "jpeg", "webp", "cut", "tiff"],
)
async def test_a_picture_is_described_and_its_pixels_are_not_kept(room: Room, data: bytes, form: str, says: str) -> None:
    content = await room.store(data)
    out = await room.run(Submitted(name="shot.png", content=content))
    assert (out.data.classification.type, out.data.classification.format) == ("image", form)
    text = (await room.blobs.read(TENANT, out.data.content)).decode()
    assert says in text
    assert "not analysed" in text
    assert content.key not in room.raw()
