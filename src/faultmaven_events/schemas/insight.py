"""Facts out of one piece of evidence, typed, each pointing at its lines. Written by process, read by reason and embed.

`Fact.kind` is an open vocabulary; these are the kinds and what `attributes` then holds (all values sanitized):

    kind            meaning                                              attributes
    error           template of level error or worse                     template, level
    warning         template of level warning                            template, level
    first_seen      template that first occurs after the start           template, level
    burst           template whose rate jumps                            template, rate_before, rate_during
    silence         something regular stopped                            template, last_at
    exception       stack trace, grouped by type and frames              type, message, frames
    change          deployment, release, migration, config push, job     what, version, previous
    restart         process started, stopped, crashed or was killed      process, signal, exit_code
    http_errors     share of failing answers of a route or upstream      route, upstream, status, rate_before, rate_during
    latency         answers became slower                                route, upstream, p95_before, p95_during (seconds)
    limit           a limit was reached, as the text says                what, limit, value
    setting         a configuration value worth knowing                  path, value
    config_finding  syntax error or bad practice                         rule, severity, fix
    config_change   one changed value of a diff                          path, old, new
    change_point    a metric's level moved                               series, before, after
    anomaly         an episode outside a metric's baseline               series, direction, size
    saturation      a metric sits at its limit                           series, limit
    listening       an address on which something listens                address, port, process
    row             a line of command output worth knowing               command, plus its columns
    alert           a monitoring system's alert fired or was resolved    template, what
    dependency      who calls whom, as configured                        source, target, address, port
    validity        begin or end of a certificate's or token's validity  what, edge (begin, end), expired
    clock_skew      clocks that differ                                   seconds
    steady          an error, latency or load series that did not move   series, minimum, maximum, median
    title, outline  of a document                                        (none)
    injection       text that tries to instruct a reader                 (none)
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.model import Model

Scalar = str | int | float | bool | None
Level = Literal["trace", "debug", "info", "notice", "warning", "error", "critical"]


class Citation(Model):
    """Lines of the sanitized twin, 1-based and inclusive; the same numbers as in the file that was handed in."""

    evidence_id: UUID
    file: str
    line_start: int = Field(ge=1)
    line_end: int = Field(ge=1)
    quote: str = Field(max_length=600, description="The first cited line, sanitized, cut at 600 characters")
    quote_sha256: str = Field(description="Of the whole cited lines joined by LF, in UTF-8")


class Fact(Model):
    """One thing that the evidence says."""

    id: str = Field(description="Unique within the file: `<kind>-<n>`")
    kind: str
    text: str = Field(max_length=600, description="One sentence a person understands")
    component: str | None = Field(default=None, description="Service, host or process it speaks of, as named in the evidence")
    at: datetime | None = Field(default=None, description="UTC, when it happened or began")
    until: datetime | None = None
    count: int = Field(default=1, ge=0)
    level: Level | None = None
    attributes: dict[str, Scalar] = Field(default_factory=dict)
    citations: tuple[Citation, ...] = ()


class Template(Model):
    """A log message with its variable parts masked by `<*>`."""

    id: str
    template: str = Field(max_length=1000)
    level: Level | None = None
    source: str | None = Field(default=None, description="Logger, process or service that wrote it")
    count: int = Field(ge=1)
    first_line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    first_at: datetime | None = None
    last_at: datetime | None = None
    buckets: tuple[tuple[int, int], ...] = Field(
        default=(), description="(bucket index, count) from `Insights.start` in steps of `Insights.bucket_s`"
    )
    sample: Citation


class Series(Model):
    """One metric, downsampled to at most 600 points."""

    name: str
    unit: str | None = None
    component: str | None = None
    points: tuple[tuple[datetime, float], ...] = ()
    minimum: float
    maximum: float
    median: float


class Setting(Model):
    """One value of a configuration file."""

    path: str
    value: str = Field(max_length=500)
    line: int = Field(ge=1)


class Insights(Model):
    """Everything that process found in one file."""

    schema_version: Literal[1] = 1
    evidence_id: UUID
    file: str
    classification: Classification
    lines: int = Field(ge=0)
    component: str | None = Field(default=None, description="The component that wrote the file, where the content tells")
    start: datetime | None = None
    end: datetime | None = None
    bucket_s: float = 1.0
    levels: dict[str, int] = Field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    templates: tuple[Template, ...] = ()
    series: tuple[Series, ...] = ()
    settings: tuple[Setting, ...] = ()
    chunks: tuple["Chunk", ...] = ()
    truncated: tuple[str, ...] = Field(default=(), description="What was left out, and why")
    clock: str | None = Field(
        default=None, max_length=300, description="How the times of the file were read: zones, and time that goes back"
    )
    zone: str | None = Field(
        default=None, max_length=60, description="Zones written in the file, comma-separated; `none` where a time has none"
    )


class Chunk(Model):
    """A passage of a document, for search."""

    index: int = Field(ge=0)
    heading: str | None = None
    text: str
    line_start: int = Field(ge=1)
    line_end: int = Field(ge=1)


class MergedInsights(Model):
    """The insights of all pieces of evidence of one question."""

    schema_version: Literal[1] = 1
    question: str
    files: tuple[Insights, ...] = ()
    facts: tuple[Fact, ...] = Field(default=(), description="What only several files together say; cites each of them")


Insights.model_rebuild()
