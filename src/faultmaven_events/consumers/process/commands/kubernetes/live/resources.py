"""What the status of nodes, workloads, claims, jobs, services, autoscalers and quotas says; of any other object its conditions."""

from collections.abc import Callable, Iterator
from typing import Final

from faultmaven_events.consumers.process.commands.kubernetes.live.pods import pod
from faultmaven_events.consumers.process.commands.kubernetes.live.told import Thing, because, condition, moment
from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.placed import Items, Map, dig, place_in
from faultmaven_events.schemas.insight import Scalar

_NEEDED: Final = frozenset(
    [
        *("Ready", "Available", "Healthy", "Synced", "Reconciled", "Accepted", "Programmed", "Established", "NamesAccepted", "Initialized"),
        *("ResolvedRefs", "Valid", "Succeeded", "Provisioned", "Progressing", "ScalingActive", "AbleToScale", "Complete"),
    ]
)
"""Conditions that should be true, as Kubernetes and its operators name them."""
_FEARED: Final = frozenset(
    [
        *("Failed", "Stalled", "Degraded", "ReplicaFailure", "Error", "FailureTarget", "Dangling", "NonStructuralSchema"),
        *("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"),
        *(
            "NamespaceDeletionContentFailure",
            "NamespaceDeletionDiscoveryFailure",
            "NamespaceContentRemaining",
            "NamespaceFinalizersRemaining",
        ),
    ]
)
"""Conditions that should be false."""
_EXPECTED: Final = frozenset({"Complete", "Succeeded", "Progressing"})
"""Conditions that are false while work is going on; only with a message are they told."""
_LONG_S: Final = 120.0


def conditions(thing: Thing) -> Iterator[Note]:
    """Conditions that are not as they should be."""
    for one in thing.list("status", "conditions"):
        kind, status, reason, message = condition(one)
        wrong = (kind in _NEEDED and status in {"False", "Unknown"}) or (kind in _FEARED and status == "True")
        if not wrong or (kind in _EXPECTED and not message):
            continue
        text = f"{thing.who}: {kind} is {status}{because(reason, message)}."
        weight = 5.0 if thing.kind == "Node" else 4.4 if kind in _FEARED else 3.8
        named = kind if status == "True" else f"Not{kind}" if kind == "Ready" else reason or f"{kind} {status}"
        line = place_in(one, ("status",))[0]
        yield thing.bad(named, text, line, weight=weight, at=moment(one.get("lastTransitionTime")), detail=message or None)


def node(thing: Thing) -> Iterator[Note]:
    """Conditions, and whether it takes pods."""
    yield from conditions(thing)
    if thing.get("spec", "unschedulable") is True:
        yield thing.bad("Unschedulable", f"{thing.who} takes no new pods (unschedulable).", thing.line("spec", "unschedulable"), weight=3.6)
    for taint in thing.list("spec", "taints"):
        key = str(taint.get("key") or "")
        if taint.get("effect") in {"NoSchedule", "NoExecute"} and not key.endswith(("control-plane", "/master", "unschedulable")):
            text = f"{thing.who} keeps pods away with {key}:{taint.get('effect')}."
            yield thing.bad("Taint", text, taint.line, weight=2.6, at=moment(taint.get("timeAdded")))


def workload(thing: Thing) -> Iterator[Note]:
    """Replicas wanted against those ready, as the controller counts them; then its conditions."""
    wanted = thing.count("spec", "replicas") if thing.kind != "DaemonSet" else thing.count("status", "desiredNumberScheduled")
    wanted = 1 if wanted is None and thing.kind in {"Deployment", "StatefulSet"} else wanted
    ready = thing.count("status", "readyReplicas" if thing.kind != "DaemonSet" else "numberReady") or 0
    if wanted is not None and ready < wanted and isinstance(thing.get("status"), Map):
        updated = thing.count("status", "updatedReplicas") or thing.count("status", "updatedNumberScheduled")
        text = f"{thing.who} has {ready} of {wanted} replicas ready" + (f" ({updated} up to date)." if updated is not None else ".")
        line = thing.line("status", "readyReplicas") if thing.kind != "DaemonSet" else thing.line("status", "numberReady")
        yield thing.bad(f"{ready}/{wanted} ready", text, line, weight=4.6 if ready == 0 else 4.0, wanted=wanted, ready=ready)
    asked, seen = thing.count("metadata", "generation"), thing.count("status", "observedGeneration")
    if asked and seen is not None and seen < asked:
        text = f"{thing.who}: its controller has seen generation {seen} of {asked}: the last change is not in force yet."
        yield thing.bad("generation not observed", text, thing.line("status", "observedGeneration"), weight=2.6)
    yield from conditions(thing)


def storage(thing: Thing) -> Iterator[Note]:
    """Claims and volumes that are not bound."""
    phase = thing.text("status", "phase")
    if phase in {"Pending", "Lost", "Failed", "Released"}:
        name = thing.text("spec", "storageClassName")
        text = f"{thing.who} is {phase}{because(thing.text('status', 'reason'), thing.text('status', 'message'))}"
        text += f", storage class {name}." if name else "; it names no storage class."
        weight = 2.0 if phase == "Released" else 4.4
        yield thing.bad(phase, text, thing.line("status", "phase"), weight=weight, detail=name or None)
    yield from conditions(thing)


