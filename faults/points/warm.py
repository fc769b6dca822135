"""What a fork server loads before it forks worker processes: the heavy parts of what they run."""

from faultmaven_events.consumers.classify import extract  # noqa: F401  # imported for its own imports
from faultmaven_events.consumers.process import analyse, merge  # noqa: F401  # as above
from faultmaven_events.consumers.reason.offline import reasoner  # noqa: F401  # as above
from faultmaven_events.consumers.sanitize.redact import redact_names

redact_names(("warm@up.example",), bytes(32))
