"""Names, ports and variables by which containers and services find each other, where two files disagree."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.process.across.cited import citation_of, contradiction
from faultmaven_events.schemas.insight import Fact, Insights, Scalar, Setting

Placed = tuple[Insights, Setting]
_PORTS: Final = re.compile(r"^services\.([^.\[]+)\.ports\[\d+\]$")
_PUBLISHED: Final = re.compile(r"^(?:[\d.]+:|\[[^\]]*\]:)?(\d{1,5}):(\d{1,5})(?:/tcp)?$")
_TARGET: Final = re.compile(r"(?:://|@|^|[\s=,])(?:[^\s/@:]*(?::[^\s/@]*)?@)?(?P<host>[A-Za-z][\w.-]{0,80}):(?P<port>\d{2,5})(?!\d)")
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_VARIABLE: Final = re.compile(r"^[A-Z][A-Z0-9_]{2,}$")
_ENVIRONMENT: Final = re.compile(r"^services\.([^.\[]+)\.environment(?:\.(\w+)|\[\d+\])$")
_PATH_PORT: Final = re.compile(r"ports\[([^\]]*)\]\.(targetPort|port|containerPort|name)$")
_KINDS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Pod", "ReplicaSet"})
_SET_BY_SHELL: Final = frozenset({"HOME", "PATH", "PWD", "USER", "HOSTNAME", "UID", "GID", "SHELL", "LANG", "TMPDIR", "TERM"})


def _configs(files: Sequence[Insights]) -> Iterator[Insights]:
    yield from (file for file in files if file.classification.type == "config" and file.settings)


def published_ports(files: Sequence[Insights]) -> Iterator[Fact]:
    """A container that calls another by the port published on the host, where the container itself listens on another one."""
    for file in _configs(files):
        published: dict[tuple[str, int], tuple[int, Setting]] = {}
        inner: set[tuple[str, int]] = set()
        for one in file.settings:
            if (owner := _PORTS.match(one.path)) and (ports := _PUBLISHED.match(one.value)):
                published[owner[1], int(ports[1])] = (int(ports[2]), one)
                inner.add((owner[1], int(ports[2])))
        for one in file.settings:
            caller = re.match(r"^services\.([^.\[]+)\.(environment|command|entrypoint)\b", one.path)
            for match in _TARGET.finditer(one.value[:500]) if caller and published else ():
                place = (match["host"], int(match["port"]))
                if caller and place in published and place not in inner and caller[1] != match["host"]:
                    port, other = published[place]
                    text = (
                        f"{caller[1]} calls {match['host']}:{match['port']}, which is the port published on the host; between containers "
                        f"{match['host']} listens on {port} ({file.file}, lines {one.line} and {other.line})."
                    )
                    attributes: dict[str, Scalar] = {"path": one.path, "value": place[1], "other": port, "other_file": file.file}
                    cited = (citation_of(file, one), citation_of(file, other))
                    yield from contradiction("published port", text, cited, component=caller[1], attributes=attributes)


def target_ports(files: Sequence[Insights]) -> Iterator[Fact]:
    """A Kubernetes Service whose targetPort no container of the pods that it selects opens."""
    objects = [one for file in _configs(files) for one in _objects(file)]
    pods = [one for one in objects if one.kind in _KINDS]
    for service in (one for one in objects if one.kind == "Service"):
        selector = _labels(service, r"^spec\.selector\.")
        chosen = [pod for pod in pods if selector and selector.items() <= _labels(pod, r"(template\.)?metadata\.labels\.").items()]
        opened = [(m[2], one) for pod in chosen for path, one in pod.settings if (m := _PATH_PORT.search(path)) and "containers[" in path]
        numbers = {placed[1].value for key, placed in opened if key == "containerPort"}
        named = {placed[1].value for key, placed in opened if key == "name"}
        if not numbers:
            continue
        for path, (file, one) in service.settings:
            match = re.match(r"^spec\.ports\[[^\]]*\]\.targetPort$", path)
            if match and one.value not in numbers | named:
                file_other, other = next(placed for key, placed in opened if key == "containerPort")
                text = (
                    f"The Service {service.name} sends to port {one.value} ({file.file}, line {one.line}), "
                    "but the containers that it selects open "
                    f"{', '.join(sorted(numbers))} ({file_other.file}, line {other.line})."
                )
                attributes: dict[str, Scalar] = {"path": one.path, "value": one.value, "other": other.value, "other_file": file_other.file}
                cited = (citation_of(file, one), citation_of(file_other, other))
                yield from contradiction("target port", text, cited, component=service.name, attributes=attributes)


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a manifest; settings with their path inside the object."""

    kind: str
    name: str
    settings: list[tuple[str, Placed]]


