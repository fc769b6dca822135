"""Facts out of one piece of evidence, typed, each pointing at its lines. Written by process, read by reason and embed.

`Fact.kind` is an open vocabulary; these are the kinds and what `attributes` then holds (all values sanitized):

    kind            meaning                                              attributes
    error           template of level error or worse                     template, level
    warning         template of level warning                            template, level
    first_seen      template that first occurs after the start           template, level
    burst           template whose rate jumps                            template, rate_before, rate_during
    silence         something regular stopped                            template, last_at
    precursor       what is unusual in the seconds before an error       error, seconds, lines
    error_chain     errors that follow each other again and again        first, then, lag_s, share
    request_path    the way of failing requests through several files    requests, path, first, example
    time_back       the clock of a file goes back                        seconds, lines
    exception       stack trace, grouped by type and frames              type, message, frames, outer
    change          deployment, release, migration, config push, job     what, version, previous
    restart         process started, stopped, crashed or was killed      process, signal, exit_code
    http_errors     share of failing answers of a route or upstream      route, upstream, status, rate_before, rate_during
    latency         answers became slower                                route, upstream, p95_before, p95_during (seconds)
    limit           a limit was reached, as the text says                what, limit, value
    setting         a configuration value worth knowing                  path, value
    config_finding  syntax error or bad practice                         rule, severity, fix, reason, source, line, column
    config_change   one changed value of a diff, or of two versions      path, old, new, file (and old_file, new_file)
    contradiction   what one piece of evidence says another denies       what, path, value, other, other_file
    limit_reached   a series of one file at a limit that another sets    path, limit, series, value
    change_point    a metric's level moved, or grew all the time         series, before, after, trend, limit, exhausted_in_s
    anomaly         an episode outside a metric's baseline               series, direction, size (robust standard deviations), usual, peak,
                                                                         duration_s, recovered
    saturation      a metric sits at its limit                           series, limit, told_by
    lead            a metric moved before another, with the same course  series, follower, lag_s, strength (0..1), follower_component
    listening       an address on which something listens                address, port, process
    row             a line of command output worth knowing               command, plus its columns
    alert           a monitoring system's alert fired or was resolved    template, what
    dependency      who calls whom, as configured or as seen             source, target, address, port; seen: calls, errors, p95 (seconds)
    unhealthy       a resource that is not as it should be               what, name, namespace, reason, detail; restarts, exit_code, last
    event           what an orchestrator reports, by reason              reason, object, namespace, type, count, message
    span_errors     an operation whose spans fail                        service, operation, errors, spans, share, origin, from_service,
                                                                         from_operation, target, status, message, trace
    slow_spans      an operation that holds much of all time             service, operation, spans, self_s, share, p50, p95, p99, maximum
    critical_path   what slow or failed answers waited for               entry, of, traces, service, operation, share, seconds
    call_pattern    repeated, retried, fan_out, gap, unanswered,         pattern, service, operation, target, called, calls, times,
                    missing_caller                                       seconds, share, trace
    slow_request    a slow request that a browser recorded               route, upstream, requests, seconds, median, phase, its phases
    web_finding     cors, mixed-content, redirect-loop, large            rule, route, upstream, status
    network         refused, no_answer, reset, retransmission,           finding, source, target, port, count
                    zero_window, unreachable, dns_failure, dns_silence,
                    tls_alert, slow_handshake
    validity        begin or end of a certificate's or token's validity  what, edge (begin, end), expired
    clock_skew      clocks that differ                                   seconds
    steady          an error, latency or load series that did not move   series, minimum, maximum, median
    title, outline  of a document                                        (none)
    injection       text that tries to instruct a reader                 (none)
    unpacked        files taken out of an archive                        files, bytes
    not_unpacked    files left in an archive, cut off or damaged         what, reason
    not_analysed    a picture, or packets of an unknown link type        format
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


class Parameter(Model):
    """The values at one variable place of a template, as a sample of its lines has them."""

    name: str | None = Field(default=None, max_length=60, description="The key or the word before it")
    seen: int = Field(ge=1, description="Lines of the sample")
    distinct: int = Field(ge=1)
    top: tuple[tuple[str, int], ...] = Field(default=(), max_length=5, description="(value, lines), most frequent first")
    minimum: float | None = Field(default=None, description="Where all values are numbers")
    maximum: float | None = None


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
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=12)


class Passage(Model):
    """Lines of one file that carry the same id of a request, trace or transaction."""

    key: str = Field(max_length=80)
    count: int = Field(ge=1, description="Lines")
    at: datetime | None = Field(default=None, description="Of the first line, UTC")
    until: datetime | None = Field(default=None, description="Of the last line")
    first: Citation
    failed_at: datetime | None = None
    failure: Citation | None = Field(default=None, description="The first of its lines that tells of an error")
    said: str | None = Field(default=None, max_length=200, description="The message of that line")


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
    quote: str | None = Field(
        default=None, max_length=400, description="Its whole line, so that it can be cited; None where that is longer"
    )


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
    passages: tuple[Passage, ...] = Field(default=(), description="Ways of requests through a log: a sample, failing ones first")
    series: tuple[Series, ...] = ()
    settings: tuple[Setting, ...] = ()
    chunks: tuple["Chunk", ...] = ()
    wrapped: int = Field(default=0, ge=0, description="First lines that wrap the content (a tool's call in JSON): they say nothing of it")
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
