"""Which data each event type carries. The published JSON Schemas and the AsyncAPI document are generated from here."""

import re
from functools import cache
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.schemas import evidence, question
from faultmaven_events.schemas.alert import TYPE as ALERT
from faultmaven_events.schemas.alert import Alert
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import TYPE as LETTER
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.outcome import Cancelled, Completed, Delayed, Failed, Redriven
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.schemas.usage import BREAKER, USAGE, BreakerChanged, Usage

_EVIDENCE: dict[str, type[Model]] = {
    "submitted": evidence.Submitted,
    "classified": evidence.Classified,
    "sanitized": evidence.Sanitized,
    "processed": evidence.Processed,
    "embedded": evidence.Embedded,
}

EVENTS: dict[str, type[Model]] = {
    **{f"{kind}.{state}.v1": data for kind in ("ingest", "document") for state, data in _EVIDENCE.items()},
    "troubleshoot.submitted.v1": question.Asked,
    "troubleshoot.classified.v1": question.QuestionClassified,
    "troubleshoot.sanitized.v1": question.QuestionSanitized,
    "troubleshoot.gathered.v1": question.Gathered,
    "troubleshoot.processed.v1": question.Merged,
    "troubleshoot.embedded.v1": question.Informed,
    "troubleshoot.progressed.v1": Progressed,
    "troubleshoot.reasoned.v1": question.Reasoned,
    **{f"{kind}.completed.v1": Completed for kind in ("ingest", "document", "troubleshoot")},
    **{
        f"{kind}.{state}.v1": data
        for kind in ("ingest", "document", "troubleshoot")
        for state, data in (("failed", Failed), ("cancelled", Cancelled), ("delayed", Delayed), ("redriven", Redriven))
    },
    "series.sampled.v1": evidence.Sampled,
    LETTER: Letter,
    ALERT: Alert,
    USAGE: Usage,
    BREAKER: BreakerChanged,
}

_MODELS: dict[str, type[Event[Any]]] = {name: Event[data] for name, data in EVENTS.items()}  # type: ignore[valid-type]  # built at run time


def model(type_: str) -> type[Event[Any]]:
    """Return the envelope model of an event type.

    Raises:
        InvalidEvent: nobody here speaks that type or version.
    """
    try:
        return _MODELS[type_]
    except KeyError:
        named = type_ if _FORM.fullmatch(type_) else "it has not the form <kind>.<state>.v<number>"
        raise InvalidEvent(f"unknown event type or version: {named}") from None


_FORM: Final = re.compile(r"[a-z]{1,32}\.[a-z]{1,32}\.v[0-9]{1,4}")
_TYPE: Final = re.compile(rb'"type"\s*:\s*"([a-z0-9.]{1,80})"')
_BY_BYTES: Final = {name.encode(): known for name, known in _MODELS.items()}


def decode(body: bytes) -> Event[Any]:
    """Read and validate one event.

    Raises:
        InvalidEvent: not JSON, not a CloudEvent, an unknown type or version, or data that its schema refuses. The message names
            fields and rules, never the values that were sent.
    """
    # The first thing in the text that looks like a type is nearly always the event's own: then text and schema are read in one pass.
    found = _TYPE.search(body)
    if found and (likely := _BY_BYTES.get(found[1])):
        try:
            event = likely.model_validate_json(body)
        except ValidationError:
            return _decode(body)  # which says what is wrong
        if event.type.encode() == found[1]:  # else it stood in the data, and the event is of another type
            return event
    return _decode(body)


def _decode(body: bytes) -> Event[Any]:
    """Read any text, step by step."""
    try:
        raw = from_json(body)
    except ValueError:
        raise InvalidEvent("the body is not JSON") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        raise InvalidEvent("the body is not a CloudEvent: it has no type")
    try:
        return model(raw["type"]).model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{_place(raw['type'], e['loc'])}: {e['type']}" for e in error.errors(include_input=False)[:5])
        raise InvalidEvent(f"{raw['type']} does not fit its schema: {problems[:600]}") from None


def _place(type_: str, steps: tuple[int | str, ...]) -> str:
    """Return where a problem is; a name that is not in the schema was chosen by the sender and is not repeated."""
    return ".".join(str(step) if isinstance(step, int) or step in _names(type_) else "?" for step in steps)


@cache
def _names(type_: str) -> frozenset[str]:
    """Return the names of all fields of an event type, at any depth."""
    schema = model(type_).model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for part in parts for name in part.get("properties", ()))
