"""What a question asks for, by a table of phrases. Only the name of the intent leaves this module, never a word of the question."""

import re
from typing import Final

from faultmaven_events.schemas.question import Intent

RULES: Final[tuple[tuple[Intent, str], ...]] = (
    (
        "how_to",
        (
            r"^(?:please )?(?:how (?:do|can|could|should|would|to)\b|what (?:is|are) the (?:steps?|procedure|command|way"
            r"|best way)\b|show me how|where (?:do|can) (?:i|we)\b|explain how to)"
        ),
    ),
    (
        "root_cause",
        (
            r"\bwhy\b|\broot[ -]?cause|\bcaus(?:e|es|ed|ing)\b|\breason\b|what (?:happened|went wrong|is wrong|broke"
            r"|changed|made|triggered|explains|is going on|is happening)|what(?:'|\u2019)s (?:wrong|going on|happening|broken)"
            r"|\bdiagnos|\binvestigat|\btroubleshoot|\bwhere does .* come from|\bis (?:that|this|it) (?:it|why|because"
            r"|due to)\b|\bdid (?:that|this|it) (?:break|cause)"
        ),
    ),
    (
        "impact",
        (
            r"\b(?:who|which (?:users?|customers?|services?|tenants?|regions?|hosts?|partners?)|how (?:many|much|long|bad"
            r"|severe|widespread|big))\b|\bimpact|\baffected\b|\bblast radius|\bscope of\b|\bdata loss\b"
        ),
    ),
    (
        "health_check",
        (
            r"(?:^|[.!?;:,]\s+|\b(?:and|but|so|or)\s)(?:is|are|was|were|do|does|did|has|have"
            r"|had)\b[^.!?]{0,80}\b(?:something|anything|everything|all|any|an?|there)\b[^.!?]{0,60}\b(?:wrong|problems?"
            r"|issues?|outages?|incidents?|errors?|anomal\w+|okay|ok|fine|normal|unusual|suspicious|down|al ?right|trouble"
            r"|concern\w*|degrad\w+|work\w*)\b[^.!]*\?"
        ),
    ),
    (
        "health_check",
        (
            r"(?:^|[.!?;:,]\s+|\b(?:and|but|so|or)\s)(?:is|are|was|were)\b[^.!?]{0,60}\b(?:healthy|okay|ok|fine|normal"
            r"|al ?right|down|up|stable|working)\b[^.!?]*\?"
        ),
    ),
    (
        "health_check",
        (
            r"\bany (?:\w+ )?(?:problems?|issues?|outages?|incidents?|errors?|anomal\w+|trouble|concerns?)\b"
            r"|\bhealth[ -]?check|\bcheck (?:if|whether|that|the health)|\b(?:sanity|morning|routine) check"
            r"|\beverything (?:ok|okay|fine|normal|al ?right)|^can you (?:check|confirm|see)"
        ),
    ),
    (
        "how_to",
        (
            r"\bhow (?:do|can|could|should|would) (?:i|we|you|one)\b|\bhow to\b|\bwhat should (?:i|we) do\b|\bsteps to\b"
            r"|\brunbook for\b"
        ),
    ),
    (
        "root_cause",
        (
            r"\b(?:fail\w*|errors?|time[sd]?[ -]?outs?|timing out|crash\w*|slow\w*|hang\w*|stuck|refus\w+|reject\w+|down"
            r"|unavailable|outage|broken|break\w*|5\d\d|4\d\d|oom\w*|restart\w*|flap\w*|spik\w+|drop\w*|lost|missing"
            r"|declin\w+|leak\w*|cannot|can(?:'|\u2019)t|unable|not (?:work|respond|load|start|reach)\w*|degraded|latency"
            r"|blocked|alert\w*|complain\w*|again and again|keeps? \w+ing|no longer|any ?more)\b"
        ),
    ),
)
"""The first rule that matches counts. A symptom that is only stated asks for its cause."""
_RULES: Final = tuple((intent_, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for intent_, pattern in RULES)
LENGTH: Final = 4000
"""Characters that are looked at: what is asked stands at the start, or at the end."""


def intent(question: str) -> Intent:
    """Return what a question asks for."""
    text = question.strip() if len(question) <= 2 * LENGTH else f"{question[:LENGTH]}\n{question[-LENGTH:]}".strip()
    return next((name for name, rule in _RULES if rule.search(text)), "other")
