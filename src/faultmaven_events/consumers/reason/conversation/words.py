"""Words of a question and of a report, as they are compared: pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from faultmaven_events.schemas.report import IncidentReport

_TOKEN: Final = re.compile(r"<?\w[\w.:/@%<>-]*")
_SHORT: Final = (
    (re.compile(r"\b(wo|ca|sha)n't\b"), r"\1n not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'(?:s|re|ve|ll|d|m)\b"), ""),
)
_ENDINGS: Final = (
    "ingly",
    "ations",
    "ation",
    "ingly",
    "ments",
    "ment",
    "ions",
    "ion",
    "ings",
    "ing",
    "edly",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "s",
    "e",
    "y",
)
_STEM: Final = 4
"""Letters that stay of a word at least."""
_PART: Final = 3
"""Characters of a name or number that must at least be there for it to be found inside of another."""
_PLAIN: Final = re.compile(r"[a-z]+")


def plain(text: str) -> str:
    """Return a text in lower case, with one blank between words and its short forms spelled out."""
    text = " ".join(text.lower().replace("\u2019", "'").split())
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    return text


def tokens(text: str) -> Iterator[str]:
    """Yield the words, names and numbers of a text in lower case, without the marks around them."""
    for found in _TOKEN.finditer(text):
        token = found.group().rstrip(".:/@%-").lower()
        token = token[1:] if token.startswith("<") and ">" not in token else token
        if token:
            yield token


def stem(word: str) -> str:
    """Return what forms of an English word have in common, roughly; names and numbers stay as they are."""
    if not _PLAIN.fullmatch(word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > _STEM and word[-1] == word[-2] else word


def known(text: str) -> frozenset[str]:
    """Return the stems of a text's words, and of the parts of its names (`order` and `api` of `order-api`)."""
    found = set[str]()
    for token in tokens(text):
        found.add(stem(token))
        parts = re.split(r"[^a-z0-9]+", token)
        found.update(stem(part) for part in parts if part)
    return frozenset(found)


def told(report: IncidentReport) -> str:
    """Return everything that a report says of its incident in words: the question too."""
    return "\n".join((report.question, *specific(report), *_general(report)))


def sayings(report: IncidentReport) -> Iterator[str]:
    """Yield each thing that a report says, and what it says of the cause and of each hypothesis as a whole."""
    root, problem = report.root_cause, report.problem_statement
    chain = [text for link in (root.causal_chain if root else ()) for text in (link.cause, link.effect)]
    yield " ".join((report.headline, report.trigger or "", problem.symptom, report.question, *chain))
    yield from (" ".join((one.component, one.statement, one.mechanism or "", one.why_not or "")) for one in report.hypotheses)
    yield from (*specific(report), *_general(report))


def specific(report: IncidentReport) -> Iterator[str]:
    """Yield what a report says of this incident and of no other: names, lines, times, counts."""
    scope, problem = report.blast_radius, report.problem_statement
    yield from (*scope.affected, *scope.unaffected, *scope.dependency_path, scope.summary)
    yield from (*scope.routes, *scope.failing_hosts, *scope.unaffected_hosts)
    yield from (problem.symptom, problem.observed or "", problem.expected or "")
    yield from (
        text
        for moment in report.timeline
        for text in (moment.text, moment.component or "", f"{moment.at:%Y-%m-%d %H:%M:%S}", f"{moment.at:%H:%M}")
    )
    yield from (text for one in report.evidence for text in (one.citation.file, one.citation.quote))
    yield from (text for one in report.hypotheses for text in (one.component, one.statement))
    yield from (report.headline, report.trigger or "", *(claim.text for claim in report.claims))
    yield from (link for step in (report.root_cause.causal_chain if report.root_cause else ()) for link in (step.cause, step.effect))


def _general(report: IncidentReport) -> Iterator[str]:
    yield from (text or "" for one in report.hypotheses for text in (one.mechanism, one.why_not, one.category))
    yield from (
        text or "" for one in report.recommendations for text in (one.action, one.risk, one.rollback, one.verification, *one.commands)
    )
    yield from (text for gap in report.missing_evidence for text in (gap.what, gap.why, gap.how))
    yield from (text for one in report.knowledge_refs for text in (one.document, one.heading or "", one.quote))
    yield from (text for action in (report.aftermath.action_items if report.aftermath else ()) for text in (action.action,))
    yield from (report.confidence.basis, report.verdict, report.problem_statement.severity)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in which words are looked for."""

    low: str
    stems: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Text":
        """Take a text."""
        return cls(text.lower(), known(text))

    def has(self, word: str) -> bool:
        """Whether the text speaks of a word in any of its forms, or holds a name or number."""
        return stem(word) in self.stems or (len(word) > _PART and not _PLAIN.fullmatch(word) and word in self.low)


def mentions(text: str, subject: Iterable[str]) -> bool:
    """Whether a text speaks of one of the words."""
    return any(map(Text.of(text).has, subject))
