"""Checks of whole pods and of what belongs to them elsewhere in the file: policies, budgets, autoscalers, accounts."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from faultmaven_events.consumers.process.config.lint.finding import Place
from faultmaven_events.consumers.process.config.lint.kubernetes.manifest import Manifest, Object, Pod
from faultmaven_events.consumers.process.placed import Items, Map, dig, mapping, place_in, strings

LONGEST_SNIPPET = 20_000
"""Characters of a snippet that are searched."""
SECCOMP_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
_DEFAULT_PROFILES = ("docker/default", "runtime/default")


def _pods(manifest: Manifest) -> Iterator[tuple[Object, Pod]]:
    return ((one, one.pod) for one in manifest.objects if one.pod is not None)


def _place(one: Object, value: Any, *path: str) -> Place:
    line, column = place_in(value, path)
    return Place(line, column, one.title)


def without_spec(manifest: Manifest) -> Iterator[Place]:
    """Pods whose spec is missing or no mapping: nothing that protects them can be in it."""
    return (_place(one, one.body, "spec") for one, pod in _pods(manifest) if pod.broken)


def without_seccomp(manifest: Manifest) -> Iterator[Place]:
    """Pods that neither as a whole nor in every container use the runtime's seccomp profile."""
    return (_place(one, pod.spec, "securityContext") for one, pod in _pods(manifest) if not _has_seccomp(pod))


def _has_seccomp(pod: Pod) -> bool:
    profile = dig(pod.spec, "securityContext", "seccompProfile", "type")
    if profile is not None:
        return bool(profile == "RuntimeDefault")
    main = [container.body for container in pod.containers() if container.listed == "containers"]
    own = [dig(body, "securityContext", "seccompProfile", "type") for body in main]
    annotation = str(mapping(dig(pod.template, "metadata", "annotations")).get(SECCOMP_ANNOTATION, ""))
    return (bool(own) and all(one == "RuntimeDefault" for one in own)) or annotation.startswith(_DEFAULT_PROFILES)


def mounts_token(manifest: Manifest) -> Iterator[Place]:
    """Pods into which a service account's token is mounted: neither they nor their account, as far as it is in the file, refuse it."""
    for one, pod in _pods(manifest):
        if _mounts(pod) and (pod.spec.get("automountServiceAccountToken") is True or not _account_refuses(manifest, pod)):
            yield _place(one, pod.spec, "automountServiceAccountToken")


def refused_by_account_only(manifest: Manifest) -> Iterator[Place]:
    """Pods whose account alone refuses to mount its token."""
    for one, pod in _pods(manifest):
        if pod.spec.get("automountServiceAccountToken") is None and _account_refuses(manifest, pod):
            yield _place(one, pod.spec, "serviceAccountName")


def _mounts(pod: Pod) -> bool:
    return pod.spec.get("automountServiceAccountToken") is not False


def _account_refuses(manifest: Manifest, pod: Pod) -> bool:
    name = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount") or "default"
    return any(one.name == name and one.body.get("automountServiceAccountToken") is False for one in manifest.of("ServiceAccount"))


def selects(selector: Any, labels: Map) -> bool:
    """Whether a label selector that is not empty selects these labels."""
    wanted, expressions = mapping(dig(selector, "matchLabels")), dig(selector, "matchExpressions")
    asked = expressions if isinstance(expressions, Items) else Items(1, 1)
    equal = all(key in labels and str(labels[key]) == str(value) for key, value in wanted.items())
    return equal and bool(wanted or asked) and all(_holds(one, labels) for one in asked)


def _holds(expression: Any, labels: Map) -> bool:
    key, operator, values = str(dig(expression, "key")), dig(expression, "operator"), strings(dig(expression, "values"))
    present = key in labels
    inside = present and str(labels[key]) in values
    return {"In": inside, "NotIn": not inside, "Exists": present, "DoesNotExist": not present}.get(str(operator), False)


