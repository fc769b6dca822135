"""Who blocks whom in the database: from waiting sessions to the head of the queue, the one that holds the lock and waits for nobody."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.stamp import stamp
from faultmaven_events.schemas.insight import Citation

_SHARE: Final = 0.4
"""Least share of the waiting sessions that must stand behind one session for it to be the culprit."""
_WAITS: Final = re.compile(
    r"process (?P<pid>\d+) (?:still waiting for|acquired|avoided deadlock for) \w+ on .+?(?: after (?P<ms>[\d.]+) ms|$)"
)
_HOLDS: Final = re.compile(r"Process(?:es)? holding the lock: (?P<holders>[\d, ]+)\. Wait queue: ?(?P<queue>[\d, ]*)")
_WRITER: Final = re.compile(r"\[(?P<pid>\d+)\][: ]+(?P<user>[\w.<>-]+)@(?P<db>[\w.<>-]+)(?:/(?P<app>[^\s:]+))?")
_SQL: Final = re.compile(r"(?:statement|execute [^:]*): *(?P<sql>.+)", re.IGNORECASE)
_TABLE: Final = re.compile(
    r"\b(?:table|from|update|into|join|truncate|index on)\s+(?:only\s+|if exists\s+|table\s+)*(?P<table>[a-z_][\w.]*)", re.IGNORECASE
)
_AGE: Final = re.compile(r"^(?:(?P<d>\d+) days? )?(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d(?:\.\d+)?)$")
_BLOCKERS: Final = re.compile(r"block", re.IGNORECASE)
_NAMELESS: Final = re.compile(
    r"^(?:|\[?unknown\]?|unnamed|psql|pgadmin.*|dbeaver.*|datagrip.*|postgresql jdbc.*|libpq|psycopg.*|-)$", re.IGNORECASE
)
"""Names that a client or driver gives itself: they do not tell whose session it is."""
_ADHOC: Final = re.compile(r"^(?:psql|pgadmin.*|dbeaver.*|datagrip.*|\[?unknown\]?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the database. `since` is when its transaction began, in seconds since 1970, if that is known."""

    pid: str
    name: str = ""
    client: str = ""
    """What a person connected with, where nothing else than a person's tool did."""
    state: str = ""
    statement: str = ""
    since: float | None = None
    age: str = ""
    lines: tuple[Citation, ...] = ()
    blockers: frozenset[str] = frozenset()

    @property
    def adhoc(self) -> bool:
        """Whether a person holds it, not a program."""
        return bool(self.client)

    @property
    def table(self) -> str:
        """The table that its statement names first."""
        found = _TABLE.search(self.statement)
        return found["table"] if found else ""


@dataclass(frozen=True, slots=True)
class Chain:
    """A queue for a lock: its head, and those that wait behind it, the first in the queue first."""

    head: Session
    waiting: tuple[Session, ...]
    first: float | None = None
    """When the first of them began to wait, in seconds since 1970."""

    @property
    def table(self) -> str:
        """The table that the first in the queue wants, else the one that the head has used."""
        return next((t for s in (*self.waiting[:1], self.head) if (t := s.table)), "")

    def holds(self, text: str) -> bool:
        """Whether a text speaks of the head."""
        return _speaks(self.head, text)

    def waits(self, text: str) -> bool:
        """Whether a text speaks of one that waits, and not of the head."""
        return not self.holds(text) and any(_speaks(s, text) for s in self.waiting)


def _speaks(session: Session, text: str) -> bool:
    low, statement = text.lower(), " ".join(session.statement.lower().split())[:40]
    named = bool(session.name) and re.search(rf"(?<![\w-]){re.escape(session.name.lower())}(?![\w-])", low) is not None
    return named or (len(statement) >= 12 and statement in " ".join(low.split()))


def chain(pages: Iterable[Page]) -> Chain | None:
    """Return the queue behind the session that blocks most, or None when nobody waits or no single session is to blame."""
    sessions, first = _sessions(list(pages))
    waiting = {pid: s for pid, s in sessions.items() if s.blockers}
    behind: dict[str, list[str]] = {}
    for pid in waiting:
        for end in _heads(pid, sessions):
            behind.setdefault(end, []).append(pid)
    head = min(behind, key=lambda one: (-len(behind[one]), one), default=None)
    if head is None or len(behind[head]) < _SHARE * len(waiting):
        return None
    queue = sorted(behind[head], key=lambda pid: (sessions[pid].since or 1e12, -sum(pid in s.blockers for s in waiting.values()), pid))
    return Chain(sessions.get(head, Session(head)), tuple(sessions[pid] for pid in queue), first)


