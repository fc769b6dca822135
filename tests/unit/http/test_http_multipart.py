from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.producers.http.multipart import PARTS, Part, boundary_of, read
from faultmaven_events.producers.http.problems import Problem

BOUNDARY = b"xBoundaryx"
Read = list[tuple[str, bytes | None, str, bytes]]


def form(*parts: tuple[str, bytes], boundary: bytes = BOUNDARY) -> bytes:
    """Parts as (the rest of Content-Disposition and further headers, body)."""
    written = b"".join(
        b"--" + boundary + b"\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts
    )
    return written + b"--" + boundary + b"--\r\n"


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read_all(pieces: Sequence[bytes], boundary: bytes = BOUNDARY) -> Read:
    return [
        (part.name, part.filename, part.media_type, b"".join([piece async for piece in part.pieces()]))
        async for part in read(stream(pieces), boundary)
    ]


TRICKY = b"\r\n--xBoundary\r\n--xBoundaryy\r\r\n-\r\n--" + bytes(range(256)) + b"\r\n"
FILE = 'name="file"; filename="a b.log"\r\nContent-Type: text/plain'
BODY = form(('name="title"', b"Checkout is down"), (FILE, TRICKY), ('name="tags"', b""))
EXPECTED: Read = [
    ("title", None, "application/octet-stream", b"Checkout is down"),
    ("file", b"a b.log", "text/plain", TRICKY),
    ("tags", None, "application/octet-stream", b""),
]


async def test_a_form_reads_the_same_wherever_it_is_cut_in_two() -> None:
    for cut in range(len(BODY) + 1):
        assert await read_all([BODY[:cut], BODY[cut:]]) == EXPECTED, cut


async def test_a_form_reads_the_same_byte_by_byte() -> None:
    assert await read_all([bytes([byte]) for byte in BODY]) == EXPECTED


CONTENT = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", b"xBoundary", b"x", b"\x00", b"log line\n"]), max_size=30).map(
    b"".join
)


@settings(max_examples=150, deadline=None)
@given(contents=st.lists(CONTENT, min_size=1, max_size=4), cuts=st.lists(st.integers(0, 600), max_size=8))
async def test_no_content_and_no_split_confuses_the_parts(contents: list[bytes], cuts: list[int]) -> None:
    contents = [content for content in contents if b"\r\n--" + BOUNDARY not in b"\r\n" + content] or [b"x"]
    body = form(*[(f'name="file"; filename="{index}"', content) for index, content in enumerate(contents)])
    edges = [0, *sorted(cut % len(body) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    assert [content for *_, content in await read_all(pieces)] == contents


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(BODY)))
async def test_garbage_is_a_problem_and_never_another_error(garbage: bytes, at: int) -> None:
    try:
        await read_all([BODY[:at] + garbage + BODY[at:]])
    except Problem as problem:
        assert problem.status in {400, 413}  # noqa: PT017  # both outcomes are right: garbage inside a part is content


async def test_a_body_that_ends_early_is_malformed_at_every_length() -> None:
    closing = len(BODY) - 2
    for length in range(closing):
        with pytest.raises(Problem) as caught:
            await read_all([BODY[:length]])
        assert caught.value.code == "malformed-multipart", length


async def test_a_part_nobody_read_is_skipped() -> None:
    assert [part.name async for part in read(stream([BODY]), BOUNDARY)] == ["title", "file", "tags"]


async def test_nothing_is_read_ahead_of_the_reader() -> None:
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        for start in range(0, len(BODY), 16):
            taken += 16
            yield BODY[start : start + 16]

    async for part in read(counted(), BOUNDARY):
        if part.name == "file":
            before = taken
            await anext(part.pieces())
            assert taken - before <= 32
            break


async def test_the_epilogue_is_ignored() -> None:
    assert await read_all([BODY + b"whatever", b"--xBoundaryx\r\n"]) == EXPECTED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'{"question": "why?"}',
        b"--other\r\n" + BODY,
        BODY.replace(b"form-data", b"attachment"),
        BODY.replace(b'name="title"', b"title"),
        BODY.replace(b'name="title"', b'name=""'),
        BODY.replace(b'name="title"', b'name="' + b"n" * 65 + b'"'),
        form(('name="file"\r\nContent-Transfer-Encoding: base64', b"aGk=")),
        form(('name="file"\r\nX-A: 1\r\nX-A: 2', b"")),
        form(('name="file"\r\nbad header: 1', b"")),
        form(('name="file"\r\nX-Long: ' + "x" * 9000, b"")),
        form(('name="file"' + "".join(f"\r\nX-{n}: 1" for n in range(20)), b"")),
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_a_malformed_form_says_so(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        await read_all([body])
    assert (caught.value.code, caught.value.status) == ("malformed-multipart", 400)


async def test_a_form_has_a_bounded_number_of_parts() -> None:
    with pytest.raises(Problem) as caught:
        await read_all([form(*[('name="tags"', b"x")] * (PARTS + 1))])
    assert caught.value.status == 413


async def test_a_field_that_is_not_utf8_says_so() -> None:
    with pytest.raises(Problem) as caught:
        await _texts(form(('name="title"', b"\xff\xfe")))
    assert caught.value.code == "invalid-encoding"


async def test_a_field_over_its_limit_is_cut_off_at_once() -> None:
    with pytest.raises(Problem) as caught:
        await _texts(form(('name="title"', b"x" * 101)))
    assert caught.value.status == 413


async def _texts(body: bytes) -> list[str]:
    async def text(part: Part) -> str:
        return await part.text(100)

    return [await text(part) async for part in read(stream([body]), BOUNDARY)]


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("", "unsupported-media-type"),
        ("application/json", "unsupported-media-type"),
        ("multipart/mixed; boundary=x", "unsupported-media-type"),
        ("multipart/form-data", "malformed-multipart"),
        ("multipart/form-data; boundary=", "malformed-multipart"),
        ("multipart/form-data; boundary=" + "x" * 71, "malformed-multipart"),
    ],
)
def test_a_content_type_without_a_usable_boundary_is_refused(content_type: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        boundary_of(content_type)
    assert caught.value.code == code


def test_the_boundary_may_be_quoted() -> None:
    assert boundary_of('Multipart/Form-Data; charset=utf-8; boundary="a b"') == b"a b"
