# ruff: noqa: E501 - samples are written as the tools print them
"""Whatever is handed in: an answer, with citations that are true."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.process.readings import analysed

from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.documents import analyse_document, evidence_chunks
from faultmaven_events.consumers.process.metrics import analyse_metrics

NAMES = st.sampled_from(
    ["a.yaml", "a.json", "a.toml", "a.ini", "a.xml", "a.tf", "nginx.conf", "haproxy.cfg", "Dockerfile", "a.env", "a.diff", "x.csv"]
)
PIECES = st.sampled_from(
    ["a: ", "- ", "{", "}", "[", "]", "\n", "  ", "key = value\n", "--- a.yaml\n+++ a.yaml\n@@ -1 +1 @@\n", "-x: 1\n", "+x: 2\n", "<a>", "</a>", '"', "\t", "|", "$ ls\n",
     "server 10.0.0.1:80;", "&a ", "*a ", "time,a,b\n", "2026-01-01T00:00:00Z,1,2\n", "NaN", "1e999", "# h\n", "```\n", "FROM x\n", "LISTEN 0 1 :::80 ", "notAfter=Feb 31 00:00:00 2026 GMT\n"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(text=TEXTS, name=NAMES)
def test_any_text_as_configuration(text: str, name: str) -> None:
    evidence_chunks(analysed(analyse_config, text, name, "config"))


@QUICK
@given(text=TEXTS)
def test_any_text_as_command_output(text: str) -> None:
    analysed(analyse_command, text, "out.txt", "command_output")


@QUICK
@given(text=TEXTS)
def test_any_text_as_metrics(text: str) -> None:
    analysed(analyse_metrics, text, "m.csv", "metrics")


@QUICK
@given(text=TEXTS)
def test_any_text_as_document(text: str) -> None:
    analysed(analyse_document, text, "a.md", "document", "markdown")
