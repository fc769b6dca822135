"""Whatever stands in the evidence stays text: no markup, no link, no script, nothing that steers a terminal."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser
from markdown_it import MarkdownIt
from tests.unit.reports.full import FULL, reworded

from faultmaven_events.reports.html import POLICY, html
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.reports.plain import plain, span, stamp
from faultmaven_events.reports.postmortem import draft, postmortem
from faultmaven_events.reports.postmortem import html as postmortem_html
from faultmaven_events.reports.svg import svg

ATTACKS = (
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "[a](javascript:alert(1))",
    "![a](http://evil.example/x.png)",
    "<http://evil.example/>",
    "see http://evil.example/x",
    "[a]: http://evil.example",
    "# a heading",
    "- an entry",
    "1. an entry",
    "> a quote",
    "    code",
    "---",
    "===",
    "```\nbroken out",
    "`` ` ``",
    "a | b | c",
    "*a* _a_ **a** __a__ ~~a~~ $a$",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "<!-- a comment",
    "<![CDATA[ ]]>",
    "\\",
    "`",
    "a\x00b",
    "\x1b[31mred\x1b]8;;http://evil.example\x07",
    "\u202egnp.exe",
    "a\u2028b\u2029c\x85d",
    "\ud800",
    "\ufffe\uffff",
    "\U000e0041",
    "]]></svg>",
    "",
    "   ",
)
texts = st.one_of(st.sampled_from(ATTACKS), st.lists(st.sampled_from(ATTACKS), max_size=4).map(" ".join), st.text(max_size=60))
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]")
MARKUP = {"html_inline", "html_block", "link_open", "image", "hr", "em_open", "s_open", "blockquote_open"}


def harmless(text: str) -> str:
    """A text with as many lines that hold something."""
    return "\n".join("word" if line.strip() else line for line in text.split("\n"))


def kinds(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [t.type for token in tokens for t in (token, *(token.children or ()))]


@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_a_value_never_becomes_markdown(text: str) -> None:
    report = reworded(lambda _: text)
    same = reworded(lambda _: harmless(text))
    for write in (markdown, postmortem):
        written = write(report)
        assert STEERING.search(written) is None
        found, expected = kinds(written), kinds(write(same))
        assert MARKUP.isdisjoint(found)
        for kind in ("heading_open", "list_item_open", "table_open", "td_open", "fence", "code_block"):
            assert found.count(kind) == expected.count(kind), kind


@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_a_value_never_becomes_html(text: str) -> None:
    report = reworded(lambda _: text)
    same = reworded(lambda _: harmless(text))
    for page, plain_page in ((html(report), html(same)), (postmortem_html(draft(report)), postmortem_html(draft(same)))):
        assert STEERING.search(page) is None
        tree, expected = parser.document_fromstring(page), parser.document_fromstring(plain_page)
        assert [e.tag for e in tree.iter()] == [e.tag for e in expected.iter()]
        assert all(name not in {"style", "src"} and not name.startswith("on") for e in tree.iter() for name in e.attrib)
        assert all(e.attrib["href"].startswith("#E") for e in tree.iter("a"))


@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_a_value_never_becomes_svg(text: str) -> None:
    written = svg(reworded(lambda _: text))
    assert STEERING.search(written) is None
    root = ET.fromstring(written)
    assert {e.tag.rpartition("}")[2] for e in root.iter()} == {"svg", "title", "desc", "style", "rect", "text", "line", "g", "path"}
    assert all("href" not in name and not name.startswith("on") for e in root.iter() for name in e.attrib)


def test_what_was_said_is_shown_letter_by_letter() -> None:
    said = "<b>5 & 6 | `7` [8](x) *9*"
    report = reworded(lambda _: said)
    assert parser.document_fromstring(html(report)).find(".//h1").text == said
    (inline,) = [t for t in MarkdownIt().parse(markdown(report))[:3] if t.type == "inline"]
    assert "".join(child.content for child in inline.children or ()) == said


def test_a_word_of_100_kilobytes_is_cut_and_the_cut_is_said() -> None:
    long = "x" * 100_000
    report = reworded(lambda _: long)
    for written in (markdown(report), html(report), svg(report), postmortem(report)):
        assert len(written) < 400_000
        assert "x" * 5000 not in written
        assert re.search(r"\d+ more characters", written)
    assert plain(long, 100) == f"{'x' * 100} [… 99900 more characters]"


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = html(FULL)
    tree = parser.document_fromstring(page)
    metas = {m.get("http-equiv"): m.get("content") for m in tree.iter("meta")}
    assert metas["Content-Security-Policy"] == POLICY
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY
    assert not list(tree.iter("script", "img", "link", "iframe", "object", "form"))
    assert "url(" not in page
    assert "@import" not in page


def test_a_page_can_be_read_without_eyes() -> None:
    tree = parser.document_fromstring(html(FULL))
    assert tree.get("lang") == "en"
    levels = [int(e.tag[1]) for e in tree.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in tree.iter("table"):
        assert table.find("caption") is not None
        assert all(th.get("scope") == "col" for th in table.iterfind("thead/tr/th"))
        assert all(row[0].get("scope") == "row" for row in table.iterfind("tbody/tr"))
    drawn = tree.find(".//svg")
    assert drawn.get("role") == "img"
    assert set(drawn.get("aria-labelledby").split()) == {e.get("id") for e in drawn if e.tag in {"title", "desc"}}
    assert {a.get("href")[1:] for a in tree.iter("a")} <= {e.get("id") for e in tree.iter() if e.get("id")}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.4, "0.4 s"), (59, "59 s"), (107, "1 min 47 s"), (7200, "2 h"), (273_600, "3 d 4 h"), (-5, "-5 s"), (3601, "1 h 1 s")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_times_are_in_utc_wherever_they_come_from() -> None:
    assert stamp(datetime(2026, 3, 4, 12, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-04T10:00:00Z"
    assert stamp(datetime(2026, 3, 4, 12)) == "2026-03-04T12:00:00Z"  # noqa: DTZ001  # a report may come without a zone
    assert stamp(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "0001-01-01T00:00:00Z"
    assert stamp(datetime(9999, 12, 31, 23, tzinfo=UTC)) == "9999-12-31T23:00:00Z"
