"""Everything that a rendering says stands in the report's JSON, or is one of the fixed labels of this package."""

import ast
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html as parser
from tests.unit.reports.full import BARE, FULL, reworded

import faultmaven_events.reports as package
from faultmaven_events.reports.html import html
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.reports.plain import span, stamp
from faultmaven_events.reports.postmortem import draft, postmortem
from faultmaven_events.reports.postmortem import html as postmortem_html
from faultmaven_events.reports.svg import svg
from faultmaven_events.schemas.report import IncidentReport

WORD = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def page(text: str) -> str:
    tree = parser.document_fromstring(text)
    for style in tree.iter("style"):
        style.drop_tree()
    return " ".join(tree.itertext())


def drawn(text: str) -> str:
    return " ".join(re.findall(r"<(?:text|title|desc)[^>]*>([^<]*)<", text))


RENDERINGS: dict[str, Callable[[IncidentReport], str]] = {
    "markdown": markdown,
    "html": lambda report: page(html(report)),
    "svg": lambda report: drawn(svg(report)),
    "postmortem": postmortem,
    "postmortem html": lambda report: page(postmortem_html(draft(report))),
}


def labels() -> set[str]:
    """The words of every string in the package's code."""
    found = set()
    for file in Path(package.__path__[0]).glob("*.py"):
        tree = ast.parse(file.read_text())
        strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        found |= {word for text in strings for word in WORD.findall(text)}
    return found


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield len(value)
        value = list(value.values())
    if isinstance(value, list):
        yield len(value)
        for each in value:
            yield from leaves(each)
    else:
        yield value


def figures(report: IncidentReport) -> set[str]:
    """Numbers that may be shown: those of the report, rounded or as a share or a duration, and counts of what it lists."""
    found = set()
    for leaf in leaves(report.model_dump(mode="json")):
        if isinstance(leaf, int | float) and not isinstance(leaf, bool):
            shown = (str(leaf), f"{leaf:.2f}", f"{leaf:.4f}", f"{leaf:.0%}", span(float(leaf)))
            found |= {number for text in shown for number in NUMBER.findall(text)}
        elif isinstance(leaf, str):
            found |= set(NUMBER.findall(leaf))
    moments = {str(n) for n in range(len(report.timeline) + 1)}
    return found | moments | {str(sum(e.integrity == "verified" for e in report.evidence)), "1"}


@pytest.mark.parametrize("name", RENDERINGS)
@pytest.mark.parametrize("report", [FULL, BARE], ids=["full", "bare"])
def test_a_rendering_says_nothing_that_is_not_in_the_report(name: str, report: IncidentReport) -> None:
    marks = itertools.count()
    known: dict[str, str] = {}

    def word(text: str) -> str:  # letters only, like no label's
        number = next(marks)
        return known.setdefault(text, "zq" + "".join(chr(ord("a") + int(digit)) for digit in str(number)) + "qz")

    report = reworded(word, report)
    stored = report.model_dump_json()
    shown = RENDERINGS[name](report)
    assert {w for w in set(WORD.findall(shown)) - labels() if w not in stored} - {"T", "Z"} == set()


@pytest.mark.parametrize("name", RENDERINGS)
@pytest.mark.parametrize("report", [FULL, BARE], ids=["full", "bare"])
def test_every_number_and_time_of_a_rendering_stands_in_the_report(name: str, report: IncidentReport) -> None:
    shown = RENDERINGS[name](report)
    assert set(STAMP.findall(shown)) <= {stamp(each) for each in moments_of(report)}
    rest = STAMP.sub(" ", shown)
    if name == "svg":  # the marks of its axis are times of their own
        rest = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|\b\d\d:\d\d(?::\d\d)?\b", " ", rest)
    assert set(NUMBER.findall(re.sub(r"(?m)^\d+\. ", "", rest))) - figures(report) == set()


def moments_of(report: IncidentReport) -> Iterator[datetime]:
    def walk(value: Any) -> Iterator[datetime]:
        if isinstance(value, datetime):
            yield value
        elif isinstance(value, dict):
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list | tuple):
            for each in value:
                yield from walk(each)

    return walk(report.model_dump())


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_every_part_of_a_full_report_is_shown(name: str) -> None:
    """Each text that a person wrote or a line said is there, but for what only machines need."""
    shown = RENDERINGS[name](FULL)
    for text in (
        FULL.headline,
        FULL.question,
        FULL.reasoner,
        "the first provider timed out",
        "POST /orders fails",
        "the pool is too small",
        "queries took no longer",
        "kubectl set env deploy/order-api POOL=50",
        "two  lines",
        "operators of order-api",
        "deployment logs of the last 2 hours",
        "dump.bin",
        "traffic is as usual",
        "one file has no times",
        "app.log: 5 templates",
        "Pools",
        "EMAIL",
        "0.0123",
        "read_lines",
        "Since the change.",
        "table-2",
        "prompts-4",
        "config-9",
        "clock off by 2 s",
        "5 min 30 s",
        "87",
    ):
        assert text in shown, text
