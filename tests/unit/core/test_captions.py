"""What people call a file is sealed for one job of one tenant, and until it is opened the file has a name that says nothing of it."""

import base64
import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.errors import UnreadableContent
from faultmaven_events.infra.captions import Caption, Captions, neutral
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.evidence import SEALED_LIMIT, Submitted

KEY = bytes(range(32))
JOB = UUID("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
CONTENT = Content(area="raw", key="aa", size=1, sha256="0" * 64)
CAPTIONS = Captions(KEY)
JANE = Caption(name="jane.log", title="Of Jane", tags=("jane", "eu"))

CHARACTERS = st.characters(exclude_categories=["Cs"])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=255)


@settings(deadline=None)
@given(NAMES, st.none() | st.text(CHARACTERS, max_size=300), st.lists(st.text(CHARACTERS, min_size=1, max_size=64), max_size=32))
def test_what_was_sealed_comes_back_and_always_fits_an_event(name: str, title: str | None, tags: list[str]) -> None:
    caption = Caption(name=name, title=title, tags=tuple(tags))
    sealed = CAPTIONS.seal("acme", JOB, caption)
    assert Submitted(name="a", content=CONTENT, sealed=sealed).sealed == sealed
    assert CAPTIONS.open("acme", JOB, sealed) == caption


def test_the_largest_caption_fits_an_event() -> None:
    largest = Caption(name="\U0001f4a5" * 255, title="\x01" * 300, tags=("\x01" * 64,) * 32)
    assert len(CAPTIONS.seal("acme", JOB, largest)) <= SEALED_LIMIT


def test_the_same_caption_is_sealed_the_same_way_each_time_and_another_way_for_another_job() -> None:
    assert CAPTIONS.seal("acme", JOB, JANE) == CAPTIONS.seal("acme", JOB, JANE)
    assert len({CAPTIONS.seal(tenant, job, JANE) for tenant in ("acme", "b") for job in (JOB, UUID(int=1))}) == 4


def test_its_length_tells_little() -> None:
    lengths = {len(CAPTIONS.seal("acme", JOB, Caption(name="a" * size))) for size in range(1, 200)}
    assert len(lengths) == 1


@pytest.mark.parametrize(("key", "tenant", "job"), [(bytes(32), "acme", JOB), (KEY, "other", JOB), (KEY, "acme", UUID(int=1))])
def test_nobody_opens_it_with_another_key_for_another_tenant_or_beside_another_job(key: bytes, tenant: str, job: UUID) -> None:
    with pytest.raises(UnreadableContent, match="does not open") as raised:
        Captions(key).open(tenant, job, CAPTIONS.seal("acme", JOB, JANE))
    assert raised.value.__suppress_context__  # what was decrypted would stand in the error before it


@settings(deadline=None)
@given(st.data())
def test_what_was_changed_does_not_open(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(CAPTIONS.seal("acme", JOB, JANE)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnreadableContent):
        CAPTIONS.open("acme", JOB, base64.b64encode(raw).decode())


@pytest.mark.parametrize("sealed", ["AAAA", "A", "A===", "é", "\x00", "QUJD" * 6_000])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(UnreadableContent):
        CAPTIONS.open("acme", JOB, sealed)


def test_the_key_is_not_shown() -> None:
    assert repr(KEY)[2:20] not in repr(CAPTIONS)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("payroll-jane.doe.log", "upload-2e3f4a5b.log"),
        ("APP.LOG", "upload-2e3f4a5b.log"),
        ("jane.log.1.gz", "upload-2e3f4a5b.log.1.gz"),
        ("jane.tar.gz", "upload-2e3f4a5b.tar.gz"),
        ("jane.gz", "upload-2e3f4a5b.gz"),
        ("jane.log.20260314", "upload-2e3f4a5b"),
        ("conf.jane", "upload-2e3f4a5b"),
        ("jane", "upload-2e3f4a5b"),
        ("nginx.conf", "nginx.conf"),
        ("NGINX.CONF", "nginx.conf"),
        ("jane.nginx.conf", "upload-2e3f4a5b.conf"),
        ("bundle.zip/etc/nginx.conf", "nginx.conf"),
        ("c:\\jane\\docker-compose.yml", "docker-compose.yml"),
        ("Dockerfile", "Dockerfile"),
        (".env", ".env"),
        ("jane.env", "upload-2e3f4a5b.env"),
        (".log", "upload-2e3f4a5b.log"),
        ("." * 255, "upload-2e3f4a5b"),
        (".log" * 63, "upload-2e3f4a5b.log"),
    ],
)
def test_of_a_name_its_well_known_ending_stays(name: str, shown: str) -> None:
    assert neutral(JOB, name) == shown


@given(NAMES)
def test_a_neutral_name_stays_as_it_is(name: str) -> None:
    assert neutral(JOB, neutral(JOB, name)) == neutral(JOB, name)


@given(NAMES)
def test_of_any_name_nothing_stays_that_is_not_on_the_list(name: str) -> None:
    job = uuid4()
    kept = neutral(job, name)
    assert re.fullmatch(rf"upload-{job.hex[-8:]}(\.[a-z0-9]{{1,10}}(\.\d{{1,2}})?)?(\.(gz|bz2|xz|zst|zip))?", kept) or kept == neutral(
        uuid4(), name
    )
