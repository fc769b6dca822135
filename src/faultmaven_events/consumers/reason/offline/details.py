"""Values of a sentence that need a look around: who holds a lock, what a component logged itself, which setting is in force."""

import re
from collections.abc import Mapping
from typing import Final

from faultmaven_events.consumers.reason.offline.aspect import amount, directives
from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.culprit import skewed
from faultmaven_events.consumers.reason.offline.locks import Chain
from faultmaven_events.consumers.reason.offline.phrases import message, said, short
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.schemas.insight import Citation

TOLD: Final = 0.3
"""Novelty from which a telling line is named beside the first."""
_NEAR_S: Final = 15.0
_EXCLUSIVE: Final = re.compile(
    r"^\s*(?:alter|drop|truncate|lock|reindex|cluster|vacuum full|create (?:unique )?index(?! concurrently))\b", re.IGNORECASE
)
"""Statements that lock a whole table: while one waits, everybody who comes later waits behind it."""


def details(case: Case, candidate: Candidate, found: Mapping[str, str]) -> dict[str, str]:
    """Values that need more than one place to look at."""
    more: dict[str, str] = {}
    name, text = found.get("exception", ""), found.get("message", "")
    if name or text:
        more["exception_text"] = f"{name}: {text}" if name and text and text != name else name or text
    more["exception_text"] = more.get("exception_text") or _own_error(case, candidate) or found.get("error", "")
    restarts = sum(s.count for s in case.sightings.get("crash_loop", ()) if "not expected" in s.quote or "exited" in s.quote)
    more["restarts"] = str(restarts) if restarts > 1 else ""
    blocked = (
        case.sightings.get("publishers_blocked") or case.sightings.get("broker_disk_alarm") or case.sightings.get("broker_memory_alarm")
    )
    if blocked:
        low = "free disk space" if case.sightings.get("broker_disk_alarm") else "memory"
        more["blocked"] = f"the broker's {low} alarm blocks publishers"
    more["setting"] = setting[0] if (setting := in_force(case, candidate)) else ""
    readers = {s.sighting.writer for s in candidate.signs if s.sighting and s.sighting.writer} - {candidate.component}
    busy = next((s for name in ("workers_busy", "pool_used_up") for s in case.sightings.get(name, ())), None)
    more["busy"] = f"{busy.writer or 'a caller'} has no worker left ({said(busy)})" if busy else ""
    places = [case.component(s.file) for s in candidate.signs]
    more["place"] = next((case.graph.label(p) for p in places if p and case.graph.label(p) != candidate.component), "")
    more["reader"] = ", ".join(sorted(readers)[:2])
    more["holder"] = _holder(case, candidate, found)
    if case.lock and candidate.cause.blocking:
        more |= _lock(case.lock)
    bad = [said(s) for s in case.sightings.get("telling", ()) if case.novelty(s) >= TOLD]
    rest = [text for text in dict.fromkeys(bad) if text[:60] != found.get("error", "")[:60]]
    more |= dict(zip(("second", "third"), rest, strict=False)) if candidate.cause.id == "unexplained" else {}
    more["own_error"] = _log_error(case, candidate)
    if log := skewed(case):
        seconds = case.alignment[log].skew
        more["skew_text"] = f"{abs(seconds):g} s, {'ahead' if seconds > 0 else 'behind'}"
    more |= {k: "" for k in ("name", "image") if found.get(k) and found[k] in found.get("error", "")}
    more["keys_prefix"] = _prefix(case)
    more["cpu_limit"] = _configured(case, candidate, "limits.cpu") if candidate.cause.id == "cpu_limit" else ""
    limits = [s.values["limit"] for s in case.sightings.get("memory_limit", ()) if s.values.get("limit")]
    if limits and candidate.cause.id in {"store_memory_full", "cache_evicts"}:
        more["limit"] = limits[0]
    return more


def in_force(case: Case, candidate: Candidate) -> tuple[str, Citation] | None:
    """The value that a file named by the change holds for what the cause is about, with its line; of several the smallest."""
    change, about = candidate.change, candidate.cause.words
    if change is None or about is None or change.edit:
        return None
    names = {f.lower() for f in change.files}
    for file in case.files:
        page = case.pages.get(file.file)
        if page is None or file.file.rsplit("/", 1)[-1].lower() not in names:
            continue
        held = [(name, value, s.line) for s in file.settings for name, value in (directives(s.value) or [(s.path, s.value)])]
        found = [h for h in held if about.search(h[0]) and h[2] <= len(page.lines)]
        if found:
            name, value, line = min(found, key=lambda h: (size if (size := amount(h[1])) is not None else float("inf"), h[2]))
            return f"{file.file.rsplit('/', 1)[-1]}: {name} = {short(value, 60)}", page.cite(line)
    return None


