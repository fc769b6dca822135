import bz2
import gzip
import io
import lzma
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import docx
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.classify.extract import ADVICE, ExtractedText, extract, need
from faultmaven_events.consumers.classify.unpack import PIECE, Unpacker, peek
from faultmaven_events.errors import ContentTooLarge, UnreadableContent
from faultmaven_events.schemas.evidence import Classification

LIMIT = 5_000_000
LOG = b"".join(b"2026-03-01T10:00:%02dZ INFO step %d done\n" % (i % 60, i) for i in range(3000))


def read(data: bytes, name: str = "", limit: int = LIMIT) -> ExtractedText:
    return extract(data, classify(data, name), name, limit=limit)


def pdf(*texts: str, encrypt: bool = False) -> bytes:
    """A PDF with a page per text, written by hand: objects, a table of their places, a trailer."""
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(len(texts)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>"]
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    for i, text in enumerate(texts):
        shown = "\n".join(f"BT /F1 12 Tf 20 {700 - 20 * n} Td ({line}) Tj ET" for n, line in enumerate(text.split("\n")) if line)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources {font} /Contents {4 + 2 * i} 0 R >>",
            f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        ]
    lock = ""
    if encrypt:
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >>")
        lock = f"/Encrypt {len(objects)} 0 R /ID [<{'43' * 16}> <{'43' * 16}>]"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {lock} >>\n"
    return out + end.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Disk is full", level=2)
    document.add_paragraph("Free some space first.")
    document.add_paragraph("Look at the logs", style="List Bullet")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "host", "db01"
    document.add_paragraph("Then restart.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_plain_text_is_passed_on_byte_for_byte() -> None:
    data = "first\r\n\nthird \u00fc\n".encode()
    assert read(data, "a.log") == ExtractedText(data, "utf-8", None)


PACKERS = [gzip.compress, bz2.compress, lzma.compress, zstd.compress]


@pytest.mark.parametrize("pack", PACKERS)
def test_a_packed_log_is_unpacked_whole(pack: Callable[[bytes], bytes]) -> None:
    found = read(pack(LOG), "a.log.gz")
    assert found.text == LOG


def test_packed_parts_in_a_row_are_one_file() -> None:
    assert read(gzip.compress(LOG) + gzip.compress(LOG)).text == LOG + LOG


def test_padding_after_a_packed_file_is_no_damage() -> None:
    assert read(gzip.compress(LOG) + bytes(512)).text == LOG


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_packed_file_is_unreadable(pack: Callable[[bytes], bytes], share: float) -> None:
    whole = pack(LOG + os.urandom(20_000))
    with pytest.raises(UnreadableContent, match="truncated"):
        read(whole[: int(len(whole) * share)], "a.log.gz")


def test_a_damaged_packed_file_is_unreadable() -> None:
    packed = bytearray(gzip.compress(LOG))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = os.urandom(40)
    with pytest.raises(UnreadableContent, match=r"damaged|truncated"):
        read(bytes(packed))


def test_a_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"a line of text\n" * 2_000_000)
    assert len(bomb) < 200_000
    with pytest.raises(ContentTooLarge):
        read(bomb, limit=1_000_000)


def test_a_zstd_frame_that_asks_for_terabytes_of_memory_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\xf8" + b"\x01\x00\x00"  # a header with a window of 2 TiB, and an empty last block
    with pytest.raises(UnreadableContent, match="damaged"):
        read(frame + bytes(20), "a.log.zst")


def test_unpacking_yields_small_pieces_however_small_the_input() -> None:
    unpacker = Unpacker("gzip", limit=100_000_000)
    pieces = list(unpacker.feed(gzip.compress(bytes(20_000_000))))
    unpacker.finish()
    assert max(map(len, pieces)) <= PIECE
    assert sum(map(len, pieces)) == 20_000_000


def test_unpacking_does_not_depend_on_where_the_input_is_cut() -> None:
    packed = gzip.compress(LOG, 1) + gzip.compress(LOG, 9)
    unpacker = Unpacker("gzip", limit=LIMIT)
    assert b"".join(piece for at in range(0, len(packed), 7) for piece in unpacker.feed(packed[at : at + 7])) == LOG + LOG
    unpacker.finish()


def test_a_peek_needs_the_start_only() -> None:
    assert peek(gzip.compress(LOG)[:2000], "gzip", 500) == LOG[:500]


