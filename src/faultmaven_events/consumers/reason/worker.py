"""Reasoning in a worker process: bytes in, bytes out."""

from typing import Final

from pydantic import TypeAdapter

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.consumers.reason.phases import Diary
from faultmaven_events.errors import UnreadableContent
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.phase import Progressed

PRELOAD: Final = "faultmaven_events.consumers.reason.worker"
"""What the workers work with."""
PHASES: Final = TypeAdapter(tuple[Progressed, ...])


def reasoned_json(merged: bytes, knowledge: bytes, context: Context) -> tuple[bytes, bytes]:
    """Return the report and its phases as JSON.

    Raises:
        UnreadableContent: an input does not fit its schema.
    """
    try:
        insights, hits = MergedInsights.model_validate_json(merged), SearchResult.model_validate_json(knowledge)
    except ValueError:
        raise UnreadableContent("merged insights or knowledge do not fit their schema") from None
    diary = Diary()
    report = reason(insights, hits, context, diary)
    return report.model_dump_json().encode(), PHASES.dump_json(tuple(diary.entries))
