"""Adapter of the metrics stage for the evaluation kit's benchmark `metric_anomalies`.

python run.py metric_anomalies bench.adapters:metric_anomalies     (from the project's root, with the kit's run.py)
"""

from faultmaven_events.consumers.process.metrics.detector import Times, anomaly_scores
from faultmaven_events.consumers.process.metrics.sample import Floats


def metric_anomalies(times: Times, values: Floats, probation: int) -> Floats:
    """Scores in [0, 1] of one series; 0.5 and above is an alert."""
    return anomaly_scores(times, values, probation)