def without_network_policy(manifest: Manifest) -> Iterator[Place]:
    """Pods that no policy in the file selects with rules, in force, for both directions."""
    policies = [dig(one.body, "spec") for one in manifest.of("NetworkPolicy") if _limits_both(dig(one.body, "spec"))]
    for one, pod in _pods(manifest):
        if not pod.labels or not any(_selects_all_or(dig(policy, "podSelector"), pod.labels) for policy in policies):
            yield _place(one, pod.template, "metadata", "labels")


def _selects_all_or(selector: Any, labels: Map) -> bool:
    return isinstance(selector, Map) and (not selector or selects(selector, labels))


def _limits_both(policy: Any) -> bool:
    types = {name.lower() for name in strings(dig(policy, "policyTypes"))}
    return bool(dig(policy, "ingress")) and bool(dig(policy, "egress")) and (not types or types >= {"ingress", "egress"})


def _budgets(manifest: Manifest, pod: Pod) -> list[Object]:
    return [one for one in manifest.of("PodDisruptionBudget") if selects(dig(one.body, "spec", "selector"), pod.labels)]


def without_budget(manifest: Manifest) -> Iterator[Place]:
    """Deployments that no PodDisruptionBudget in the file selects."""
    for one in manifest.of("Deployment"):
        if one.pod is not None and not _budgets(manifest, one.pod):
            yield _place(one, one.body, "metadata", "name")


def autoscaler_cannot_scale(manifest: Manifest) -> Iterator[Place]:
    """Autoscalers whose largest number is not above the smallest that they state."""
    for one in manifest.of("HorizontalPodAutoscaler"):
        least, most = (_count(dig(one.body, "spec", key)) for key in ("minReplicas", "maxReplicas"))
        if most is None or (least is not None and most <= least):
            yield _place(one, one.body, "spec", "maxReplicas")


def autoscaler_without_target(manifest: Manifest) -> Iterator[Place]:
    """Autoscalers of a workload that the file does not hold, though it holds others of that kind."""
    for one in manifest.of("HorizontalPodAutoscaler"):
        target = dig(one.body, "spec", "scaleTargetRef")
        others = manifest.of(str(dig(target, "kind")))
        if others and dig(target, "name") not in {other.name for other in others}:
            yield _place(one, one.body, "spec", "scaleTargetRef", "name")


def _against_autoscaler(bad: Callable[[int, int, int | None], bool]) -> Callable[[Manifest], Iterator[Place]]:
    """Budgets whose minAvailable is bad beside the smallest and the largest number of the autoscaler of the same Deployment."""

    def places(manifest: Manifest) -> Iterator[Place]:
        for one in manifest.of("Deployment"):
            if one.pod is None:
                continue
            scalers = [scaler for scaler in manifest.of("HorizontalPodAutoscaler") if _scales(scaler, one)]
            for budget in _budgets(manifest, one.pod):
                for scaler in scalers:
                    least, most = (_count(dig(scaler.body, "spec", key)) for key in ("minReplicas", "maxReplicas"))
                    kept = _kept(dig(budget.body, "spec", "minAvailable"), least)
                    if kept is not None and least is not None and bad(kept, least, most):
                        yield _place(budget, budget.body, "spec", "minAvailable")

    return places


def _scales(scaler: Object, one: Object) -> bool:
    target = dig(scaler.body, "spec", "scaleTargetRef")
    return bool(dig(target, "kind") == one.kind and dig(target, "name") == one.name)


