import pytest
from classify_samples import SAMPLES

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.classify.names import suggestion


@pytest.mark.parametrize(("type_", "form", "text"), SAMPLES, ids=[f"{i}-{type_}-{form}" for i, (type_, form, _) in enumerate(SAMPLES)])
def test_the_content_alone_tells_type_and_format(type_: str, form: str, text: str) -> None:
    found = classify(text.encode())
    assert (found.type, found.format) == (type_, form), found.reason
    assert found.confidence >= 0.5


@pytest.mark.parametrize(("type_", "form", "text"), SAMPLES, ids=[f"{i}-{type_}-{form}" for i, (type_, form, _) in enumerate(SAMPLES)])
def test_a_wrong_name_does_not_change_what_the_content_says(type_: str, form: str, text: str) -> None:
    misleading = "notes.log" if type_ != "log" else "notes.yaml"
    assert classify(text.encode(), misleading).type == type_


@pytest.mark.parametrize(("type_", "form", "text"), SAMPLES, ids=[f"{i}-{type_}-{form}" for i, (type_, form, _) in enumerate(SAMPLES)])
def test_line_ends_of_windows_change_nothing(type_: str, form: str, text: str) -> None:
    assert classify(text.replace("\n", "\r\n").encode()).type == type_


@pytest.mark.parametrize(("type_", "form", "text"), SAMPLES, ids=[f"{i}-{type_}-{form}" for i, (type_, form, _) in enumerate(SAMPLES)])
def test_the_reason_names_features_and_never_words_of_the_content(type_: str, form: str, text: str) -> None:
    found = classify(text.encode())
    told = {word.strip('":,;()[]') for word in found.reason.split()}
    names = {w.strip('":,;()[]{}') for w in text.split() if any(c.isdigit() for c in w) and any(c.isalpha() for c in w) and len(w) > 5}
    assert not told & names


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("Dockerfile", "config"),
        ("app.toml", "config"),
        ("notes.md", "document"),
        ("main.rs", "source"),
        ("shop.log", "log"),
        ("shop.log.1", "log"),
        ("C:\\logs\\shop.log.gz", "log"),
        ("nginx.conf.bak", "config"),
        ("trace.har", "capture"),
        ("node.prom", "metrics"),
    ],
)
def test_a_name_suggests_a_type(name: str, type_: str) -> None:
    told = suggestion(name)
    assert told
    assert told[0] == type_


def test_a_name_decides_where_the_content_is_silent() -> None:
    silent = b"alpha beta\ngamma\n"
    assert classify(silent).type == "unknown"
    assert classify(silent, "worker.log").type == "log"
    assert classify(silent, "worker.conf").type == "config"


def test_the_media_type_is_asked_last() -> None:
    silent = b"alpha beta\ngamma\n"
    assert classify(silent, "", "text/markdown").type == "document"
    assert classify(silent, "worker.log", "text/markdown").type == "log"


def test_a_log_with_traces_inside_is_a_log() -> None:
    trace = '  File "/srv/a.py", line 3, in run\n    go()\n' * 8
    text = (
        f"2026-03-01 10:00:00 ERROR job failed\nTraceback (most recent call last):\n{trace}ValueError: no\n2026-03-01 10:00:09 INFO retry\n"
    )
    assert classify(text.encode()).type == "log"


def test_a_diff_of_a_program_is_source() -> None:
    assert classify(b"--- a/run.py\n+++ b/run.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n").type == "source"


def test_a_program_full_of_doc_strings_is_source() -> None:
    doc = '    """Return the number of orders that were paid and are not sent yet.\n\n    The caller has to hold the lock.\n    """\n'
    text = "".join(f"def step_{i}(orders):\n{doc}    return len(orders)\n\n\n" for i in range(6))
    assert classify(text.encode()).type == "source"


def test_comments_do_not_make_a_configuration_a_document() -> None:
    remarks = "# This file says how the cache is set up.\n# Every line below is explained in the manual of the server.\n" * 6
    assert classify(f"{remarks}\nssl_session_timeout 24h;\nkeepalive_timeout 300s;\n".encode()).format == "nginx"


def test_only_the_head_is_looked_at() -> None:
    log = b"2026-03-01T10:00:00Z INFO tick\n" * 20_000
    assert classify(log).format == classify(log[:262_144]).format == "plain-log"


def test_colours_of_a_terminal_do_not_hide_a_log() -> None:
    assert classify(b"\x1b[32m2026-03-01 10:00:00\x1b[0m INFO up\n\x1b[31m2026-03-01 10:00:01\x1b[0m ERROR down\n").type == "log"
