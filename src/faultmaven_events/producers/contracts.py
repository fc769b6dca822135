"""The published contract: a JSON Schema per event type, and the AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0).

Both are generated from the models and the topology, so that they cannot say anything else than the code.
"""

import json
from typing import Any

from faultmaven_events import __version__, topology
from faultmaven_events.schemas.event import MEDIA_TYPE
from faultmaven_events.schemas.registry import EVENTS, model


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (2020-12) of each event type, envelope and data."""
    return {name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **model(name).model_json_schema()} for name in sorted(EVENTS)}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document: a channel per routing key, sent by its stage, received by the stages bound to it."""
    published = [name for name in sorted(EVENTS) if not name.startswith("dead.")]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "faultmaven-events",
            "version": __version__,
            "description": "CloudEvents 1.0 on the topic exchange fm.events; the routing key is the event's type.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "channels": {name: _channel(name) for name in published},
        "operations": {f"{stage.name}.{name}": _operation(name) for stage in topology.STAGES for name in published if takes(stage, name)},
        "components": {
            "messages": {name: {"name": name, "contentType": MEDIA_TYPE, "payload": {"$ref": f"schemas/{name}.json"}} for name in published}
        },
    }


def _channel(name: str) -> dict[str, Any]:
    exchange = {"name": topology.EVENTS, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _operation(name: str) -> dict[str, Any]:
    return {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}


def takes(stage: topology.Stage, type_: str) -> bool:
    """Whether an event of that type gets into the stage's queue."""
    return stage.source == topology.EVENTS and any(_matches(pattern, type_) for pattern in stage.takes)


def _matches(pattern: str, key: str) -> bool:
    if pattern == "#":
        return True
    wanted, words = pattern.split("."), key.split(".")
    return len(wanted) == len(words) and all(want in {"*", word} for want, word in zip(wanted, words, strict=True))


def files() -> dict[str, str]:
    """Return the generated files: relative path to text."""
    found = {f"schemas/{name}.json": schema for name, schema in schemas().items()} | {"asyncapi.json": asyncapi()}
    return {path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in found.items()} | {"topology.md": markdown()}


def markdown() -> str:
    """Return the topology as a page for people."""
    lines = ["# Topology", "", "Generated from `topology.py` by `make docs`; do not edit.", "", "## Kinds", ""]
    lines += [f"* `{kind}`: {' → '.join(path)}" for kind, path in topology.PATHS.items()]
    lines += [
        "",
        "## Stages",
        "",
        "| stage | takes, by queue (prefetch) | gives | deadline | retries after | raw blobs |",
        "|---|---|---|---|---|---|",
    ]
    for stage in topology.STAGES:
        rungs = ", ".join(f"{delay:g} s" for delay in stage.rungs)
        bound = "; ".join(
            f"`{stage.queue(lane)}` ({lane.prefetch}): {' '.join(f'`{pattern}`' for pattern in lane.takes) or 'what crowds'}"
            for lane in stage.lanes
        )
        cells = (
            stage.name,
            bound,
            f"`{topology.GIVES[stage.name]}`",
            f"{stage.deadline:g} s",
            rungs,
            "yes" if stage.raw else "no",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "Each stage has the quorum queue `fm.<stage>` and the dead-letter queue `fm.<stage>.dead`.", ""]
    return "\n".join(lines)
