"""A job as it is worked on, live: phases as they end, an answer while it is written. Over Redis, which is never truth.

Who works on a job writes with `Live`; who shows it reads with `Feed`, one connection for all jobs that a process follows. When Redis is
away the live view is lost, and nothing else: the job goes on, and its record shows phases and answer when they are stored.
"""

from faultmaven_events.infra.streams.feed import Feed, open_feed
from faultmaven_events.infra.streams.frame import START, Frame, Placed, Seal, order
from faultmaven_events.infra.streams.live import Live, Streams, open_streams

__all__ = ["START", "Feed", "Frame", "Live", "Placed", "Seal", "Streams", "open_feed", "open_streams", "order"]
