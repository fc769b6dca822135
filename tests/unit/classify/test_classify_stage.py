import gzip
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from classify_room import TENANT, Room, event, facts
from test_classify_extract import pdf

from faultmaven_events.errors import ContentTooLarge, InvalidEvent, MissingContent, UnreadableContent
from faultmaven_events.infra.captions import Caption, Captions
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Submitted
from faultmaven_events.schemas.outcome import Completed
from faultmaven_events.schemas.question import Asked

LOG = b"".join(b"2026-03-01T10:00:%02dZ INFO step %d done\n" % (i % 60, i) for i in range(20_000))


async def test_a_log_is_passed_on_without_being_rewritten(room: Room) -> None:
    content = await room.store(LOG)
    out = await room.run(Submitted(name="a.log", content=content, tags=("x",), case_id="k"))
    assert out.type == "ingest.classified.v1"
    assert out.data.content == content
    assert (out.data.classification.type, out.data.case_id) == ("log", "k")


async def test_inline_text_becomes_a_raw_blob(room: Room) -> None:
    out = await room.run(Submitted(name="a.conf", text="server {\n  listen 80;\n}\n"))
    assert out.data.classification.format == "nginx"
    assert await room.blobs.read(TENANT, out.data.content) == b"server {\n  listen 80;\n}\n"


async def test_a_packed_log_is_replaced_by_what_is_in_it(room: Room) -> None:
    content = await room.store(gzip.compress(LOG))
    out = await room.run(Submitted(name="a.log.gz", content=content))
    assert (out.data.classification.type, out.data.classification.charset) == ("log", "utf-8")
    assert await room.blobs.read(TENANT, out.data.content) == LOG
    assert content.key not in room.raw()


async def test_a_runbook_as_evidence_is_read_all_the_same(room: Room) -> None:
    out = await room.run(Submitted(name="a.pdf", content=await room.store(pdf("Restart the shop"))))
    assert (out.data.classification.type, out.data.classification.format, out.data.classification.charset) == ("document", "pdf", "utf-8")
    assert await room.blobs.read(TENANT, out.data.content) == b"Restart the shop\n"


async def test_what_is_handed_in_as_a_document_is_one(room: Room) -> None:
    content = await room.store(b"$ systemctl restart shop\n$ journalctl -u shop\n")
    out = await room.run(Submitted(name="restart.txt", content=content), "document")
    assert out.type == "document.classified.v1"
    assert out.data.classification.type == "document"


@pytest.mark.parametrize("data", [LOG, gzip.compress(LOG), pdf("Restart")], ids=["log", "gzip", "pdf"])
async def test_redelivery_gives_the_same_event_even_when_the_raw_blob_is_gone(room: Room, data: bytes) -> None:
    given = event(Submitted(name="a.bin", content=await room.store(data)))
    first: Sequence[Event[Any]] = await room.handle(given)
    kept = room.raw()
    second = await room.handle(given)
    assert [facts(out) for out in first] == [facts(out) for out in second]
    assert room.raw() == kept
    await room.blobs.delete(TENANT, first[0].data.content)
    third = await room.handle(given)
    assert [facts(out) for out in first] == [facts(out) for out in third]


async def test_a_crash_before_the_note_leaves_the_original_to_start_over(room: Room) -> None:
    packed = gzip.compress(LOG)
    content = await room.store(packed)
    given = event(Submitted(name="a.log.gz", content=content))
    (first,) = await room.handle(given)
    for note in (room.folder / "blobs" / "clean" / TENANT).glob("*"):
        note.unlink()
    with pytest.raises(MissingContent):
        await room.handle(given)
    await room.blobs.put(TENANT, "raw", content.key, packed)
    (again,) = await room.handle(given)
    assert facts(again) == facts(first)


