"""`kubectl describe`: pods with their containers, nodes with their conditions, claims, jobs, services, autoscalers, and their events."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.process.commands.kubernetes.events import Happening, told
from faultmaven_events.consumers.process.commands.kubernetes.naming import BAD_STATES, EXITS, full, workload
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

Lines = Sequence[tuple[int, str]]
_NAME: Final = re.compile(r'^["\s]{0,2}Name: {2,}(\S+)\s*$')
_KEY: Final = re.compile(r"^( *)([A-Za-z/][\w ./()-]{0,60}?):(?:\s+(\S.*?))?\s*$")
_NOTHING: Final = frozenset({"", "<none>", "<unset>", "<nil>", "<unknown>"})
_PRESSURES: Final = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
_SHARE: Final = re.compile(r"^(\S+) \((\d+)%\)")
MOST_OBJECTS: Final = 500


@dataclass(slots=True)
class Entry:
    """A value and its line."""

    value: str
    line: int


@dataclass(slots=True)
class Described:
    """One object: entries by the path of their keys joined with `/`, and the rows of its tables of conditions, events and resources."""

    name: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def get(self, *keys: str) -> str:
        """The first value under one of these paths; empty when there is none."""
        return next((self.entries[key].value for key in keys if key in self.entries and self.entries[key].value not in _NOTHING), "")

    def at(self, *keys: str) -> int:
        """The line of the first of these paths that is there, else that of the object."""
        return next((self.entries[key].line for key in keys if key in self.entries), self.line)

    @property
    def namespace(self) -> str:
        """Empty for what has none."""
        return self.get("Namespace")


def described(output: Lines) -> Iterator[Note]:
    """What the descriptions in an output say; nothing when there are none."""
    for thing in objects(output):
        yield from _told(thing)


def objects(output: Lines) -> Iterator[Described]:
    """Yield each object that begins with `Name:`."""
    thing: Described | None = None
    path: list[tuple[int, str]] = []
    found = 0
    for number, raw in output:
        line = raw.rstrip()[:2000]
        if begun := _NAME.match(line):
            if thing is not None:
                yield thing
            found += 1
            if found > MOST_OBJECTS:
                return
            thing, path = Described(begun[1], number), []
        elif thing is not None and line.strip():
            _add(thing, path, number, line)
    if thing is not None:
        yield thing


def _add(thing: Described, path: list[tuple[int, str]], number: int, line: str) -> None:
    key = _KEY.match(line)
    indent = len(line) - len(line.lstrip())
    if key is None or (path and path[-1][0] + 24 < indent):
        if path:
            thing.lists.setdefault("/".join(name for _, name in path if name), []).append((number, line.strip()))
        return
    if indent == 0:
        path.clear()
    while path and path[-1][0] >= indent:
        path.pop()
    path.append((indent, key[2].strip()))
    thing.entries.setdefault("/".join(name for _, name in path), Entry((key[3] or "").strip(), number))
    if len(path) > 12:
        path.pop()


def _kind(thing: Described) -> str:
    has = thing.entries.keys()
    if any(key.startswith("Capacity/") for key in has) and any(key.startswith("Allocatable") for key in has):
        return "Node"
    if "Pods Statuses" in has or "Backoff Limit" in has:
        return "Job"
    if "StrategyType" in has or "RollingUpdateStrategy" in has:
        return "Deployment"
    if "Access Modes" in has and "Used By" in has:
        return "PersistentVolumeClaim"
    if "Min replicas" in has:
        return "HorizontalPodAutoscaler"
    if "Endpoints" in has and "Selector" in has:
        return "Service"
    if "QoS Class" in has or ("Node" in has and "Containers" in has):
        return "Pod"
    return "Object"


def _told(thing: Described) -> Iterator[Note]:
    kind = _kind(thing)
    readers = {"Pod": _pod, "Node": _node, "PersistentVolumeClaim": _claim, "Job": _job, "Service": _service, "Deployment": _deployment}
    if reader := readers.get(kind):
        yield from reader(thing)
    yield from told(_events(thing, kind))


def _events(thing: Described, kind: str) -> Iterator[Happening]:
    for number, line in thing.lists.get("Events", ()):
        cells = re.split(r" {2,}", line)
        if len(cells) >= 5 and cells[0] in {"Warning", "Normal"}:
            yield Happening(number, cells[0], cells[1], f"{kind}/{thing.name}", cells[2], " ".join(cells[4:]), thing.namespace or None)


def owner(thing: Described) -> str:
    """The workload that an object belongs to: its controller without generated endings, else its own name without them."""
    controller = thing.get("Controlled By").rpartition("/")[2]
    return workload(controller or thing.name) if _kind(thing) in {"Pod", "Job", "Object"} else thing.name


def _bad(thing: Described, what: str, reason: str, text: str, line: int, *, weight: float = 4.4, **more: Scalar) -> Note:
    attributes: dict[str, Scalar] = {"what": what, "name": thing.name, "namespace": thing.namespace or None, "reason": reason, **more}
    return Note("unhealthy", text, line, weight=weight, component=owner(thing), level="warning", attributes=attributes)


def _pod(thing: Described) -> Iterator[Note]:
    status, reason = thing.get("Status"), thing.get("Reason")
    who = f"Pod {full(thing.namespace, thing.name)}"
    if status in {"Pending", "Failed", "Unknown"} or reason:
        selectors = thing.get("Node-Selectors")
        text = f"{who} is {status}" + (f" ({reason}: {thing.get('Message')})" if reason else "")
        text += f"; it asks for nodes with {selectors}" if selectors and not thing.get("Node") else ""
        claims = [entry.value for key, entry in thing.entries.items() if key.endswith("/ClaimName")]
        text += f"; it needs the volume claim {', '.join(claims[:3])}" if claims and status == "Pending" else ""
        yield _bad(thing, "Pod", reason or status, text + ".", thing.at("Reason", "Status"), weight=4.2, detail=selectors or None)
    for base in ("Init Containers", "Containers"):
        names = dict.fromkeys(key.split("/")[1] for key in thing.entries if key.startswith(f"{base}/"))
        for name in list(names)[:50]:
            yield from _container(thing, who, f"{base}/{name}", name)


def _container(thing: Described, who: str, path: str, name: str) -> Iterator[Note]:
    state, reason = thing.get(f"{path}/State"), thing.get(f"{path}/State/Reason")
    code, last = thing.get(f"{path}/State/Exit Code"), thing.get(f"{path}/Last State/Reason", f"{path}/Last State")
    last_code = thing.get(f"{path}/Last State/Exit Code")
    restarts = thing.get(f"{path}/Restart Count")
    count = int(restarts) if restarts.isdecimal() else 0
    exit_code = code or last_code
    done = state == "Terminated" and reason == "Completed" and code in {"", "0"}
    line = thing.at(f"{path}/State/Reason", f"{path}/State")
    broken = (
        not done
        and (BAD_STATES.search(reason) is not None or state == "Terminated")
        and reason not in {"PodInitializing", "ContainerCreating"}
    )
    if broken or (count and last):
        text = f"Container {name} of {who[0].lower()}{who[1:]} is {state or 'in an unknown state'}" + (f" ({reason})" if reason else "")
        text += f", exit code {code}" if code else ""
        text += f"; before: {last}" + (f", exit code {last_code}" if last_code else "") if last else ""
        text += f" ({EXITS[exit_code]})" if exit_code in EXITS else ""
        text += f"; restarted {count:,} times" if count else ""
        text += _runs(thing, path)
        attributes: dict[str, Scalar] = {"restarts": count, "exit_code": exit_code or None, "container": name, "last": last or None}
        if broken:
            yield _bad(thing, "Container", reason or state, text + ".", line, weight=4.8, **attributes)
        else:
            more = {"process": name, "signal": None, **attributes}
            yield Note(
                "restart",
                text + ".",
                thing.at(f"{path}/Last State", f"{path}/State"),
                weight=3.8,
                component=owner(thing),
                count=count,
                attributes=more,
            )
    if "OOMKilled" in {reason, last}:
        limit = thing.get(f"{path}/Limits/memory")
        text = f"Container {name} of {who[0].lower()}{who[1:]} was killed for its memory (OOMKilled)" + (
            f" at its limit of {limit}" if limit else ""
        )
        attributes = {"what": "memory", "limit": limit or None, "value": None, "container": name}
        where = thing.at(f"{path}/Last State/Reason" if last == "OOMKilled" else f"{path}/State/Reason")
        yield Note("limit", text + ".", where, weight=5.2, component=owner(thing), level="error", attributes=attributes)


def _runs(thing: Described, path: str) -> str:
    """What a broken container runs: image, and command with its arguments."""
    words = [line for key in ("Command", "Args") for _, line in thing.lists.get(f"{path}/{key}", ())]
    said = " ".join([thing.get(f"{path}/Command"), thing.get(f"{path}/Args"), *words]).strip()
    image = thing.get(f"{path}/Image")
    return (f"; it runs `{shortened(said, 240)}`" if said else "") + (f"; image {shortened(image, 100)}" if image else "")


def _node(thing: Described) -> Iterator[Note]:
    for number, line in thing.lists.get("Conditions", ()):
        cells = re.split(r" {2,}", line)
        if len(cells) >= 2 and ((cells[0] in _PRESSURES and cells[1] == "True") or (cells[0] == "Ready" and cells[1] != "True")):
            why = f" ({cells[-2]}: {cells[-1]})" if len(cells) >= 4 else ""
            text = f"Node {thing.name} reports {cells[0]} = {cells[1]}{why}."
            yield _bad(thing, "Node", cells[0] if cells[0] != "Ready" else "NotReady", text, number, weight=5.0)
    if thing.get("Unschedulable") == "true":
        text = f"Node {thing.name} takes no new pods (unschedulable)."
        yield _bad(thing, "Node", "Unschedulable", text, thing.at("Unschedulable"), weight=3.6)
    taint = thing.get("Taints")
    if taint and "NoSchedule" in taint and "control-plane" not in taint:
        yield _bad(thing, "Node", "Taint", f"Node {thing.name} keeps pods away with {taint}.", thing.at("Taints"), weight=2.6)
    yield from _room(thing)


def _room(thing: Described) -> Iterator[Note]:
    """How full a node is: pods against its capacity, and requests against what can be allocated."""
    held = re.search(r"\((\d+) in total\)", thing.get("Non-terminated Pods"))
    most = thing.get("Allocatable/pods", "Capacity/pods")
    if held and most.isdecimal() and int(most) and int(held[1]) >= 0.9 * int(most):
        attributes: dict[str, Scalar] = {"series": f"{thing.name} pods", "limit": float(most), "value": float(held[1])}
        text = f"Node {thing.name} runs {held[1]} pods of at most {most} ({100 * int(held[1]) / int(most):.0f} %)."
        yield Note("saturation", text, thing.at("Non-terminated Pods"), weight=4.6, component=thing.name, attributes=attributes)
    for number, line in thing.lists.get("Allocated resources", ()):
        cells = re.split(r" {2,}", line)
        share = _SHARE.match(cells[1]) if len(cells) >= 2 else None
        if share and cells[0] in {"cpu", "memory", "ephemeral-storage"} and int(share[2]) >= 90:
            attributes = {"series": f"{thing.name} {cells[0]} requests", "limit": 100.0, "value": float(share[2])}
            text = f"Node {thing.name} has {share[2]} % of its {cells[0]} requested ({share[1]})."
            yield Note("saturation", text, number, weight=4.0, component=thing.name, attributes=attributes)


def _claim(thing: Described) -> Iterator[Note]:
    if (status := thing.get("Status")) and status != "Bound":
        storage, user = thing.get("StorageClass"), thing.get("Used By")
        text = f"PersistentVolumeClaim {full(thing.namespace, thing.name)} is {status}"
        text += f"; storage class {storage}" if storage else "; it names no storage class"
        text += f"; {user} waits for it" if user else ""
        yield _bad(thing, "PersistentVolumeClaim", status, text + ".", thing.at("Status"), detail=storage or None)


def _job(thing: Described) -> Iterator[Note]:
    counts = re.search(r"(\d+) Failed", thing.get("Pods Statuses"))
    if counts and int(counts[1]):
        limit = thing.get("Backoff Limit")
        containers = dict.fromkeys("/".join(key.split("/")[:3]) for key in thing.entries if key.startswith("Pod Template/Containers/"))
        runs = next((said for path in containers if (said := _runs(thing, path))), "")
        account = thing.get("Pod Template/Service Account")
        text = f"Job {full(thing.namespace, thing.name)}: {counts[1]} pods failed" + (f", backoff limit {limit}" if limit else "")
        text += runs + (f"; service account {account}" if account else "")
        yield _bad(
            thing, "Job", "pods failed", text + ".", thing.at("Pods Statuses"), weight=4.6, failed=int(counts[1]), limit=limit or None
        )


def _service(thing: Described) -> Iterator[Note]:
    if "Endpoints" in thing.entries and not thing.get("Endpoints"):
        text = (
            f"Service {full(thing.namespace, thing.name)} has no endpoints: no ready pod matches {thing.get('Selector') or 'its selector'}."
        )
        yield _bad(thing, "Service", "no endpoints", text, thing.at("Endpoints"))


def _deployment(thing: Described) -> Iterator[Note]:
    missing = re.search(r"(\d+) unavailable", thing.get("Replicas"))
    containers = dict.fromkeys("/".join(key.split("/")[:3]) for key in thing.entries if key.startswith("Pod Template/Containers/"))
    if missing and int(missing[1]):
        runs = next((said for path in containers if (said := _runs(thing, path))), "")
        text = f"Deployment {full(thing.namespace, thing.name)} has {missing[1]} replicas unavailable ({thing.get('Replicas')}){runs}."
        yield _bad(thing, "Deployment", "replicas unavailable", text, thing.at("Replicas"))
    for number, line in thing.lists.get("Conditions", ()):
        cells = re.split(r" {2,}", line)
        if len(cells) >= 3 and ((cells[1] == "False" and cells[0] in {"Available", "Progressing"}) or cells[0] == "ReplicaFailure"):
            yield _bad(
                thing,
                "Deployment",
                cells[2],
                f"Deployment {full(thing.namespace, thing.name)}: {cells[0]} is {cells[1]} ({cells[2]}).",
                number,
                weight=3.8,
            )
