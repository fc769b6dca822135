"""Wording: a rule's sentence filled with the exact names, numbers, versions and values that were seen."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.consumers.reason.case import Case
from faultmaven_events.consumers.reason.change import Change
from faultmaven_events.consumers.reason.locks import Chain
from faultmaven_events.consumers.reason.rank import Candidate, Sign, began
from faultmaven_events.consumers.reason.ruleset import words
from faultmaven_events.consumers.reason.trend import Trend
from faultmaven_events.schemas.insight import Citation

LIMIT: Final = 600
"""Characters of a statement that readers look at."""
STORES: Final = frozenset({"postgresql", "mysql", "mongodb", "redis", "rabbitmq", "kafka", "dnsmasq"})
_NEW: Final = 0.6
_NEAR_S: Final = 15.0
_ORDER: Final = ("errors", "no_answer", "rejections", "backlog", "latency")
_PART: Final = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]")
_HOLE: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")
_HEAD: Final = re.compile(
    r"^(?:\S*\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?:Z| ?[+-]\d\d:?\d\d| UTC)?\s*"
    r"|[A-Z][a-z]{2} +\d+ [\d:]+ \S+ |\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ [*#.-] )?"
    r"(?:\[[^\]]{0,60}\]\s*|<[\d.]+>\s*|(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\s+|\S+@\S+/\S+ |\d+#\d+: |\*\d+ )*"
)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill holes; a part in double brackets goes when one of its values is not known, a lone hole becomes `?`."""

    def part(match: re.Match[str]) -> str:
        return match[1] if all(values.get(h) for h in _HOLE.findall(match[1])) else ""

    last = None
    while last != template:
        last, template = template, _PART.sub(part, template)
    text = _HOLE.sub(lambda m: values.get(m[1]) or "the affected one", template)
    return re.sub(r" {2,}", " ", text.replace("{{", "{").replace("}}", "}")).replace(" ,", ",").strip()


def message(line: str) -> str:
    """The telling part of a log line: its error text, without time, level, process and pseudonymous detail."""
    found = [next(g for g in m if g) for m in words("message").findall(line[:2000]) if any(m)]
    found = [text for text in found if len(text) > 9]
    if found:
        text = max(
            found,
            key=lambda t: (bool(re.search(r"error|fail|refus|denied|timeout|expired|exceed|cannot|exception", t, re.IGNORECASE)), len(t)),
        )
        text = text.encode().decode("unicode_escape", "replace") if "\\n" in text else text.replace('\\"', '"')
        lines = [part.strip(" ^") for part in text.split("\n") if part.strip(" ^")]
        return _short(lines[-1] if lines else text, 190)
    return _short(_HEAD.sub("", line.strip(), count=1), 190)


