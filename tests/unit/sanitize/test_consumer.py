"""The stage on a real blob folder and real worker processes."""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from faultmaven_events.consumers.sanitize.consumer import open_stage
from faultmaven_events.consumers.sanitize.flow import Flow
from faultmaven_events.consumers.sanitize.pseudonyms import tenant_key
from faultmaven_events.consumers.sanitize.redact import redact
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import MissingContent, SetupError, Unavailable, UnreadableContent
from faultmaven_events.infra.allowances import Allowance, Allowances
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.captions import Caption, Captions
from faultmaven_events.infra.vault import Naming, Shredded, Vault, found, restored, scope_of, vault_of
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Classification, Classified, Mark, Sanitized, Twin
from faultmaven_events.schemas.question import QuestionClassified, QuestionSanitized
from faultmaven_events.schemas.registry import model
from faultmaven_events.settings import Settings

TENANT = "acme"
CLEAN = bytes(range(32))
VAULT = bytes(range(7, 39))


@dataclass
class Desk:
    handle: Handler
    blobs: Blobs
    settings: Settings

    @property
    def vault(self) -> Vault:
        vault = vault_of(self.blobs.store, self.settings)
        assert vault
        return vault

    async def restored(self, event: Event[Classified], data: Sanitized) -> str:
        """Return the text as the vault gives it back."""
        scope = scope_of(event.data.case_id, event.subject)
        records = self.vault.records(TENANT, scope, data.content.key)
        return b"".join([part async for part in restored(self.blobs.stream(TENANT, data.content), records)]).decode()

    async def marks(self, data: Sanitized) -> tuple[Mark, ...]:
        stored = await self.blobs.find(TENANT, "clean", f"{data.content.key}.receipt")
        assert stored
        return Twin.model_validate_json(await self.blobs.read(TENANT, stored)).marks

    async def event(self, raw: bytes, *, charset: str = "utf-8", name: str = "app.log", case_id: str | None = None) -> Event[Classified]:
        content = await self.blobs.put(TENANT, "raw", uuid4().hex, raw)
        described = Classification(type="log", format="plain", charset=charset, confidence=1, reason="a test")
        data = Classified(
            name=name, content=content, classification=described, title="for jane@mail.example", tags=("a", "203.0.113.7"), case_id=case_id
        )
        return _event("ingest", data)

    async def sanitized(self, event: Event[Classified]) -> Sanitized:
        (follower,) = await self.handle(event)
        assert follower.type == "ingest.sanitized.v1"
        data: Sanitized = follower.data
        return data

    async def text(self, content: Content) -> str:
        return (await self.blobs.read(TENANT, content)).decode()


def _event(kind: str, data: Classified | QuestionClassified) -> Event[Any]:
    event = model(f"{kind}.classified.v1")
    return event(
        id=uuid4(),
        source="/test",
        type=f"{kind}.classified.v1",
        subject=uuid4(),
        time=datetime.now(UTC),
        tenantid=TENANT,
        correlationid="c",
        data=data,
    )


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        raw_key=SecretStr(base64.b64encode(bytes(32)).decode()),
        clean_key=SecretStr(base64.b64encode(CLEAN).decode()),
        vault_key=SecretStr(base64.b64encode(VAULT).decode()),
    )
    async with open_stage(settings) as handle, open_blobs(settings) as blobs:
        yield Desk(handle, blobs, settings)


async def test_the_twin_is_stored_and_the_raw_text_is_gone(desk: Desk) -> None:
    event = await desk.event(b"login jane@mail.example password=hunter2\r\nok\n")
    data = await desk.sanitized(event)
    text = await desk.text(data.content)
    assert data.content.area == "clean"
    assert "hunter2" not in text
    assert text.endswith("\r\nok\n")
    assert data.receipt.counts == {"EMAIL_ADDRESS": 1, "SECRET_PASSWORD": 1}
    assert data.receipt.lines == 2
    with pytest.raises(MissingContent):
        await desk.blobs.read(TENANT, event.data.content)


