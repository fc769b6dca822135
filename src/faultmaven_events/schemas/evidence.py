"""What the kinds `ingest` and `document` carry, stage by stage: each stage adds to what the one before it gave."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.model import Model, Name, Tag, Token

INLINE_LIMIT = 65_536
"""Characters of text that a direct publisher may put into an event instead of a reference."""

EvidenceType = Literal[
    "log", "config", "metrics", "trace", "document", "source", "capture", "command_output", "image", "archive", "unknown"
]
Collection = Literal["user", "global", "case"]

SEALED_LIMIT = 24_576
"""Characters of a sealed name, title and tags."""


MOST_CHILDREN = 2_000
"""Files that one archive may hold."""


Sealed = Annotated[str, Field(min_length=1, max_length=SEALED_LIMIT, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
"""Name, title and tags as handed in, encrypted for classify and sanitize: base64 of nonce and AES-256-GCM (`infra.captions`)."""

_SEALED = "Name, title and tags as handed in, encrypted; they count instead of those that stand beside it. Put here by the ingress"


class Alternative(Model):
    """What the content might be instead."""

    type: EvidenceType
    format: str = Field(max_length=64)
    confidence: float = Field(ge=0, le=1)


class Classification(Model):
    """What the content is. `reason` names features of the content, never its text, and says why where the sender's hint was overridden."""

    type: EvidenceType
    format: str = Field(max_length=64, description="For example `json-lines`, `nginx`, `csv`, `markdown`")
    charset: str = Field(default="utf-8", max_length=32)
    confidence: float = Field(ge=0, le=1)
    reason: str = Field(max_length=300)
    alternatives: tuple[Alternative, ...] = Field(default=(), max_length=3, description="Best first; empty where nothing else came close")
    hint: EvidenceType | None = Field(default=None, description="What the sender's own word for it (media type) stands for")


class AllowList(Model):
    """The allow list that applied to a text, as it was then."""

    version: str = Field(max_length=64, description="Digest of its entries")
    size: int = Field(ge=1)


class Mark(Model):
    """Where something was hidden, so that a reviewer can point at it: the first place of personal data, every place of a secret."""

    line: int = Field(ge=1)
    column: int = Field(ge=1, description="Of the stand-in, in characters of the sanitized line")
    type: str = Field(max_length=64)
    token: str = Field(max_length=128, description="The stand-in as it stands there")
    digest: str = Field(max_length=64, description="Of type and value, keyed: equal for equal values, of no use without the key")


class Receipt(Model):
    """What sanitizing did to one text: counts, no values."""

    counts: dict[str, int] = Field(default_factory=dict, description="Replaced spans by type, for example EMAIL_ADDRESS")
    detector: str = Field(max_length=64, description="Name and version of the rules that ran")
    lines: int = Field(ge=0, description="Lines of the text, before and after")
    rules: str | None = Field(default=None, max_length=64, description="Digest of the rules: another one when any of them changed")
    allowed: dict[str, int] = Field(default_factory=dict, description="Found but left readable, because the tenant's allow list says so")
    allow_list: AllowList | None = None
    vault: Literal["kept", "off", "shredded"] = Field(
        default="off",
        description="Whether pseudonyms can be undone; `off`: there is no vault; `shredded`: the case's key is destroyed",
    )
    truncated: tuple[str, ...] = Field(
        default=(), max_length=4, description="What was too much to be kept: `vault`, `marks`, `lines` (over 64 Mi characters each)"
    )


class Twin(Model):
    """What sanitize stores beside a sanitized text, under its key and `.receipt`, and answers a redelivery from."""

    content: Content
    receipt: Receipt
    marks: tuple[Mark, ...] = ()
    words: tuple[str, ...] = Field(default=(), description="Name, title and tags of a file, sanitized")


class Submitted(Model):
    """What was handed in. Exactly one of `content` and `text`. Where something is `sealed`, `name` is a neutral one."""

    name: Name = Field(description="A direct publisher's own choice: it stands on the broker as it is until classify has sealed it")
    content: Content | None = None
    text: Annotated[str, Field(min_length=1, max_length=INLINE_LIMIT)] | None = Field(
        default=None, description="Inline text, for direct publishers; put nothing here that may not be on the broker"
    )
    media_type: str | None = Field(default=None, max_length=127, description="The sender's own word for what it is; a hint")
    title: str | None = Field(default=None, max_length=300)
    tags: tuple[Tag, ...] = Field(default=(), max_length=32)
    collection: Collection = "case"
    session_id: Token | None = None
    case_id: Token | None = None
    parent: UUID | None = Field(default=None, description="The job of the archive that this file was taken out of")
    sealed: Sealed | None = Field(default=None, description=_SEALED)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.content is None) == (self.text is None):
            raise ValueError("give exactly one of content and text")
        return self


class Described(Model):
    """What every later stage knows of a file."""

    name: Name
    content: Content
    classification: Classification
    title: str | None = Field(default=None, max_length=300)
    tags: tuple[Tag, ...] = ()
    collection: Collection = "case"
    session_id: Token | None = None
    case_id: Token | None = None
    parent: UUID | None = Field(default=None, description="The job of the archive that this file was taken out of")
    children: tuple[UUID, ...] = Field(default=(), max_length=MOST_CHILDREN, description="Of an archive: the jobs of its files")


class Classified(Described):
    """`content` is text, still raw: what was handed in, unpacked and extracted. `sealed` as it was submitted."""

    sealed: Sealed | None = Field(default=None, description=_SEALED)


class Sanitized(Described):
    """`content` is the sanitized twin: same lines, no personal data, no secrets. The raw blob is gone.

    So is `sealed`: name, title and tags are there in the clear, sanitized.
    """

    receipt: Receipt


class Processed(Sanitized):
    """`insights` is a clean blob: JSON of `insight.Insights`."""

    insights: Content
    summary: str = Field(max_length=2000, description="One or two sentences of what was found")
    findings: int = Field(default=0, ge=0)
    chunks: int = Field(default=0, ge=0)
    points: Content | None = Field(default=None, description="Of metrics, a clean blob: JSON of `points.Points`")


class Sampled(Model):
    """The series of a metrics file, for record to keep."""

    name: Name
    points: Content = Field(description="A clean blob: JSON of `points.Points`")
    series: int = Field(ge=1)
    samples: int = Field(ge=1)


class Embedded(Processed):
    """The chunks are searchable in the vector store."""

    vectors: int = Field(default=0, ge=0)
    model: str | None = Field(default=None, max_length=128)
