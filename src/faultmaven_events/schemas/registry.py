"""Which data each event type carries. The published JSON Schemas and the AsyncAPI document are generated from here."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.schemas import evidence, question
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import TYPE as LETTER
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.outcome import Completed, Failed

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
    "troubleshoot.reasoned.v1": question.Reasoned,
    **{f"{kind}.completed.v1": Completed for kind in ("ingest", "document", "troubleshoot")},
    LETTER: Letter,
    **{f"{kind}.failed.v1": Failed for kind in ("ingest", "document", "troubleshoot")},
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
        raise InvalidEvent(f"unknown event type or version: {type_[:80]!r}") from None


def decode(body: bytes) -> Event[Any]:
    """Read and validate one event.

    Raises:
        InvalidEvent: not JSON, not a CloudEvent, an unknown type or version, or data that its schema refuses. The message names
            fields and rules, never the values that were sent.
    """
    try:
        raw = from_json(body)
    except ValueError:
        raise InvalidEvent("the body is not JSON") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        raise InvalidEvent("the body is not a CloudEvent: it has no type")
    try:
        return model(raw["type"]).model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_input=False)[:5])
        raise InvalidEvent(f"{raw['type'][:80]} does not fit its schema: {problems[:600]}") from None