async def test_a_redelivery_after_the_raw_text_is_gone_gives_the_same_event(desk: Desk) -> None:
    event = await desk.event(b"jane@mail.example\n")
    first, again = (await desk.handle(event))[0], (await desk.handle(event))[0]
    assert first.id == again.id
    assert first.data == again.data


async def test_a_redelivery_after_a_crash_before_the_receipt_starts_over(desk: Desk) -> None:
    event = await desk.event(b"jane@mail.example\n")
    await desk.blobs.put(TENANT, "clean", derive(event.id, "sanitized").hex, b"half a twin")
    assert "EMAIL_" in await desk.text((await desk.sanitized(event)).content)


async def test_a_raw_text_that_was_never_there_is_missing(desk: Desk) -> None:
    event = await desk.event(b"x")
    await desk.blobs.delete(TENANT, event.data.content)
    with pytest.raises(MissingContent):
        await desk.handle(event)


async def test_names_titles_and_tags_are_sanitized_too(desk: Desk) -> None:
    data = await desk.sanitized(await desk.event(b"x", name="export-for-jane@mail.example.log"))
    assert "jane" not in data.model_dump_json()
    assert data.tags[0] == "a"
    assert data.tags[1].startswith("IP_")


async def test_sealed_names_titles_and_tags_are_there_from_now_on_and_sanitized(desk: Desk) -> None:
    event = await desk.event(b"x", name="upload-1.log")
    caption = Caption(name="export for jane@mail.example.log", title="of joe@mail.example", tags=("eu", "joe@mail.example"))
    sealed = Captions(bytes(32)).seal(TENANT, event.subject, caption)
    event = event.model_copy(update={"data": event.data.model_copy(update={"sealed": sealed, "title": None, "tags": ()})})
    data = await desk.sanitized(event)
    assert re.fullmatch(r"export for EMAIL_\w{8}@mail\.example\.log", data.name)
    assert re.fullmatch(r"of EMAIL_\w{8}@mail\.example", data.title or "")
    assert (data.tags[0], data.tags[1]) == ("eu", (data.title or "").removeprefix("of "))
    assert "sealed" not in data.model_dump_json()
    assert await desk.sanitized(event) == data


async def test_a_sealed_name_of_another_job_lets_nothing_pass(desk: Desk) -> None:
    event = await desk.event(b"x")
    sealed = Captions(bytes(32)).seal(TENANT, uuid4(), Caption(name="jane.log"))
    with pytest.raises(UnreadableContent, match="the sealed name does not open"):
        await desk.handle(event.model_copy(update={"data": event.data.model_copy(update={"sealed": sealed})}))
    assert await desk.blobs.find(TENANT, "clean", derive(event.id, "sanitized").hex) is None
    assert await desk.blobs.read(TENANT, event.data.content) == b"x"


async def test_bytes_that_are_not_of_the_charset_are_replaced(desk: Desk) -> None:
    data = await desk.sanitized(await desk.event(b"a \xff\xfe b\x00c\n"))
    assert await desk.text(data.content) == "a \ufffd\ufffd b\x00c\n"


async def test_the_twin_of_another_charset_is_utf_8(desk: Desk) -> None:
    data = await desk.sanitized(await desk.event("grüße jane@mail.example\n".encode("utf-16"), charset="utf-16"))
    assert (await desk.text(data.content)).startswith("grüße EMAIL_")
    assert data.classification.charset == "utf-8"


@pytest.mark.parametrize("charset", ["zlib", "no-such", "undefined", "punycode"])
async def test_without_a_charset_nothing_passes(desk: Desk, charset: str) -> None:
    event = await desk.event(b"abc \xff\n", charset=charset)
    with pytest.raises(UnreadableContent):
        await desk.handle(event)
    assert await desk.blobs.find(TENANT, "clean", derive(event.id, "sanitized").hex) is None
    assert await desk.blobs.read(TENANT, event.data.content)


