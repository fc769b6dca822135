"""Configured values against observed ones: what a command or a log says is in force, replicas, limits that series reach."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.across.cited import citation_of, contradiction
from faultmaven_events.consumers.process.config.known import known
from faultmaven_events.consumers.process.config.measure import Kind, measure
from faultmaven_events.consumers.process.note import figure, shortened
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Series, Setting

_PRODUCTS: Final = frozenset({"postgresql", "redis", "mysql", "rabbitmq"})
_MOST_SETTINGS: Final = 300
_REACHED: Final = 0.95
"""Share of a limit from which it counts as reached."""
_RESERVED: Final = 3
"""Connections that PostgreSQL keeps for superusers."""


def _key(path: str) -> str:
    return path.rpartition(".")[2].lower().replace("-", "_")


def other_values(files: Sequence[Insights]) -> Iterator[Fact]:
    """A value that a command or a log reports for a setting, and that the configuration sets otherwise: not yet loaded, or overridden."""
    for file in files:
        if file.classification.type != "config" or file.component not in _PRODUCTS:
            continue
        same = [one for one in files if one is not file and one.classification.type == "config" and one.component == file.component]
        names = known(file.component or "")
        for one in file.settings[:_MOST_SETTINGS]:
            row = names.get(one.path.lower()) or names.get(_key(one.path)) or names.get(one.path.lower().rpartition(".")[2])
            if row is None or same or len(_key(one.path)) < 7 or sum(_key(other.path) == _key(one.path) for other in file.settings) > 1:
                continue
            for observer, said, citation in _said(files, _key(one.path)):
                if (differ := _differ(one.value, said, row.unit)) is not None:
                    text = f"{file.file} sets {one.path} to {one.value} (line {one.line}), but {observer.file} reports {said}: {differ}."
                    attributes = {"path": one.path, "value": one.value, "other": said, "other_file": observer.file}
                    cited = (citation_of(file, one), citation)
                    yield from contradiction("value in force", text, cited, component=file.component, attributes=attributes)
                    break


def _said(files: Sequence[Insights], key: str) -> Iterator[tuple[Insights, str, Citation]]:
    """Values that observations give for a key: columns and pairs of command output, `key = value` in a cited line."""
    name = re.escape(key).replace("_", "[_-]")
    pattern = re.compile(rf"(?<![\w.-]){name}[\"']?\s*(?:=|:|\bis\b)\s*[\"']?(\d[\d.]*\s?[A-Za-z]{{0,3}})(?![\w.])", re.IGNORECASE)
    for file in files:
        if file.classification.type not in {"command_output", "log"}:
            continue
        for fact in file.facts:
            if not fact.citations:
                continue
            values = {str(name).lower(): str(value) for name, value in fact.attributes.items() if value is not None}
            if key in values and values[key].strip()[:1].isdigit():
                yield file, values[key], fact.citations[0]
            elif values.get("name", "").lower() == key and values.get("setting", "")[:1].isdigit():
                yield file, values["setting"], fact.citations[0]
            elif match := pattern.search(fact.citations[0].quote):
                yield file, match[1].strip(), fact.citations[0]


def _differ(configured: str, said: str, unit: str) -> str | None:
    """Why two values are not the same; None where they are, or where they are no quantities."""
    kind: Kind = "size" if unit.endswith("B") else "time" if unit else "count"
    for one in (kind,) if unit else ("count", "size", "time"):
        mine, other = measure(configured, one, unit), measure(said, one, unit)
        if mine is not None and other is not None:
            return None if abs(mine - other) <= 0.01 * max(abs(mine), abs(other)) else "the file was not loaded, or something overrides it"
    return None


def other_replicas(files: Sequence[Insights]) -> Iterator[Fact]:
    """Replicas that a manifest asks for, against what `kubectl get` shows as wanted."""
    rows = [(file, fact) for file in files if file.classification.type == "command_output" for fact in file.facts if fact.citations]
    for file in files:
        for one in file.settings if file.classification.type == "config" else ():
            name = _workload(file, one)
            if name is None or not one.value.isdigit():
                continue
            for observer, fact in rows:
                ready = re.match(r"^(\d+)/(\d+)$", str(fact.attributes.get("ready") or fact.attributes.get("READY") or ""))
                seen = str(fact.attributes.get("name") or fact.attributes.get("NAME") or "").rpartition("/")[2]
                if ready and seen == name and ready[2] != one.value:
                    text = (
                        f"{file.file} asks for {one.value} replicas of {name} (line {one.line}), "
                        f"but {ready[2]} are wanted in the cluster ({observer.file})."
                    )
                    attributes = {"path": one.path, "value": one.value, "other": ready[2], "other_file": observer.file}
                    cited = (citation_of(file, one), fact.citations[0])
                    yield from contradiction("replicas", text, cited, component=name, attributes=attributes)
                    break


def _workload(file: Insights, one: Setting) -> str | None:
    """The name of the Deployment or StatefulSet whose `spec.replicas` a setting is."""
    match = re.match(r"^(?:(?:Deployment|StatefulSet)/([^.]+)\.)?spec\.replicas$", one.path)
    if match is None:
        return None
    return match[1] or next((other.value for other in file.settings if other.path == "metadata.name"), None)


_LIMITS: Final = (
    # setting, kind, name of the series that it limits
    (r"(^|\.)max_connections$", "count",
     r"backends|threads_connected|pg_stat\w*connections|(^|[_.\s])connections?(_?(active|total|count|used|open))?$"),
    (r"^maxmemory$", "size", r"used_memory(_bytes)?$"),
    (r"^maxclients$", "count", r"connected_clients$"),
    (r"^(global|defaults|frontend \S+)\.maxconn$", "count", r"(^|[_.\s])(scur|currconns|current_(sessions|connections))$"),
    (r"worker_connections$", "count", r"nginx\w*(active|connections)"),
    (r"(LimitNOFILE|open_files_limit|ulimits\.nofile(\.soft)?)$", "count", r"(open_fds|open_files|file_descriptors|fd_used)"),
    (r"(mem_limit|MemoryMax|limits\.memory)$", "size", r"(memory_(usage|working_set)\w*bytes|rss(_bytes)?$|mem(ory)?_usage$)"),
    (r"(max_?pool_?size|pool_?size)$", "count", r"pool\w*(active|in_use|used|busy|acquired)"),
)  # fmt: skip


def limits_reached(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield a `limit_reached` for every series whose maximum comes to within 5 % of the one value that a configuration sets for it."""
    for pattern, kind, series in _LIMITS:
        found = [(file, one) for file in files if file.classification.type == "config"
                 for one in file.settings if re.search(pattern, one.path, re.IGNORECASE)]  # fmt: skip
        limits = {measure(one.value, "size" if kind == "size" else "count") for _, one in found}
        if len(limits) != 1 or not (limit := limits.pop()):
            continue
        file, one = found[0]
        for observer in files:
            for curve in observer.series:
                if re.search(series, curve.name.lower()):
                    yield from _reached(file, one, limit, observer, curve)


def _reached(file: Insights, one: Setting, limit: float, observer: Insights, curve: Series) -> Iterator[Fact]:
    factor = measure(f"1{curve.unit}", "size") if curve.unit and re.fullmatch(r"[kKMGT]i?B", curve.unit) else 1.0
    top = curve.maximum * (factor or 1.0)
    about = sorted(
        (fact for fact in observer.facts if fact.attributes.get("series") == curve.name and fact.citations),
        key=lambda fact: (fact.kind != "saturation", fact.kind != "change_point"),
    )
    mine = citation_of(file, one)
    reserved = _RESERVED if limit >= _RESERVED * 5 and one.path.endswith("max_connections") else 0
    if min(_REACHED * limit, limit - reserved) <= top <= 1.05 * limit and about and mine:
        seen = about[0]
        text = (
            f"{curve.name} in {observer.file} comes to {figure(top)}; {file.file} limits it to {one.value} ({one.path}, line {one.line})."
        )
        yield Fact(
            id="limit_reached-0",
            kind="limit_reached",
            text=shortened(text, 600),
            component=file.component or seen.component,
            at=seen.at,
            attributes={"path": one.path[:300], "limit": limit, "series": curve.name[:300], "value": top},
            citations=(seen.citations[0], mine),
        )
