"""A change: what somebody or something did before, with the time, the component and the exact edit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from faultmaven_events.schemas.insight import Citation


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `at` is seconds since 1970; `edit` holds path, old and new when a value changed."""

    id: str
    kind: str
    text: str
    file: str
    citation: Citation
    at: float | None = None
    component: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    aspects: frozenset[str] = frozenset()
    weight: float = 0.0
    files: tuple[str, ...] = ()
    extra: tuple[Citation, ...] = ()
    edit: bool = False


def before(change: Change, moment: float | None, slack: float) -> bool:
    """Whether a change can have caused what began at `moment`."""
    return change.at is None or moment is None or change.at <= moment + slack


def with_component(change: Change, component: str) -> Change:
    """The same change, attributed."""
    return replace(change, component=component)