async def test_a_text_of_several_pieces_comes_out_as_one(desk: Desk) -> None:
    raw = "".join(f"2026-11-20 05:42:{n % 60:02} INFO user=u{n}@mail.example ip=203.0.113.{n % 250} took {n} ms\n" for n in range(40_000))
    event = await desk.event(raw.encode())
    data = await desk.sanitized(event)
    text, receipt = redact(raw, key=tenant_key(CLEAN, TENANT))
    assert await desk.text(data.content) == text
    assert (data.receipt.counts, data.receipt.lines, data.receipt.rules) == (receipt.counts, 40_000, receipt.rules)
    assert data.receipt.truncated == ("marks",)
    assert await desk.restored(event, data) == raw


async def test_a_table_keeps_its_columns_in_mind_over_all_pieces(desk: Desk) -> None:
    raw = "id,password,host\n" + "".join(f"{n},sesame{n}x,db{n:07}\n" for n in range(60_000))
    data = await desk.sanitized(await desk.event(raw.encode(), name="users.csv"))
    assert "sesame" not in await desk.text(data.content)


async def test_an_empty_text_has_an_empty_twin(desk: Desk) -> None:
    data = await desk.sanitized(await desk.event(b""))
    assert data.content.size == 0
    assert data.receipt.lines == 0


async def test_a_question_is_sanitized(desk: Desk) -> None:
    content = await desk.blobs.put(TENANT, "raw", uuid4().hex, b"why does jane@mail.example see 500?")
    evidence = (UUID(int=7),)
    event = _event("troubleshoot", QuestionClassified(content=content, evidence=evidence, intent="root_cause", case_id="c-1"))
    (follower,) = await desk.handle(event)
    data: QuestionSanitized = follower.data
    assert follower.type == "troubleshoot.sanitized.v1"
    assert (await desk.text(data.content)).startswith("why does EMAIL_")
    assert (data.evidence, data.intent, data.case_id) == (evidence, "root_cause", "c-1")


async def test_a_process_without_the_raw_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="FM_RAW_KEY"):
        async with open_stage(Settings(home=tmp_path, clean_key=SecretStr(base64.b64encode(CLEAN).decode()))):
            pass


async def test_what_was_hidden_comes_back_from_the_vault_and_secrets_do_not(desk: Desk) -> None:
    raw = "login JANE@mail.example password=hunter2\r\nJane@mail.example from 203.0.113.9 in /home/jdoe/x.py\nlast line"
    event = await desk.event(raw.encode(), case_id="case-1")
    data = await desk.sanitized(event)
    assert data.receipt.vault == "kept"
    assert await desk.restored(event, data) == raw.replace("hunter2", "SECRET_password")


async def test_names_titles_and_tags_come_back_too(desk: Desk) -> None:
    event = await desk.event(b"x", name="for-jane@mail.example.log")
    data = await desk.sanitized(event)
    naming = Naming(found([data.name, data.title, *data.tags]))
    async for record in desk.vault.records(TENANT, scope_of(None, event.subject), data.content.key):
        naming.add(record)
    assert naming.apply([data.name, data.title, *data.tags]) == ["for-jane@mail.example.log", "for jane@mail.example", "a", "203.0.113.7"]


async def test_a_file_of_a_shredded_case_is_sanitized_for_good(desk: Desk) -> None:
    await desk.vault.shred(TENANT, scope_of("case-2", UUID(int=0)))
    event = await desk.event(b"jane@mail.example\n", case_id="case-2")
    data = await desk.sanitized(event)
    assert data.receipt.vault == "shredded"
    with pytest.raises(Shredded):
        await desk.restored(event, data)


