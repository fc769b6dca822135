"""The tables of `kubectl get`, `top` and `events`, one reader per kind, chosen by the columns."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from faultmaven_events.consumers.process.commands.aligned import Aligned, Record
from faultmaven_events.consumers.process.commands.kubernetes.events import Happening, told
from faultmaven_events.consumers.process.commands.kubernetes.naming import BAD_STATES, STARTING, full, seconds, workload
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

_PARTS: Final = re.compile(r"^(\d+)/(\d+)$")
_RESTARTS: Final = re.compile(r"^(\d+)(?: \((.{1,20}) ago\))?$")
_LONG_S: Final = 120.0
_ALIKE: Final = 2
"""Pods of one workload in one state that are told one by one."""
MOST: Final = 60


def unhealthy(  # the fields of every such fact
    row: Record, what: str, name: str, *, reason: str, text: str, weight: float, namespace: str | None = None, detail: str | None = None
) -> Note:
    """A resource that is not as it should be."""
    attributes: dict[str, Scalar] = {"what": what, "name": name, "namespace": namespace or None, "reason": reason, "detail": detail}
    return Note(
        "unhealthy",
        text,
        row.line,
        weight=weight,
        component=workload(name) if what in {"Pod", "Job"} else name,
        level="warning",
        attributes=attributes,
    )


def pods(table: Aligned) -> Iterator[Note]:
    """Pods in a bad state or not ready, and running ones that were restarted lately or often."""
    told: Counter[tuple[str, str]] = Counter()
    for row in table.rows:
        told[workload(row["NAME"]), row["STATUS"]] += 1
        if told[workload(row["NAME"]), row["STATUS"]] > _ALIKE:
            continue
        name, status, namespace = row["NAME"], row["STATUS"], row["NAMESPACE"]
        ready, restarts = _PARTS.match(row["READY"]), _RESTARTS.match(row["RESTARTS"])
        age, count = seconds(row["AGE"]), int(restarts[1]) if restarts else 0
        again = f", restarted {count:,} times" + (f" (last {restarts[2]} ago)" if restarts and restarts[2] else "") if count else ""
        short = ready is not None and int(ready[1]) < int(ready[2])
        who = f"Pod {full(namespace, name)}"
        if BAD_STATES.search(status) and not (status in STARTING and age is not None and age < _LONG_S):
            text = f"{who} is in {status} ({row['READY'] or 'nothing'} ready{again}, {row['AGE']} old)."
            weight = 3.8 if status in STARTING or status.startswith("NotReady") else 4.4
            yield unhealthy(
                row, "Pod", name, reason=status, text=text, weight=weight, namespace=namespace, detail=again.strip(", ") or None
            )
        elif short and status == "Running":
            text = f"{who} runs, but only {row['READY']} of its containers are ready{again}."
            yield unhealthy(row, "Pod", name, reason="NotReady", text=text, weight=3.8, namespace=namespace)
        elif restarts and count and _recent(restarts[2], age, count):
            attributes: dict[str, Scalar] = {
                "process": name,
                "signal": None,
                "exit_code": None,
                "restarts": count,
                "namespace": namespace or None,
            }
            yield Note(
                "restart", f"{who} runs again{again}.", row.line, weight=2.8, component=workload(name), count=count, attributes=attributes
            )


def _recent(ago: str | None, age: float | None, count: int) -> bool:
    since = seconds(ago or "")
    return (since is not None and since <= 3600) or (age is not None and count >= 5 and age / count <= 6 * 3600)


def nodes(table: Aligned) -> Iterator[Note]:
    """Nodes that are not ready or take no pods."""
    for row in table.rows:
        if row["STATUS"] and row["STATUS"] != "Ready":
            text = f"Node {row['NAME']} is {row['STATUS']} ({row['VERSION']}, {row['AGE']} old)."
            weight = 5.0 if "NotReady" in row["STATUS"] or "Unknown" in row["STATUS"] else 3.4
            yield unhealthy(row, "Node", row["NAME"], reason=row["STATUS"], text=text, weight=weight)
    versions = Counter(row["VERSION"] for row in table.rows if row["VERSION"])
    if len(versions) > 1:
        listed = ", ".join(f"{version} ({count})" for version, count in versions.most_common(4))
        attributes: dict[str, Scalar] = {"command": table.command, "column": "VERSION", "value": listed}
        yield Note(
            "row",
            f"The nodes run different versions: {listed}.",
            table.rows[0].line,
            table.rows[-1].line,
            weight=1.6,
            attributes=attributes,
        )


def workloads(table: Aligned) -> Iterator[Note]:
    """Deployments, stateful sets, replica sets and daemon sets of which a part is not available."""
    kind = _kind_of(table)
    for row in table.rows:
        ready, wanted = _of(row)
        if wanted is not None and ready is not None and ready < wanted:
            text = f"{kind} {full(row['NAMESPACE'], row['NAME'])} has {ready} of {wanted} replicas ready"
            text += f" ({row['UP-TO-DATE']} up to date, {row['AVAILABLE']} available)." if row["UP-TO-DATE"] else "."
            weight = 4.6 if ready == 0 else 4.0
            yield unhealthy(row, kind, row["NAME"], reason=f"{ready}/{wanted} ready", text=text, weight=weight, namespace=row["NAMESPACE"])


def _kind_of(table: Aligned) -> str:
    said = re.search(r"\b(deploy|statefulset|sts|daemonset|ds|replicaset|rs)\w*", table.command or "")
    named = {"deploy": "Deployment", "statefulset": "StatefulSet", "sts": "StatefulSet", "daemonset": "DaemonSet", "ds": "DaemonSet"}
    if "NODE SELECTOR" in table.columns:
        return "DaemonSet"
    if "UP-TO-DATE" in table.columns:
        return "Deployment"
    return named.get(said[1], "ReplicaSet") if said else "Workload" if "DESIRED" not in table.columns else "ReplicaSet"


def _of(row: Record) -> tuple[int | None, int | None]:
    if parts := _PARTS.match(row["READY"]):
        return int(parts[1]), int(parts[2])
    if row["READY"].isdecimal() and row["DESIRED"].isdecimal():
        return int(row["READY"]), int(row["DESIRED"])
    return None, None


def claims(table: Aligned) -> Iterator[Note]:
    """Volumes and claims that are not bound."""
    for row in table.rows:
        status = row["STATUS"]
        if status in {"Pending", "Lost", "Failed", "Released", "Terminating"}:
            storage = f", storage class {row['STORAGECLASS']}" if row["STORAGECLASS"] else ""
            text = f"PersistentVolumeClaim {full(row['NAMESPACE'], row['NAME'])} is {status}{storage} ({row['AGE']} old)."
            weight = 2.0 if status == "Released" else 4.4
            yield unhealthy(
                row,
                "PersistentVolumeClaim",
                row["NAME"],
                reason=status,
                text=text,
                weight=weight,
                namespace=row["NAMESPACE"],
                detail=row["STORAGECLASS"] or None,
            )


def jobs(table: Aligned) -> Iterator[Note]:
    """Jobs that failed, or did not complete in a long time."""
    for row in table.rows:
        done, status = _PARTS.match(row["COMPLETIONS"]), row["STATUS"]
        old = seconds(row["AGE"]) or 0.0
        if status in {"Failed", "Suspended", "FailureTarget"} or (
            done and int(done[1]) < int(done[2]) and old > 600 and status != "Complete"
        ):
            text = f"Job {full(row['NAMESPACE'], row['NAME'])} is {status or 'not complete'}: "
            text += f"{row['COMPLETIONS']} completions after {row['AGE']}."
            yield unhealthy(
                row,
                "Job",
                row["NAME"],
                reason=status or f"{row['COMPLETIONS']} completions",
                text=text,
                weight=4.2,
                namespace=row["NAMESPACE"],
            )


def endpoints(table: Aligned) -> Iterator[Note]:
    """Services behind which nothing answers."""
    for row in table.rows:
        if row["ENDPOINTS"] in {"<none>", "<unset>"}:
            text = f"Service {full(row['NAMESPACE'], row['NAME'])} has no endpoints: no ready pod matches its selector."
            yield unhealthy(row, "Service", row["NAME"], reason="no endpoints", text=text, weight=4.4, namespace=row["NAMESPACE"])


def services(table: Aligned) -> Iterator[Note]:
    """Load balancers that got no address."""
    for row in table.rows:
        if row["EXTERNAL-IP"] == "<pending>" and (seconds(row["AGE"]) or 0) > _LONG_S:
            text = f"Service {full(row['NAMESPACE'], row['NAME'])} waits for an external address since {row['AGE']}."
            yield unhealthy(
                row, "Service", row["NAME"], reason="external address pending", text=text, weight=3.2, namespace=row["NAMESPACE"]
            )


def scalers(table: Aligned) -> Iterator[Note]:
    """Autoscalers at their maximum, or without figures to scale by."""
    for row in table.rows:
        who = f"HorizontalPodAutoscaler {full(row['NAMESPACE'], row['NAME'])}"
        if "<unknown>" in row["TARGETS"]:
            text = f"{who} gets no figures to scale by ({row['TARGETS']})."
            yield unhealthy(
                row, "HorizontalPodAutoscaler", row["NAME"], reason="no metrics", text=text, weight=3.8, namespace=row["NAMESPACE"]
            )
        if row["MAXPODS"].isdecimal() and row["REPLICAS"] == row["MAXPODS"] and int(row["MAXPODS"]) > 0:
            attributes: dict[str, Scalar] = {
                "series": f"{row['NAME']} replicas",
                "limit": float(row["MAXPODS"]),
                "value": float(row["REPLICAS"]),
            }
            text = f"{who} is at its maximum of {row['MAXPODS']} replicas (targets {row['TARGETS']})."
            yield Note(
                "saturation",
                text,
                row.line,
                weight=4.4,
                component=row["REFERENCE"].rpartition("/")[2] or row["NAME"],
                attributes=attributes,
            )


def usage(table: Aligned) -> Iterator[Note]:
    """Nodes of `kubectl top` that use nearly all of their CPU or memory; else the three that use most."""
    for row in table.rows:
        for column in ("CPU%", "MEMORY%", "CPU(%)", "MEMORY(%)"):
            share = row[column].rstrip("%")
            if share.isdecimal() and int(share) >= 90:
                attributes: dict[str, Scalar] = {"series": f"{row['NAME']} {column}", "limit": 100.0, "value": float(share)}
                text = f"{row['NAME']} uses {share} % of its {'CPU' if column.startswith('CPU') else 'memory'}."
                yield Note("saturation", text, row.line, weight=4.5, component=row["NAME"], attributes=attributes)


def happenings(table: Aligned) -> Iterator[Note]:
    """The table of `kubectl get events` and `kubectl events`."""
    object_ = next((name for name in ("OBJECT", "INVOLVED OBJECT", "NAME") if name in table.columns), "")
    yield from told(
        Happening(
            row.line,
            row["TYPE"],
            row["REASON"],
            row[object_],
            f"{row['LAST SEEN'] or row['AGE']}" + (f" (x{row['COUNT']} over {row['FIRST SEEN']})" if row["COUNT"].isdecimal() else ""),
            row["MESSAGE"],
            row["NAMESPACE"] or None,
        )
        for row in table.rows
    )


def releases(table: Aligned) -> Iterator[Note]:
    """Helm's releases and their history: what was deployed when, what failed or hangs."""
    for row in table.rows[-200:]:
        status, name = row["STATUS"], row["NAME"] or (table.command or "").split(" ")[-1]
        if not status:
            continue
        what = f"Release {name}".strip() + f", revision {row['REVISION']}: {status}, chart {row['CHART']}"
        what += f", {shortened(row['DESCRIPTION'], 160)}" if row["DESCRIPTION"] else ""
        when = f" at {row['UPDATED']}" if row["UPDATED"] else ""
        bad = status.lower() not in {"deployed", "superseded", "uninstalled"}
        attributes: dict[str, Scalar] = {
            "what": what,
            "version": row["APP VERSION"] or row["CHART"] or None,
            "previous": None,
            "status": status,
        }
        yield Note("change", f"{what}{when}.", row.line, weight=4.4 if bad else 2.2, component=name or None, attributes=attributes)


