"""search_knowledge: passages of the tenant's runbooks and documents, through the embed consumer. Whose, is not the model's choice."""

from typing import Any, Final

from faultmaven_events.consumers.reason.llm.tools.reach import Reach
from faultmaven_events.consumers.reason.llm.tools.registry import Failed
from faultmaven_events.errors import TransientError
from faultmaven_events.schemas.knowledge import SearchQuery

_PASSAGE: Final = 800
_SECONDS: Final = 5.0


async def search_knowledge(arguments: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """Return the passages.

    Raises:
        Failed: nobody answered in time.
    """
    assert reach.finder is not None  # it is not offered otherwise
    query = SearchQuery(
        tenant=reach.tenant, user=reach.user, text=arguments["query"], limit=arguments.get("limit", 3), case_id=reach.case_id
    )
    try:
        found = await reach.finder.search(query, timeout=_SECONDS)
    except TransientError:
        raise Failed("the knowledge could not be searched") from None
    return {
        "passages": [{"document": h.title or h.name, "heading": h.heading, "text": h.text[:_PASSAGE]} for h in found.hits[: query.limit]]
    }
