"""What the question is about: the names in it, and where it names nothing, what an alert among the evidence is about."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.schemas.insight import Fact, Insights

RESOURCES: Final = frozenset({"unhealthy", "event", "restart"})
"""Facts about one resource of an orchestrator each."""
_NAME: Final = re.compile(r"[A-Za-z][\w]*(?:[-.][\w]+)+|[a-z]+\d+|(?<=[`'\"])[\w.-]{4,}(?=[`'\"])")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_WORD: Final = re.compile(r"[\w.-]{3,}")


def subjects(question: str, files: Sequence[Insights] = ()) -> tuple[str, ...]:
    """Names in a question, lower case: words with dashes, dots or digits, quoted ones, and names of resources that the evidence knows.

    Where there is none, the resources that alerts in the evidence are about.
    """
    question = _UUID.sub(" ", question)
    known = {name.lower() for file in files for fact in file.facts if fact.kind in RESOURCES for name in names(fact)}
    found = [n.lower() for n in _NAME.findall(question) if len(n) >= 4]
    found += [w for w in _WORD.findall(question.lower()) if w in known]
    if not found:
        found = [name.lower() for file in files for fact in file.facts if fact.attributes.get("subject") for name in names(fact)]
    return tuple(dict.fromkeys(found))


def names(fact: Fact) -> Iterator[str]:
    """The names that a fact about a resource has for it, without its kind: the workload's, and its own."""
    own = [fact.component, *(fact.attributes.get(key) for key in ("name", "object", "subject"))]
    yield from dict.fromkeys(str(name).rpartition("/")[2] for name in own if name)


def about(wanted: Sequence[str], text: str, file: str = "") -> bool:
    """Whether a line or its file's name speaks of one of the names."""
    low = f"{file} {text}".lower()
    return any(name in low for name in wanted)


def concerns(wanted: Sequence[str], fact: Fact) -> bool:
    """Whether a fact is about one of the names."""
    return any(about(wanted, name) for name in names(fact)) or about(wanted, fact.text)
