# ruff: noqa: E501 - samples are written as the tools print them
from datetime import UTC, datetime

from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config


def changes(text: str) -> dict[object, tuple[object, object]]:
    return {
        fact.attributes["path"]: (fact.attributes["old"], fact.attributes["new"])
        for fact in of_kind(analysed(analyse_config, text, "x.diff", "config", "diff"), "config_change")
    }


def test_each_changed_value_of_a_one_line_block_is_told_alone() -> None:
    text = "--- nginx.conf\n+++ nginx.conf\n@@ -1,2 +1,2 @@\n-location / { proxy_pass http://a; proxy_read_timeout 10s; }\n+location / { proxy_pass http://a; proxy_read_timeout 2s; }\n upstream a { server 10.0.0.1:80; }\n"
    assert changes(text) == {"location /.proxy_read_timeout": ("10s", "2s")}


def test_a_renamed_key_is_told_as_such() -> None:
    text = "--- a.yaml\n+++ a.yaml\n@@ -1,3 +1,3 @@\n limits:\n-  requests_per_second: 5\n+  request_per_second: 5\n   burst: 2\n"
    (fact,) = of_kind(analysed(analyse_config, text, "a.yaml.diff", "config", "diff"), "config_change")
    assert fact.attributes["renamed_to"] == "limits.request_per_second"
    assert (fact.citations[0].line_start, fact.citations[0].line_end) == (5, 6)


def test_added_and_removed_values_have_one_side() -> None:
    text = "--- a.env\n+++ a.env\n@@ -1,2 +1,2 @@\n KEEP=1\n-OLD_NAME=x\n+FRESH=y\n"
    assert changes(text) == {"OLD_NAME": ("x", None), "FRESH": (None, "y")}


def test_changed_comments_and_blank_lines_are_no_change() -> None:
    text = "--- redis.conf\n+++ redis.conf\n@@ -1,3 +1,3 @@\n-# old words\n+# new words\n+\n maxmemory 1gb\n bind 10.0.0.1\n"
    assert changes(text) == {}


def test_the_header_tells_when() -> None:
    text = (
        "--- a.env\t2026-01-02 03:04:05.000000000 +0100\n+++ a.env\t2026-01-02 04:05:06.000000000 +0100\n@@ -1 +1 @@\n-A_KEY=1\n+A_KEY=2\n"
    )
    (fact,) = of_kind(analysed(analyse_config, text, "a.diff", "config", "diff"), "config_change")
    assert fact.at == datetime(2026, 1, 2, 3, 5, 6, tzinfo=UTC)
    assert fact.attributes["file"] == "a.env"


def test_several_files_and_a_hunk_that_ends_too_early_are_read() -> None:
    text = "diff --git a/a.env b/a.env\n--- a/a.env\n+++ b/a.env\n@@ -1 +1 @@\n-A_KEY=1\n+A_KEY=2\n--- a/b.env\n+++ b/b.env\n@@ -1,9 +1,9 @@\n-B_KEY=1\n+B_KEY=2\n"
    assert changes(text) == {"A_KEY": ("1", "2"), "B_KEY": ("1", "2")}
