"""The sanitize stage: a classified text in, its sanitized twin stored, the raw one destroyed, an event without either out.

It fails closed: whatever goes wrong, no event follows and nothing unsanitized is stored; without the allow list, or without the vault
where there is one, nothing passes. The twin, what its stand-ins stand for (in the vault) and last the receipt lie under keys derived from
the event, so that a redelivery finds what an earlier run left, even when that run had already destroyed the raw blob.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from faultmaven_events.consumers.sanitize.flow import PIECE_TIMEOUT, WORKERS, Flow
from faultmaven_events.consumers.sanitize.marks import MOST, marking_key
from faultmaven_events.consumers.sanitize.prose import check
from faultmaven_events.consumers.sanitize.pseudonyms import tenant_key
from faultmaven_events.consumers.sanitize.redact import Terms, redact_names
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import MissingContent, UnreadableContent
from faultmaven_events.infra.allowances import Allowances
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.captions import Caption, Captions, caption_of
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.infra.vault import Vault, scope_of, vault_of
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Classified, Sanitized, Twin
from faultmaven_events.schemas.question import QuestionClassified, QuestionSanitized
from faultmaven_events.settings import Settings

RECEIPT_MEDIA_TYPE: Final = "application/json"
PRELOAD: Final = "faultmaven_events.consumers.sanitize.warm"
"""What the workers work with."""

log = structlog.get_logger()


@dataclass(slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool
    clean_key: bytes = field(repr=False)
    raw_key: bytes = field(repr=False)
    allowances: Allowances
    vault: Vault | None = None
    model: str = ""
    """For names and places in documents and questions."""
    strict: bool = False
    """Whether what describes the system is hidden too."""

    async def sanitize(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Store the twin of a classified text or question, destroy the raw one, and return the event that follows.

        Raises:
            MissingContent: the raw text is gone and was never sanitized, or is not what the reference says.
            UnreadableContent: no such charset, a worker broke on the text, or the sealed name does not open.
            TransientError: the blob store, the allow list or the vault is away.
        """
        data: Classified | QuestionClassified = event.data
        twin = await self._earlier(event) or await self._made(event)
        if data.content.area == "raw":
            await self.blobs.delete(event.tenantid, data.content)
        return [event.follow("sanitize", "sanitized", await self._described(event, twin))]

    async def _earlier(self, event: Event[Any]) -> Twin | None:
        stored = await self.blobs.find(event.tenantid, "clean", f"{_key(event)}.receipt")
        return Twin.model_validate_json(await self.blobs.read(event.tenantid, stored)) if stored else None

    async def _made(self, event: Event[Any]) -> Twin:
        """Make the twin; where the same work is done twice at once, the other one may have destroyed the raw text meanwhile."""
        try:
            return await self._make(event)
        except MissingContent:
            twin = await self._earlier(event)
            if twin is None:
                raise
            return twin

    async def _make(self, event: Event[Any]) -> Twin:
        data, tenant = event.data, event.tenantid
        allowed = await self.allowances.allowed(tenant)
        kept = await self.vault.open(tenant, scope_of(data.case_id, event.subject)) if self.vault else None
        keeps = kept is not None and kept.key is not None
        model = self.model if _prose(data) else ""
        terms = Terms(marking_key(self.raw_key, tenant), allowed.digests, MOST, kept=keeps, model=model, strict=self.strict)
        caption = self._caption(event)
        flow = Flow(self.pool, tenant_key(self.clean_key, tenant), caption.name if caption else "", terms)
        words = await self._words(flow, caption)
        pieces = flow.run(self.blobs.stream(tenant, data.content), _charset(data))
        content = await self.blobs.put(tenant, "clean", _key(event), pieces, media_type="text/plain; charset=utf-8")
        if self.vault is not None and kept is not None:
            stays = await self.vault.put(tenant, kept, _key(event), b"".join(flow.frames))
            twin = flow.twin(content, words, allowed, vault="kept" if stays else "shredded")
        else:
            twin = flow.twin(content, words, allowed, vault="off")
        return await self._noted(event, twin)

    def _caption(self, event: Event[Any]) -> Caption | None:
        """Return what people wrote beside a file's content; a question has nothing there."""
        if isinstance(event.data, QuestionClassified):
            return None
        return caption_of(Captions(self.raw_key), event.tenantid, event.subject, event.data)

    async def _words(self, flow: Flow, caption: Caption | None) -> tuple[str, ...]:
        """Sanitize a file's name and title, and its tags."""
        if caption is None:
            return ()
        given = (caption.name, caption.title or "", *caption.tags)
        done = await self.pool.run(redact_names, given, flow.key, flow.terms, timeout=PIECE_TIMEOUT)
        flow.keep(done.packed)
        return done.words

    async def _noted(self, event: Event[Any], twin: Twin) -> Twin:
        """Store the receipt: with it the work is done."""
        await self.blobs.put(
            event.tenantid, "clean", f"{_key(event)}.receipt", twin.model_dump_json().encode(), media_type=RECEIPT_MEDIA_TYPE
        )
        return twin

    async def _described(self, event: Event[Any], twin: Twin) -> Sanitized | QuestionSanitized:
        """Return the event's data: names, titles and tags are words of people too."""
        data = event.data
        if isinstance(data, QuestionClassified):
            return QuestionSanitized(**{**dict(data), "content": twin.content, "receipt": twin.receipt})
        flow = Flow(self.pool, tenant_key(self.clean_key, event.tenantid), "", Terms(strict=self.strict))
        words = twin.words or await self._words(flow, self._caption(event))
        name, title, *tags = words
        changed = {
            "name": name[:255],
            "title": title[:300] or None,
            "tags": tuple(tag[:64] for tag in tags),
            "classification": data.classification.model_copy(update={"charset": "utf-8"}),
            "content": twin.content,
            "receipt": twin.receipt,
        }
        return Sanitized(**{**data.model_dump(exclude={"sealed"}), **changed})


def _prose(data: Classified | QuestionClassified) -> bool:
    return isinstance(data, QuestionClassified) or data.classification.type == "document"


def _key(event: Event[Any]) -> str:
    return derive(event.id, "sanitized").hex


def _charset(data: Classified | QuestionClassified) -> str:
    name = data.classification.charset if isinstance(data, Classified) else "utf-8"
    try:
        b"a".decode(name, "replace")  # refuses codecs that are no charsets, such as zlib
    except (LookupError, UnicodeError, ValueError):
        raise UnreadableContent(f"there is no charset {name[:32]!r}") from None
    return name


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the blob store and the workers, warm these up, and yield the stage's handler.

    Raises:
        SetupError: this process was given no raw or no clean key, FM_NER_MODEL is no model, or the blob store cannot be opened.
    """
    raw_key, clean_key = required_key(settings, "raw"), required_key(settings, "clean")
    if settings.ner_model:
        check(settings.ner_model)
    async with open_blobs(settings) as blobs, open_pool(WORKERS, memory_mb=settings.worker_memory_mb, preload=PRELOAD) as pool:
        vault = vault_of(blobs.store, settings)
        if vault is None:
            log.warning("pseudonyms_cannot_be_undone", reason="FM_VAULT_KEY is not set")
        # Importing Presidio takes a second or two: before the first message rather than during it.
        await pool.warm(redact_names, ("warm@up.example",), clean_key, timeout=PIECE_TIMEOUT)
        model, strict = settings.ner_model or "", settings.privacy == "strict"
        yield Desk(blobs, pool, clean_key, raw_key, Allowances(blobs.store, clean_key), vault, model, strict=strict).sanitize
