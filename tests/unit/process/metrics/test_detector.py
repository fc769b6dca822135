import numpy as np
import pytest

from faultmaven_events.consumers.process.metrics.detector import anomaly_scores


def noisy_days(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    noise = np.random.default_rng(1).normal(0, 0.5, count)
    return 20 + 5 * np.sin(np.arange(count) * 2 * np.pi / 288) + noise


TIMES = np.datetime64("2026-01-01T00:00:00") + 300 * np.arange(3000).astype("timedelta64[s]")


def test_a_score_depends_on_the_past_only() -> None:
    values = noisy_days(3000)
    whole = anomaly_scores(TIMES, values, 450)
    for cut in (500, 1500, 2999):
        assert np.allclose(anomaly_scores(TIMES[:cut], values[:cut], 450), whole[:cut], atol=1e-9)


def test_a_jump_is_an_alert_once() -> None:
    values = noisy_days(3000)
    values[2000:2010] += 40
    alerts = np.flatnonzero(anomaly_scores(TIMES, values, 450) >= 0.5)
    assert 2000 in alerts
    assert np.sum((alerts >= 2000) & (alerts < 2200)) <= 4


def test_quiet_days_give_few_alerts() -> None:
    assert np.sum(anomaly_scores(TIMES, noisy_days(3000), 450)[450:] >= 0.5) <= 5


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, np.nan), np.zeros(3), np.array([]), np.full(100, 1e300)])
def test_degenerate_series_score_within_bounds(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    times = np.datetime64("2026-01-01T00:00:00") + np.arange(len(values)).astype("timedelta64[s]")
    scores = anomaly_scores(times, values, 10)
    assert scores.shape == values.shape
    assert np.all((np.nan_to_num(scores, nan=-1.0) >= 0) & (scores <= 1))