def revisions(table: Aligned) -> Iterator[Note]:
    """`kubectl rollout history`."""
    for row in table.rows[-20:]:
        cause = row["CHANGE-CAUSE"]
        attributes: dict[str, Scalar] = {
            "what": f"revision {row['REVISION']}",
            "version": row["REVISION"],
            "previous": None,
            "cause": cause,
        }
        yield Note(
            "change",
            f"Revision {row['REVISION']} was rolled out{'' if cause in {'', '<none>'} else ': ' + cause}.",
            row.line,
            weight=1.6,
            attributes=attributes,
        )


def quotas(table: Aligned) -> Iterator[Note]:
    """Resource quotas that are used up: `requests.cpu: 4/4`."""
    for row in table.rows:
        for name, used, hard in re.findall(r"([\w./-]{2,60}): (\S{1,20})/(\S{1,20}?)(?:,|\s|$)", f"{row['REQUEST']} {row['LIMIT']}"):
            if used == hard and used != "0":
                attributes: dict[str, Scalar] = {
                    "what": f"quota {name}",
                    "limit": hard,
                    "value": used,
                    "namespace": row["NAMESPACE"] or None,
                }
                text = f"Quota {full(row['NAMESPACE'], row['NAME'])} is used up: {name} {used} of {hard}."
                yield Note("limit", text, row.line, weight=4.4, component=row["NAMESPACE"] or row["NAME"], attributes=attributes)


