"""How a job ends."""

from datetime import datetime
from typing import Any

from pydantic import Field

from faultmaven_events.schemas.model import Model


class Failure(Model):
    """Why a job failed, safe to show: `message` never holds content of evidence."""

    code: str = Field(max_length=64, description="Stable, see `errors`")
    message: str = Field(max_length=1000)
    stage: str = Field(max_length=32)
    attempts: int = Field(default=1, ge=0)
    retryable: bool = False


class Completed(Model):
    """The job's result is stored. `result` is what `GET /jobs/{id}` shows, for evidence what gather needs as well."""

    result: dict[str, Any]


class Failed(Model):
    """The job ended without a result; there is a dead letter with its id in `dead_letter`."""

    error: Failure
    name: str | None = Field(default=None, max_length=255)
    dead_letter: str | None = Field(default=None, max_length=64)
    failed_at: datetime


class Delayed(Model):
    """A stage could not finish and tries again: the job waits on the retry ladder."""

    error: Failure
    next_at: datetime


class Redriven(Model):
    """A dead letter of the job was sent on its way again; the envelope's `generation` is the new one."""

    dead_letter: str = Field(max_length=64)
    by: str = Field(max_length=128)


class Cancelled(Model):
    """Somebody does not want the job any more."""

    by: str = Field(max_length=128)
    reason: str | None = Field(default=None, max_length=500)
    cancelled_at: datetime
