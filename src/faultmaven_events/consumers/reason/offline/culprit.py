"""Which component to name: the one that the cause sits in, by the name that the evidence uses."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.ruleset import Cause

if TYPE_CHECKING:
    from faultmaven_events.consumers.reason.offline.rank import Sign

_PLACES = ("address", "host", "server", "backend", "process", "subject")


def culprit(case: Case, cause: Cause, signs: Sequence["Sign"], change: Change | None) -> str:
    """Follow the rule's own order of places to look; the first that names somebody wins."""
    for way in cause.culprit:
        name = _by(case, way, signs, change)
        if name:
            return case.graph.label(name)
    return _fallback(case)


def named(case: Case) -> str | None:
    """Whom the question names, as a known component or as a name that the evidence holds."""
    known = case.graph.mentioned(case.question)
    held = [n for n in case.subjects if any(n in page.text[:200_000].lower() for page in case.pages.values())]
    return next(iter([*known, *held]), None)


def _fallback(case: Case) -> str:
    """Whom the question names, else what the edge calls first, else the edge."""
    edges = [c for c in case.graph.components.values() if case.graph.tiers.get(c) == "edge"]
    behind = sorted(n for e in edges for n in case.graph.uses.get(e, ()))
    asked = named(case)
    return next(iter([*([asked] if asked else []), *behind, *sorted(edges), *sorted(set(case.writers.values()))]), "unknown")


def _by(case: Case, way: str, signs: Sequence["Sign"], change: Change | None) -> str | None:
    """`change`, or one of the ways below, with what they look for after a colon: `writer:exception`, `value:process`."""
    kind, _, detail = way.partition(":")
    if kind == "change":
        return change.component if change else None
    return WAYS[kind](case, signs, detail)


def _value(_: Case, signs: Sequence["Sign"], name: str) -> str | None:
    return next((v for s in signs if s.sighting and (v := s.sighting.values.get(name))), None)


def _owner(case: Case, signs: Sequence["Sign"], name: str) -> str | None:
    return case.graph.find(_value(case, signs, name))


def _software(case: Case, _: Sequence["Sign"], name: str) -> str | None:
    return next((c for c in case.graph.components.values() if c == name), None)


def _target(case: Case, signs: Sequence["Sign"], _: str) -> str | None:
    for sign in signs:
        for place in _PLACES:
            found = case.graph.find(sign.sighting.values.get(place)) if sign.sighting else None
            if found:
                return found
    addresses = (s.sighting.values.get("address") for s in signs if s.sighting)
    return next((found for a in addresses if (found := case.graph.behind(a))), None)


def _address(_: Case, signs: Sequence["Sign"], __: str) -> str | None:
    """The host of an address that no file of the evidence belongs to, where it has a name."""
    hosts = (s.sighting.values.get(k, "").partition(":")[0] for s in signs if s.sighting for k in ("address", "host"))
    return next((h for h in hosts if re.match(r"[A-Za-z]", h) and h != "localhost" and not h.startswith("IP_")), None)


def _writer(case: Case, signs: Sequence["Sign"], signal: str) -> str | None:
    for sign in signs:
        if sign.sighting and sign.sighting.writer and (not signal or sign.name == signal):
            return case.graph.find(sign.sighting.writer) or sign.sighting.writer
    return None


def _series(case: Case, signs: Sequence["Sign"], _: str) -> str | None:
    for sign in signs:
        if sign.trend:
            named = case.graph.mentioned(sign.trend.series)
            if named or case.component(sign.trend.file):
                return named[0] if named else case.component(sign.trend.file)
    return None


def _client(case: Case, signs: Sequence["Sign"], signal: str) -> str | None:
    """Who wrote a signal and is no store: the side that calls."""
    found = sorted(
        {
            s.sighting.writer
            for s in signs
            if s.sighting and s.sighting.writer and s.name == signal and case.graph.tiers.get(s.sighting.writer) is None
        }
    )
    everywhere = sorted(
        {s.writer for s in case.sightings.get(signal, ()) if s.writer and case.graph.tiers.get(s.writer) is None and case.novelty(s) >= 0.5}
    )
    return next(iter([*found, *everywhere]), None)


def skewed(case: Case) -> str | None:
    """The log whose clock is farthest off."""
    logs = {f.file for f in case.files if f.classification.type == "log"}
    off = max(((abs(a.skew), name) for name, a in case.alignment.items() if name in logs and a.skew), default=None)
    return off[1] if off else None


def _skewed(case: Case, _: Sequence["Sign"], __: str) -> str | None:
    """Who wrote the file whose clock is farthest off."""
    return case.component(off) if (off := skewed(case)) else None


_SESSION: Final = re.compile(r"\b[\w.-]+@[\w.-]+/(?P<name>[A-Za-z][\w.-]+)")


def _application(case: Case, signs: Sequence["Sign"], _: str) -> str | None:
    """Who ran the statement: the application that logged the error, else the session that the database names."""
    own = next((w for s in signs if s.sighting and (w := s.sighting.writer) and case.graph.tiers.get(w) is None), None)
    named_by_store = next((m["name"] for s in signs if s.sighting and (m := _SESSION.search(s.sighting.quote))), None)
    return own or named_by_store


def _holder(case: Case, _: Sequence["Sign"], __: str) -> str | None:
    """Whose session holds the lock that the others wait for."""
    head = case.lock.head if case.lock else None
    if head is None or not head.name:
        return None
    name = case.graph.find(head.name) or head.name
    return f"postgresql (session of {head.name})" if head.adhoc else f"{name} (session in postgresql)"


WAYS: Final[dict[str, Callable[[Case, Sequence["Sign"], str], str | None]]] = {
    "target": _target,
    "address": _address,
    "writer": _writer,
    "client": _client,
    "skewed": _skewed,
    "series": _series,
    "value": _value,
    "owner": _owner,
    "software": _software,
    "application": _application,
    "holder": _holder,
    "named": lambda case, _, __: named(case),
}