def _kept(value: Any, least: int | None) -> int | None:
    """How many pods minAvailable keeps; a share is one of the autoscaler's smallest number, rounded up as Kubernetes does."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal() and len(value) < 8 and least is not None:
        return math.ceil(int(value[:-1]) * least / 100)
    return _count(value)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def instance_label(manifest: Manifest) -> Iterator[Place]:
    """Workloads whose label app.kubernetes.io/instance is not their name."""
    for one, _ in _pods(manifest):
        labels = dig(one.body, "metadata", "labels")
        if not isinstance(labels, Map) or labels.get("app.kubernetes.io/instance") != one.name:
            yield _place(one, one.body, "metadata", "labels", "app.kubernetes.io/instance")


def default_namespace(manifest: Manifest) -> Iterator[Place]:
    """Objects in the namespace default, but for what Kubernetes itself puts there."""
    kinds = (
        *("Pod", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Rollout"),
        *("Service", "Secret", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Ingress"),
    )
    for one in manifest.of(*kinds):
        own = (one.kind, one.name) in {("ServiceAccount", "default"), ("Service", "kubernetes")}
        if one.namespace in {"", "default"} and not own:
            yield _place(one, one.body, "metadata", "namespace")


def tiller_service(manifest: Manifest) -> Iterator[Place]:
    """Services of Helm 2's Tiller."""
    for one in manifest.of("Service"):
        told = [dig(one.body, "metadata", "labels"), dig(one.body, "spec", "selector")]
        values = [str(value) for mapping in told if isinstance(mapping, Map) for value in mapping.values()]
        if any("tiller" in word.lower() for word in (one.name, *values)):
            yield _place(one, one.body, "metadata", "name")


def policy_allows_root(manifest: Manifest) -> Iterator[Place]:
    """PodSecurityPolicies that let a container run as root."""
    for one in manifest.of("PodSecurityPolicy"):
        user = dig(one.body, "spec", "runAsUser")
        ranges = dig(user, "ranges")
        above = isinstance(ranges, Items) and bool(ranges) and all(dig(each, "min") != 0 for each in ranges)
        if not (dig(user, "rule") == "MustRunAsNonRoot" or (dig(user, "rule") == "MustRunAs" and above)):
            yield _place(one, one.body, "spec", "runAsUser", "rule")


def policy_without_seccomp(manifest: Manifest) -> Iterator[Place]:
    """PodSecurityPolicies that do not name the runtime's seccomp profile as the default."""
    key = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
    for one in manifest.of("PodSecurityPolicy"):
        if not any(profile in str(dig(one.body, "metadata", "annotations", key)) for profile in _DEFAULT_PROFILES):
            yield _place(one, one.body, "metadata", "annotations", key)


def insecure_snippets(is_bad: Callable[[str], bool]) -> Callable[[Manifest], Iterator[Place]]:
    """Ingresses with an annotation for a snippet of nginx configuration whose text is bad."""

    def places(manifest: Manifest) -> Iterator[Place]:
        for one in manifest.of("Ingress"):
            annotations = mapping(dig(one.body, "metadata", "annotations"))
            for key, value in annotations.items():
                if "snippet" in key and is_bad(str(value)[:LONGEST_SNIPPET]):
                    line, column = annotations.at[key]
                    yield Place(line, column, one.title)

    return places


POD_CHECKS: dict[str, Callable[[Manifest], Iterator[Place]]] = {
    "without_spec": without_spec,
    "without_seccomp": without_seccomp,
    "mounts_token": mounts_token,
    "refused_by_account_only": refused_by_account_only,
    "without_network_policy": without_network_policy,
    "without_budget": without_budget,
    "autoscaler_cannot_scale": autoscaler_cannot_scale,
    "autoscaler_without_target": autoscaler_without_target,
    "budget_above_least": _against_autoscaler(lambda kept, least, _: kept > least),
    "budget_equals_least": _against_autoscaler(lambda kept, least, _: kept == least),
    "budget_above_most": _against_autoscaler(lambda kept, _, most: most is not None and kept > most),
    "instance_label": instance_label,
    "default_namespace": default_namespace,
    "tiller_service": tiller_service,
    "policy_allows_root": policy_allows_root,
    "policy_without_seccomp": policy_without_seccomp,
    "lua_snippet": insecure_snippets(lambda text: "lua_" in text or "_lua" in text or "kubernetes.io" in text),
    "any_snippet": insecure_snippets(lambda _: True),
    "alias_snippet": insecure_snippets(lambda text: "alias" in text),
}
