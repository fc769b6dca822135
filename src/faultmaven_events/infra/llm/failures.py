"""What went wrong with a call, by what HTTP said and which error came up; never by what a provider wrote.

| seen | kind | the breaker |
|---|---|---|
| our time limit, a connection that nobody took, 408, 504 | timeout | counts |
| 429 | rate_limit | opens until Retry-After |
| 401, 403, 402, 404, a redirect | service_error | opens: asking again has no sense |
| other 5xx, no connection | service_error | counts |
| a cut stream, a body that is no answer, one without end | bad_output | counts |
| an empty answer, a refusal, a filter, a prompt too long, 400, 413, 422 | bad_output | nothing: it was this request |

What a request's content can bring about must not open a breaker, or one tenant's evidence would take the provider from all.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import httpx

from faultmaven_events.infra.llm.breaker import Effect
from faultmaven_events.infra.llm.port import ProviderFailed
from faultmaven_events.infra.llm.wire import TooLong, Wire
from faultmaven_events.schemas.usage import FailureKind


class Failed(ProviderFailed):
    """A call failed. `why` is in our words, `effect` is for the breaker, `sent`: it may have reached a model, which costs."""

    def __init__(
        self,
        provider: str,
        kind: FailureKind,
        why: str,
        *,
        effect: Effect = "counts",
        retry_after: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(provider, kind, retry_after=retry_after)
        self.why, self.effect, self.sent = why, effect, sent


class Row(NamedTuple):
    """What a status means."""

    kind: FailureKind
    why: str
    effect: Effect = "counts"


_REQUEST: Final = Row("bad_output", "it refuses this request", "none")
STATUS: Final[Mapping[int, Row]] = {
    400: _REQUEST,
    401: Row("service_error", "it refuses the key", "opens"),
    402: Row("service_error", "the account has no credit", "opens"),
    403: Row("service_error", "the key may not do this", "opens"),
    404: Row("service_error", "there is no such model or address", "opens"),
    405: Row("service_error", "there is no such model or address", "opens"),
    408: Row("timeout", "it gave up waiting"),
    410: Row("service_error", "there is no such model or address", "opens"),
    413: Row("bad_output", "the prompt is too long for it", "none"),
    422: _REQUEST,
    429: Row("rate_limit", "too many requests"),
    504: Row("timeout", "it gave up waiting"),
}
_KEY: Final = frozenset({"AuthenticationError", "PermissionDeniedError"})
"""How litellm calls a wrong key, which some vendors answer with 400."""


def empty(provider: str) -> Failed:
    """Return the failure of an answer that says nothing."""
    return Failed(provider, "bad_output", "the answer is empty", effect="none")


def refused(provider: str) -> Failed:
    """Return the failure of an answer that a model or a filter refused to give."""
    return Failed(provider, "bad_output", "it refuses to answer", effect="none")


def cut(provider: str) -> Failed:
    """Return the failure of an answer that ended before its end."""
    return Failed(provider, "bad_output", "the answer was cut off")


def too_long(provider: str) -> Failed:
    """Return the failure of an answer that does not end."""
    return Failed(provider, "bad_output", "the answer is too long")


def late(provider: str) -> Failed:
    """Return the failure of a call that ran into our time limit."""
    return Failed(provider, "timeout", "no answer in time")


def failure(error: BaseException, wire: Wire, provider: str) -> Failed:
    """Return what an error of the libraries means."""
    chain = tuple(_chain(error))
    if any(isinstance(each, TooLong) for each in chain):
        return too_long(provider)
    if wire.status is not None and wire.status >= 300:
        return _by_status(chain, wire, wire.status, provider)
    if any(isinstance(each, httpx.ConnectTimeout) for each in chain):
        return Failed(provider, "timeout", "it cannot be reached in time", sent=False)
    if any(isinstance(each, TimeoutError | httpx.TimeoutException) for each in chain):
        return late(provider)
    if wire.status is not None:
        broken = any(isinstance(each, httpx.TransportError) for each in chain)
        return cut(provider) if broken else Failed(provider, "bad_output", "what came is no answer")
    if any(isinstance(each, httpx.TransportError | OSError) for each in chain):
        return Failed(provider, "service_error", "it cannot be reached", sent=False)
    # Nothing was sent: the library did not take the request, for example because the vendor knows no such option.
    return Failed(provider, "service_error", "the request could not be made", effect="none", sent=False)


def dropped(error: BaseException, wire: Wire) -> bool:
    """Whether a kept connection turned out to be closed: then the request never arrived."""
    lost = httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError
    return wire.status is None and any(isinstance(each, lost) for each in _chain(error))


def _by_status(chain: tuple[BaseException, ...], wire: Wire, status: int, provider: str) -> Failed:
    names = {type(each).__name__ for each in chain}
    if status == 400 and names & _KEY:
        row = STATUS[401]
    elif status == 400 and "ContextWindowExceededError" in names:
        row = STATUS[413]
    elif status < 400:
        row = Row("service_error", "it sends us elsewhere", "opens")
    else:
        row = STATUS.get(status, Row("service_error", f"status {status}") if status >= 500 else _REQUEST)
    return Failed(provider, row.kind, row.why, effect=row.effect, retry_after=wire.retry_after if row.kind == "rate_limit" else None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it came from, and so on; bounded, because libraries tie knots."""
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < 50:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [next_ for next_ in (each.__cause__, each.__context__, getattr(each, "original_exception", None)) if next_ is not None]
