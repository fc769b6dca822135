import pytest
from classify_samples import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.classify.charset import charset
from faultmaven_events.consumers.classify.classify import classify
from hanging import must_end


@given(st.binary(max_size=4000))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_raise(data: bytes) -> None:
    found = classify(data)
    assert 0 <= found.confidence <= 1
    assert found.reason


@given(
    st.text(max_size=1500),
    st.sampled_from(["", "a.log", "b.yaml", "..", "/", "x" * 255, "\u202e.md"]),
    st.sampled_from([None, "", "text/csv", ";;"]),
)
@settings(max_examples=150, deadline=None)
def test_no_text_name_or_hint_makes_it_raise(text: str, name: str, hint: str | None) -> None:
    classify(text.encode("utf-8", "replace"), name, hint)


@given(st.sampled_from([text for _, _, text in SAMPLES]), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_sample_does_not_make_it_raise(text: str, at: int, value: int) -> None:
    data = bytearray(text.encode())
    data[at % len(data)] = value
    classify(bytes(data[: max(1, len(data) - at % 7)]))


@pytest.mark.parametrize(
    "piece", ["a", " ", "-", "=", ":", '"', '\\"', "[", "{", "<", "a.", "a-", "a=", "a:", "a b ", "::", "1,", "{{", '"a', "at "]
)
def test_lines_made_to_hang_it_do_not(piece: str) -> None:
    data = (piece * 600 + "!\n").encode() * 60
    with must_end():
        assert classify(data).reason


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "png"),
        (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "pcap"),
        (b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00", "pcapng"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04" + bytes(26), "zip"),
        (b"\x7fELF\x02", "elf"),
        (bytes(257) + b"ustar\x0000", "tar"),
        (bytes(range(256)) * 8, "binary"),
        (b"", "empty"),
        (b" \r\n\t\x00", "empty"),
    ],
)
def test_binary_formats_are_known_by_their_first_bytes(data: bytes, form: str) -> None:
    assert classify(data).format == form


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_a_binary_capture_is_a_capture(form: str) -> None:
    head = {"pcap": b"\xa1\xb2\xc3\xd4", "pcapng": b"\x0a\x0d\x0d\x0a"}[form]
    assert classify(head + bytes(40)).type == "capture"


LINES = """2026-03-01 10:00:00 INFO Größe geändert für Straße und Fähre, Übergabe später
2026-03-01 10:00:05 WARN Änderung läßt auf sich warten, außerdem zählt das nicht
"""


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_log_is_a_log_in_any_charset(name: str) -> None:
    data = (LINES * 4).encode(name)
    found = classify(data)
    assert found.type == "log"
    assert data.decode(found.charset).removeprefix("\ufeff") == LINES * 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1251", "Ошибка соединения с базой данных, повторная попытка\n"),
        ("shift_jis", "データベースへの接続に失敗しました。再試行します。\n"),
        ("gb18030", "无法连接到数据库，正在重试，请稍候。\n"),
    ],
)
def test_other_alphabets_are_readable_afterwards(name: str, text: str) -> None:
    data = (f"2026-03-01 10:00:00 ERROR {text}" * 20).encode(name)
    found = charset(data)
    assert found
    assert text.strip()[:4] in data.decode(found, "replace")


def test_a_few_wrong_bytes_leave_a_text_utf8() -> None:
    assert charset("naïve café\n".encode() * 400 + b"\xff\xfe broken\n" + "naïve café\n".encode() * 400) == "utf-8"


def test_a_log_that_begins_with_a_hole_is_text() -> None:
    assert classify(bytes(4096) + b"2026-03-01 10:00:00 INFO back again\n" * 5).type == "log"