def _short(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def clock(seconds: float | None) -> str:
    """Seconds since 1970 as `2026-11-20T05:26:42Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds is not None else ""


def number(value: float) -> str:
    """A number as people write it."""
    if abs(value) >= 1_000_000:
        return f"{value / 1e6:.1f}M"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}".rstrip("0").rstrip(".")


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
    error = message(told[0].quote) if told else _error(candidate)
    found |= {"component": candidate.component, "count": str(count or "several"), "error": error, "at": clock(onset(case, candidate))}
    found["writer"] = next((s.sighting.writer for s in candidate.signs if s.sighting and s.sighting.writer), "") or ""
    found["clients"] = _clients(candidate) or "a client"
    found = {re.sub(r"\d$", "", name): value for name, value in found.items()}
    found |= _special(case, candidate, found)
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
        "change.text": _short(c.text, 230),
        "change.component": c.component or "",
        "change.kind": c.kind,
        "change.time": clock(c.at),
        "change.file": c.file,
    }
    return found


def _clients(candidate: Candidate) -> str:
    names = sorted({s.sighting.writer for s in candidate.signs if s.sighting and s.sighting.writer and s.sighting.writer not in STORES})
    return ", ".join(names[:3])


def _error(candidate: Candidate) -> str:
    for sign in candidate.signs:
        if sign.sighting:
            return message(sign.sighting.last.quote)
    trends = [s.trend for s in candidate.signs if s.trend]
    return f"{trends[0].series} went from {number(trends[0].before)} to {number(trends[0].after)}" if trends else ""


def _special(case: Case, candidate: Candidate, found: Mapping[str, str]) -> dict[str, str]:
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
    more["holder"] = _holder(case, candidate, found)
    if case.lock and candidate.cause.blocking:
        more |= _lock(case.lock)
    bad = [message(s.quote) for s in case.sightings.get("telling", ())]
    more |= dict(zip(("second", "third"), bad[1:], strict=False)) if candidate.cause.id == "unexplained" else {}
    more["keys_prefix"] = _prefix(case)
    limits = [s.values["limit"] for s in case.sightings.get("memory_limit", ()) if s.values.get("limit")]
    if limits and candidate.cause.id == "store_memory_full":
        more["limit"] = limits[0]
    return more


def in_force(case: Case, candidate: Candidate) -> tuple[str, Citation] | None:
    """The value that a file named by the change holds for what the cause is about, with its line."""
    change, about = candidate.change, candidate.cause.words
    if change is None or about is None or change.edit:
        return None
    names = {f.lower() for f in change.files}
    for file in case.files:
        page = case.pages.get(file.file)
        if page is None or file.file.rsplit("/", 1)[-1].lower() not in names:
            continue
        found = next((s for s in file.settings if about.search(s.path) and s.line <= len(page.lines)), None)
        if found:
            return f"{file.file.rsplit('/', 1)[-1]}: {found.path} = {_short(found.value, 60)}", page.cite(found.line)
    return None


def _lock(lock: Chain) -> dict[str, str]:
    """The queue for a lock in words: what is locked, and who waits first."""
    first = lock.waiting[0]
    whose = " ".join(p for p in (first.name, f"'{_short(first.statement, 60)}'" if first.statement else "") if p)
    return {
        "what": f"table {lock.table}" if lock.table else "",
        "queued": f"{whose} (session {first.pid})" if whose else f"session {first.pid}",
        "waiting": str(len(lock.waiting)),
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
            f"last statement '{_short(h.statement, 70)}'" if h.statement else "",
        ]
        return f"{'a manual session of ' if h.adhoc else ''}{h.name or 'a session'} ({', '.join(p for p in said if p)})"
    change = candidate.change
    began = (
        f"{change.component or change.kind} ({_short(change.text, 110)})" if change and change.kind in {"ddl", "job", "migration"} else ""
    )
    idle = [s for s in case.sightings.get("idle_in_transaction", ()) if s.values.get("rest")]
    if idle:
        return f"a session idle in transaction ({_short(idle[0].quote.strip(), 100)})" + (
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


def onset(case: Case, candidate: Candidate) -> float | None:
    """When the cause set in: the change's time, else its first sign, else when users felt it."""
    if candidate.change and candidate.change.at is not None and (candidate.cause.onset == "change" or candidate.change.kind == "release"):
        return candidate.change.at
    if candidate.cause.blocking and case.lock and (begun := case.lock.head.since or case.lock.first) is not None:
        return begun
    direct = [s for s in candidate.signs if s.at is not None and s.weight >= 0.4]
    first = began(case, direct) if direct else candidate.first
    return first if first is not None else case.onset


def state(case: Case, candidate: Candidate, filled: Mapping[str, str]) -> str:
    """The hypothesis in at most 600 characters: mechanism, then the change with its time, then what users felt."""
    parts = [fill(candidate.cause.statement, filled)]
    change = candidate.change
    if change is not None:
        record = change.values.get("record") or change.text
        told = _short(change.text, 100) in parts[0] or change.text[:60] in parts[0]
        by = f"{clock(change.at)} " if change.at is not None else ""
        parts.append(
            f"Change: {by}{_short(record if told else change.text, 170)}."
            if not told or record != change.text
            else f"Since {by.strip()}."
            if by
            else ""
        )
    elif onset(case, candidate) is not None:
        parts.append(f"Since {clock(onset(case, candidate))}.")
    worst = sorted(case.impacts, key=lambda i: (_ORDER.index(i.kind), -i.after, i.at))
    parts += [f"Effect: {_short(i.text, 110).rstrip('.')}." for i in worst[:1]]
    if not case.impacts and candidate.change is None:
        parts += [f"Seen: {said}." for s in case.sightings.get("telling", ()) if (said := message(s.quote)) and said[:60] not in parts[0]]
    text = _short(parts[0], LIMIT)
    for part in parts[1:]:
        if part and len(text) + len(part) + 1 <= LIMIT:
            text = f"{text} {part}".strip()
    return text
