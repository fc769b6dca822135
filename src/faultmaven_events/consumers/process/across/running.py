"""Configured values against observed ones: what a command or a log says is in force, replicas, limits that series reach."""

import re
from collections import Counter
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
_REPLICAS: Final = re.compile(r"^(?:(?:Deployment|StatefulSet)/([^.]+)\.)?spec\.replicas$")
_SERVICE: Final = re.compile(r"^services\.([^.\[]+)\.(?:deploy\.replicas|scale)$")
_STATUS: Final = re.compile(r"(?:^|\.)status\.(?:\w*[rR]eplicas|observedGeneration)$")
_OTHERWISE: Final = "the file was not loaded, or something overrides it"
_ON: Final = frozenset({"on", "yes", "true", "1", "enabled"})
_OFF: Final = frozenset({"off", "no", "false", "0", "disabled"})
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
        for one in file.settings:
            if file.classification.type == "command_output" and _key(one.path) == key and (cited := citation_of(file, one)):
                yield file, one.value, cited
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
    known = False
    for one in (kind,) if unit else ("count", "size", "time"):
        mine, other = measure(configured, one, unit), measure(said, one, unit)
        if mine is not None and other is not None:
            known = True
            if mine == other or abs(mine - other) <= 0.01 * max(abs(mine), abs(other)):
                return None
    if known:
        return _OTHERWISE
    word, told = _word(configured), _word(said)
    return _OTHERWISE if word and told and word != told else None


def _word(value: str) -> str | None:
    """A value that is one plain word, the same for all ways to say yes and no; None for others."""
    word = value.strip().strip("\"'").lower()
    if word in _ON | _OFF:
        return "on" if word in _ON else "off"
    return word if re.fullmatch(r"[a-z][a-z0-9_-]{1,40}", word) else None


def other_replicas(files: Sequence[Insights]) -> Iterator[Fact]:
    """Replicas that a manifest asks for, against those that the cluster wants, and against the pods that it shows as running."""
    asked = [(file, *found) for file in files if file.classification.type == "config" for found in _asked(file)]
    names = Counter(name for _, name, _ in asked)
    scaled = {other.value for file in files for other in file.settings if other.path.endswith("scaleTargetRef.name")}
    for file, name, one in asked:
        if names[name] > 1 or name in scaled:
            continue
        for observer, seen, running in _replicas(files, file, name):
            if (int(seen.value) < int(one.value)) if running else seen.value != one.value:
                what = f"{seen.value} pods of it run" if running else f"{seen.value} are wanted in the cluster"
                text = f"{file.file} asks for {one.value} replicas of {name} (line {one.line}), but {what} ({observer.file})."
                attributes = {"path": one.path, "value": one.value, "other": seen.value, "other_file": observer.file}
                cited = (citation_of(file, one), citation_of(observer, seen))
                yield from contradiction("replicas", text, cited, component=name, attributes=attributes)
                break


def _asked(file: Insights) -> Iterator[tuple[str, Setting]]:
    """Name and replicas of each workload of a manifest that comes from no cluster; of Compose the services."""
    if _observes(file):
        return
    for one in file.settings:
        if one.value.isdecimal() and len(one.value) < 6:
            if match := _REPLICAS.match(one.path):
                name = match[1] or next((other.value for other in file.settings if other.path == "metadata.name"), "")
                kind = match[1] or next((other.value for other in file.settings if other.path == "kind"), "")
                if name and (match[1] or kind in {"Deployment", "StatefulSet"}):
                    yield name, one
            elif match := _SERVICE.match(one.path):
                yield match[1], one


def _replicas(files: Sequence[Insights], asking: Insights, name: str) -> Iterator[tuple[Insights, Setting, bool]]:
    """Where a file tells how many replicas of a workload are wanted, then where how many run (True)."""
    wanted = re.compile(rf"^(?:Deployment|StatefulSet)/{re.escape(name)}\.spec\.replicas$|^services\.(?:\w+_)?{re.escape(name)}\.replicas$")
    live = [file for file in files if file is not asking and _observes(file)]
    for running in (False, True):
        for file in live:
            alone = any(one.path == "metadata.name" and one.value == name for one in file.settings)
            for one in file.settings:
                named = wanted.match(one.path) or (alone and one.path == "spec.replicas")
                if one.value.isdecimal() and (one.path == f"Pods/{name}.running" if running else named):
                    yield file, one, running


def _observes(file: Insights) -> bool:
    return file.classification.type == "command_output" or any(_STATUS.search(one.path) for one in file.settings)


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