TableReader = Callable[[Aligned], Iterator[Note]]
READERS: Final[tuple[tuple[frozenset[str], TableReader], ...]] = (
    (frozenset({"TYPE", "REASON", "MESSAGE"}), happenings),
    (frozenset({"NAME", "READY", "STATUS", "RESTARTS"}), pods),
    (frozenset({"NAME", "STATUS", "ROLES", "VERSION"}), nodes),
    (frozenset({"NAME", "STATUS", "VOLUME", "CAPACITY"}), claims),
    (frozenset({"NAME", "COMPLETIONS"}), jobs),
    (frozenset({"NAME", "ENDPOINTS"}), endpoints),
    (frozenset({"NAME", "EXTERNAL-IP", "PORT(S)"}), services),
    (frozenset({"NAME", "REFERENCE", "TARGETS"}), scalers),
    (frozenset({"NAME", "REQUEST", "LIMIT"}), quotas),
    (frozenset({"NAME", "READY", "AVAILABLE"}), workloads),
    (frozenset({"NAME", "DESIRED", "CURRENT", "READY"}), workloads),
    (frozenset({"NAME", "READY", "AGE"}), workloads),
    (frozenset({"NAME", "CPU(cores)"}), usage),
    (frozenset({"REVISION", "UPDATED", "STATUS"}), releases),
    (frozenset({"NAME", "REVISION", "STATUS", "CHART"}), releases),
    (frozenset({"REVISION", "CHANGE-CAUSE"}), revisions),
)
"""Columns that a table must have -> its reader; the first that fits reads."""


def listed(table: Aligned) -> Iterator[Note]:
    """What a table of kubectl or helm says; nothing when it is another's."""
    columns = set(table.columns)
    for needed, reader in READERS:
        if needed <= columns and table.rows:
            found = sorted(reader(table), key=lambda note: -note.weight)
            yield from found[:MOST]
            return
