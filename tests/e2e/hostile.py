"""Files that are made to break whoever reads them, small enough to be sent, each with the mark `ZQXJ` in its content where it has one."""

import gzip
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable
from typing import Final

MIB: Final = 1 << 20
MARK: Final = "ZQXJ"
CATALOG: Final = b"<< /Type /Catalog /Pages 2 0 R >>"
STAMP: Final = b"2026-03-14 09:10:01 ERROR shop "


def _full(piece: bytes, size: int) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def _zip(*members: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return held.getvalue()


def _nested(depth: int) -> bytes:
    data = MARK.encode() * 1000
    for level in range(depth):
        data = _zip(*((f"{level}-{number}.zip", data) for number in range(5)))
    return data


def _overlapping() -> bytes:
    """Many entries of the directory that all point at one member."""
    whole = _zip(("a.log", bytes(20 * MIB)))
    begin = whole.rindex(b"PK\x01\x02")
    end = whole.rindex(b"PK\x05\x06")
    entries, tail = whole[begin:end] * 200, bytearray(whole[end:])
    tail[8:12] = (200).to_bytes(2, "little") * 2
    tail[12:16] = len(entries).to_bytes(4, "little")
    return whole[:begin] + entries + bytes(tail)


def _entries(count: int) -> bytes:
    info = tarfile.TarInfo("a.log")
    return gzip.compress(info.tobuf() * count + bytes(1024), 1)


def _pdf(*objects: bytes) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def _stream_bomb() -> bytes:
    import zlib

    text = zlib.compress(b"BT /F1 9 Tf (" + MARK.encode() + b") Tj ET " + b" " * (100 * MIB), 1)
    text = zlib.compress(text)
    return _pdf(
        CATALOG,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (len(text), text),
    )


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))
    return f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "{MARK}">{entities}]><l>&a29;</l>'.encode()


def _aliases() -> bytes:
    return "".join([f"a0: &a0 [{MARK}, x]\n", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40))]).encode()


def _templates(count: int) -> bytes:
    draw = random.Random(5)
    words = ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(5000)]
    return b"".join(STAMP + " ".join(draw.choices(words, k=5)).encode() + b"\n" for _ in range(count))


def _backwards() -> bytes:
    return b"".join(
        b"2026-03-14 %02d:%02d:%02d INFO shop step %d\n" % (23 - n // 3600, 59 - n // 60 % 60, 59 - n % 60, n) for n in range(20_000)
    )


def _holes() -> bytes:
    draw = random.Random(5)
    values = [b"NaN", b"inf", b"-inf", b"", b"1e400", b"1", b"abc"]
    rows = (b"2026-03-14T%02d:%02d:00Z,%s,%s\n" % (n // 60, n % 60, draw.choice(values), draw.choice(values)) for n in range(1_440))
    return b"time,a,b\n" + b"".join(rows)


def _recording(entries: int) -> bytes:
    one = {
        "startedDateTime": "2026-03-14T09:10:00Z",
        "time": 9,
        "request": {"method": "GET", "url": "https://shop.example/x", "headers": [{"name": "a", "value": "b" * 200}]},
        "response": {"status": 200, "content": {"text": "x" * 600}},
        "timings": {},
    }
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": [one] * entries}}).encode()


def _cycle(count: int) -> bytes:
    spans = [
        {
            "traceId": "a" * 32,
            "spanId": f"{n:016x}",
            "parentSpanId": f"{(n + 1) % count:016x}",
            "name": "x",
            "startTimeUnixNano": str(10**18 + n),
            "endTimeUnixNano": str(10**18 + n + 9),
        }
        for n in range(count)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


Made = Callable[[], bytes]

READ: Final[dict[str, Made]] = {
    "one-byte.log": lambda: b"x",
    "a-bang.log": lambda: STAMP + b"a" * (4 * MIB) + b"!\n",
    "quotes.log": lambda: STAMP + _full(b"\"'\\\"\\'", MIB) + b"\n",
    "keys.log": lambda: STAMP + _full(b"password=", MIB) + b"\n",
    "mails.log": lambda: STAMP + _full(b"a@a.", MIB) + b"\n",
    "endless.log.gz": lambda: gzip.compress(STAMP + b"a b" * (80 * MIB // 3) + b"\n", 1),
    "mixed.log": lambda: b"".join((STAMP + b"gr\xfc\xdfe\n", STAMP + "größe 日本\n".encode())) * 2_000,
    "nul.log": lambda: STAMP + b"\n" + (STAMP + b"x\n") * 500 + STAMP + b"a\0b\n",
    "utf16.log": lambda: ("2026-03-14 09:10:01 ERROR shop gone\r\n" * 2_000).encode("utf-16-le"),
    "templates.log.gz": lambda: gzip.compress(_templates(60_000), 1),
    "backwards.log": _backwards,
    "holes.csv": _holes,
    "laughs.xml": _laughs,
    "external.xml": lambda: b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>',
    "aliases.yaml": _aliases,
    "deep.json": lambda: b"[" * 100_000,
    "deep.yaml": lambda: b"a: " + b"[" * 100_000,
    "wide.csv.gz": lambda: gzip.compress(b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n" + b"1," * 999_999 + b"1\n", 1),
    "long.conf.gz": lambda: gzip.compress(b"".join(b"key%d = %d\n" % (n, n) for n in range(100_000)), 1),
    "large.har.gz": lambda: gzip.compress(_recording(6_000), 1),
    "cycle.json": lambda: _cycle(10_000),
    "headings.md": lambda: b"".join(b"# h%d\n" % n for n in range(50_000)),
    "brackets.md": lambda: b"# a\n" + b"[" * 100_000,
    "stream.pdf": _stream_bomb,
    "nested.zip": lambda: _zip(("good.log", STAMP + b"\n"), ("bomb.zip", _nested(6))),
}
"""What is read, as far as it goes."""

REFUSED: Final[dict[str, tuple[Made, str]]] = {
    "blank.log": (lambda: b" \n\t\n" * 1000, "unreadable_content"),
    "random.log": (lambda: random.Random(3).randbytes(50_000), "unreadable_content"),
    "deep.zip": (lambda: _nested(6), "unreadable_content"),
    "overlapping.zip": (_overlapping, "unreadable_content"),
    "ratio.zip": (lambda: _zip(("a.log", bytes(60 * MIB))), "unreadable_content"),
    "bomb.log.gz": (lambda: gzip.compress(STAMP + b"x\n" * (66 * MIB), 1), "content_too_large"),
    "entries.tar.gz": (lambda: _entries(100_000), "unreadable_content"),
    "pages.pdf": (lambda: _pdf(CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 999999999 >>"), "unreadable_content"),
    "tags.html": (lambda: b"<html><body>" + b"<div>" * 300_000, "unreadable_content"),
}  # fmt: skip
"""What is not, and the code that says so."""
