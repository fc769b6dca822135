"""Dead letters in MongoDB: bury keeps them, people look at them and decide.

A document of `dead_letters` is the letter under its id, with `state`, `buried_at`, `deaths`, `advances` (whether its job runs again in the
next generation when it is redriven), `predecessor`, what was decided (`decided_at`, `decided_by`, `reason`, `edited`), and `redrive`: the
operation that took it, with its outcome. These methods are for operators, who see every tenant: a tenant is a filter.
"""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.dead_letters import ends_job, open_body, seal_body
from faultmaven_events.infra.mongo import BSONError, Database, Document, DuplicateKeyError, mongo_errors
from faultmaven_events.schemas.buried import Buried, Wanted
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.redrive import Selection

STORED: Final = frozenset(Letter.model_fields) - {"id"}
DECIDED: Final = ("state", "buried_at", "deaths", "predecessor", "decided_at", "decided_by", "reason", "edited")


class Letters:
    """The repository of dead letters."""

    def __init__(self, database: Database) -> None:
        self._letters, self._redrives = database["dead_letters"], database["redrives"]
        self._audit = Audit(database)

    async def keep(self, letter: Letter, clean_key: bytes) -> None:
        """Store a letter under its id; a copy of it changes nothing.

        A letter whose generation does not grow when it is redriven (its death did not end its job) is dead again when it dies later.
        """
        advances = ends_job(letter)
        document = {
            **letter.model_dump(exclude={"id"}),
            "state": "dead",
            "buried_at": datetime.now(UTC),
            "deaths": 1,
            "advances": advances,
            "predecessor": await self._predecessor(letter),
        }
        with mongo_errors():
            try:
                inserted = await self._insert(letter.id, document)
            except (OverflowError, BSONError):  # JSON may hold numbers and names that BSON cannot
                body = json.dumps(letter.event).encode()
                inserted = await self._insert(letter.id, {**document, "event": None, "sealed": seal_body(clean_key, body)})
            if not inserted:
                await self._die_again(letter)

    async def _insert(self, id: UUID, document: Document) -> bool:
        try:
            result = await self._letters.update_one({"_id": id}, {"$setOnInsert": document}, upsert=True)
        except DuplicateKeyError:  # two copies at the same moment
            return False
        return result.upserted_id is not None

    async def _die_again(self, letter: Letter) -> None:
        again = {"state": "redriven", "advances": False, "decided_at": {"$lt": letter.died_at}}
        facts = letter.model_dump(include={"died_at", "code", "error", "message", "fingerprint", "attempts", "consumer"})
        await self._letters.update_one(
            {"_id": letter.id, "died_at": {"$lt": letter.died_at}, "$or": [{"state": "dead", "advances": False}, again]},
            {"$set": {**facts, "state": "dead"}, "$inc": {"deaths": 1}},
        )

    async def _predecessor(self, letter: Letter) -> UUID | None:
        if not letter.generation or letter.job_id is None:
            return None
        before = {"job_id": letter.job_id, "tenant": letter.tenant, "generation": letter.generation - 1, "advances": True}
        with mongo_errors():
            found = await self._letters.find_one(before, {"_id": 1}, sort=[("died_at", -1)])
        return found["_id"] if found else None

    async def get(self, id: UUID) -> Buried | None:
        """Return a letter."""
        with mongo_errors():
            document = await self._letters.find_one({"_id": id})
        return buried(document) if document else None

    async def message(self, id: UUID, clean_key: bytes) -> tuple[Letter, bytes] | None:
        """Return a letter with the message that it holds; for the bury process alone, which shows it to nobody.

        Raises:
            cryptography.exceptions.InvalidTag: it was sealed with another key.
        """
        with mongo_errors():
            document = await self._letters.find_one({"_id": id})
        return (letter := letter_of(document), body_of(letter, clean_key)) if document else None

    async def list(self, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> tuple[list[Buried], str | None]:
        """Return letters, the last dead first, without their events, and the cursor of the next page.

        Raises:
            ValueError: the cursor is not one of ours.
        """
        query = filter_of(wanted)
        if cursor:
            moment, _, id = cursor.partition("~")
            at = datetime.fromisoformat(moment)
            query = {"$and": [query, {"$or": [{"died_at": {"$lt": at}}, {"died_at": at, "_id": {"$lt": UUID(id)}}]}]}
        with mongo_errors():
            found = self._letters.find(query, {"event": 0}).sort([("died_at", -1), ("_id", -1)]).limit(limit + 1)
            letters = [buried(document) async for document in found]
        last = letters[limit - 1] if len(letters) > limit else None
        return letters[:limit], f"{last.died_at.isoformat()}~{last.id}" if last else None

    async def export(self, wanted: Wanted) -> AsyncIterator[Document]:
        """Yield letters as they are stored, the oldest first; what is sealed stays so."""
        with mongo_errors():
            async for document in self._letters.find(filter_of(wanted)).sort([("died_at", 1), ("_id", 1)]):
                kept = {name: document.get(name) for name in (*STORED, *DECIDED)}
                yield {"id": document["_id"], **kept, "redrive": (document.get("redrive") or {}).get("op")}

    async def discard(self, selection: Selection, *, by: str, reason: str) -> int:
        """Give up on letters: their jobs stay failed. Returns how many; what an operation has in hand is left alone.

        Raises:
            ValueError: nothing is selected.
        """
        query = await self.free(selection)
        with mongo_errors():
            count = await self._letters.count_documents(query)
        await self._audit.note(by=by, action="discard", target=target_of(selection), reason=reason, count=count)
        decision = {"state": "discarded", "decided_at": datetime.now(UTC), "decided_by": by, "reason": reason}
        with mongo_errors():
            return (await self._letters.update_many(query, {"$set": decision})).modified_count

    async def holding(self, selection: Selection, most: int = 10_000) -> dict[UUID, tuple[str, Content]]:
        """Return tenant and raw content of those of the selected letters whose event holds some; of at most so many.

        Raises:
            ValueError: nothing is selected.
        """
        query = await self.free(selection) | {"event.data.content.area": "raw"}
        with mongo_errors():
            found = self._letters.find(query, {"tenant": 1, "event.data.content": 1}).limit(most)
            return {each["_id"]: (each["tenant"], Content.model_validate(each["event"]["data"]["content"])) async for each in found}

    async def free(self, selection: Selection) -> Document:
        """Return the query for those selected letters that are dead and in nobody's hand.

        Raises:
            ValueError: nothing is selected.
        """
        if selection.empty:
            raise ValueError("name letters: by id, fingerprint, stage, code or tenant, or say that you mean all")
        with mongo_errors():
            running = [document["_id"] async for document in self._redrives.find({"state": "running"}, {"_id": 1})]
        given = {name: getattr(selection, name) for name in ("tenant", "fingerprint", "stage", "code")}
        query: Document = {"state": "dead", **{name: value for name, value in given.items() if value is not None}}
        if selection.ids:
            query["_id"] = {"$in": list(selection.ids)}
        return query | ({"redrive.op": {"$nin": running}} if running else {})

    async def open_by_stage(self) -> dict[str, int]:
        """Return how many letters nobody has decided about, by stage."""
        with mongo_errors():
            counted = self._letters.aggregate([{"$match": {"state": "dead"}}, {"$group": {"_id": "$stage", "count": {"$sum": 1}}}])
            return {document["_id"]: document["count"] async for document in counted}

    async def states(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the states of those of the letters that are stored."""
        with mongo_errors():
            found = self._letters.find({"_id": {"$in": [*ids]}}, {"state": 1})
            return {document["_id"]: document["state"] async for document in found}


def filter_of(wanted: Wanted) -> Document:
    """Return the query for what somebody wants to see."""
    given: dict[str, Any] = wanted.model_dump(exclude_none=True)
    since = given.pop("since", None)
    return given | ({"died_at": {"$gte": since}} if since else {})


def target_of(selection: Selection) -> dict[str, Any]:
    """Return a selection as the audit keeps it."""
    return selection.model_dump(mode="json", exclude_defaults=True)


def letter_of(document: Document) -> Letter:
    """Return the letter of a document."""
    return Letter.model_validate({"id": document["_id"], **{name: document[name] for name in STORED if name in document}})


def buried(document: Document) -> Buried:
    """Return a letter as it may be shown."""
    sealed = document.get("sealed")
    letter = {name: document[name] for name in STORED if name in document and name != "sealed"}
    decided = {name: document[name] for name in DECIDED if document.get(name) is not None}
    redrive = document.get("redrive") or {}
    return Buried.model_validate(
        {
            "id": document["_id"],
            **letter,
            "buried_at": document["died_at"],  # of a letter that an older version stored
            "reason": redrive.get("reason"),
            **decided,
            "redrive": redrive.get("op"),
            "sealed_bytes": len(sealed) * 3 // 4 - sealed.count("=") - 28 if sealed else None,  # base64, less nonce and tag
        }
    )


def body_of(letter: Letter, clean_key: bytes) -> bytes:
    """Return the message of a letter: its event, or what was sealed.

    Raises:
        cryptography.exceptions.InvalidTag: it was sealed with another key.
    """
    return open_body(clean_key, letter.sealed) if letter.sealed else json.dumps(letter.event or {}).encode()
