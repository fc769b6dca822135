# ruff: noqa: E501 - samples are written as the tools print them
"""Runbooks with the password in them, as they are found in every company."""

import io
from collections.abc import Callable

import docx

from e2e.canaries import Canaries


def _markdown(c: Canaries) -> str:
    return (
        f"# Restore the shop\n\nAsk {c.email()} ({c.phone()}) first. The password is {c.password()}.\n\n"
        f"```sh\nexport DB_PASSWORD={c.password()}\ncurl -H 'Authorization: Bearer {c.jwt()}' https://shop.internal/health\n"
        f"psql {c.database()}\n```\n\n{c.pem()}\n\n| host | address |\n|---|---|\n| db | {c.address()} |\n\n"
        f"| user | password |\n|---|---|\n| root | {c.password()} |\n"
    )


def _html(c: Canaries) -> str:
    return (
        f"<html><head><title>Shop accounts</title></head><body><h1>Accounts</h1><!-- {c.github()} -->"
        f'<p>Mail <a href="mailto:{c.email()}">{c.email()}</a> or call {c.phone()}.</p><pre>password: {c.password()}\n'
        f"url: {c.database()}</pre><table><tr><td>IBAN</td><td>{c.iban()}</td></tr><tr><td>SSN</td><td>{c.ssn()}</td></tr></table>"
        f"</body></html>"
    )


def _told(c: Canaries) -> list[str]:
    return [
        "How to restart the shop",
        f"Ask {c.email()} or call {c.phone()} before you begin.",
        f"The password is {c.password()}",
        f"export API_TOKEN={c.bearer()}",
        f"psql {c.database()}",
        f"Refunds go to {c.iban()}; the card is {c.card()}",
        f"Authorization: Bearer {c.bearer()}",
    ]


def _docx(c: Canaries) -> bytes:
    document = docx.Document()
    document.core_properties.author = c.email()
    for text in _told(c):
        document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "password", c.password()
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def pdf(*pages: str, info: str = "") -> bytes:
    """Return a PDF with a line of text per line of each page; `info` is its author."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, page in enumerate(pages):
        shown = "".join(f"({_bare(line)}) Tj 0 -14 Td " for line in page.split("\n"))
        stream = f"BT /F1 9 Tf 40 780 Td {shown}ET".encode("latin-1")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 800] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(f"<< /Author ({_bare(info)}) >>".encode())
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(objects), len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def _bare(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _pdf(c: Canaries) -> bytes:
    return pdf("\n".join(_told(c)), "\n".join(_told(c)), info=c.email())


def _text(c: Canaries) -> str:
    return "\n\n".join(_told(c)) + "\n"


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {
    "restore.md": _markdown,
    "accounts.html": _html,
    "restart.docx": _docx,
    "restart.pdf": _pdf,
    "restart.txt": _text,
}
