"""Documents cut into passages, and what of other evidence is worth finding by search."""

from faultmaven_events.consumers.process.documents.analyse import analyse_document
from faultmaven_events.consumers.process.documents.evidence_chunks import evidence_chunks

__all__ = ["analyse_document", "evidence_chunks"]
