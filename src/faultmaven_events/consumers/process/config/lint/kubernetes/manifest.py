"""Objects, pods and containers in the documents of a manifest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.nodes import Node

from faultmaven_events.consumers.process.placed import Items, Map, Values, dig, mapping

POD_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        (
            *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"),
            *("Job", "Rollout", "DeploymentConfig"),
        ),
        ("spec", "template"),
    ),
}
"""Where each kind of workload keeps its pod template."""
CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
MOST_OBJECTS = 2_000
MOST_CONTAINERS = 200
"""Containers of one pod that are looked at."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container, and in which list of the pod it stands."""

    body: Map
    listed: str
    line: int
    column: int

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.body.get("name") or "without a name")


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod or pod template; `spec` is empty where the file has none or something that is no mapping (`broken`)."""

    template: Map
    spec: Map
    broken: bool

    @property
    def labels(self) -> Map:
        """Those of the pod, not of what makes it."""
        return mapping(dig(self.template, "metadata", "labels"))

    def containers(self) -> Iterator[Container]:
        """Every container that is a mapping."""
        for listed in CONTAINER_LISTS:
            items = self.spec.get(listed)
            if isinstance(items, Items):
                for body, (line, column) in zip(items[:MOST_CONTAINERS], items.at, strict=False):
                    if isinstance(body, Map):
                        yield Container(body, listed, line, column)


@dataclass(frozen=True, slots=True)
class Object:
    """One object of the API."""

    body: Map
    kind: str
    name: str
    namespace: str
    pod: Pod | None

    @property
    def title(self) -> str:
        """Kind and name, as kubectl writes them."""
        return f"{self.kind}/{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class Manifest:
    """All objects of a file."""

    objects: Sequence[Object]
    by_kind: dict[str, list[Object]] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Object]:
        """The objects of some kinds."""
        return [one for kind in kinds for one in self.by_kind.get(kind, ())]


def manifest_of(documents: Sequence[Node]) -> Manifest:
    """Return the objects of YAML documents, the members of Lists among them."""
    values = Values()
    objects: list[Object] = []
    for node in documents:
        for body in _bodies(values.of(node)):
            if len(objects) < MOST_OBJECTS and isinstance(body, Map) and isinstance(body.get("kind"), str):
                objects.append(_object(body))
    manifest = Manifest(objects)
    for one in objects:
        manifest.by_kind.setdefault(one.kind, []).append(one)
    return manifest


def _bodies(value: Any) -> Iterator[Any]:
    if isinstance(value, Items):
        yield from value[:MOST_OBJECTS]
    elif str(dig(value, "kind")).endswith("List") and isinstance(dig(value, "items"), Items):
        yield from value["items"][:MOST_OBJECTS]
    else:
        yield value


def _object(body: Map) -> Object:
    kind = body["kind"]
    name, namespace = (dig(body, "metadata", key) for key in ("name", "namespace"))
    pod = _pod(dig(body, *POD_PATHS[kind])) if kind in POD_PATHS else None
    return Object(body, kind, _word(name), _word(namespace), pod)


def _pod(template: Any) -> Pod | None:
    if not isinstance(template, Map):
        return None
    spec = template.get("spec")
    return Pod(template, spec if isinstance(spec, Map) else Map(template.line, template.column), not isinstance(spec, Map))


def _word(value: Any) -> str:
    return "" if value is None or isinstance(value, Map | Items) else str(value)[:200]