async def test_a_note_holds_no_word_of_the_content_or_the_name(room: Room) -> None:
    given = event(Submitted(name="jane-doe.log", text="2026-03-01 10:00:00 INFO jane.doe@acme.example signed in from 192.0.2.77\n"))
    (out,) = await room.handle(given)
    told = out.data.classification.model_dump_json()
    notes = [
        await room.blobs.read(TENANT, found)
        for path in (room.folder / "blobs" / "clean" / TENANT).glob("*")
        if (found := await room.blobs.find(TENANT, "clean", path.name))
    ]
    assert notes
    assert not any(word in text for word in (b"jane", b"acme", b"192.0.2.77", b"signed") for text in [*notes, told.encode()])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnreadableContent),
        (b"\n \n", UnreadableContent),
        (bytes(range(256)) * 100, UnreadableContent),
        (gzip.compress(LOG)[:-9], UnreadableContent),
        (gzip.compress(b""), UnreadableContent),
        (pdf(""), UnreadableContent),
        (gzip.compress(b"2026-03-01 10:00:00 INFO x\n" * 400_000), ContentTooLarge),
    ],
    ids=["empty", "blank", "binary", "truncated", "packed-nothing", "no-text", "bomb"],
)
async def test_what_cannot_be_read_leaves_nothing_but_the_original(room: Room, data: bytes, error: type[Exception]) -> None:
    before = room.raw()
    content = await room.store(data)
    with pytest.raises(error):
        await room.run(Submitted(name="a.gz", content=content))
    assert room.raw() - before == {content.key}


async def test_blank_space_before_a_long_log_is_passed_over(room: Room) -> None:
    out = await room.run(Submitted(name="a.log", content=await room.store(bytes(600_000) + LOG)))
    assert out.data.classification.type == "log"


async def test_a_blob_that_is_gone_is_said_so(room: Room) -> None:
    with pytest.raises(MissingContent):
        await room.run(Submitted(name="a.log", content=Content(area="raw", key="gone", size=1, sha256="0" * 64)))


@pytest.mark.parametrize("inline", [True, False])
async def test_a_question_gets_its_intent_and_keeps_its_evidence(room: Room, inline: bool) -> None:
    text, jobs = "Why do orders fail for jane?", (uuid4(), uuid4())
    given = {"text": text} if inline else {"content": await room.store(text.encode())}
    out = await room.run(Asked(**given, evidence=jobs, session_id="s"), "troubleshoot")
    assert out.type == "troubleshoot.classified.v1"
    assert (out.data.intent, out.data.evidence, out.data.session_id) == ("root_cause", jobs, "s")
    assert await room.blobs.read(TENANT, out.data.content) == text.encode()
    assert "jane" not in out.encode().decode()


@pytest.mark.parametrize(
    ("data", "error"),
    [(b" \n", UnreadableContent), (b"\xff\xfe\xfa why", UnreadableContent), (b"why " * 20_000, ContentTooLarge)],
    ids=["blank", "no-text", "too-long"],
)
async def test_a_question_that_is_none_is_refused(room: Room, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await room.run(Asked(content=await room.store(data)), "troubleshoot")


async def test_an_event_of_another_stage_is_refused(room: Room) -> None:
    with pytest.raises(InvalidEvent):
        await room.handle(event(Completed(result={}), state="completed"))


async def test_the_sealed_name_counts_and_goes_on_sealed(room: Room) -> None:
    given = event(Submitted(name="upload-1", content=await room.store(b"listen 80\n")))
    sealed = Captions(bytes(range(32))).seal(TENANT, given.subject, Caption(name="redis.conf"))
    [own] = await room.handle(given.model_copy(update={"data": given.data.model_copy(update={"sealed": sealed})}))
    [plain] = await room.handle(event(Submitted(name="upload-1", content=await room.store(b"listen 80\n"))))
    assert (own.data.name, own.data.sealed) == (f"upload-{own.subject.hex[-8:]}", sealed)
    assert own.data.classification != plain.data.classification


async def test_what_a_direct_publisher_wrote_in_the_clear_is_sealed_from_here_on(room: Room) -> None:
    caption = Caption(name="jane.log", title="Of Jane", tags=("jane",))
    given = event(Submitted(**dict(caption), content=await room.store(b"2026-03-01 10:00:00 INFO x\n")))
    [own] = await room.handle(given)
    assert b"jane" not in own.encode().lower()
    assert Captions(bytes(range(32))).open(TENANT, own.subject, own.data.sealed) == caption


async def test_a_sealed_name_that_does_not_open_is_a_permanent_error(room: Room) -> None:
    given = Submitted(name="upload-1.log", content=await room.store(b"2026-03-01 10:00:00 INFO x\n"), sealed="QUJD")
    with pytest.raises(UnreadableContent, match="the sealed name does not open"):
        await room.run(given)
    assert given.content
    assert given.content.key in room.raw()
