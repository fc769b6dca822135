"""Documents in text: Markdown, reStructuredText, AsciiDoc, mail and plain prose."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample, talking

_LITTLE: Final = """
    af an and are as att au auf be bir bu by can che com con da dans das del della dem den der des det di die do een ein el en er
    est et for from het i if il in is ist it je jest la las le les los mit na nicht nie niet no non not och of og on op or oraz os
    para per por pour que qui se should som sur te that the this til to um uma una und une van ve von w wenn when will wird with
    you zu
"""
COMMON: Final = frozenset(_LITTLE.split())
"""Little words of some European languages."""
_WORD: Final = re.compile(r"[^\W\d_]+")
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
ORG: Final = (
    (0.4, re.compile(r"^\*{1,6} (?:TODO |DONE )?\S", re.MULTILINE)),
    (0.4, re.compile(r"^[ \t]*#\+\w+(?::|$| )", re.MULTILINE)),
    (0.3, re.compile(r"^\*{1,6} (?:TODO|DONE) |^[ \t]*:PROPERTIES:$|^[ \t]*(?:SCHEDULED|DEADLINE|CLOSED): [<\[]", re.MULTILINE)),
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
    return sum(word in COMMON for word in _WORD.findall("\n".join(sample.lines).lower())) / max(1, len(sample.lines))


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
    if headings < 2 and marks <= 0.36 and share < 0.6 and not front:
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


def org(sample: Sample) -> Vote | None:
    """Org mode's outline and keywords."""
    marks = _marks(sample, ORG)
    return Vote("document", "org", min(0.95, 0.45 + 0.5 * marks), "outline and keywords of Org mode") if marks >= 0.7 else None


def foreign(sample: Sample) -> Vote | None:
    """Prose in another alphabet: most letters are none of the Latin one, and few lines begin with a time."""
    if sample.text.isascii():
        return None
    letters = [c for c in sample.text[:4000] if c.isalpha()]
    other = sum(ord(c) > 0x24F for c in letters)
    if len(letters) < 20 or other < 0.5 * len(letters) or sum(at >= 0 for at in sample.stamped) > 0.2 * len(sample.lines):
        return None
    return Vote("document", "text", 0.6 + 0.25 * other / len(letters), f"{other / len(letters):.0%} of the letters are of another alphabet")


def mail(sample: Sample) -> Vote | None:
    """Headers of a mail, then its text."""
    heads = sum(_MAIL.match(line) is not None for line in sample.lines[:25])
    return Vote("document", "mail", 0.9, f"{heads} headers of a mail") if heads >= 3 and _MAIL.match(sample.top) else None


_CHANGES: Final = re.compile(
    r"[\w.+-]{1,60} \([\w.+:~-]{1,60}\)[ \w.-]{0,80}; urgency=\w+"
    r"|(?:\* )?(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d[ :\d\w+]{0,24} \d{4})  ?(?!\d\d:\d\d)\S[^<>]{0,60} <"
)


_SIGNED: Final = re.compile(r" -- [^<>]{1,80} <[^<>@]{1,80}@[^<>]{1,80}>  [A-Z][a-z]{2}, ")


def changes(sample: Sample) -> Vote | None:
    """The history of a package: a version or a date and a person above indented items (Debian, GNU, RPM)."""
    signed = sum(_SIGNED.match(line) is not None for line in sample.lines)
    if signed and signed >= 0.03 * len(sample.lines) and sum(0 <= at <= 30 for at in sample.stamped) <= signed:
        return Vote("document", "changelog", 0.94, f"{signed} signatures below the entries of a package's history")
    heads = sum(_CHANGES.match(line) is not None for line in sample.lines)
    inside = sum(line[:1] in " \t-*" for line in sample.lines)
    if not heads or not _CHANGES.match(sample.top) or heads + inside < 0.8 * len(sample.lines):
        return None
    return Vote("document", "changelog", 0.95, f"{heads} entries of a package's history")


_ROFF: Final = re.compile(r"[.'](?:\\\"|[A-Za-z]{1,2}\b|[A-Z][a-z]\b|\s*$)")


def roff(sample: Sample) -> Vote | None:
    """A manual page's source: requests that begin with a dot, a title among them."""
    hits = sum(_ROFF.match(line) is not None for line in sample.lines)
    titled = any(re.match(r"\.(?:TH|Dd|Dt|SH|Sh|NH|TL)\b", line) for line in sample.lines)
    return Vote("document", "man-page", 0.95, f"{hits} requests of roff") if titled and hits >= 0.15 * len(sample.lines) else None


_POD: Final = re.compile(r"=(?:head[1-6]|over|item|back|encoding|pod|begin|for|cut)\b")


def pod(sample: Sample) -> Vote | None:
    """Perl's plain old documentation, without the program."""
    marks = sum(_POD.match(line) is not None for line in sample.lines)
    coded = sum(re.match(r"(?:package|use|my|our|sub|BEGIN)\b", line) is not None for line in sample.lines)
    told = (marks >= 2 and _POD.match(sample.top)) or marks >= max(3, 0.06 * len(sample.lines))
    return Vote("document", "pod", 0.95, f"{marks} marks of documentation") if told and not coded else None


def _spoken(sample: Sample) -> float:
    """Share of prose outside of comments: a source file that begins with a licence is no document."""
    if len(sample.code) < min(80, len(sample.lines)) - 2 and not sample.top.startswith(("#", "-", "*")):
        return sum(map(talking, sample.code)) / max(1, len(sample.code)) * (len(sample.code) > 2)
    return sample.prose


_REMARK: Final = re.compile(r"\s*(?:#(?!#* \S+$)|;|//|--\s|%|rem )", re.IGNORECASE)


def text(sample: Sample) -> Vote | None:
    """Plain prose."""
    remarks = sum(_REMARK.match(line) is not None for line in sample.lines)
    if remarks >= 0.8 * len(sample.lines) or sample.top.startswith(("/*", "//")):
        return None
    share, little = _spoken(sample), common(sample)
    if share < 0.5 or (len(sample.lines) > 1 and little < 0.4):
        return None
    score = 0.35 + 0.3 * share + 0.2 * min(1.0, little / 2) + 0.03 * min(3, len(sample.lines) - 1)
    return Vote("document", "text", min(0.9, score), f"{share:.0%} of the lines are prose")


DOCUMENTS: Final[tuple[Detector, ...]] = (changes, roff, pod, markdown, restructured, asciidoc, org, mail, foreign, text)
