"""The points of a metrics file as they lie between process and record, and as they are shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from faultmaven_events.schemas.model import Model

MOST_SERIES = 200
"""Series of one file that are kept."""
MOST_OF_ONE = 2_000
"""Points of one series that are kept; of more, those that show its shape."""
MOST_IN_ALL = 200_000

Text = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
Point = tuple[datetime, float]


class Column(Model):
    """One series; `at` and `values` have the same length."""

    name: Text
    component: Text | None = None
    unit: Text | None = None
    samples: int = Field(ge=1, description="How many the file held")
    at: tuple[int, ...] = Field(max_length=MOST_OF_ONE, description="Milliseconds since 1970, UTC, in order")
    values: tuple[float, ...] = Field(max_length=MOST_OF_ONE)


class Points(Model):
    """The series of one file, the most telling first."""

    schema_version: Literal[1] = 1
    series: tuple[Column, ...] = Field(max_length=MOST_SERIES)


class SeriesLine(Model):
    """One series of a job, as it is shown; `points` is thinned, and empty where none were asked for."""

    name: str
    component: str | None = None
    unit: str | None = None
    samples: int = Field(description="How many the file held")
    kept: int = Field(description="How many of them lie in the store")
    first: datetime
    last: datetime
    minimum: float
    maximum: float
    points: tuple[Point, ...] = ()


class SeriesPage(Model):
    """The series of a job that fit a name, the most telling first."""

    job_id: UUID
    total: int = Field(ge=0, description="Series that fit, shown or not")
    items: tuple[SeriesLine, ...]
