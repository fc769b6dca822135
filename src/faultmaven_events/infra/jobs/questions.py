"""Earlier questions, as a later one that follows them reads them: what was asked and answered, and where the evidence lies."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.content import Content

_SHOWN: Final = {"status": 1, "created_at": 1, "evidence": 1, "follows": 1, "final.result.report": 1}
KIND: Final = "troubleshoot"
_BACK: Final = 20
"""Questions without evidence of their own that are gone back over."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A question. `report` is the JSON of its `IncidentReport`, None where it has none (yet)."""

    id: UUID
    status: str
    asked_at: datetime
    evidence: tuple[UUID, ...] = ()
    follows: UUID | None = None
    report: dict[str, Any] | None = None


class Questions:
    """Questions of a tenant, read only."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["jobs"]

    async def get(self, tenant: str, id: UUID) -> Earlier | None:
        """Return a question of a tenant."""
        with mongo_errors():
            document = await self._jobs.find_one({"_id": id, "tenant": tenant, "kind": KIND}, _SHOWN)
        return _earlier(document) if document else None

    async def asked_at(self, tenant: str, id: UUID) -> datetime | None:
        """Return when a question was asked; None while nobody has written it down."""
        with mongo_errors():
            document = await self._jobs.find_one({"_id": id, "tenant": tenant, "kind": KIND}, {"created_at": 1})
        return document["created_at"] if document else None

    async def of_case(self, tenant: str, case_id: str, *, before: datetime, without: UUID, most: int) -> list[UUID]:
        """Return the questions of a case that were asked before a time, the last one first, at most `most`."""
        query = {"tenant": tenant, "case_id": case_id, "kind": KIND, "created_at": {"$lt": before}, "_id": {"$ne": without}}
        with mongo_errors():
            found = self._jobs.find(query, {"_id": 1}).sort([("created_at", -1), ("_id", -1)]).limit(most)
            return [document["_id"] async for document in found]

    async def followed(self, tenant: str, id: UUID) -> UUID | None:
        """Return which question a question follows."""
        with mongo_errors():
            document = await self._jobs.find_one({"_id": id, "tenant": tenant, "kind": KIND}, {"follows": 1})
        return document.get("follows") if document else None

    async def evidence(self, tenant: str, id: UUID) -> tuple[UUID, ...]:
        """Return the evidence of a question; of one without any, that of the question that it follows, and so on."""
        next_: UUID | None = id
        for _ in range(_BACK):
            if next_ is None:
                break
            with mongo_errors():
                document = await self._jobs.find_one({"_id": next_, "tenant": tenant, "kind": KIND}, {"evidence": 1, "follows": 1})
            if document is None or document.get("evidence"):
                return tuple(document["evidence"]) if document else ()
            next_ = document.get("follows")
        return ()

    async def texts(self, tenant: str, evidence: Collection[UUID]) -> dict[UUID, Content]:
        """Return where the sanitized texts of completed pieces of evidence lie."""
        query = {"_id": {"$in": [*evidence]}, "tenant": tenant, "kind": "ingest", "status": "completed"}
        with mongo_errors():
            found = self._jobs.find(query, {"final.result.content": 1})
            return {document["_id"]: Content.model_validate(document["final"]["result"]["content"]) async for document in found}


def _earlier(document: Document) -> Earlier:
    return Earlier(
        id=document["_id"],
        status=document["status"],
        asked_at=document["created_at"],
        evidence=tuple(document.get("evidence") or ()),
        follows=document.get("follows"),
        report=((document.get("final") or {}).get("result") or {}).get("report"),
    )
