"""Configuration in no known vocabulary: a word and what it is set to on each line, rows of a system's tables, nothing but comments."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample, talking

_PAIR: Final = re.compile(r"\s*[@%+-]?[A-Za-z_][\w.*?/+-]{0,60}(?:\[\w*\])?\s*(?:[=:]\s*|\s)(?=\S)(?!=).*")
_SPACED: Final = re.compile(r"\s*[@%+-]?[A-Za-z_/~*!][\w.*?/!+-]{0,60}(?:[ \t]+\S+){1,8}$")
_ALONE: Final = re.compile(r"\s*[\w.*/!~@+-]{2,60}$")
_TABS: Final = re.compile(r"\t+")
_HASH: Final = re.compile(r"\s*[#;!]")
_OFF: Final = re.compile(r"\s*[#;]+\s?(?:[a-z][\w.-]*|[A-Z][A-Z0-9_]+|[A-Z][a-z]+[A-Z]\w*)\s?[=:]\s?\S|\s*[#;][a-zA-Z][\w.-]*\s+\S+$")
"""A setting that a comment turns off."""
_MATCH: Final = re.compile(r'\s*(?:[A-Z]+(?:\{[^}"]{1,60}\})?\s*(?:==|!=|[+:-]?=)\s*"[^"]*"(?:,\s*\\?$|,?\s*|$)){1,20}')


def keyed(sample: Sample) -> Vote | None:
    """A word and its values on most lines, among comments: the form of most settings of Unix programs."""
    body = [line for line in sample.lines if not _HASH.match(line)]
    remarks = len(sample.lines) - len(body)
    if len(body) < 2 or any(at >= 0 for at in sample.stamped) or max(map(len, body)) > 240:
        return None
    pairs = sum(_PAIR.fullmatch(line) is not None for line in body)
    alone = sum(_ALONE.fullmatch(line) is not None for line in body)
    spoken = sum(talking(line) and (line.rstrip().endswith((".", ",", "?", "!")) or line.count(" ") > 6) for line in body)
    ends = sum(line.rstrip().endswith((";", "{", "}", "(", ")")) for line in body)
    if pairs + alone < 0.85 * len(body) or pairs < 0.5 * len(body) or spoken > 0.15 * len(body) or ends > 0.2 * len(body):
        return None
    share = pairs / len(body)
    spaced = sum(_SPACED.fullmatch(line) is not None for line in body) / len(body)
    score = (0.6 if remarks else 0.42) + 0.12 * share + (0.04 if spaced > 0.8 or spaced < 0.2 else 0) - (0.1 if len(body) < 4 else 0)
    return Vote("config", "properties", score, f"{pairs} of {len(body)} lines are a word and its value, {remarks} comments")


def table(sample: Sample) -> Vote | None:
    """Rows of a system's table: the same number of colons in each, or columns by tabs, below comments."""
    body = [line for line in sample.lines if not _HASH.match(line)]
    if len(body) < 2:
        return None
    for mark, least in ((":", 2), ("\t", 1)):
        counts = [(_TABS.sub("\t", line) if mark == "\t" else line).count(mark) for line in body]
        if min(counts[:3]) < least:
            continue
        usual = max(set(counts), key=counts.count)
        even = counts.count(usual) / len(counts)
        named = sum(re.match(r"[\w.*/@+-]{1,64}\s*[:\t]", line) is not None for line in body) / len(body)
        tight = sum(line.count(" ") <= 4 for line in body) / len(body)
        remarked = len(body) < len(sample.lines)
        if usual >= least and even >= 0.8 and named >= 0.9 and tight >= 0.7 and (mark == ":" or remarked):
            return Vote("config", "table", 0.76 if mark == ":" else 0.6, f"{len(body)} rows of {usual + 1} cells")
    return None


def switched_off(sample: Sample) -> Vote | None:
    """Comments all over, some of them settings that are turned off: a file of defaults."""
    remarks = sum(_HASH.match(line) is not None for line in sample.lines)
    off = sum(_OFF.match(line) is not None for line in sample.lines)
    if remarks < 0.8 * len(sample.lines) or not (off or remarks == len(sample.lines)) or sample.top.startswith("#!"):
        return None
    headings = sum(re.match(r"#+ \S", row) is not None for row in sample.rows)
    if not off and (headings < 2 or headings < 0.8 * remarks):
        return None
    return Vote(
        "config", "properties", 0.66 + 0.02 * min(5, off) if off else 0.5, f"{remarks} lines of comments, {off} settings among them"
    )


def matches(sample: Sample) -> Vote | None:
    """Rules of `KEY=="value", KEY="value"`, as udev has them."""
    body = sample.body
    hits = sum(_MATCH.match(line) is not None for line in body)
    named = any("==" in line for line in body)
    return Vote("config", "udev-rules", 0.9, f"{hits} rules of match and assignment") if named and hits >= 0.6 * len(body) else None


KEYED: Final[tuple[Detector, ...]] = (matches, keyed, table, switched_off)
