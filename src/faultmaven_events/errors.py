"""Errors and where they send a message: the type is the routing decision.

FaultmavenError
├── TransientError        try again on the retry ladder (a server is away, a limit was hit)
│   ├── Unavailable       a server is away: try until it is back, however long that takes
│   └── Throttled         try again, not before `after` seconds
└── PermanentError        dead letter at once: the same input can only fail again
    ├── InvalidEvent      not an event of ours, or of a type or version that we do not speak
    ├── UnreadableContent the bytes are not what they claim to be, or cannot be read at all
    ├── ContentTooLarge   the content, or what it unpacks to, is over a limit
    ├── MissingContent    the blob is gone, or its digest differs
    ├── DeadlineExceeded  the job's deadline passed before the stage could run
    ├── UnknownReference  the event names a job, session or tenant that does not exist
    └── BudgetSpent       the tenant's money or tokens for language models are spent, and it is set that no other answer is given
SetupError                a server or a setting is missing; for the person who starts a process

`code` is stable: it is what clients, dead letters and metrics see. A message never holds content of evidence.
"""

from typing import ClassVar


class FaultmavenError(Exception):
    """Any error that a stage raises on purpose."""

    code: ClassVar[str] = "internal_error"


class TransientError(FaultmavenError):
    """The same input may succeed later."""

    code = "temporarily_unavailable"


class Unavailable(TransientError):
    """A server of ours is away or cannot store; the message waits for it and is never given up for that."""

    code = "unavailable"


class Throttled(TransientError):
    """A limit was hit; `after` is the number of seconds to wait at least."""

    code = "throttled"

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class PermanentError(FaultmavenError):
    """The same input can only fail again."""

    code = "permanent_error"


class InvalidEvent(PermanentError):
    """Not an event of ours, or of a type or version that we do not speak."""

    code = "invalid_event"


class UnreadableContent(PermanentError):
    """The bytes are not what they claim to be, or cannot be read at all."""

    code = "unreadable_content"


class ContentTooLarge(PermanentError):
    """The content, or what it unpacks to, is over a limit."""

    code = "content_too_large"


class MissingContent(PermanentError):
    """The blob is gone, or its digest differs from the reference."""

    code = "missing_content"


class DeadlineExceeded(PermanentError):
    """The job's deadline passed before the stage could run."""

    code = "deadline_exceeded"


class UnknownReference(PermanentError):
    """The event names a job, session or tenant that does not exist."""

    code = "unknown_reference"


class BudgetSpent(PermanentError):
    """The tenant's money or tokens for language models are spent; the dead letter can be redriven when the next period has begun."""

    code = "budget_spent"


class SetupError(FaultmavenError):
    """A server or a setting is missing: one sentence that says what to do."""

    code = "setup_error"
