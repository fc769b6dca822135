"""web_search: a search engine with SearXNG's JSON API (https://docs.searxng.org/dev/search_api.html), asked in general words only."""

import json
from typing import Any, Final

import httpx

from faultmaven_events.consumers.reason.llm.grounds import tidy
from faultmaven_events.consumers.reason.llm.tools.registry import Failed

RESULTS: Final = 5
_BYTES: Final = 256 * 1024
_SECONDS: Final = 8.0
_TEXT: Final = 300


async def web_search(query: str, url: str) -> dict[str, Any]:
    """Return the first results: title, address and gist, as text. `query` must have been checked before.

    Raises:
        Failed: the engine does not answer, or not with JSON of that form.
    """
    try:
        async with (
            httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", f"{url.rstrip('/')}/search", params={"q": query, "format": "json"}) as answer,
        ):
            body = await _limited(answer)
        found = json.loads(body)["results"]
        return {"results": [_result(one) for one in found[:RESULTS] if isinstance(one, dict)]}
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Failed("the search engine does not answer") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Failed("the search engine's answer is not of the form expected") from None


async def _limited(answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise Failed(f"the search engine answered {answer.status_code}")
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > _BYTES:
            raise Failed("the search engine's answer is too long")
    return body


def _result(one: dict[str, Any]) -> dict[str, str]:
    return {key: tidy(str(one.get(source, "")))[:_TEXT] for key, source in (("title", "title"), ("address", "url"), ("gist", "content"))}
