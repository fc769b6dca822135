"""What the status of a pod says: its phase and conditions, and of each container how it waits, ended and was restarted."""

from collections.abc import Iterator
from typing import Any, Final

from faultmaven_events.consumers.process.commands.kubernetes.live.told import Thing, because, condition, moment
from faultmaven_events.consumers.process.commands.kubernetes.naming import EXITS
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.consumers.process.placed import Items, Map, dig, place_in
from faultmaven_events.schemas.insight import Scalar

_LISTS: Final = (("initContainerStatuses", "initContainers"), ("containerStatuses", "containers"))
_BEGINNING: Final = frozenset({"ContainerCreating", "PodInitializing"})
_FINE: Final = frozenset({"Completed", ""})
_LONG_S: Final = 120.0


def pod(thing: Thing) -> Iterator[Note]:
    """Notes on a pod, its containers first."""
    told = [note for statuses, specs in _LISTS for one in thing.list("status", statuses) for note in _container(thing, one, specs)]
    yield from told
    phase, reason = thing.text("status", "phase"), thing.text("status", "reason")
    if phase == "Failed" or reason or (phase == "Unknown"):
        text = f"{thing.who} is {phase or 'without a phase'}{because(reason, thing.text('status', 'message'))}."
        line = thing.line("status", "reason" if reason else "phase")
        yield thing.bad(reason or phase, text, line, weight=4.2)
    for one in thing.list("status", "conditions"):
        yield from _condition(thing, one, phase, alone=not told)
    yield from _leaving(thing)


def _condition(thing: Thing, one: Map, phase: str, *, alone: bool) -> Iterator[Note]:
    kind, status, reason, message = condition(one)
    if status != "False":
        return
    at = moment(one.get("lastTransitionTime"))
    line = place_in(one, ("reason",))[0]
    if kind == "PodScheduled":
        wanted = thing.get("spec", "nodeSelector")
        asks = ", ".join(f"{key}={value}" for key, value in list(wanted.items())[:5]) if isinstance(wanted, Map) else ""
        text = f"{thing.who} is {phase or 'Pending'} and not scheduled{because(reason, message)}"
        text += (f"; it asks for nodes with {asks}" if asks else "") + "."
        yield thing.bad(reason or "Unschedulable", text, line, weight=4.4, at=at, detail=asks or None)
    elif kind == "Ready" and phase == "Running" and alone:
        text = f"{thing.who} runs, but is not ready{because(reason, message)}."
        yield thing.bad("NotReady", text, line, weight=3.8, at=at)


def _leaving(thing: Thing) -> Iterator[Note]:
    """A pod that should be gone long ago."""
    since = moment(thing.get("metadata", "deletionTimestamp"))
    if since and (thing.age(since) or 0.0) > _LONG_S:
        held = thing.get("metadata", "finalizers")
        names = ", ".join(str(one) for one in held[:5]) if isinstance(held, Items) else ""
        text = f"{thing.who} is in Terminating since {since:%Y-%m-%d %H:%M:%S} UTC" + (f"; held by {names}" if names else "") + "."
        yield thing.bad("Terminating", text, thing.line("metadata", "deletionTimestamp"), weight=3.8, at=since, detail=names or None)


def _container(thing: Thing, one: Map, specs: str) -> Iterator[Note]:
    name = str(one.get("name") or "without a name")
    spec = next((each for each in thing.list("spec", specs) if each.get("name") == one.get("name")), Map(1, 1))
    state, reason, code = _state(one.get("state"))
    _, last, last_code = _state(one.get("lastState"))
    restarts = one.get("restartCount") if isinstance(one.get("restartCount"), int) else 0
    who = f"Container {name} of pod {thing.who.partition(' ')[2]}"
    yield from _killed(thing, one, spec, who, {"state": reason, "lastState": last})
    broken = _is_broken(thing, state, reason, code)
    if not broken and not (restarts and last) and not (restarts and restarts >= 5):
        return
    shown = code if code not in {None, 0} else last_code
    text = f"{who} is {state or 'in an unknown state'}{because(reason, _message(one, state))}"
    text += f", exit code {code}" if code is not None else ""
    text += f"; before: {last}" + (f", exit code {last_code}" if last_code is not None else "") if last else ""
    text += f" ({EXITS[str(shown)]})" if str(shown) in EXITS else ""
    text += f"; restarted {restarts:,} times" if restarts else ""
    attributes: dict[str, Scalar] = {"restarts": restarts, "exit_code": str(shown) if shown is not None else None}
    attributes |= {"container": name, "last": last or None}
    if broken:
        line = place_in(one, ("state", state, "reason"))[0]
        at = moment(dig(one, "state", state, "finishedAt")) or moment(dig(one, "lastState", "terminated", "finishedAt"))
        yield thing.bad(reason or state, shortened(text + _runs(spec), 590) + ".", line, weight=4.8, at=at, what="Container", **attributes)
        return
    line = place_in(one, ("lastState", "terminated", "reason"))[0] if last else place_in(one, ("restartCount",))[0]
    at = moment(dig(one, "lastState", "terminated", "finishedAt"))
    more = {"process": name, "signal": None, **attributes}
    yield thing.note("restart", text + _runs(spec) + ".", line, weight=3.8, at=at, count=int(restarts or 1), attributes=more)


def _state(value: Any) -> tuple[str, str, int | None]:
    """Which state a container is in, why, and its exit code."""
    for state in ("waiting", "terminated", "running"):
        inner = dig(value, state)
        if isinstance(value, Map) and state in value:
            code = dig(inner, "exitCode")
            return state, str(dig(inner, "reason") or ""), code if isinstance(code, int) else None
    return "", "", None


def _is_broken(thing: Thing, state: str, reason: str, code: int | None) -> bool:
    if state == "waiting":
        begun = moment(thing.get("status", "startTime")) or moment(thing.get("metadata", "creationTimestamp"))
        return bool(reason) and (reason not in _BEGINNING or (thing.age(begun) or 0.0) > _LONG_S)
    return state == "terminated" and (reason not in _FINE or code not in {None, 0})


def _message(one: Map, state: str) -> str:
    return shortened(str(dig(one, "state", state, "message") or ""), 240)


def _runs(spec: Map) -> str:
    """What a container runs: command with arguments, and image."""
    words = [str(word) for key in ("command", "args") if isinstance(spec.get(key), Items) for word in spec[key][:20]]
    said = f"; it runs `{shortened(' '.join(words), 240)}`" if words else ""
    return said + (f"; image {shortened(str(spec['image']), 100)}" if spec.get("image") else "")


def _killed(thing: Thing, one: Map, spec: Map, who: str, reasons: dict[str, str]) -> Iterator[Note]:
    where = next((key for key, reason in reasons.items() if reason == "OOMKilled"), None)
    if where is None:
        return
    limit = dig(spec, "resources", "limits", "memory")
    at = moment(dig(one, where, "terminated", "finishedAt"))
    text = f"{who} was killed for its memory (OOMKilled)" + (f" at its limit of {limit}" if limit else "") + "."
    attributes: dict[str, Scalar] = {"what": "memory", "limit": str(limit) if limit else None, "value": None}
    attributes |= {"container": str(one.get("name"))}
    line = place_in(one, (where, "terminated", "reason"))[0]
    yield thing.note("limit", text, line, weight=5.2, at=at, level="error", attributes=attributes)
