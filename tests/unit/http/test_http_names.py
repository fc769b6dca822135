import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from faultmaven_events.producers.http.names import basename, is_document
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.model import Name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"app.log", "app.log"),
        (b"/etc/passwd", "passwd"),
        (b"../../up.log", "up.log"),
        (b"C:\\logs\\app.log", "app.log"),
        ("журнал.log".encode(), "журнал.log"),
        (b" spaced .log ", "spaced .log"),
        (b"a" * 255, "a" * 255),
    ],
)
def test_the_last_part_of_a_path_is_the_name(sent: bytes, kept: str) -> None:
    assert basename(sent) == kept


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"   ",
        b".",
        b"..",
        b"logs/",
        b"..\\",
        b"a\x00b",
        b"a\nb",
        b"\x1b[2J",
        b"\x7f",
        "a\u202egol.exe".encode(),
        b"\xff.log",
        b"a" * 256,
    ],
)
def test_a_name_that_could_mislead_is_refused(sent: bytes) -> None:
    with pytest.raises(Problem) as caught:
        basename(sent)
    assert (caught.value.code, caught.value.status) == ("invalid-name", 400)


@given(st.binary(max_size=300))
def test_whatever_is_kept_fits_the_schema(sent: bytes) -> None:
    try:
        name = basename(sent)
    except Problem:
        return
    assert TypeAdapter(Name).validate_python(name) == name
    assert "/" not in name


@pytest.mark.parametrize(
    "name", ["a.pdf", "A.PDF", "a.md", "a.markdown", "a.txt", "a.htm", "a.html", "a.docx", "notes.v2.txt", "a.zip", "a.tar.gz", "a.tgz"]
)
def test_documents_are_known_by_their_extension(name: str) -> None:
    assert is_document(name, "application/octet-stream")


def test_the_declared_type_counts_for_a_name_without_extension() -> None:
    assert is_document("runbook v1.2", "text/markdown")
    assert not is_document("runbook v1.2", "application/octet-stream")


@pytest.mark.parametrize("name", ["a.exe", "a.png", "a.doc", "a.7z", "a.rar"])
def test_other_kinds_are_no_documents_whatever_they_declare(name: str) -> None:
    assert not is_document(name, "text/plain")
