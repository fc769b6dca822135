"""Dead letters by cause: what they have in common that others have not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from faultmaven_events.infra.letters import filter_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.buried import Group, Suspect, Wanted

SAMPLE: Final = 200
"""Newest letters of a group, and newest jobs, that are compared."""
FEWEST: Final = 3
"""Fewer letters have everything in common."""
SHARED: Final = 0.9
"""A value is suspected when so many of a group have it ..."""
LIFT: Final = 1.5
"""... and it is at least so many times as frequent here as elsewhere."""

FIELDS: Final[Mapping[str, str]] = {
    "tenant": "$tenant",
    "user": "$user",
    "type": "$type",
    "queue": "$queue",
    "source": "$event.source",
    "format": "$event.data.classification.format",
    "evidence": "$event.data.classification.type",
    "media_type": "$event.data.content.media_type",
    "consumer": "$consumer",
}
"""What is compared, and where it stands in a letter's document; `consumer` is split into version and host."""
JOBS: Final = {"tenant": "$tenant", "user": "$user", "kind": "$kind"}
"""What jobs that did not die are compared by."""

Facts = dict[str, str]


class Groups:
    """Letters grouped by fingerprint, for operators."""

    def __init__(self, database: Database) -> None:
        self._letters, self._jobs = database["dead_letters"], database["jobs"]

    async def list(self, wanted: Wanted, *, limit: int = 100) -> list[Group]:
        """Return the groups, the last that died first, each with what is suspected."""
        with mongo_errors():
            found = [document async for document in self._letters.aggregate(_pipeline(filter_of(wanted), limit), allowDiskUse=True)]
            jobs = self._jobs.aggregate([{"$sort": {"_id": -1}}, {"$limit": SAMPLE}, {"$project": {"_id": 0, **JOBS}}])
            alive = [_strings(document) async for document in jobs]
        samples = [[facts_of(letter) for letter in group["letters"]] for group in found]
        groups = []
        for number, (document, own) in enumerate(zip(found, samples, strict=True)):
            others = [facts for each, sample in enumerate(samples) if each != number for facts in sample]
            groups.append(_group(document, suspects(own, [*others, *alive])))
        return groups


def suspects(own: Sequence[Facts], elsewhere: Sequence[Facts]) -> tuple[Suspect, ...]:
    """Return which values nearly all of `own` share and `elsewhere` are rarer, the most telling first.

    With nothing to compare with, what all share is named, and said to be uncompared.
    """
    found = []
    for field in sorted({name for facts in own for name in facts}) if len(own) >= FEWEST else ():
        value, count = Counter(facts[field] for facts in own if field in facts).most_common(1)[0]
        share = count / len(own)
        others = [facts[field] for facts in elsewhere if field in facts]
        rate = others.count(value) / len(others) if others else None
        if share >= SHARED and (rate is None or share >= LIFT * rate):
            found.append(Suspect(field=field, value=value[:200], share=round(share, 3), elsewhere=None if rate is None else round(rate, 3)))
    return tuple(sorted(found, key=lambda each: (each.elsewhere is None, each.elsewhere or 0, each.field)))


def facts_of(letter: Document) -> Facts:
    """Return what a letter is compared by."""
    facts = _strings(letter)
    version, _, instance = facts.pop("consumer", "").partition("/")
    kind = facts.get("type", "").split(".")[0]
    return facts | {name: value for name, value in (("version", version), ("host", instance.partition(":")[0]), ("kind", kind)) if value}


def _strings(document: Document) -> Facts:
    return {name: value for name, value in document.items() if isinstance(value, str) and value}


def _pipeline(query: Document, limit: int) -> list[dict[str, Any]]:
    newest = {name: {"$first": f"${name}"} for name in ("stage", "code", "error", "message")}
    return [
        {"$match": query},
        {"$sort": {"died_at": -1, "_id": -1}},
        {
            "$group": {
                "_id": "$fingerprint",
                **newest,
                "count": {"$sum": 1},
                "dead": {"$sum": {"$cond": [{"$eq": ["$state", "dead"]}, 1, 0]}},
                "redriven": {"$sum": {"$cond": [{"$eq": ["$state", "redriven"]}, 1, 0]}},
                "discarded": {"$sum": {"$cond": [{"$eq": ["$state", "discarded"]}, 1, 0]}},
                "first_at": {"$min": "$died_at"},
                "last_at": {"$max": "$died_at"},
                "sample": {"$first": "$_id"},
                "versions": {"$addToSet": {"$first": {"$split": ["$consumer", "/"]}}},
                "tenants": {"$addToSet": "$tenant"},
                "letters": {"$firstN": {"input": FIELDS, "n": SAMPLE}},
            }
        },
        {"$set": {"tenants": {"$size": "$tenants"}}},
        {"$sort": {"last_at": -1, "_id": 1}},
        {"$limit": limit},
    ]


def _group(document: Document, found: tuple[Suspect, ...]) -> Group:
    states = {state: document[state] for state in ("dead", "redriven", "discarded") if document[state]}
    facts = {name: document[name] for name in ("stage", "code", "error", "message", "count", "first_at", "last_at", "sample", "tenants")}
    return Group(fingerprint=document["_id"], states=states, versions=tuple(sorted(document["versions"])), suspects=found, **facts)
