"""An object as its readers see it: who it is, where things stand, and how a note of it is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faultmaven_events.consumers.process.commands.kubernetes.naming import full, workload
from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.placed import Items, Map, dig, mapping, place_in
from faultmaven_events.schemas.insight import Level, Scalar

MOST_MEMBERS: Final = 200
_OWNED: Final = frozenset({"Pod", "Job", "ReplicaSet"})


@dataclass(frozen=True, slots=True)
class Thing:
    """One object; `now` is the latest time of the whole text, when it was asked for at the earliest."""

    body: Map
    kind: str
    name: str
    namespace: str | None
    now: datetime | None

    @property
    def who(self) -> str:
        """Kind and name for a sentence."""
        return f"{self.kind} {full(self.namespace, self.name)}"

    @property
    def owner(self) -> str:
        """The workload that it belongs to."""
        controllers = self.list("metadata", "ownerReferences")
        controller = next((str(one.get("name")) for one in controllers if one.get("controller") is not False and one.get("name")), "")
        return workload(controller or self.name) if self.kind in _OWNED else self.name

    def get(self, *path: str) -> Any:
        """The value at a path; None when there is none."""
        return dig(self.body, *path)

    def text(self, *path: str) -> str:
        """The value at a path as text; empty when there is none."""
        value = dig(self.body, *path)
        return "" if value is None or isinstance(value, Map | Items) else str(value)

    def count(self, *path: str) -> int | None:
        """The number at a path; None when there is none."""
        return number(dig(self.body, *path))

    def list(self, *path: str) -> Iterator[Map]:
        """The members of a list at a path that are objects."""
        found = dig(self.body, *path)
        yield from (one for one in found[:MOST_MEMBERS] if isinstance(one, Map)) if isinstance(found, Items) else ()

    def line(self, *path: str) -> int:
        """The line of a path, or of the deepest part of it that is there."""
        return place_in(self.body, path)[0]

    def age(self, since: datetime | None) -> float | None:
        """Seconds from a time until the latest time of the text."""
        return (self.now - since).total_seconds() if self.now and since else None

    def bad(  # the fields of every such fact
        self, reason: str, text: str, line: int, *, weight: float, at: datetime | None = None, what: str = "", **more: Scalar
    ) -> Note:
        """A resource that is not as it should be."""
        attributes = {"what": what or self.kind, "name": self.name, "namespace": self.namespace, "reason": reason or None, **more}
        return self.note("unhealthy", text, line, weight=weight, at=at, level="warning", attributes=attributes)

    def note(  # the fields of a note
        self,
        kind: str,
        text: str,
        line: int,
        *,
        weight: float,
        attributes: Mapping[str, Scalar],
        at: datetime | None = None,
        level: Level | None = None,
        count: int = 1,
    ) -> Note:
        """A note of what it belongs to."""
        return Note(kind, text, line, weight=weight, component=self.owner, at=at, level=level, count=count, attributes=attributes)


def thing_of(body: Map, now: datetime | None) -> Thing:
    """An object by its own words."""
    metadata = mapping(body.get("metadata"))
    name, namespace = (str(metadata.get(key) or "")[:200] for key in ("name", "namespace"))
    return Thing(body, str(body["kind"])[:60], name or "without a name", namespace or None, now)


def number(value: Any) -> int | None:
    """A whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: Any) -> datetime | None:
    """A time as Kubernetes writes it (RFC 3339, UTC); None for anything else."""
    try:
        at = datetime.fromisoformat(str(value)) if isinstance(value, str) and 16 <= len(value) <= 40 else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None


def condition(one: Map) -> tuple[str, str, str, str]:
    """Type, status, reason and message of a condition."""
    status = one.get("status")
    said = str(status) if not isinstance(status, bool) else "True" if status else "False"
    return str(one.get("type") or ""), said, str(one.get("reason") or ""), str(one.get("message") or "")


def because(reason: str, message: str) -> str:
    """Reason and message in brackets; empty when there is neither."""
    said = ": ".join(part for part in (reason, message) if part)
    return f" ({said})" if said else ""
