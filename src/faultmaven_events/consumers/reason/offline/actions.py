"""What somebody did against the incident: changes after users felt it that undo, relieve or move work away."""

import re
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change

_AGAINST: Final = re.compile(
    r"\b(?:roll(?:ed|ing)?[ -]?back|rollback|revert(?:ed|ing)?|hotfix|fail(?:ed|ing)?[ -]?over|mitigat\w{0,8}|drain(?:ed|ing)"
    r"|scal(?:ed|ing) (?:up|out)|restor(?:ed|ing)|switched back|undone)\b",
    re.IGNORECASE,
)


def is_action(case: Case, change: Change, cause: Change | None) -> bool:
    """Whether a change was made against what users felt; the change that brought it is none."""
    felt = case.onset
    if felt is None or change.at is None or change.at < felt or change == cause or change.kind == "alert":
        return False
    return _AGAINST.search(change.text) is not None
