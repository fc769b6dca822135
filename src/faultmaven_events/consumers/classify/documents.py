"""Documents in text: Markdown, reStructuredText, AsciiDoc, mail and plain prose."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample, talking

_COMMON: Final = re.compile(
    (
        r"\b(?:the|and|of|to|is|in|for|that|this|with|are|be|or|not|you|on|by|an|it|as|from|if|when|can|will|should"
        r"|der|die|das|und|ist|nicht|ein|le|la|les|est|et|une|des|el|los|las|que|para|en|il|di|che|het|een)\b"
    ),
    re.IGNORECASE,
)
MARKDOWN: Final = (
    (0.25, re.compile(r"^#{1,6} +\S.*$", re.MULTILINE)),
    (0.2, re.compile(r"^(?:```|~~~)", re.MULTILINE)),
    (0.2, re.compile(r"!?\[[^\]\n]+\]\((?:https?:|[./#\w])[^)\n]*\)|^\[[^\]]+\]: \S", re.MULTILINE)),
    (0.1, re.compile(r"^ {0,6}[-*+] +\S", re.MULTILINE)),
    (0.1, re.compile(r"^ {0,3}\d+\. +\S", re.MULTILINE)),
    (0.15, re.compile(r"\*\*[^*\s][^*\n]*\*\*|(?<!`)`[^`\n]+`(?!`)", re.MULTILINE)),
    (0.2, re.compile(r"^\|? *:?-{3,}:? *\|", re.MULTILINE)),
    (0.1, re.compile(r"^> \S", re.MULTILINE)),
    (0.15, re.compile(r"^\{\{[<%].*[>%]\}\}$|^<(?:details|summary|br|img|p|div)\b", re.MULTILINE)),
)
RST: Final = (
    (0.5, re.compile(r"^(?!\s)(?P<title>.{3,80})\n([=\-~^\"'`*+#])\2{2,}$", re.MULTILINE)),
    (0.5, re.compile(r"^\s*\.\. (?:[\w-]+(?::[\w-]+)?::|_[^:]+:|\[[\w#]+\] )", re.MULTILINE)),
    (0.3, re.compile(r":(?:ref|doc|class|func|meth|mod|attr|term|py:\w+|exc|option|envvar|file|code|issue|ticket):`", re.MULTILINE)),
    (0.2, re.compile(r"``[^`\n]+``|`[^`\n]+ <[^>\n]+>`_|::$", re.MULTILINE)),
)
ASCIIDOC: Final = (
    (0.4, re.compile(r"^={1,5} \S.*$", re.MULTILINE)),
    (
        0.4,
        re.compile(
            r"^:[\w-]+:(?: .*)?$|^\[(?:source|NOTE|WARNING|id=|cols=|#)[^\]]*\]$|^(?:ifdef|include|xref|link|image)::", re.MULTILINE
        ),
    ),
    (0.2, re.compile(r"^(?:----|====|\|===)$", re.MULTILINE)),
)
_MAIL: Final = re.compile(r"(?:From|To|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Delivered-To|Cc|Sent): \S", re.IGNORECASE)


def _outside_fences(lines: list[str]) -> list[str]:
    kept, fenced = [], False
    for line in lines:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            kept.append(line)
    return kept


def common(sample: Sample) -> float:
    """Little words per line: what prose has and lists of names have not."""
    return len(_COMMON.findall("\n".join(sample.lines))) / max(1, len(sample.lines))


def _marks(sample: Sample, table: tuple[tuple[float, re.Pattern[str]], ...]) -> float:
    text = "\n".join(sample.rows[:300])
    return sum(weight for weight, pattern in table if pattern.search(text))


def markdown(sample: Sample) -> Vote | None:
    """Headings, fences, links and lists around prose. A `#` may open a comment: blank lines around it make it a heading."""
    marks = _marks(sample, MARKDOWN)
    headings = _headings(sample.rows)
    share = sample.prose
    front = sample.top == "---" and any(row == "---" for row in sample.rows[1:40]) and share > 0.3
    if marks < 0.2 or (not headings and marks < 0.4 and not front) or _remarks(sample):
        return None
    score = 0.4 + 0.5 * min(0.7, marks) + 0.25 * min(1.0, share) + (0.12 if headings else 0) + (0.15 if front else 0)
    return (
        Vote("document", "markdown", min(0.93, score), f"{headings} headings, {share:.0%} of the lines are prose")
        if share > 0.15 or marks >= 0.5
        else None
    )


def _headings(rows: list[str]) -> int:
    full = ["", *rows[:300], ""]
    return sum(
        re.match(r"#{1,6} +\S", row) is not None
        and not (full[i - 1].startswith("#") or (i + 1 < len(full) and full[i + 1].startswith("# ")))
        for i, row in enumerate(full)
        if i
    )


def _remarks(sample: Sample) -> bool:
    """Whether `#` opens comments here: they stand in runs, or what is left without them is not prose."""
    rows = _outside_fences(sample.rows[:300])
    marked = [i for i, row in enumerate(rows) if row.startswith("#")]
    runs = sum(i + 1 < len(rows) and rows[i + 1].startswith("#") for i in marked)
    rest = [line for line in _outside_fences(sample.lines) if not line.startswith("#")]
    if not marked:
        return False
    return runs > 0.4 * len(marked) or (
        sum(map(talking, rest)) < 0.15 * len(rest) and not any(re.match(r" *(?:[-*+]|\d+\.) ", line) for line in rest)
    )


def restructured(sample: Sample) -> Vote | None:
    """Underlined titles, directives and roles."""
    marks = _marks(sample, RST)
    return (
        Vote("document", "rst", min(0.93, 0.55 + 0.4 * marks + 0.1 * sample.prose), "titles and directives of reStructuredText")
        if marks >= 0.5 and (sample.prose > 0.15 or sample.top.startswith(".. "))
        else None
    )


def asciidoc(sample: Sample) -> Vote | None:
    """AsciiDoc's titles and attributes."""
    marks = _marks(sample, ASCIIDOC)
    return (
        Vote("document", "asciidoc", min(0.95, 0.45 + 0.5 * marks), "titles and attributes of AsciiDoc")
        if marks >= 0.6 and sample.prose > 0.15
        else None
    )


def mail(sample: Sample) -> Vote | None:
    """Headers of a mail, then its text."""
    heads = sum(_MAIL.match(line) is not None for line in sample.lines[:25])
    return Vote("document", "mail", 0.9, f"{heads} headers of a mail") if heads >= 3 and _MAIL.match(sample.top) else None


def _spoken(sample: Sample) -> float:
    """Share of prose outside of comments: a source file that begins with a licence is no document."""
    if len(sample.code) < min(80, len(sample.lines)) - 2 and not sample.top.startswith(("#", "-", "*")):
        return sum(map(talking, sample.code)) / max(1, len(sample.code)) * (len(sample.code) > 2)
    return sample.prose


def text(sample: Sample) -> Vote | None:
    """Plain prose."""
    share, little = _spoken(sample), common(sample)
    if share < 0.5 or (len(sample.lines) > 1 and little < 0.4):
        return None
    score = 0.35 + 0.3 * share + 0.2 * min(1.0, little / 2) + 0.03 * min(3, len(sample.lines) - 1)
    return Vote("document", "text", min(0.9, score), f"{share:.0%} of the lines are prose")


DOCUMENTS: Final[tuple[Detector, ...]] = (markdown, restructured, asciidoc, mail, text)
