"""What a series measures, read from its name and its values: counters, errors, latencies, loads, limits, units."""

import re

import numpy as np

from faultmaven_events.consumers.process.metrics.sample import Floats, Samples

_UNITS = (
    (r"per_?sec(ond)?|/s\b|(_|\b)(rps|qps|tps|ops)\b", "1/s"),
    (r"(_|\b|\.)ms\b|millis(econds)?", "ms"),
    (r"(_|\.)us\b|micros(econds)?", "us"),
    (r"(_seconds?|_secs?|_s)\b|seconds", "s"),
    (r"bytes|(_|\b)rss\b|maxmemory$|used_memory$", "bytes"),
    (r"(_|\b)kb\b", "kB"),
    (r"(_|\b)mb\b", "MB"),
    (r"(_|\b)gb\b", "GB"),
    (r"pct|percent|%|utili[sz]ation", "%"),
)
_ERROR = re.compile(
    r"(?:err(or)?s?|fail(ed|ures?|s)?|[45]xx|http_?[45]\d\d|exceptions?|reject(ed|ions?)?|refused|denied|dropped|drops|timeouts?|no_response|deadlocks?|oom|rollbacks?"
    r"|evicted|alarms?|aborted|retries|dead_?letter(ed)?|discard(ed|s)?|unavailable|lost|panic)",
    re.IGNORECASE,
)
_LATENCY = re.compile(
    r"latency|duration|response_time|(^|_|\b)(p50|p75|p90|p95|p99|p999|rt|ttfb|elapsed|delay|lag)(_|\b|$)|_ms$|wait_time|await",
    re.IGNORECASE,
)
_LOAD = re.compile(r"requests?|(^|_)(rps|qps|tps|ops|throughput|hits|2xx|calls)(_|$|\b)|http_2|per_sec", re.IGNORECASE)
_WAITING = re.compile(r"queue|ready|backlog|unacked|pending|waiting|lag|depth|blocked", re.IGNORECASE)
_COUNTER_NAME = re.compile(
    r"(_total|_count|_sum|_counter|xact_|_processed|_received|_sent|_hits|_misses|evicted|expired|rejected|_replies|tup_|_commit|rollback|deadlocks|temp_files|_written|_reads?|packets|octets)(?![a-z])"
    r"|^(errors|requests|restarts|commits)$",
    re.IGNORECASE,
)
_LEVEL_NAME = re.compile(
    r"memory|used|rss|resident|free|size|depth|ready|connections?$|clients|keys|backends|threads|fds|usage|available|heap|unacked|queue|p9\d|pct|percent",
    re.IGNORECASE,
)


def unit_of(name: str) -> str | None:
    """The unit that a name ends with or speaks of."""
    return next((unit for pattern, unit in _UNITS if re.search(pattern, name, re.IGNORECASE)), None)


def speaks_of_errors(name: str) -> bool:
    """Whether more of it is worse because it counts failures."""
    return _ERROR.search(name) is not None


def speaks_of_latency(name: str) -> bool:
    """Whether it is a time that somebody waits."""
    return _LATENCY.search(name) is not None


def speaks_of_load(name: str) -> bool:
    """Whether it is demand or throughput."""
    return _LOAD.search(name) is not None and not speaks_of_errors(name)


def importance(name: str) -> float:
    """How much a reader cares for a move of such a series: errors, latency and waiting work before resources before the rest."""
    if speaks_of_errors(name):
        return 2.0
    if speaks_of_latency(name) or _WAITING.search(name):
        return 1.7
    return 1.3 if unit_of(name) in {"%", "bytes"} or _LEVEL_NAME.search(name) else 1.0


def is_counter(series: Samples) -> bool:
    """Whether the values only grow (but for restarts from near zero), and the name does not speak of a level."""
    values = series.values
    if len(values) < 5:
        return False
    steps = np.diff(values)
    falls = steps < 0
    resets = falls & (values[1:] <= 0.1 * np.maximum(values[:-1], 1.0))
    if (falls & ~resets).any() or falls.sum() > 0.02 * len(steps) + 1 or not (steps > 0).any():
        return False
    if _COUNTER_NAME.search(series.name):
        return True
    return bool((steps > 0).mean() > 0.5) and not _LEVEL_NAME.search(series.name) and bool(np.all(values == np.round(values)))


def rate_of(series: Samples) -> Samples:
    """A counter as its growth per second; after a restart the new value is the growth."""
    steps = np.diff(series.values)
    steps = np.where(steps < 0, series.values[1:], steps)
    apart = np.maximum(np.diff(series.seconds), 1e-9)
    return Samples(
        f"{series.name} per second", series.seconds[1:], steps / apart, series.lines[1:], series.component, series.labels, series.timed
    )


def spread(values: Floats) -> float:
    """A robust standard deviation: 1.4826 times the median distance from the median, at least the 5..95 % range over 3.3."""
    if not len(values):
        return 0.0
    deviation = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    low, high = np.percentile(values, (5, 95))
    return max(deviation, float(high - low) / 3.3)
