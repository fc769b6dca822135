"""Run every rule over the documents of a manifest."""

from collections.abc import Callable, Iterator
from typing import Any

from ruamel.yaml.nodes import Node

from faultmaven_events.consumers.process.config.lint.finding import Finding, Place
from faultmaven_events.consumers.process.config.lint.kubernetes.access import ACCESS_CHECKS, granting
from faultmaven_events.consumers.process.config.lint.kubernetes.containers import CONTAINER_CHECKS, every_container
from faultmaven_events.consumers.process.config.lint.kubernetes.manifest import CONTAINER_LISTS, Manifest, manifest_of
from faultmaven_events.consumers.process.config.lint.kubernetes.pods import POD_CHECKS
from faultmaven_events.consumers.process.config.lint.kubernetes.predicate import Test, broken_at, flag_broken_at
from faultmaven_events.consumers.process.config.lint.kubernetes.process import process_of
from faultmaven_events.consumers.process.config.lint.rule import rules

CHECKS: dict[str, Callable[[Manifest], Iterator[Place]]] = {**CONTAINER_CHECKS, **POD_CHECKS, **ACCESS_CHECKS}


def check_manifests(documents: Any) -> Iterator[Finding]:
    """Every broken rule in some YAML nodes; nothing where they hold no object of Kubernetes."""
    nodes = [node for node in documents or () if isinstance(node, Node)]
    manifest = manifest_of(nodes)
    if not manifest.objects:
        return
    for rule in rules("kubernetes"):
        for place in _SCOPES[rule.test["scope"]](rule.test, manifest):
            yield Finding(rule, place)


def _in_objects(test: Test, manifest: Manifest) -> Iterator[Place]:
    for one in manifest.of(*test["kinds"]):
        for line, column in broken_at(test, one.body):
            yield Place(line, column, one.title)


def _in_pods(test: Test, manifest: Manifest) -> Iterator[Place]:
    for one in manifest.objects:
        if one.pod is not None and one.kind not in test.get("not_kinds", ()):
            for line, column in broken_at(test, one.pod.spec):
                yield Place(line, column, one.title)


def _in_containers(test: Test, manifest: Manifest) -> Iterator[Place]:
    among = test.get("among", CONTAINER_LISTS)
    for one, _, container in every_container(manifest):
        if container.listed in among and one.kind not in test.get("not_kinds", ()):
            for line, column in broken_at(test, container.body):
                yield Place(line, column, f"{one.title}, container {container.name}")


def _in_processes(test: Test, manifest: Manifest) -> Iterator[Place]:
    for one, _, container in every_container(manifest):
        process = process_of(container)
        if process is not None and process.name in test["processes"]:
            for line, column in flag_broken_at(test, process):
                yield Place(line, column, f"{one.title}, {process.name}")


_SCOPES: dict[str, Callable[[Test, Manifest], Iterator[Place]]] = {
    "object": _in_objects,
    "pod": _in_pods,
    "container": _in_containers,
    "process": _in_processes,
    "grants": granting,
    "check": lambda test, manifest: CHECKS[test["check"]](manifest),
}
