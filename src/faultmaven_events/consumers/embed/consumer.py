"""The embed stage: a processed file becomes searchable; a question is given the knowledge that fits its evidence; searches are answered."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from faultmaven_events.consumers.embed.library import Library, open_library
from faultmaven_events.consumers.embed.passages import document_of
from faultmaven_events.consumers.embed.question import search_text
from faultmaven_events.consumers.embed.serve import serve_search
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import UnreadableContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.vectors import Scope
from faultmaven_events.producers.search import search_seal
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Embedded, Processed
from faultmaven_events.schemas.insight import Insights, MergedInsights
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Informed, Merged
from faultmaven_events.settings import Settings

T = TypeVar("T", bound=Model)

PASSAGES = 8
"""Passages of knowledge that a question is given."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    library: Library

    async def embed(self, event: Event[Processed]) -> Event[Embedded]:
        """Make the passages of a file searchable; the same file again changes nothing."""
        insights = _read(Insights, await self.blobs.read(event.tenantid, event.data.insights))
        vectors = await self.library.shelve(document_of(event, insights), insights.chunks)
        return event.follow("embed", "embedded", Embedded(**dict(event.data), vectors=vectors, model=self.library.model))

    async def inform(self, event: Event[Merged]) -> Event[Informed]:
        """Look up what is known about the facts of a question's evidence."""
        merged = _read(MergedInsights, await self.blobs.read(event.tenantid, event.data.merged))
        found = await self.library.look_up(search_text(merged), scope_of(event), PASSAGES)
        # Of the question's own words: with the facts of its evidence, two questions about the same evidence would look alike.
        found = found.model_copy(update={"vector": await self.library.meaning(merged.question)})
        key = f"{derive(event.id, 'knowledge')}.json"
        content = await self.blobs.put_once(event.tenantid, "clean", key, found.model_dump_json().encode(), media_type="application/json")
        return event.follow("embed", "embedded", Informed(**dict(event.data), knowledge=content))


def scope_of(event: Event[Merged]) -> Scope:
    """Return where a question's knowledge is looked for: the user's, everybody's, the case's, and documents among its own evidence.

    Its other evidence is left out: what that says is known already, and would crowd out the runbooks.
    """
    pieces = event.data.pieces
    return Scope(
        event.tenantid,
        event.userid,
        case_id=event.data.case_id,
        documents=tuple(piece.job_id for piece in pieces if piece.classification.type == "document"),
        without=tuple(piece.job_id for piece in pieces if piece.classification.type != "document"),
    )


def _read(model: type[T], content: bytes) -> T:
    try:
        return model.model_validate_json(content)
    except ValueError:
        raise UnreadableContent(f"a blob that should hold {model.__name__} does not fit its schema") from None


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Load the model, open the stores, start answering searches when there is a broker, and yield the handler."""
    async with AsyncExitStack() as stack:
        desk = Desk(await stack.enter_async_context(open_blobs(settings)), await stack.enter_async_context(open_library(settings)))
        if settings.amqp_url is not None:
            url = settings.amqp_url.get_secret_value()
            await stack.enter_async_context(serve_search(url, search_seal(settings), desk.library.search))

        async def embed(event: Event[Any]) -> Sequence[Event[Any]]:
            """A question is informed; everything else is embedded."""
            return [await (desk.inform(event) if event.kind == "troubleshoot" else desk.embed(event))]

        yield embed
