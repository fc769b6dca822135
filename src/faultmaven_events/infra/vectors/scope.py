"""Who may see what: the filter of every search, as plain data that each engine translates."""

from dataclasses import dataclass
from uuid import UUID

from faultmaven_events.schemas.evidence import Collection
from faultmaven_events.schemas.knowledge import SearchQuery

Condition = tuple[str, tuple[str, ...]]
"""A payload field, and the values of which it must have one."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`tenant`, and all of `must`, and one of `either` (each a list of conditions that hold together), and none of `never`."""

    tenant: str
    must: tuple[Condition, ...] = ()
    either: tuple[tuple[Condition, ...], ...] = ()
    never: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What one search may find, always inside one tenant: the user's own knowledge, what everybody shares, and one case.

    `documents` are evidence jobs that may be found without being in the case; `without` are documents that are not wanted.
    """

    tenant: str
    user: str
    collections: tuple[Collection, ...] = ("user", "global", "case")
    case_id: str | None = None
    documents: tuple[UUID, ...] = ()
    without: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, query: SearchQuery) -> "Scope":
        """Return the scope that a client's query asks for."""
        return cls(query.tenant, query.user, query.collections, query.case_id)

    def filter(self, *must: Condition) -> Filter | None:
        """Return the filter, or None when nothing can be found: a case without an id holds nothing."""
        either = tuple(rule for collection in dict.fromkeys(self.collections) for rule in self._rules(collection))
        never = (("document_id", tuple(map(str, self.without))),) if self.without else ()
        return Filter(self.tenant, must, either, never) if either else None

    def _rules(self, collection: Collection) -> list[tuple[Condition, ...]]:
        here: Condition = ("collection", (collection,))
        if collection == "global":
            return [(here,)]
        if collection == "user":
            return [(here, ("user", (self.user,)))]
        rules: list[tuple[Condition, ...]] = []
        if self.case_id is not None:
            rules.append((here, ("case_id", (self.case_id,))))
        if self.documents:
            rules.append((here, ("document_id", tuple(map(str, self.documents)))))
        return rules
