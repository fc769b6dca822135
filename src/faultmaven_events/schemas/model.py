"""The model that every schema derives from."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Model(BaseModel):
    """Immutable, and closed: an unknown field is an error, so that a typing mistake of a publisher is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A file's or a document's name, as handed in."""

Token = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$")]
"""An identifier: tenant, user, session, case."""

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]
