"""Names of Kubernetes objects: which workload a pod belongs to, and what reasons and exit codes mean."""

import re
from typing import Final

_SAFE: Final = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names (apimachinery's rand.String)."""
_DEPLOYED: Final = re.compile(rf"-[{_SAFE}]{{7,10}}-[{_SAFE}]{{5}}$")
_GENERATED: Final = re.compile(rf"-(?!https$)[{_SAFE}]{{5}}$|-(?=[{_SAFE}]*\d)[{_SAFE}]{{8,10}}$")
_TIMED: Final = re.compile(r"-\d{7,12}(?=-|$)")

BAD_STATES: Final = re.compile(
    r"CrashLoopBackOff|Image(?:PullBackOff|InspectError)|ErrImage\w*|InvalidImageName|CreateContainer\w*Error|RunContainerError|StartError"
    r"|OOMKilled|Error|Evicted|Failed|Unknown|NodeLost|NotReady|Pending|ContainerStatusUnknown|ContainerCannotRun|DeadlineExceeded|Terminating"
    r"|UnexpectedAdmissionError|Preempting|Lost|Init:\S+|PodInitializing|ContainerCreating|Completed\?|SchedulingDisabled|NetworkUnavailable"
)
STARTING: Final = frozenset({"ContainerCreating", "PodInitializing", "Pending", "Terminating"})
"""States that are bad only when they last."""
EXITS: Final = {
    "125": "the container could not be run",
    "126": "the command cannot be executed",
    "127": "the command was not found",
    "128": "an invalid exit code",
    "130": "interrupted (SIGINT)",
    "134": "aborted (SIGABRT)",
    "137": "killed (SIGKILL: out of memory, or not stopped in time)",
    "139": "segmentation fault (SIGSEGV)",
    "143": "told to stop (SIGTERM)",
    "255": "the container runtime lost it",
}
"""Exit codes with a meaning of their own: 128 and a signal's number, and those of shells and container runtimes."""
_AGE: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def workload(name: str) -> str:
    """The name without what its controllers appended: `orders-7c9d8b6f5d-x2x4z` is `orders`; the number of a stateful set's pod stays."""
    name = _TIMED.sub("", name.rpartition("/")[2])
    for pattern in (_DEPLOYED, _GENERATED):
        short = pattern.sub("", name)
        if short != name and short:
            return short
    return name


def seconds(age: str) -> float | None:
    """Seconds of an age such as `3h51m`, `21h`, `77d`; None when it is none."""
    parts = _AGE.findall(age)
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts)) if parts else None


def full(namespace: str | None, name: str) -> str:
    """`namespace/name`, or the name alone."""
    return f"{namespace}/{name}" if namespace and namespace != "<none>" else name
