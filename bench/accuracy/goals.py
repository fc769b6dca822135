"""What each benchmark of the evaluation kit must reach, and what the figures mean."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure of one benchmark; `least` and `most` are None where it is only shown."""

    benchmark: str
    figure: str
    meaning: str
    least: float | None = None
    most: float | None = None

    def reached(self, value: float) -> bool:
        """Whether a figure is as good as the goal."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


GOALS: Final = (
    Goal("classify", "content_macro", "share of right classes, content alone", 0.95),
    Goal("classify", "name_macro", "share of right classes, with the file's name", 0.98),
    Goal("classify", "files_per_s", "files a second", 500),
    Goal("pii", "structured_F2", "personal data with a structure, F2", 0.97),
    Goal("pii", "structured_leak", "share of their characters that stay"),
    Goal("pii", "kB_per_s", "kB a second"),
    Goal("secrets", "F2", "lines with a secret, F2", 0.80),
    Goal("secrets", "recall", "share of secrets found"),
    Goal("log_templates", "raw_GA", "templates of raw lines, grouping accuracy", 0.90),
    Goal("log_templates", "content_GA", "templates of messages, grouping accuracy", 0.92),
    Goal("log_templates", "content_PA", "templates of messages, parsing accuracy", 0.70),
    Goal("log_templates", "content_lines_per_s", "lines a second", 100_000),
    Goal("log_header", "time", "share of right times", 0.99),
    Goal("log_header", "level", "share of right levels", 0.99),
    Goal("log_alerts", "F1", "alert lines, F1", 0.80),
    Goal("config_lint", "gixy", "nginx rules, balanced accuracy", 0.92),
    Goal("config_lint", "polaris", "Kubernetes rules (polaris), balanced accuracy", 0.92),
    Goal("config_lint", "checkov", "Kubernetes rules (checkov), balanced accuracy", 0.92),
    Goal("metric_anomalies", "standard", "anomalies, NAB standard score", 65),
    Goal("metric_anomalies", "fixed", "anomalies, NAB score at the threshold 0.5", 60),
    Goal("retrieval", "alerts_R@1", "right runbook first for an alert", 0.95),
    Goal("retrieval", "sections_MRR", "right page for its own summary, MRR", 0.75),
    Goal("incident_terms", "terms", "key terms of the expected answers", 0.75),
    Goal("calibration", "right", "share right over all variants of the incidents"),
    Goal("calibration", "brier", "Brier of the score", most=0.12),
    Goal("calibration", "constant_brier", "Brier of a constant rate"),
    Goal("calibration", "naive_brier", "Brier of the naive report, which is always sure"),
    Goal("calibration", "ece", "expected calibration error, ten bins", most=0.10),
    Goal("calibration", "false_confident", "share confirmed and wrong", most=0.05),
    Goal("calibration", "naive_false_confident", "the same of the naive report"),
    Goal("calibration", "confirmed_right", "share right of what is confirmed", 0.90),
    Goal("calibration", "likely_right", "share right of what is likely"),
    Goal("calibration", "healthy_right", "share right of what is healthy"),
    Goal("calibration", "abstained_without_cause", "abstains when the cause's files are withheld", 0.60),
    Goal("calibration", "misled_without_cause", "names a wrong cause then, as likely or surer"),
)
