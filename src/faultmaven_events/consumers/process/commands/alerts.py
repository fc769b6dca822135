"""Alerts as monitoring systems hand them on in JSON: Alertmanager, Grafana, PagerDuty and others differ in shape, not in what they say.

An alert has a name, mostly a sentence, and a resource that it is about.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from faultmaven_events.consumers.process.commands.kubernetes.naming import full, workload
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

LARGEST: Final = 1 << 20
"""Characters of a file that is read as an alert at most."""
MOST: Final = 20
_DEPTH: Final = 5
_WALKED: Final = 2_000
_TITLES: Final = ("alertname", "alert_name", "rulename", "rule_name", "title", "alert")
_SENTENCES: Final = ("description", "summary", "message", "ask", "text", "body")
_RESOURCES: Final = ("subject", "resource", "entity", "target")
_KINDS: Final = ("pod", "deployment", "statefulset", "daemonset", "job_name", "service", "container", "node", "instance", "job")
"""Labels that name a resource, the most exact first."""
_ALERTS: Final = frozenset(
    {"severity", "status", "source", "startsat", "starts_at", "fingerprint", "priority", "labels", "annotations", "urgency"}
)


def alerts(text: str) -> Iterator[Note]:
    """Yield the alerts of a text that is one JSON value; nothing where it is none or speaks of something else. Never raises."""
    if len(text) > LARGEST or text.lstrip()[:1] not in {"{", "["}:
        return
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return
    lines = text.split("\n")
    told: set[str] = set()
    for one in _objects(whole):
        note = _alert(one, lines)
        if note and note.text not in told:
            told.add(note.text)
            yield note
            if len(told) >= MOST:
                return


def _objects(whole: object) -> Iterator[Mapping[str, Any]]:
    """Objects from the outside in; those in an alert belong to it."""
    queue: list[tuple[object, int]] = [(whole, 0)]
    for walked, (value, depth) in enumerate(queue):
        if walked >= _WALKED or depth > _DEPTH:
            return
        if isinstance(value, dict):
            if _is_alert(value):
                yield value
                continue
            queue += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            queue += [(inner, depth + 1) for inner in value[:100]]


def _is_alert(one: Mapping[str, Any]) -> bool:
    keys = {str(key).lower() for key in one}
    if "apiversion" in keys or "alerts" in keys:
        return False
    labels = one.get("labels")
    if isinstance(labels, dict) and _first(labels, _TITLES[:2]):
        return True
    about = bool(_resource(one)[0])
    return bool(_first(one, _TITLES) and (about or keys & _ALERTS)) or (about and bool(_first(one, _SENTENCES)))


def _parts(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one, *(one[key] for key in ("labels", "annotations", "commonLabels") if isinstance(one.get(key), dict))]


def _alert(one: Mapping[str, Any], lines: list[str]) -> Note | None:
    parts = _parts(one)
    title = next((found for part in parts if (found := _first(part, _TITLES))), "")
    sentence = next((found for key in _SENTENCES for part in parts if (found := _first(part, (key,))) and found != title), "")
    kind, name, namespace = next((about for part in parts if (about := _resource(part))[1]), ("", "", ""))
    if not (title or sentence):
        return None
    of = f" for {kind} {full(namespace, name)}".replace("  ", " ") if name else ""
    text = f"Alert {title.rstrip('.')}{of}" if title else f"A question{of}"
    text += f": {shortened(sentence, 300)}" if sentence else "."
    attributes: dict[str, Scalar] = {
        "what": title or None,
        "subject": name or None,
        "resource": kind or None,
        "namespace": namespace or None,
        "description": shortened(sentence, 300) or None,
    }
    line = next((n for n, said in enumerate(lines, 1) if f'"{(title or name)[:60]}' in said), 1)
    return Note("alert", text, line, weight=5.0, component=workload(name) if name else None, level="warning", attributes=attributes)


def _resource(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Kind, name and namespace of what an alert is about; empty where it does not say."""
    for key in _RESOURCES:
        about = one.get(key)
        if isinstance(about, dict) and (name := _first(about, ("name", "id"))):
            return _first(about, ("kind", "subject_type", "type", "resource_type")), name, _first(about, ("namespace",))
    for key in _KINDS:
        if label := _first(one, (key,)):
            return key.removesuffix("_name"), label, _first(one, ("namespace",))
    return "", "", ""


def _first(one: Mapping[str, Any], keys: Iterable[str]) -> str:
    low = {str(key).lower(): value for key, value in one.items() if isinstance(value, str)}
    return next((low[key].strip() for key in keys if low.get(key, "").strip()), "")
