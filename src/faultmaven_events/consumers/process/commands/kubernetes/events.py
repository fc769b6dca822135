"""Events of a cluster, told once per reason and workload, with how often and for how long."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from faultmaven_events.consumers.process.commands.kubernetes.naming import seconds, workload
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

_TIMES: Final = re.compile(r"\(x(\d{1,9}) over ([\dhmsd]+)\)")
MOST: Final = 40
_HEAVY: Final = re.compile(
    r"FailedScheduling|OOM|SystemOOM|Evict|BackOff|FailedMount|FailedAttach|ProvisioningFailed|FailedCreate|Unhealthy|NodeNotReady|BackoffLimitExceeded"
    r"|FailedCreatePodSandBox|DeadlineExceeded|FailedGetResourceMetric|FailedKillPod|Failed|Rebooted|NodeHas\w*Pressure|FreeDiskSpaceFailed"
)
_CHANGES: Final = re.compile(r"ScalingReplicaSet|SuccessfulRescale|Killing|DeploymentRollback|ImageChanged|Preempted|Drain|Cordon")
_LIMITS: Final = re.compile(
    r"exceeded quota|Insufficient (?:cpu|memory|pods|ephemeral-storage)|OOM|Too many pods|low on resource", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a table of events. `about` is `Pod/name` or a name."""

    line: int
    type: str
    reason: str
    about: str
    age: str
    message: str
    namespace: str | None = None
    at: datetime | None = None
    until: datetime | None = None

    @property
    def times(self) -> int:
        """How often it happened, as the age says: `3m6s (x896 over 4h2m)`."""
        found = _TIMES.search(self.age)
        return int(found[1]) if found else 1


def told(happenings: Iterable[Happening]) -> Iterator[Note]:
    """Warnings by reason, workload and message; and what was changed or moved (scaling, killing, preemption)."""
    found: dict[tuple[str, str, str], list[Happening]] = defaultdict(list)
    for one in happenings:
        if one.type.lower() == "warning" or _CHANGES.search(one.reason) or _HEAVY.fullmatch(one.reason):
            found[one.reason, workload(one.about), re.sub(r"[\d.]+|[0-9a-f-]{36}", "#", one.message[:80])].append(one)
    ranked = sorted(found.values(), key=lambda several: (several[0].type.lower() != "warning", -sum(one.times for one in several)))
    for several in ranked[:MOST]:
        yield _note(several)


def _note(several: list[Happening]) -> Note:
    one = several[0]
    times = sum(each.times for each in several)
    over = _TIMES.search(one.age)
    lasted = f" over {over[2]}" if over else ""
    counted = f" ({times:,} times{lasted})" if times > 1 else ""
    ago = f", last {one.age.split(' ')[0]} ago" if seconds(one.age.split(" ")[0] if one.age else "") is not None else ""
    warning = one.type.lower() == "warning"
    text = f"{one.reason} of {one.about}{counted}{ago}: {shortened(one.message, 400)}"
    attributes: dict[str, Scalar] = {
        "reason": one.reason,
        "object": one.about,
        "namespace": one.namespace,
        "type": one.type,
        "count": times,
        "message": one.message,
    }
    weight = (4.6 if _HEAVY.search(one.reason) else 3.6) if warning else 2.4
    if warning and _LIMITS.search(one.message):
        what = _LIMITS.search(one.message)
        attributes |= {"what": what[0] if what else None}
    kind = (
        "change"
        if not warning and _CHANGES.search(one.reason) and one.reason.startswith(("Scaling", "SuccessfulRescale", "DeploymentRoll"))
        else "event"
    )
    if kind == "change":
        attributes |= {"what": one.reason, "version": None, "previous": None}
    return Note(
        kind,
        text,
        one.line,
        weight=weight + min(0.5, times / 1000),
        component=workload(one.about)
        if not one.about.lower().startswith(("node/", "persistentvolumeclaim/"))
        else one.about.partition("/")[2],
        at=min((each.at for each in several if each.at), default=None),
        until=max((each.until for each in several if each.until), default=None),
        count=times,
        level="warning" if warning else None,
        attributes=attributes,
    )
