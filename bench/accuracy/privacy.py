"""What the accuracy harness calls: the sanitize stage's own scan, in the harness's shapes."""

from itertools import accumulate

from faultmaven_events.consumers.sanitize import warm  # noqa: F401 # as a worker does before its first message
from faultmaven_events.consumers.sanitize.redact import header
from faultmaven_events.consumers.sanitize.scan import hidden, scan


def pii(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, type) of personal data, in characters, end exclusive; also what is found and stays readable."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    return [
        (starts[line.number] + finding.start, starts[line.number] + finding.end, finding.type)
        for line in scan(lines, header(text))
        for finding in line.findings
        if not finding.secret
    ]


def secrets(text: str, name: str) -> set[int]:
    """Return the 1-based numbers of the lines in which a secret was hidden."""
    found = hidden(text.split("\n"), header(text, name))
    return {line.number + 1 for line in found if any(finding.secret or finding.type == "SESSION" for finding in line.findings)}