def test_a_packed_file_in_a_packed_file_is_refused() -> None:
    with pytest.raises(UnreadableContent, match="inside a packed file"):
        read(gzip.compress(gzip.compress(LOG)))


def test_a_packed_document_is_read() -> None:
    assert "Restart the shop" in read(gzip.compress(pdf("Restart the shop")), "a.pdf.gz").text.decode()


def test_the_text_of_a_pdf_keeps_its_lines_and_pages() -> None:
    found = read(pdf("Restart the shop\nThen wait", "Second page"))
    assert found.text.decode().split("\n") == ["Restart the shop", "Then wait", "", "Second page", ""]
    assert found.charset == "utf-8"


def test_a_pdf_without_text_is_unreadable_and_says_why() -> None:
    with pytest.raises(UnreadableContent, match="no text layer"):
        read(pdf("", ""))


def test_an_encrypted_pdf_is_unreadable_and_says_why() -> None:
    with pytest.raises(UnreadableContent, match="encrypted"):
        read(pdf("secret", encrypt=True))


def test_a_damaged_pdf_is_unreadable() -> None:
    with pytest.raises(UnreadableContent, match="damaged"):
        read(b"%PDF-1.4\nnothing that follows\n")


def test_the_pages_of_a_pdf_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faultmaven_events.consumers.classify.pdf.PAGES", 2)
    found = read(pdf("one", "two", "three"))
    assert "three" not in found.text.decode()
    assert found.note == "only the first 2 of 3 pages were read"


def test_a_word_document_keeps_headings_lists_and_tables() -> None:
    lines = read(word(), "a.docx").text.decode().split("\n")
    assert lines == ["## Disk is full", "Free some space first.", "- Look at the logs", "", "host | db01", "", "Then restart.", ""]


def test_a_word_document_that_is_a_bomb_is_too_large() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(3_000_000))
    with pytest.raises(ContentTooLarge):
        read(out.getvalue(), limit=1_000_000)


def test_a_word_document_without_its_parts_is_unreadable() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<oops")
    with pytest.raises(UnreadableContent, match="damaged"):
        read(out.getvalue())


def test_a_cut_word_document_is_unreadable() -> None:
    with pytest.raises(UnreadableContent):
        read(word()[:-2000])


def test_a_page_of_html_becomes_lines_of_text() -> None:
    page = (
        "<!doctype html><html><head><title>Run &amp; book</title><style>p{}</style></head><body><script>let a = 1</script>"
        "<h2>Restart</h2><p>Do <b>this</b>\n now.</p><ol><li>one<li>two</ol><pre>a\n  b</pre>"
        "<table><tr><th>x<th>y<tr><td>1<td>2</table></body></html>"
    )
    assert read(page.encode()).text.decode().split("\n") == [
        "# Run & book",
        "## Restart",
        "Do this now.",
        "- one",
        "- two",
        "a",
        "  b",
        "x | y",
        "1 | 2",
        "",
    ]


def test_html_in_its_declared_charset_is_read() -> None:
    page = '<html><head><meta charset="cp1251"></head><body><p>Ошибка соединения с базой</p></body></html>'
    assert "Ошибка соединения" in read(page.encode("cp1251")).text.decode()


def test_deeply_nested_html_is_read_or_refused() -> None:
    page = b"<html><body>" + b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000
    with suppress(UnreadableContent):
        assert read(page).charset == "utf-8"


def test_wide_characters_become_utf8() -> None:
    found = read("2026-03-01 10:00:00 INFO größer\n".encode("utf-16"))
    assert found == ExtractedText("2026-03-01 10:00:00 INFO größer\n".encode(), "utf-8", "rewritten as UTF-8 from utf-16")


@pytest.mark.parametrize("form", sorted(ADVICE))
def test_what_is_not_read_says_so_in_a_sentence(form: str) -> None:
    with pytest.raises(UnreadableContent) as caught:
        need(Classification(type="unknown", format=form, confidence=1, reason="x"))
    assert len(str(caught.value)) > 15


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"  \n\n\t", "the file is empty"),
        (bytes(range(256)) * 16, "binary content of unknown kind"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(60), "as zip or tar"),
        (b"snoop\0\0\0" + bytes(60), "editcap"),
        (zlib.compress(LOG), "binary content"),
    ],
)
def test_unreadable_files_say_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableContent, match=words):
        read(data)