def _objects(file: Insights) -> Iterator[Object]:
    """The objects of a manifest: kind, name, and settings with the path inside the object."""
    groups: dict[str, list[tuple[str, Placed]]] = {}
    several = any(re.match(r"^([A-Z]\w+/[^.]+|document-\d+)\.", one.path) for one in file.settings)
    for one in file.settings:
        head, _, rest = one.path.partition(".") if several else ("", "", one.path)
        groups.setdefault(head, []).append((rest, (file, one)))
    for settings in groups.values():
        values = {path: placed[1].value for path, placed in settings}
        if "kind" in values:
            yield Object(values["kind"], values.get("metadata.name", "?"), settings)


def _labels(one: Object, below: str) -> dict[str, str]:
    found = ((re.search(below, path), setting) for path, (_, setting) in one.settings)
    return {match.string[match.end() :]: setting.value for match, setting in found if match}


def unset_variables(files: Sequence[Insights]) -> Iterator[Fact]:
    """`${NAME}` in a Compose file beside its `.env`, which does not set it."""
    envs = [file for file in _configs(files) if _is_env(file)]
    known = {one.path for file in envs for one in file.settings}
    for file in _configs(files):
        if not envs or not any(one.path.startswith("services.") for one in file.settings):
            continue
        told: set[str] = set()
        for one in file.settings:
            for name in _REFERENCE.findall(one.value[:500]):
                if name not in known | told | _SET_BY_SHELL:
                    told.add(name)
                    where = ", ".join(env.file for env in envs[:3])
                    text = f"{file.file} uses ${{{name}}} (line {one.line}), but {where} does not set it: it is empty."
                    attributes: dict[str, Scalar] = {"path": one.path, "value": name, "other_file": envs[0].file}
                    cited = (citation_of(file, one), citation_of(envs[0], envs[0].settings[0]))
                    yield from contradiction("unset variable", text, cited, attributes=attributes)


def _is_env(file: Insights) -> bool:
    return all(_VARIABLE.match(one.path) for one in file.settings[:50])


def two_values(files: Sequence[Insights]) -> Iterator[Fact]:
    """A variable that `.env` and a service's own `environment` set to different values: the latter wins, unnoticed."""
    envs = {one.path: (file, one) for file in _configs(files) if _is_env(file) for one in file.settings}
    for file in _configs(files):
        for one in file.settings:
            owner = _ENVIRONMENT.match(one.path)
            name, _, value = (owner[2], "", one.value) if owner and owner[2] else one.value.partition("=")
            if owner and name in envs and value and "$" not in value and value != envs[name][1].value:
                other_file, other = envs[name]
                text = (
                    f"{name} is {value} for {owner[1]} in {file.file} (line {one.line}) "
                    f"and {other.value} in {other_file.file} (line {other.line}); "
                    "the value of the service wins."
                )
                attributes: dict[str, Scalar] = {"path": one.path, "value": value, "other": other.value, "other_file": other_file.file}
                cited = (citation_of(file, one), citation_of(other_file, other))
                yield from contradiction("two values", text, cited, component=owner[1], attributes=attributes)
