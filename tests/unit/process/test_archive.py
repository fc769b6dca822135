from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.archive import analyse_archive
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.manifest import Line, written

LINES = (
    Line("taken", 12_345, "logs/app.log"),
    Line("cut", 800, "logs/db.log", "the archive ends inside it"),
    Line("skipped", 20, "a.key", "encrypted"),
    Line("skipped", 30, "b.key", "encrypted"),
    Line("broken", 0, ".", "the archive ends too early"),
    Line("more", 1_200, why="encrypted"),
)
ARCHIVE = Classification(type="archive", format="tar.gz", confidence=0.99, reason="the first bytes")


def said(text: str, kind: Classification = ARCHIVE) -> Insights:
    return analyse(text.encode(), kind, evidence_id=UUID(int=1), name="bundle.tar.gz")


def test_an_archive_says_what_was_taken_and_for_each_reason_what_was_not() -> None:
    found = said(written(LINES))
    assert [(fact.kind, fact.count, fact.text) for fact in found.facts] == [
        ("unpacked", 2, "2 files of 13,145 bytes were taken out of this tar.gz archive, each a piece of evidence"),
        ("not_unpacked", 1, "1 file cut off: the archive ends inside it (logs/db.log)"),
        ("not_unpacked", 1, "1 archive not read to the end: the archive ends too early"),
        ("not_unpacked", 1_202, "1,202 files not unpacked: encrypted (a.key, b.key)"),
    ]
    assert found.truncated[0] == "1,202 files not unpacked: encrypted"
    assert [fact.citations[0].line_start for fact in found.facts] == [1, 2, 5, 3]
    assert found.facts[3].citations[0].quote == "skipped 20 bytes (encrypted): a.key"


def test_a_name_that_speaks_of_errors_is_no_error() -> None:
    found = said(written([Line("taken", 5, "connection-refused-error.log")]))
    assert {fact.kind for fact in found.facts} == {"unpacked"}


def test_a_picture_says_that_it_was_not_analysed() -> None:
    text = "picture png, 2 x 2 pixels, 60 bytes\nnot analysed: no text is read from pictures; the picture itself was not kept\n"
    [fact] = said(text, ARCHIVE.model_copy(update={"type": "image", "format": "png"})).facts
    assert fact.kind == "not_analysed"
    assert "not analysed" in fact.text


@given(st.text(max_size=300))
def test_no_text_is_too_odd_for_a_manifest(text: str) -> None:
    found = analyse_archive(text, evidence_id=UUID(int=1), name="a.zip", classification=ARCHIVE)
    assert found.lines == len(text.removesuffix("\n").split("\n")) - (not text)