def _lock(lock: Chain) -> dict[str, str]:
    """The queue for a lock in words: what is locked, and who waits first."""
    first = lock.waiting[0]
    whose = " ".join(p for p in (first.name, f"'{short(first.statement, 60)}'" if first.statement else "") if p)
    return {
        "what": f"table {lock.table}" if lock.table else "",
        "blocker": lock.head.pid if lock.head.pid.isdigit() else "",
        "queued": f"{whose} (session {first.pid})" if whose else f"session {first.pid}",
        "waiting": str(len(lock.waiting)),
        "exclusive": short(first.statement, 60) if _EXCLUSIVE.search(first.statement) else "",
    }


def _holder(case: Case, candidate: Candidate, found: Mapping[str, str]) -> str:
    """Who holds a lock: the head of the queue, else a session that idles in its transaction, else what the change began."""
    if case.lock and (case.lock.head.name or case.lock.head.statement):
        h = case.lock.head
        said = [
            h.client,
            f"session {h.pid}",
            f"{h.state}, not committed" if h.state.startswith("idle in") else h.state,
            f"open for {h.age}" if h.age else "",
            f"last statement '{short(h.statement, 70)}'" if h.statement else "",
        ]
        return f"{'a manual session of ' if h.adhoc else ''}{h.name or 'a session'} ({', '.join(p for p in said if p)})"
    change = candidate.change
    began = (
        f"{change.component or change.kind} ({short(change.text, 110)})" if change and change.kind in {"ddl", "job", "migration"} else ""
    )
    idle = [s for s in case.sightings.get("idle_in_transaction", ()) if s.values.get("rest")]
    if idle:
        return f"a session idle in transaction ({short(idle[0].quote.strip(), 100)})" + (
            f", with {began} queued behind it," if began else ""
        )
    return began or found.get("application_name") or "a session"


def _own_error(case: Case, candidate: Candidate) -> str:
    """The last thing that the component itself logged as an error when the first sign was seen."""
    name, first = candidate.component.split(" (")[0], candidate.first
    for file in case.files:
        if first is None or case.component(file.file) != name:
            continue
        moved = case.alignment[file.file].shift.total_seconds()
        near = [
            t
            for t in file.templates
            if t.level in {"error", "critical"} and t.first_at and abs(t.first_at.timestamp() + moved - first) <= _NEAR_S
        ]
        if near:
            return message(min(near, key=lambda t: t.first_line).sample.quote)
    return ""


def _log_error(case: Case, candidate: Candidate) -> str:
    """What the component's own log says went wrong: its exception, else its most telling line."""
    name = candidate.component.split(" (")[0]
    mine = {f.file for f in case.files if f.classification.type == "log" and case.component(f.file) == name}
    raised = [f for file in sorted(mine) for f in case.facts[file] if f.kind == "exception" and f.attributes.get("type")]
    if raised:
        what, why = raised[0].attributes["type"], raised[0].attributes.get("message")
        return short(f"{what}: {why}" if why else str(what), 190)
    return next((said(s) for s in case.sightings.get("telling", ()) if s.file in mine), "")


def _configured(case: Case, candidate: Candidate, ending: str) -> str:
    """A value that a description of the component holds under a path with this ending."""
    name = candidate.component.split(" (")[0]
    naming = [f for f in case.files if f.settings and f.file in case.pages and name in case.pages[f.file].text]
    return next((s.value for f in naming for s in f.settings if s.path.endswith(ending)), "")


def _prefix(case: Case) -> str:
    """The kind of key of which a store holds most, as a count over its keys told."""
    rows = [
        f
        for facts in case.facts.values()
        for f in facts
        if f.kind == "row" and re.search(r"scan|keys", str(f.attributes.get("command") or "")) and f.attributes.get("value")
    ]
    best = max(rows, key=lambda f: (f.count, f.id), default=None)
    return str(best.attributes["value"]) if best else ""
