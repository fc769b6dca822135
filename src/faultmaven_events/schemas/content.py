"""The claim check: a reference to bytes in the blob store. Bytes themselves never travel."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from faultmaven_events.schemas.model import Model

Area = Literal["raw", "clean"]
"""`raw` is what was handed in and may be opened by classify and sanitize only; `clean` is what sanitize and later stages wrote."""


class Content(Model):
    """Where content lies, how long it is and what it must hash to."""

    area: Area
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")] = Field(description="Name inside the tenant's area")
    size: int = Field(ge=0, description="Bytes of the plain content")
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(description="Of the plain content")
    media_type: str = Field(default="application/octet-stream", max_length=127)