def _sessions(pages: Sequence[Page]) -> tuple[dict[str, Session], float | None]:
    """Every session that blocks or waits, and when the first began to wait; listings tell more than logs, so they come first."""
    told = [(s, None) for page in pages if "pid" in page.text and "|" in page.text for s in _table(page)]
    logged = [pair for page in pages if "holding the lock" in page.text for pair in _logged(page)]
    sessions: dict[str, Session] = {}
    for session, _ in (*told, *logged):
        sessions[session.pid] = _joined(sessions.get(session.pid), session)
    return sessions, min((since for _, since in logged if since is not None), default=None)


def _heads(pid: str, sessions: Mapping[str, Session]) -> set[str]:
    """The ends of the ways from a waiting session to those that block it."""
    found, seen, todo = set[str](), {pid}, [pid]
    while todo:
        one = todo.pop()
        session = sessions.get(one)
        if session is None or not session.blockers:
            found.add(one)
            continue
        fresh = session.blockers - seen
        seen |= fresh
        todo += fresh
    return found - {pid}


def _joined(one: Session | None, other: Session) -> Session:
    if one is None:
        return other
    return Session(
        pid=one.pid,
        name=one.name or other.name,
        client=one.client or other.client,
        state=one.state or other.state,
        statement=one.statement or other.statement,
        since=one.since if one.since is not None else other.since,
        age=one.age or other.age,
        lines=tuple(dict.fromkeys((*one.lines, *other.lines)))[:3],
        blockers=one.blockers | other.blockers,
    )


def _table(page: Page) -> Iterator[Session]:
    """Rows of a listing of sessions, as `psql` prints it."""
    header: list[str] = []
    for number, line in enumerate(page.lines, 1):
        cells = [c.strip() for c in line.split("|")]
        if "pid" in cells:
            header = cells
        elif not line.strip("-+ \r"):
            continue
        elif not header or len(cells) < len(header):
            header = []
        elif cells[header.index("pid")].isdigit():
            yield _row(page, number, dict(zip(header, cells, strict=False)))


def _row(page: Page, number: int, row: Mapping[str, str]) -> Session:
    app, user = row.get("application_name", ""), row.get("usename") or row.get("user", "")
    now = page.at(number)
    since, age = None, ""
    for name, value in row.items():
        found = _AGE.match(value)
        if found and re.search(r"xact|age|since|trans|dur", name) and not age:
            seconds = 86400 * int(found["d"] or 0) + 3600 * int(found["h"]) + 60 * int(found["m"]) + float(found["s"])
            age, since = f"{seconds:.0f} s", now.timestamp() - seconds if now else None
        elif "xact_start" in name and (began := stamp(value, year=now.year if now else 1970)):
            since = began.timestamp()
    blockers = {pid for name, value in row.items() if _BLOCKERS.search(name) for pid in re.findall(r"\d+", value)}
    return Session(
        pid=row["pid"],
        name=user if _NAMELESS.match(app) else app,
        client=app if _ADHOC.match(app) else "",
        state=row.get("state", ""),
        statement=row.get("query", "") or row.get("statement", ""),
        since=since,
        age=age,
        lines=(page.cite(number),),
        blockers=frozenset(blockers - {row["pid"]}),
    )


def _logged(page: Page) -> Iterator[tuple[Session, float | None]]:
    """Sessions of the server's log: who waits for whom, and what they said last before."""
    names: dict[str, Session] = {}
    for number, line in enumerate(page.lines, 1):
        writer = _WRITER.search(line)
        if writer and writer["pid"] not in names:
            app = writer["app"] or ""
            name = writer["user"] if _NAMELESS.match(app) else app
            names[writer["pid"]] = Session(writer["pid"], name, client=app if _ADHOC.match(app) else "")
        if writer and (said := _SQL.search(line)):
            at = page.at(number)
            known = names[writer["pid"]]
            names[known.pid] = replace(known, statement=said["sql"][:200], since=at.timestamp() if at else None, lines=(page.cite(number),))
        held = _HOLDS.search(line)
        waits = _WAITS.search(page.lines[number - 2]) if held and number > 1 else None
        if held is None or waits is None:
            continue
        yield from _edge(page, number, waits, held, names)


def _edge(
    page: Page, number: int, waits: re.Match[str], held: re.Match[str], names: Mapping[str, Session]
) -> Iterator[tuple[Session, float | None]]:
    holders = re.findall(r"\d+", held["holders"])
    at = page.at(number)
    since = at.timestamp() - float(waits["ms"] or 0) / 1000 if at else None
    waiter = names.get(waits["pid"], Session(waits["pid"]))
    yield replace(waiter, blockers=frozenset(holders) - {waits["pid"]}, since=since, lines=(page.cite(number - 1),)), since
    for pid in holders:
        holder = names.get(pid, Session(pid))
        yield replace(holder, lines=(*holder.lines, page.cite(number))), None
