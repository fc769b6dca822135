"""Limits and timeouts that must fit each other across files: pools and the database, the caller's patience and the callee's."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.across.cited import citation_of, contradiction
from faultmaven_events.consumers.process.config.measure import measure
from faultmaven_events.schemas.insight import Fact, Insights, Scalar, Setting

Placed = tuple[Insights, Setting, float]
_POOL: Final = re.compile(
    r"^(\w*_)?(db|database|pg|postgres|postgresql|mysql|sql|sqlalchemy|hikari|jdbc|datasource|engine)\w*[._-]?(max(imum)?[._-]?)?pool([._-]?(max|size|max[._-]?size))*$"
    r"|(hikari|datasource|jdbc|database|db|sql|sqlalchemy|postgres|mysql)\b.*\.(max(imum)?[-_]?pool[-_]?size|pool[-_]?size|max[-_]?(active|open[-_]?conns?|connections)|pool\.max)$",
    re.IGNORECASE,
)
_EXTRA: Final = re.compile(r"max[-_]?overflow$", re.IGNORECASE)
_COPIES: Final = re.compile(r"(^|[._-])(replicas|instances|workers|web_concurrency|numprocs|scale)$", re.IGNORECASE)
_READ: Final = re.compile(r"(proxy|uwsgi|fastcgi)_read_timeout$|^(defaults|backend|listen)\b.*timeout server$")
_WORK: Final = re.compile(r"gunicorn\b.*?(?:--timeout|-t)[ =](\d+)")
_WORK_KEY: Final = re.compile(r"(^|\.)(gunicorn_timeout|harakiri|request_terminate_timeout)$", re.IGNORECASE)


def _settings(files: Sequence[Insights]) -> Iterator[tuple[Insights, Setting]]:
    for file in files:
        if file.classification.type == "config":
            yield from ((file, one) for one in file.settings)


def pools_over_limit(files: Sequence[Insights]) -> Iterator[Fact]:
    """The pools of all applications together against max_connections of the one database among the evidence."""
    limits = [(file, one, number) for file, one in _settings(files) if re.search(r"(^|\.)max[-_]connections$", one.path, re.IGNORECASE)
              and file.component in {"postgresql", "mysql"} and (number := measure(one.value, "count"))]  # fmt: skip
    poolers = any(file.component == "pgbouncer" for file in files)
    if len({number for _, _, number in limits}) != 1 or poolers:
        return
    server, limit, most = limits[0]
    pools = [(file, one, size * _copies(file)) for file, one in _settings(files) if file is not server and _POOL.search(one.path)
             and (size := _size(file, one))]  # fmt: skip
    total = sum(size for _, _, size in pools)
    if pools and total > most:
        parts = ", ".join(f"{one.path} in {file.file} {size:g}" for file, one, size in pools[:5])
        text = (
            f"The pools may open {total:g} connections ({parts}; replicas counted), "
            f"{server.component} allows {most:g} (max_connections, {server.file})."
        )
        attributes: dict[str, Scalar] = {"path": pools[0][1].path, "value": total, "other": most, "other_file": server.file}
        cited = (*(citation_of(file, one) for file, one, _ in pools[:5]), citation_of(server, limit))
        yield from contradiction("pools over limit", text, cited, component=server.component, attributes=attributes)


def _size(file: Insights, one: Setting) -> float | None:
    size = measure(one.value, "count")
    if size is None or not 0 < size < 100_000:
        return None
    extra = [measure(other.value, "count") or 0.0 for other in file.settings if _EXTRA.search(other.path)]
    return size + max(extra, default=0.0)


def _copies(file: Insights) -> float:
    """How many processes the file starts, where it says so once; else one."""
    numbers = {number for one in file.settings if _COPIES.search(one.path) and (number := measure(one.value, "count"))}
    return numbers.pop() if len(numbers) == 1 else 1.0


def caller_gives_up_first(files: Sequence[Insights]) -> Iterator[Fact]:
    """A proxy's read timeout below the time that the application server gives a request: clients get a 504 while the work goes on."""
    reads = [(file, one, time) for file, one in _settings(files) if _READ.search(one.path)
             and (time := measure(one.value, "time", "ms" if file.component == "haproxy" else "s"))]  # fmt: skip
    works: list[Placed] = []
    for file, one in _settings(files):
        match = _WORK.search(one.value[:500])
        text = match[1] if match else one.value if _WORK_KEY.search(one.path) else ""
        if text and (time := measure(text, "time", "s")):
            works.append((file, one, time))
    if len({time for _, _, time in works}) != 1 or not reads:
        return
    callee, work, longest = works[0]
    caller, read, patience = min(reads, key=lambda one: one[2])
    if caller is not callee and patience < longest:
        text = (
            f"{caller.file} gives up after {patience:g} s ({read.path}, line {read.line}), "
            f"while {callee.file} lets a request run {longest:g} s "
            f"(line {work.line}): the caller sees a 504 and the work goes on."
        )
        attributes: dict[str, Scalar] = {"path": read.path, "value": patience, "other": longest, "other_file": callee.file}
        yield from contradiction("timeout order", text, (citation_of(caller, read), citation_of(callee, work)), attributes=attributes)
