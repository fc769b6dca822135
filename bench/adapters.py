"""Ours, under the names of the evaluation kit's benchmarks: each runs the code that the consumers run.

python run.py all --adapters bench.adapters     (with the kit's run.py, from the project's root)
"""

from bench.accuracy.answers import incident, incident_terms
from bench.accuracy.classes import classify
from bench.accuracy.lint import config_lint
from bench.accuracy.logs import log_alerts, log_header, log_templates
from bench.accuracy.metrics import metric_anomalies
from bench.accuracy.privacy import pii, secrets
from bench.accuracy.search import retrieval

__all__ = [
    "classify",
    "config_lint",
    "incident",
    "incident_terms",
    "log_alerts",
    "log_header",
    "log_templates",
    "metric_anomalies",
    "pii",
    "retrieval",
    "secrets",
]
