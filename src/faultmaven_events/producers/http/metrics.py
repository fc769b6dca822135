"""Every metric of the ingress, in one commented registry. Labels are routes, kinds and codes, never what a client sent."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

REQUESTS: Final = Counter("fm_http_requests_total", "Requests by method, route and status", ["method", "route", "status"])
DURATION: Final = Histogram("fm_http_request_seconds", "From a request's head to its answer's end", ["method", "route"], buckets=_SECONDS)
IN_FLIGHT: Final = Gauge("fm_http_requests_in_flight", "Requests that are being answered")
FOLLOWERS: Final = Gauge("fm_http_followers", "Those who follow a job live now, by way: sse, websocket", ["way"])
ACCEPTED: Final = Counter("fm_ingress_accepted_total", "Jobs accepted", ["kind"])
BYTES: Final = Counter("fm_ingress_accepted_bytes_total", "Plain bytes of accepted content", ["kind"])
DEFERRED: Final = Counter("fm_ingress_deferred_total", "Accepted jobs whose first event was not confirmed at once")
REPUBLISHED: Final = Counter("fm_ingress_republished_total", "Events that the sweeper published")
UNPUBLISHED: Final = Gauge("fm_ingress_unpublished", "Accepted jobs that the last sweep found unpublished")
