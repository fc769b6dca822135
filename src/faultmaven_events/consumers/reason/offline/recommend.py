"""What to do: mitigate now, fix, prevent. Nothing is executed."""

import re
from collections.abc import Mapping
from typing import Final

from faultmaven_events.consumers.reason.offline.phrases import fill
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.ruleset import Remedy
from faultmaven_events.consumers.reason.offline.typed import typed
from faultmaven_events.schemas.report import Recommendation

_PRIORITY: Final = {"mitigate": 1, "fix": 2, "observe": 3, "prevent": 4}
_OWNERS: Final[Mapping[str, str]] = {
    "code": "developers of {component}",
    "data": "owners of the data in {component}",
    "config": "operators of {component}",
    "human": "operators of {component}",
    "dependency": "operators of {component}",
    "network": "network operations",
    "security": "security",
    "external": "whoever is in contact with the provider",
    "infrastructure": "platform operations",
    "capacity": "platform operations",
    "resource_exhaustion": "platform operations",
}
"""Category of a cause to the role whose work it is."""
_HOLE: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")
_OPEN: Final = re.compile(r"\b[A-Z][A-Z_]{3,}\b")
"""What somebody must fill into a command first: `THE_BLOCKER`, `COLUMN`."""


def owner(category: str, component: str) -> str:
    """Return the role that looks after a cause; empty when the category says nothing."""
    return _OWNERS.get(category, "").replace("{component}", component or "the service")


def advise(candidate: Candidate, hypothesis_id: str, values: Mapping[str, str]) -> tuple[Recommendation, ...]:
    """Return the remedies of a cause with their placeholders filled."""
    role = owner(candidate.category, candidate.component)
    return tuple(_one(r, hypothesis_id, values).model_copy(update={"owner_role": role}) for r in candidate.cause.remedies)


def _command(template: str, values: Mapping[str, str]) -> str:
    """A command with its placeholders filled. No part of it is left out: `--pattern 'prefix:*'` without the prefix means every key."""
    named = {hole: values.get(hole) or f"THE_{hole.upper().replace('.', '_')}" for hole in _HOLE.findall(template)}
    return fill(template, typed(named))


def _one(remedy: Remedy, hypothesis_id: str, values: Mapping[str, str]) -> Recommendation:
    commands = tuple(_command(c, values) for c in remedy.commands)
    return Recommendation(
        type=remedy.type,
        action=fill(remedy.action, values),
        commands=commands,
        effort="minutes" if commands and remedy.type in {"mitigate", "observe"} and not any(map(_OPEN.search, commands)) else None,
        hypothesis_id=hypothesis_id,
        expected_effect=fill(remedy.verify, values),
        risk=remedy.risk,
        rollback=remedy.rollback,
        approval_required=remedy.type != "observe",
        verification=fill(remedy.verify, values),
        priority=_PRIORITY.get(remedy.type, 2),
    )