def job(thing: Thing) -> Iterator[Note]:
    """Failed pods and failed conditions."""
    failed = thing.count("status", "failed") or 0
    limit = thing.count("spec", "backoffLimit")
    if failed:
        text = f"{thing.who}: {failed} pods failed" + (f", backoff limit {limit}." if limit is not None else ".")
        yield thing.bad("pods failed", text, thing.line("status", "failed"), weight=4.6, failed=failed, limit=limit)
    yield from conditions(thing)


def service(thing: Thing) -> Iterator[Note]:
    """A load balancer that got no address."""
    begun = moment(thing.get("metadata", "creationTimestamp"))
    got = thing.get("status", "loadBalancer", "ingress")
    if thing.text("spec", "type") == "LoadBalancer" and not got and (thing.age(begun) or 0.0) > _LONG_S:
        text = f"{thing.who} waits for an external address since {begun:%Y-%m-%d %H:%M:%S} UTC."
        yield thing.bad("external address pending", text, thing.line("status", "loadBalancer"), weight=3.2, at=begun)


def endpoints(thing: Thing) -> Iterator[Note]:
    """A service behind which no pod is ready (Endpoints and EndpointSlice)."""
    sliced = thing.kind == "EndpointSlice"
    listed = list(thing.list("endpoints" if sliced else "subsets"))
    ready = [one for one in listed if (dig(one, "conditions", "ready") is not False if sliced else one.get("addresses"))]
    if ready or (sliced and thing.get("endpoints") is None and "addressType" not in thing.body):
        return
    name = thing.text("metadata", "labels", "kubernetes.io/service-name") or thing.name
    waiting = (
        len(listed) if sliced else sum(len(one["notReadyAddresses"]) for one in listed if isinstance(one.get("notReadyAddresses"), Items))
    )
    more = f" ({waiting} addresses are not ready)" if waiting else ""
    text = f"Service {f'{thing.namespace}/' if thing.namespace else ''}{name} has no endpoints: no ready pod matches its selector{more}."
    line = thing.line("endpoints" if sliced else "subsets")
    yield thing.bad("no endpoints", text, line, weight=4.4 if waiting else 3.0, what="Service")


def scaler(thing: Thing) -> Iterator[Note]:
    """An autoscaler at its maximum, or without figures to scale by."""
    most, current = thing.count("spec", "maxReplicas"), thing.count("status", "currentReplicas")
    if most and current is not None and current >= most:
        attributes: dict[str, Scalar] = {"series": f"{thing.name} replicas", "limit": float(most), "value": float(current)}
        text = f"{thing.who} is at its maximum of {most} replicas."
        at = moment(thing.get("status", "lastScaleTime"))
        yield thing.note("saturation", text, thing.line("status", "currentReplicas"), weight=4.4, at=at, attributes=attributes)
    for one in thing.list("status", "conditions"):
        kind, status, reason, message = condition(one)
        if kind in {"ScalingActive", "AbleToScale"} and status == "False" and reason != "ScalingDisabled":
            text = f"{thing.who}: {kind} is False{because(reason, message)}."
            yield thing.bad("no metrics" if kind == "ScalingActive" else reason, text, place_in(one, ("status",))[0], weight=3.8)


def quota(thing: Thing) -> Iterator[Note]:
    """What a namespace has used up."""
    hard, used = thing.get("status", "hard"), thing.get("status", "used")
    for name, most in hard.items() if isinstance(hard, Map) and isinstance(used, Map) else ():
        if name in used and str(used[name]) == str(most) != "0":
            attributes: dict[str, Scalar] = {"what": f"quota {name}", "limit": str(most), "value": str(most), "namespace": thing.namespace}
            text = f"Quota {thing.who.partition(' ')[2]} is used up: {name} {most} of {most}."
            yield thing.note("limit", text, thing.line("status", "used", name), weight=4.4, attributes=attributes)


def budget(thing: Thing) -> Iterator[Note]:
    """A disruption budget that is not kept."""
    healthy, wanted = thing.count("status", "currentHealthy"), thing.count("status", "desiredHealthy")
    if healthy is not None and wanted is not None and healthy < wanted:
        text = f"{thing.who}: {healthy} pods are healthy, {wanted} are wanted: nodes cannot be drained."
        yield thing.bad("too few healthy pods", text, thing.line("status", "currentHealthy"), weight=3.6)


def namespace(thing: Thing) -> Iterator[Note]:
    """A namespace that does not go away."""
    if thing.text("status", "phase") == "Terminating":
        since = moment(thing.get("metadata", "deletionTimestamp"))
        text = f"{thing.who} is Terminating" + (f" since {since:%Y-%m-%d %H:%M:%S} UTC." if since else ".")
        yield thing.bad("Terminating", text, thing.line("status", "phase"), weight=3.6, at=since)
    yield from conditions(thing)


READERS: Final[dict[str, Callable[[Thing], Iterator[Note]]]] = {
    "Pod": pod,
    "Node": node,
    **dict.fromkeys(("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "ReplicationController"), workload),
    **dict.fromkeys(("PersistentVolumeClaim", "PersistentVolume"), storage),
    "Job": job,
    "Service": service,
    **dict.fromkeys(("Endpoints", "EndpointSlice"), endpoints),
    "HorizontalPodAutoscaler": scaler,
    "ResourceQuota": quota,
    "PodDisruptionBudget": budget,
    "Namespace": namespace,
}
"""Who reads an object of which kind; `conditions` reads all others."""