async def test_a_text_with_more_than_the_vault_takes_says_so_and_the_rest_stays_hidden(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = "".join(f"user{n}x@mail.example wrote {'x' * 60}\n" for n in range(30_000))
    monkeypatch.setattr(Flow, "__init__", partialmethod(Flow.__init__, room=200_000))
    event = await desk.event(raw.encode())
    data = await desk.sanitized(event)
    monkeypatch.undo()
    assert "vault" in data.receipt.truncated
    lines = (await desk.restored(event, data)).split("\n")
    assert lines[0] == raw.split("\n")[0]
    assert lines[-2].startswith("EMAIL_")
    assert len(lines) == 30_001


async def test_marks_show_where_without_what(desk: Desk) -> None:
    data = await desk.sanitized(await desk.event(b"a jane@mail.example\npassword=hunter2\npassword=hunter2\nb jane@mail.example\n"))
    marks = await desk.marks(data)
    places = [(mark.line, mark.column, mark.type, mark.token.partition("_")[0]) for mark in marks]
    assert places == [
        (1, 3, "EMAIL_ADDRESS", "EMAIL"),
        (2, 10, "SECRET_PASSWORD", "SECRET"),
        (3, 10, "SECRET_PASSWORD", "SECRET"),
    ]
    assert marks[1].digest == marks[2].digest != marks[0].digest
    assert "hunter2" not in str(marks)
    assert data.receipt.rules


@pytest.fixture
async def allow(desk: Desk) -> AsyncIterator[Allowances]:
    lists = Allowances(desk.blobs.store, CLEAN)
    yield lists
    for entry in await lists.list(TENANT):
        await lists.remove(TENANT, entry.digest)


async def test_what_a_reviewer_allows_stays_readable_from_the_next_event_on(desk: Desk, allow: Allowances) -> None:
    raw = b"mail to build@mail.example and jane@mail.example\n"
    first = await desk.event(raw)
    data = await desk.sanitized(first)
    mark = next(mark for mark in await desk.marks(data) if mark.column == 9)
    await allow.add(TENANT, Allowance(digest=mark.digest, type=mark.type, by="ann", at=datetime.now(UTC)))
    assert (await desk.handle(first))[0].data == data  # a redelivery is not the next event
    later = await desk.sanitized(await desk.event(raw))
    text = await desk.text(later.content)
    assert text.startswith("mail to build@mail.example and EMAIL_")
    assert later.receipt.counts == {"EMAIL_ADDRESS": 1}
    assert later.receipt.allowed == {"EMAIL_ADDRESS": 1}
    assert later.receipt.allow_list
    assert later.receipt.allow_list.size == 1


async def test_without_the_allow_list_nothing_passes(desk: Desk) -> None:
    event = await desk.event(b"jane@mail.example\n")
    entry = desk.settings.home / "blobs" / "allow" / TENANT / ("c" * 16)
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_bytes(b"not ours")
    try:
        with pytest.raises(Unavailable):
            await desk.handle(event)
        assert await desk.blobs.find(TENANT, "clean", derive(event.id, "sanitized").hex) is None
        assert await desk.blobs.read(TENANT, event.data.content)
    finally:
        entry.unlink()
    assert (await desk.sanitized(event)).receipt.counts == {"EMAIL_ADDRESS": 1}


async def test_without_the_vault_nothing_passes(desk: Desk) -> None:
    event = await desk.event(b"jane@mail.example\n", case_id="case-3")
    key = desk.settings.home / "blobs" / "vault" / TENANT / scope_of("case-3", UUID(int=0)) / "key"
    key.mkdir(parents=True)  # a folder where the key must be
    with pytest.raises(Unavailable):
        await desk.handle(event)
    assert await desk.blobs.find(TENANT, "clean", f"{derive(event.id, 'sanitized').hex}.receipt") is None
    assert await desk.blobs.read(TENANT, event.data.content)
    key.rmdir()
    assert (await desk.sanitized(event)).receipt.vault == "kept"


async def test_a_strict_setting_reaches_text_and_names(desk: Desk) -> None:
    strict = desk.settings.model_copy(update={"privacy": "strict"})
    async with open_stage(strict) as handle:
        event = await desk.event(b"dial tcp 10.0.4.7:5432 host=db01\n", name="db01.shop.internal")
        data = await Desk(handle, desk.blobs, strict).sanitized(event)
    text = await desk.text(data.content)
    assert "10.0.4.7" not in text
    assert "db01" not in text + data.model_dump_json()
    assert await desk.restored(event, data) == "dial tcp 10.0.4.7:5432 host=db01\n"
