"""Wording: a rule's sentence filled with the exact names, numbers, versions and values that were seen."""

import re
from collections.abc import Mapping
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.details import TOLD, details
from faultmaven_events.consumers.reason.offline.phrases import clock, fill, message, number, said, short
from faultmaven_events.consumers.reason.offline.rank import Candidate, Sign, began
from faultmaven_events.consumers.reason.offline.resources import SIGNAL
from faultmaven_events.consumers.reason.offline.trend import Trend

LIMIT: Final = 600
"""Characters of a statement that readers look at."""
LATER: Final = 440
"""Of one after the first: three of them are read on one screen."""
_SEEN: Final = 4
STORES: Final = frozenset({"postgresql", "mysql", "mongodb", "redis", "rabbitmq", "kafka", "dnsmasq"})
_NEW: Final = 0.6
_SENTENCE: Final = 300
_ORDER: Final = ("errors", "no_answer", "rejections", "backlog", "latency")


def values(case: Case, candidate: Candidate) -> dict[str, str]:
    """Everything that a sentence of this candidate may name."""
    found: dict[str, str] = {}
    for sign in (*reversed(candidate.supports), *reversed(candidate.signs)):
        found.update(_sign(sign))
    if candidate.change:
        found.update(_change(candidate.change))
    count = sum(s.sighting.count for s in candidate.signs if s.sighting and s.name == candidate.signs[0].name) or sum(
        s.sighting.count for s in candidate.signs if s.sighting
    )
    told = [s for s in case.sightings.get("telling", ()) if case.novelty(s) >= _NEW] if not count else []
    count = told[0].count if told else count
    error = said(told[0], _SENTENCE) if told else _error(case, candidate)
    found |= {"component": candidate.component, "count": str(count or "several"), "error": error, "at": clock(onset(case, candidate))}
    found["writer"] = next((s.sighting.writer for s in candidate.signs if s.sighting and s.sighting.writer), "") or ""
    found["clients"] = _clients(candidate) or "a client"
    found = {re.sub(r"\d$", "", name): value for name, value in found.items()}
    found |= details(case, candidate, found)
    return {k: v for k, v in found.items() if v}


def _sign(sign: Sign) -> dict[str, str]:
    if sign.trend:
        return _trend(sign.trend)
    return dict(sign.sighting.values) if sign.sighting else {}


def _trend(t: Trend) -> dict[str, str]:
    big = "bytes" in t.series or (t.role in {"store_memory", "disk_free", "disk_used"} and t.after > 1e6)
    show = (lambda v: f"{v / 1048576:.1f} MB") if big else number
    return {
        f"{t.role}.before": show(t.before),
        f"{t.role}.after": show(t.after),
        f"{t.role}.extreme": show(t.extreme),
        f"{t.role}.last": show(t.last),
        f"{t.role}.series": t.series,
    }


def _change(c: Change) -> dict[str, str]:
    found = {f"change.{k}": v for k, v in c.values.items()}
    found |= {
        "change.text": short(c.text, 230),
        "change.component": c.component or "",
        "change.kind": c.kind,
        "change.time": clock(c.at),
        "change.file": c.file,
    }
    return found


def _clients(candidate: Candidate) -> str:
    names = sorted({s.sighting.writer for s in candidate.signs if s.sighting and s.sighting.writer and s.sighting.writer not in STORES})
    return ", ".join(names[:3])


def _error(case: Case, candidate: Candidate) -> str:
    for sign in candidate.signs:
        if sign.sighting:
            shown = sign.sighting
            fact = next((case.told[shown.file, n] for n in shown.lines if (shown.file, n) in case.told), None)
            if fact or shown.signal == SIGNAL:
                return short(fact.text.rstrip("."), _SENTENCE) if fact else said(shown, _SENTENCE)
            return message(shown.last.quote)
    trends = [s.trend for s in candidate.signs if s.trend]
    return f"{trends[0].series} went from {number(trends[0].before)} to {number(trends[0].after)}" if trends else ""


def onset(case: Case, candidate: Candidate) -> float | None:
    """When the cause set in: the change's time, else its first sign, else when users felt it."""
    if candidate.cause.blocking and case.lock and case.lock.first is not None and candidate.holder:
        return case.lock.first
    if candidate.change and candidate.change.at is not None and (candidate.cause.onset == "change" or candidate.change.kind == "release"):
        return candidate.change.at
    if candidate.cause.blocking and case.lock and (begun := case.lock.head.since or case.lock.first) is not None:
        return begun
    direct = [s for s in candidate.signs if s.at is not None and s.weight >= 0.4]
    first = began(case, direct) if direct else candidate.first
    return first if first is not None else case.onset


def state(case: Case, candidate: Candidate, filled: Mapping[str, str], before: str = "") -> str:
    """The hypothesis in at most 600 characters: mechanism, then the change with its time, then what users felt.

    `before` are the statements of better hypotheses: what they show is not shown again.
    """
    parts = [fill(candidate.cause.statement, filled)]
    change = candidate.change
    if change is not None:
        record = change.values.get("record") or change.text
        told = short(change.text, 100) in parts[0] or change.text[:60] in parts[0]
        by = f"{clock(change.at)} " if change.at is not None else ""
        parts.append(
            f"Change: {by}{short(record if told else change.text, 170)}."
            if not told or record != change.text
            else f"Since {by.strip()}."
            if by
            else ""
        )
    elif onset(case, candidate) is not None:
        parts.append(f"Since {clock(onset(case, candidate))}.")
    worst = sorted(case.impacts, key=lambda i: (_ORDER.index(i.kind), -i.after, i.at))
    parts += [f"Effect: {_clauses(i.text, 110)}." for i in worst[:1]]
    limit = LIMIT if not before else LATER
    if not case.impacts and candidate.change is None:
        parts += _seen(case, f"{before} {parts[0]}")
    text = short(parts[0], LIMIT)
    for part in parts[1:]:
        if part and len(text) + len(part) + 1 <= limit:
            text = f"{text} {part}".strip()
    return text


def _clauses(text: str, limit: int) -> str:
    """The first clauses of a sentence, whole; only where the first one is too long is it cut."""
    while len(text) > limit and "; " in text:
        text = text.rpartition("; ")[0]
    return short(text, limit).removesuffix(".")


def _seen(case: Case, already: str) -> list[str]:
    """Telling lines that were not said yet, one of several that begin alike."""
    found: dict[str, str] = {}
    for sighting in case.sightings.get("telling", ()):
        text = said(sighting, _SENTENCE)
        if text and text[:60] not in already and case.novelty(sighting) >= TOLD:
            found.setdefault(text[:60], f"Seen: {text}.")
    return list(found.values())[:_SEEN]
