"""Jobs in MongoDB: the door inserts them as accepted, record projects events onto them, everybody reads them."""

from faultmaven_events.infra.jobs.document import job_of
from faultmaven_events.infra.jobs.fold import Ending
from faultmaven_events.infra.jobs.projection import Projection
from faultmaven_events.infra.jobs.questions import Earlier, Questions
from faultmaven_events.infra.jobs.repository import Jobs

__all__ = ["Earlier", "Ending", "Jobs", "Projection", "Questions", "job_of"]
