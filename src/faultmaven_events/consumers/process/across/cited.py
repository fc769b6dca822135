"""Facts of several files, and citations of settings for them."""

from collections.abc import Iterable, Iterator, Mapping

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.consumers.process.note import shortened
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Scalar, Setting


def citation_of(file: Insights, setting: Setting) -> Citation | None:
    """The line of a setting; None where it is too long to have been kept."""
    if setting.quote is None:
        return None
    found = cite(file.evidence_id, file.file, [setting.quote], 1)
    return found.model_copy(update={"line_start": setting.line, "line_end": setting.line})


def contradiction(
    what: str,
    text: str,
    citations: Iterable[Citation | None],
    *,
    component: str | None = None,
    attributes: Mapping[str, Scalar] | None = None,
) -> Iterator[Fact]:
    """Yield the fact, or nothing where one of its places cannot be cited."""
    cited = tuple(citations)
    known = tuple(one for one in cited if one is not None)
    if cited and len(known) == len(cited):
        values = {key: shortened(value, 300) if isinstance(value, str) else value for key, value in (attributes or {}).items()}
        yield Fact(
            id="contradiction-0",
            kind="contradiction",
            text=shortened(text, 600),
            component=shortened(component, 120) if component else None,
            attributes={"what": what, **values},
            citations=known,
        )
