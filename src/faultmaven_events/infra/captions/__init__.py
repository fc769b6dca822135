"""What people call a file: its name, title and tags. They may hold what nobody may see, so until sanitize has read them they are sealed."""

from faultmaven_events.infra.captions.neutral import known_as, neutral
from faultmaven_events.infra.captions.sealed import Caption, Captions, caption_of

__all__ = ["Caption", "Captions", "caption_of", "known_as", "neutral"]
